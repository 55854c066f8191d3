/**
 * One execution of a command: who asked, the arguments, where the reply goes, what is propagated.
 * One Call object serves all commands of an executor, one after the other; handlers must not keep
 * it. Arguments are windows into a buffer that is reused: copy what is to last (`arg`).
 */
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { errorReplies } from '../protocol/error-replies.ts';
import type { RequestArguments } from '../protocol/request-reader.ts';
import { parseSmallInteger } from '../util/int64.ts';
import type { BlockTerms } from './blocked-clients.ts';
import { type Client, clientFlags } from './client.ts';
import type { Command } from './command.ts';
import type { ServerContext } from './context.ts';
import type { Database } from './keyspace/database.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import type { NotifyClass } from './keyspace/notify.ts';
import { peerFlags, reportPeerError } from './peer-errors.ts';

const noSecrets: readonly number[] = [];

export class Call {
  readonly server: ServerContext;
  readonly keyspace: Keyspace;
  readonly reply: ReplyWriter;
  client!: Client;
  command!: Command;

  /** Argument i is `buffer[argStart[i] … argEnd[i])`; argument 0 is the command's name. */
  buffer: Buffer = Buffer.alloc(0);
  argc = 0;
  argStart: Int32Array = new Int32Array(0);
  argEnd: Int32Array = new Int32Array(0);

  /** An error was replied. */
  failed = false;
  /** The handler said itself what is propagated: not the request as it came. */
  rewritten = false;
  /** Arguments that MONITOR and the slow log must not show. */
  secrets: readonly number[] = noSecrets;

  constructor(server: ServerContext, reply: ReplyWriter) {
    this.server = server;
    this.keyspace = server.keyspace;
    this.reply = reply;
  }

  /** Takes up the next request: its arguments lie where whoever parsed or queued it says. */
  load(client: Client, request: RequestArguments): void {
    this.client = client;
    this.buffer = request.buffer;
    this.argc = request.argc;
    this.argStart = request.argStart;
    this.argEnd = request.argEnd;
  }

  /** Its command is about to run. */
  begin(command: Command): void {
    this.command = command;
    this.failed = false;
    this.rewritten = false;
    this.secrets = noSecrets;
  }

  /** The client has been closed meanwhile, for reading too little: what is left to say is moot. */
  get isMoot(): boolean {
    return this.client.has(clientFlags.closed);
  }

  get db(): Database {
    return this.client.db;
  }

  // ---- arguments ----

  /** A copy of argument `index`. */
  arg(index: number): Buffer {
    return Buffer.from(this.buffer.subarray(this.argStart[index], this.argEnd[index]));
  }

  /** Argument `index` as latin1 text, one character a byte. */
  text(index: number): string {
    return this.buffer.toString('latin1', this.argStart[index], this.argEnd[index]);
  }

  argLength(index: number): number {
    return this.argEnd[index] - this.argStart[index];
  }

  /** Whether argument `index` is `word` (given in lower case), in any case. */
  is(index: number, word: string): boolean {
    const start = this.argStart[index];
    if (this.argEnd[index] - start !== word.length) return false;
    for (let at = 0; at < word.length; at++) {
      let byte = this.buffer[start + at];
      if (byte >= 65 && byte <= 90) byte |= 0x20;
      if (byte !== word.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Argument `index` as an integer within ±10^15, NaN when it is none. */
  integer(index: number): number {
    return parseSmallInteger(this.buffer, this.argStart[index], this.argEnd[index]);
  }

  /** A copy of all arguments, for a request that goes on later. */
  copyArguments(): RequestArguments {
    const { argc } = this;
    const argStart = new Int32Array(argc);
    const argEnd = new Int32Array(argc);
    let length = 0;
    for (let index = 0; index < argc; index++) {
      argStart[index] = length;
      argEnd[index] = length += this.argLength(index);
    }
    const buffer = Buffer.allocUnsafeSlow(length);
    for (let index = 0; index < argc; index++) {
      this.buffer.copy(buffer, argStart[index], this.argStart[index], this.argEnd[index]);
    }
    return { buffer, argc, argStart, argEnd };
  }

  // ---- keys ----

  /** The entry of the key in argument `index`, for reading; 0 when there is none. */
  lookupRead(index: number): number {
    return this.keyspace.lookupRead(
      this.client.db,
      this.buffer,
      this.argStart[index],
      this.argEnd[index],
    );
  }

  /** The same for writing; see `Keyspace.lookupWrite`. */
  lookupWrite(index: number): number {
    return this.keyspace.lookupWrite(
      this.client.db,
      this.buffer,
      this.argStart[index],
      this.argEnd[index],
    );
  }

  /** The key in argument `index` was changed: watchers hear of it, and the change is counted. */
  changed(index: number, count = 1): void {
    this.keyspace.dirty += count;
    this.keyspace.signalModified(
      this.client.db,
      this.buffer,
      this.argStart[index],
      this.argEnd[index],
    );
  }

  /** Those who wait for the key in argument `index` are to look at it, though it has not changed. */
  signalReady(index: number): void {
    const { awaited } = this.keyspace;
    if (!awaited.any) return;
    awaited.signal(this.client.db, this.buffer, this.argStart[index], this.argEnd[index]);
  }

  /** Tells those who listen what has happened to the key in argument `index`. */
  notify(notifyClass: NotifyClass, event: string, index: number): void {
    const { keyspace } = this;
    if (keyspace.notifyMask === 0) return;
    const { buffer, argStart, argEnd } = this;
    keyspace.notify(notifyClass, event, this.client.db, buffer, argStart[index], argEnd[index]);
  }

  /** Argument `index` is a password: nobody is shown it. */
  redact(index: number): void {
    this.secrets = [...this.secrets, index];
  }

  // ---- replies ----

  /** Replies an error; `text` begins with its code. */
  error(text: string): void {
    this.failed = true;
    this.server.stats.countError(text);
    this.reply.error(text);
    if (this.client.has(peerFlags)) reportPeerError(this.server, this.client, text);
  }

  syntaxError(): void {
    this.error(errorReplies.syntax);
  }

  // ---- waiting ----

  /** Whether the client may be made to wait: a transaction does not stop, nor does our master. */
  get mayBlock(): boolean {
    return !this.client.has(clientFlags.multi | clientFlags.master);
  }

  /** Makes the client wait; the handler returns without a reply. Only where `mayBlock`. */
  block(terms: BlockTerms): void {
    this.server.blocked.add(this, terms);
  }

  // ---- propagation ----

  /** Whether anybody gets what is propagated: else `preventPropagation` does as well. */
  get propagates(): boolean {
    return this.server.propagation.feeding;
  }

  /** Propagates these words instead of the request; several calls propagate several commands. */
  propagateAs(...args: (string | Uint8Array)[]): void {
    this.rewritten = true;
    this.server.propagation.add(this.client.db.id, args);
  }

  /** Whether the words for `propagateAs` will be used: making them may cost more than the command. */
  get isPropagated(): boolean {
    return this.server.propagation.isHeard;
  }

  /** Propagates nothing of this request, although it may have changed data. */
  preventPropagation(): void {
    this.rewritten = true;
  }
}
