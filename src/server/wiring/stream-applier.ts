/**
 * Runs the command stream that our master sends: the replica link hands over chunks, this cuts
 * them into requests and has dispatch run them on behalf of the "master" client. Implements
 * replication's StreamApplier; counts what is applied in whole commands and whole transactions.
 */
import { INCOMPLETE, PROTOCOL_ERROR, RequestReader } from '../../protocol/request-reader.ts';
import { splitArgs } from '../../redis-conf/split-args.ts';
import { Client, clientFlags } from '../client.ts';
import type { ServerContext } from '../context.ts';
import type { Dispatcher } from '../dispatch.ts';
import type { ExpiryMode } from '../keyspace/keyspace.ts';
import { KeyScout } from '../key-scout.ts';
import { PendingInput } from '../pending-input.ts';
import { StreamError, type StreamApplier } from '../replication/ports.ts';
import { discardTransaction } from '../transaction.ts';
import { silentTransport } from './silent-transport.ts';

/** A master's values are never too long for us: it has accepted them. */
const maxStreamBulkBytes = Number.MAX_SAFE_INTEGER;

export class MasterStreamApplier implements StreamApplier {
  readonly #context: () => ServerContext;
  readonly #dispatcher: () => Dispatcher;
  readonly #reader = new RequestReader(splitArgs);
  readonly #scout = new KeyScout();
  readonly #pending = new PendingInput();
  #client: Client | null = null;
  /** Bytes of an open transaction: run through dispatch, but not applied before its EXEC. */
  #openBytes = 0;
  #selectedDb = 0;

  constructor(context: () => ServerContext, dispatcher: () => Dispatcher) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#reader.maxBulkBytes = maxStreamBulkBytes;
  }

  begin(start: { readonly selectedDb: number; readonly master: string }): void {
    const { keyspace, clients, clock } = this.#context();
    const db = keyspace.databases[start.selectedDb] ?? keyspace.databases[0];
    this.#client = new Client({
      id: clients.nextId(),
      transport: silentTransport(start.master),
      db: db,
      nowMs: clock.now(),
    });
    this.#client.set(clientFlags.master, true);
    this.#pending.clear();
    this.#openBytes = 0;
    this.#selectedDb = start.selectedDb;
  }

  apply(chunk: Uint8Array): number {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#pending.length === 0) {
      const { at, applied } = this.#run(bytes, bytes.length);
      if (at < bytes.length) this.#pending.append(bytes, at, bytes.length);
      return applied;
    }
    this.#pending.append(bytes, 0, bytes.length);
    if (this.#pending.length < this.#pending.needed) return 0;
    const { at, applied } = this.#run(this.#pending.buffer, this.#pending.length);
    this.#pending.dropFront(at);
    return applied;
  }

  end(): void {
    if (this.#client !== null) discardTransaction(this.#client);
    this.#client = null;
    this.#pending.clear();
  }

  get selectedDb(): number {
    return this.#selectedDb;
  }

  /** Runs the whole requests in `buffer[0 … end)`. */
  #run(buffer: Buffer, end: number): { at: number; applied: number } {
    const client = this.#client as Client;
    const { keyspace } = this.#context();
    const dispatcher = this.#dispatcher();
    const modeBefore: ExpiryMode = keyspace.expiryMode;
    // The master has decided what is expired; its DELs are part of the stream.
    keyspace.expiryMode = 'ignore';
    dispatcher.beginBatch();
    this.#pending.needed = 0;
    let at = 0;
    let appliedAt = -1;
    try {
      // As in networking.ts: the first request is not worth a look ahead.
      let scoutedTo = 1;
      while (at < end) {
        if (at >= scoutedTo) {
          scoutedTo = this.#scout.lookAhead(client.db.dict, buffer, at, end);
        }
        const next = this.#reader.parse(buffer, at, end, true);
        if (next === INCOMPLETE) {
          this.#pending.needed = this.#reader.neededEnd - at;
          break;
        }
        if (next === PROTOCOL_ERROR) {
          throw new StreamError(this.#reader.error, this.#countApplied(at, appliedAt));
        }
        if (this.#reader.argc > 0) {
          if (this.#reader.inline) throw this.#outOfStep(at, appliedAt);
          if (dispatcher.holdsBack(client, this.#reader)) break;
          dispatcher.runFromMaster(client, this.#reader, buffer, at, next);
        }
        at = next;
        if (client.has(clientFlags.multi)) continue;
        appliedAt = at;
        this.#selectedDb = client.db.id;
      }
    } finally {
      dispatcher.endBatch(client);
      keyspace.expiryMode = modeBefore;
    }
    return { at, applied: this.#countApplied(at, appliedAt) };
  }

  /** Masters send empty lines, but no requests in plain text: these are the middle of something. */
  #outOfStep(at: number, appliedAt: number): StreamError {
    return new StreamError(
      'Receiving inline protocol from master, master stream corruption?',
      this.#countApplied(at, appliedAt),
    );
  }

  #countApplied(at: number, appliedAt: number): number {
    if (appliedAt < 0) {
      this.#openBytes += at;
      return 0;
    }
    const applied = this.#openBytes + appliedAt;
    this.#openBytes = at - appliedAt;
    return applied;
  }
}
