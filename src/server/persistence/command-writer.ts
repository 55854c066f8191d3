/**
 * Writes a data set as commands that rebuild it: SELECT, SET for strings, RESTORE for collections,
 * with the payload that DUMP gives. The base of an append-only file without an RDB in it
 * (`aof-use-rdb-preamble no`). A payload's length stands before it, so all of it is in memory until
 * it is complete; then it goes out in pieces.
 */
import { encodeCommand } from '../../protocol/resp-encode.ts';
import { type DumpPayloadWriter, newDumpPayload } from '../../rdb/dump-payload.ts';
import type { EntryWriter } from '../../rdb/entry-writer.ts';
import { type BlockSink, RdbOutput } from '../../rdb/rdb-output.ts';

export interface CommandWriterOptions {
  readonly sink: BlockSink;
  readonly compress: boolean;
  /** Unix seconds for the annotation at its head; −1 for none. */
  readonly timestampSec: number;
}

/** So much of a payload is handed over at once. */
const pieceBytes = 256 * 1024;

export class CommandWriter implements EntryWriter {
  readonly writesPayloads = true;
  readonly #options: CommandWriterOptions;
  /** Collects the commands' bytes. */
  readonly #file: RdbOutput;
  #payload: DumpPayloadWriter | null = null;
  /** What the entry that has ended leaves, and how many of these blocks are on their way. */
  #blocks: Uint8Array[] = [];
  #drained = 0;
  #key = Buffer.alloc(0);
  #expireAtMs = -1;

  constructor(options: CommandWriterOptions) {
    this.#options = options;
    this.#file = new RdbOutput({ sink: options.sink, checksum: false, compress: false });
  }

  get output(): RdbOutput {
    if (this.#payload === null) throw new Error('no entry has begun');
    return this.#payload.output;
  }

  get bytesWritten(): number {
    return this.#file.bytesWritten;
  }

  header(): void {
    const { timestampSec } = this.#options;
    if (timestampSec >= 0) this.raw(Buffer.from(`#TS:${timestampSec}\r\n`));
  }

  /** Facts about the file have no command. */
  aux(): void {}

  selectDb(index: number): void {
    this.#command('SELECT', String(index));
  }

  resizeDb(): void {}

  stringEntry(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
  ): void {
    const expiry = expireAtMs < 0 ? [] : ['PXAT', String(expireAtMs)];
    const [k, v] = [key.subarray(keyStart, keyEnd), value.subarray(valueStart, valueEnd)];
    this.#command('SET', k, v, ...expiry);
  }

  beginEntry(
    type: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    expireAtMs: number,
  ): void {
    this.#key = Buffer.from(key.subarray(keyStart, keyEnd));
    this.#expireAtMs = expireAtMs;
    this.#payload = newDumpPayload(type, { compress: this.#options.compress });
  }

  endEntry(): void {
    const payload = this.#payload;
    if (payload === null) throw new Error('no entry has begun');
    this.#payload = null;
    this.#blocks = payload.finish();
    this.#drained = 0;
    const bytes = payload.output.bytesWritten;
    const [key, at] = [this.#key, String(Math.max(this.#expireAtMs, 0))];
    this.raw(Buffer.from(`*5\r\n$7\r\nRESTORE\r\n$${key.length}\r\n`));
    this.raw(key);
    this.raw(Buffer.from(`\r\n$${at.length}\r\n${at}\r\n$${bytes}\r\n`));
    this.#blocks.push(Buffer.from('\r\n$6\r\nABSTTL\r\n'));
  }

  drain(): boolean {
    for (let left = pieceBytes; left > 0 && this.#drained < this.#blocks.length; this.#drained++) {
      const block = this.#blocks[this.#drained];
      this.raw(block);
      left -= block.length;
    }
    if (this.#drained < this.#blocks.length) return false;
    this.#blocks = [];
    return true;
  }

  flush(): void {
    this.#file.flush();
  }

  eof(): void {
    this.flush();
  }

  raw(bytes: Uint8Array): void {
    this.#file.raw(bytes, 0, bytes.length);
  }

  recycle(block: Uint8Array): void {
    this.#file.recycle(block);
  }

  another(sink: BlockSink): CommandWriter {
    return new CommandWriter({ ...this.#options, sink });
  }

  #command(...args: (string | Uint8Array)[]): void {
    this.raw(encodeCommand(args));
  }
}
