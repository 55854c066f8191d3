/**
 * Runs the commands of an append-only file: cuts its bytes into requests and has dispatch run them
 * on behalf of a client that is obeyed and never answered. Implements persistence's AofApplier.
 *
 * Only whole commands and whole transactions count as valid: what follows the last of them is the
 * torn end of a file, or not yet read.
 */
import { INCOMPLETE, PROTOCOL_ERROR, RequestReader } from '../../protocol/request-reader.ts';
import { splitArgs } from '../../redis-conf/split-args.ts';
import { Client, clientFlags } from '../client.ts';
import type { ServerContext } from '../context.ts';
import type { Dispatcher } from '../dispatch.ts';
import { PendingInput } from '../pending-input.ts';
import type { AofApplier, AofFault } from '../persistence/aof-load.ts';
import { discardTransaction } from '../transaction.ts';
import { silentTransport } from './silent-transport.ts';

const asterisk = 42;
/** Begins an annotation, such as `#TS:1700000000`. */
const hash = 35;
const lineFeed = 10;

export class AofCommands implements AofApplier {
  validBytes = 0;
  takenBytes = 0;
  commandsRun = 0;
  lastAnnotation: string | null = null;
  readonly #context: () => ServerContext;
  readonly #dispatcher: () => Dispatcher;
  readonly #reader = new RequestReader(splitArgs);
  readonly #pending = new PendingInput();
  #client: Client | null = null;
  /** Where in the file the first byte of what is run now lies. */
  #base = 0;

  constructor(context: () => ServerContext, dispatcher: () => Dispatcher) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#reader.maxBulkBytes = Number.MAX_SAFE_INTEGER;
  }

  begin(): void {
    const { clients, clock, keyspace } = this.#context();
    this.#client = new Client({
      id: clients.nextId(),
      transport: silentTransport(''),
      db: keyspace.databases[0],
      nowMs: clock.now(),
    });
    this.#client.set(clientFlags.master, true);
    this.#pending.clear();
    this.validBytes = this.takenBytes = this.commandsRun = this.#base = 0;
  }

  apply(chunk: Buffer): AofFault | null {
    this.takenBytes += chunk.length;
    this.#pending.append(chunk, 0, chunk.length);
    if (this.#pending.length < this.#pending.needed) return null;
    const { keyspace } = this.#context();
    const dispatcher = this.#dispatcher();
    const modeBefore = keyspace.expiryMode;
    // What was expired when a command ran is in the file as a DEL.
    keyspace.expiryMode = 'ignore';
    dispatcher.beginBatch();
    try {
      return this.#run(this.#pending.buffer, this.#pending.length);
    } finally {
      dispatcher.endBatch(this.#client as Client);
      keyspace.expiryMode = modeBefore;
    }
  }

  end(): void {
    if (this.#client !== null) discardTransaction(this.#client);
    this.#client = null;
    this.#pending.clear();
  }

  #run(buffer: Buffer, end: number): AofFault | null {
    this.#pending.needed = 0;
    let at = 0;
    while (at < end) {
      const annotation = buffer[at] === hash;
      const next = annotation ? afterLine(buffer, at, end) : this.#parse(buffer, at, end);
      if (next === INCOMPLETE) break;
      if (next === PROTOCOL_ERROR) return { kind: 'bad-format', at: this.#base + at };
      if (annotation) this.lastAnnotation = buffer.toString('latin1', at, next).trimEnd();
      else if (!this.#execute(buffer, at, next)) return this.#unknown();
      at = next;
      if (this.#client?.has(clientFlags.multi) === false) this.validBytes = this.#base + at;
    }
    this.#base += at;
    this.#pending.dropFront(at);
    return null;
  }

  /** In a file there are no inline commands. */
  #parse(buffer: Buffer, at: number, end: number): number {
    if (buffer[at] !== asterisk) return PROTOCOL_ERROR;
    const next = this.#reader.parse(buffer, at, end, true);
    if (next === INCOMPLETE) this.#pending.needed = this.#reader.neededEnd - at;
    return next;
  }

  /** False when there is no such command. */
  #execute(buffer: Buffer, at: number, next: number): boolean {
    const client = this.#client as Client;
    const dispatcher = this.#dispatcher();
    if (!dispatcher.knows(this.#reader)) return false;
    dispatcher.runFromMaster(client, this.#reader, buffer, at, next);
    this.commandsRun++;
    this.lastAnnotation = null;
    return true;
  }

  #unknown(): AofFault {
    const { buffer, argStart, argEnd } = this.#reader;
    const command = buffer.toString('latin1', argStart[0], argEnd[0]);
    return { kind: 'unknown-command', command };
  }
}

function afterLine(buffer: Buffer, at: number, end: number): number {
  const lineEnd = buffer.indexOf(lineFeed, at);
  return lineEnd < 0 || lineEnd >= end ? INCOMPLETE : lineEnd + 1;
}
