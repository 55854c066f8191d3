/**
 * Writes an RDB file as the grammar in opcodes.ts has it. Used by SAVE, BGSAVE and full sync; it
 * does not know where the bytes go (see BlockSink), nor where entries come from.
 *
 * A value of a type other than string is `beginEntry` and then its body through `output`.
 */
import { rdbOpcode, rdbType, writtenRdbVersion } from './opcodes.ts';
import type { EntryWriter } from './entry-writer.ts';
import { type BlockSink, RdbOutput, type RdbOutputOptions } from './rdb-output.ts';

export class RdbWriter implements EntryWriter {
  /** The primitives, for the bodies of values. */
  readonly output: RdbOutput;
  readonly writesPayloads = false;

  constructor(options: RdbOutputOptions) {
    this.output = new RdbOutput(options);
  }

  get bytesWritten(): number {
    return this.output.bytesWritten;
  }

  /** First call. */
  header(): void {
    const magic = Buffer.from(`REDIS${String(writtenRdbVersion).padStart(4, '0')}`);
    this.output.raw(magic, 0, magic.length);
  }

  /** A fact about the file, such as `redis-ver` or `repl-id`. */
  aux(name: string, value: string | number): void {
    this.output.byte(rdbOpcode.aux);
    this.#text(name);
    this.#text(String(value));
  }

  /** The entries that follow belong to database `index`. */
  selectDb(index: number): void {
    this.output.byte(rdbOpcode.selectDb);
    this.output.length(index);
  }

  /** A hint for the loader: `keys` in the database, `expires` of them with an expiry. */
  resizeDb(keys: number, expires: number): void {
    this.output.byte(rdbOpcode.resizeDb);
    this.output.length(keys);
    this.output.length(expires);
  }

  /** A string under a key, both as windows. For the rest see `beginEntry`. */
  stringEntry(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
    idleSeconds = -1,
    freq = -1,
  ): void {
    this.beginEntry(rdbType.string, key, keyStart, keyEnd, expireAtMs, idleSeconds, freq);
    this.output.string(value, valueStart, valueEnd);
  }

  /**
   * Everything of an entry up to its value. `expireAtMs` (Unix milliseconds), `idleSeconds` (the
   * LRU's) and `freq` (the LFU's counter, 0 … 255) are -1 where there is none.
   */
  beginEntry(
    type: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    expireAtMs: number,
    idleSeconds = -1,
    freq = -1,
  ): void {
    const { output } = this;
    if (expireAtMs >= 0) {
      output.byte(rdbOpcode.expireTimeMs);
      output.int64(expireAtMs);
    }
    if (idleSeconds >= 0) {
      output.byte(rdbOpcode.idle);
      output.length(idleSeconds);
    }
    if (freq >= 0) {
      output.byte(rdbOpcode.freq);
      output.byte(freq);
    }
    output.byte(type);
    output.string(key, keyStart, keyEnd);
  }

  /** A body needs no end. */
  endEntry(): void {}

  drain(): boolean {
    return true;
  }

  flush(): void {
    this.output.flush();
  }

  raw(bytes: Uint8Array): void {
    this.output.raw(bytes, 0, bytes.length);
  }

  recycle(block: Uint8Array): void {
    this.output.recycle(block);
  }

  another(sink: BlockSink): RdbWriter {
    return new RdbWriter({ sink, checksum: false, compress: this.output.compresses });
  }

  /** Last call: the end mark and the checksum; all blocks are with the sink then. */
  eof(): void {
    this.output.byte(rdbOpcode.eof);
    this.output.end();
  }

  #text(text: string): void {
    const bytes = Buffer.from(text);
    this.output.string(bytes, 0, bytes.length);
  }
}
