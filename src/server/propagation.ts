/**
 * Turns what commands did into the command stream: which bytes, in which order, in one MULTI/EXEC
 * when they belong together. Dispatch calls it around every command; the keyspace calls it for
 * keys that expire. The stream itself (offsets, SELECT, backlog, replicas) is `replication/`.
 *
 * The fast path is a command that is propagated as the very bytes the client sent: neighbouring
 * ones in the read buffer are gathered into one run, appended when the run ends. Everything else
 * is a unit: a list of encoded commands.
 */
import { encodeCommand } from '../protocol/resp-encode.ts';

/** In place of a database's number: the command belongs to none, and selects none. */
export const anyDb = -1;

/** Where the stream goes. */
export interface StreamFeed {
  /** Whether anything needs the stream: a replica, a backlog. */
  readonly feeding: boolean;
  /** Selects the database first where the stream is in another; `anyDb` selects none. */
  feed(dbId: number, bytes: Uint8Array, start: number, end: number): void;
}

interface Operation {
  readonly dbId: number;
  readonly bytes: Buffer;
}

const multi = encodeCommand(['MULTI']);
const exec = encodeCommand(['EXEC']);

export class Propagation {
  readonly #stream: StreamFeed;
  #unit: Operation[] = [];
  #runBuffer: Buffer | null = null;
  #runDbId = 0;
  #runStart = 0;
  #runEnd = 0;

  constructor(stream: StreamFeed) {
    this.#stream = stream;
  }

  /** Whether the stream goes anywhere. */
  get feeding(): boolean {
    return this.#stream.feeding;
  }

  /** Whether the unit at hand has commands in it already: the fast path is closed. */
  get unitIsOpen(): boolean {
    return this.#unit.length !== 0;
  }

  /** Whether anybody will see what is added. */
  get isHeard(): boolean {
    return this.#stream.feeding;
  }

  /** A command that goes out as it came: `buffer[start … end)` is its whole request. */
  verbatim(dbId: number, buffer: Buffer, start: number, end: number): void {
    if (!this.#stream.feeding) return;
    if (buffer === this.#runBuffer && start === this.#runEnd && dbId === this.#runDbId) {
      this.#runEnd = end;
      return;
    }
    this.flushRun();
    this.#runBuffer = buffer;
    this.#runDbId = dbId;
    this.#runStart = start;
    this.#runEnd = end;
  }

  /** Must be called before the read buffer changes, and before the stream's offset is read. */
  flushRun(): void {
    const buffer = this.#runBuffer;
    if (buffer === null) return;
    this.#runBuffer = null;
    this.#stream.feed(this.#runDbId, buffer, this.#runStart, this.#runEnd);
  }

  /** Adds a command to the unit at hand; `endUnit` sends it. */
  add(dbId: number, args: readonly (string | Uint8Array)[]): void {
    if (this.#stream.feeding) this.addEncoded(dbId, encodeCommand(args));
  }

  addEncoded(dbId: number, bytes: Buffer): void {
    if (this.#stream.feeding) this.#unit.push({ dbId, bytes });
  }

  /**
   * Sends the unit; more than one command go out as one transaction, unless they have nothing to do
   * with each other (`apart`).
   */
  endUnit(apart = false): void {
    if (this.#unit.length === 0) return;
    const unit = this.#unit;
    this.#unit = [];
    this.flushRun();
    const together = unit.length > 1 && !apart;
    // SELECT goes before MULTI, not into the transaction, where the first command needs one.
    if (together) this.#stream.feed(unit[0].dbId, multi, 0, multi.length);
    for (const { dbId, bytes } of unit) this.#stream.feed(dbId, bytes, 0, bytes.length);
    if (together) this.#stream.feed(anyDb, exec, 0, exec.length);
  }
}
