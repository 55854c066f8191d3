/**
 * Writes a data set as commands that rebuild it: SELECT, SET for strings, RESTORE for collections,
 * with the payload that DUMP gives. The base of an append-only file without an RDB in it
 * (`aof-use-rdb-preamble no`).
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

export class CommandWriter implements EntryWriter {
  readonly writesPayloads = true;
  readonly #options: CommandWriterOptions;
  /** Collects the commands' bytes. */
  readonly #file: RdbOutput;
  #payload: DumpPayloadWriter | null = null;
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
    const at = String(Math.max(this.#expireAtMs, 0));
    this.#command('RESTORE', this.#key, at, payload.finish(), 'ABSTTL');
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
