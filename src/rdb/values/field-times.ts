/**
 * When the fields of a hash end, in our own files. Version 10, which Redis 7.0 reads, has no value
 * type for that; but every Redis and Valkey skips auxiliary fields that it does not know, wherever
 * they stand. So a hash is written without its times, and these follow it at once, before the next
 * key, as often as it takes:
 *
 *     AUX "hash-field-times" times
 *     times = { at:8 length:4 field }        little endian; `at` in Unix milliseconds
 *
 * Whoever does not know the field reads a hash whose fields last. DUMP payloads say their version
 * themselves and have Redis 7.4's types for it: see decode-hash.ts. Writer and reader side by side;
 * used by the snapshot and by the RDB reader's sinks.
 */
import { rdbOpcode } from '../opcodes.ts';
import type { RdbOutput } from '../rdb-output.ts';
import type { StringWindow } from '../string-window.ts';

const auxName = Buffer.from('hash-field-times');
const headBytes = 12;
/** One auxiliary field takes times up to about here, and always one. */
const maxTimesBytes = 16 * 1024;

/** Collects the times of a hash, to be written when the hash itself is. */
export class FieldTimesWriter {
  /** What one auxiliary field takes, in order; then what the next will. */
  readonly #full: Buffer[] = [];
  #times: Buffer[] = [];
  #bytes = 0;

  add(field: Buffer, start: number, end: number, atMs: number): void {
    const time = Buffer.allocUnsafe(headBytes + end - start);
    time.writeBigInt64LE(BigInt(atMs), 0);
    time.writeUInt32LE(end - start, 8);
    field.copy(time, headBytes, start, end);
    this.#times.push(time);
    this.#bytes += time.length;
    if (this.#bytes >= maxTimesBytes) this.#close();
  }

  /** Writes one auxiliary field; returns how many bytes of times are in it, 0 when there are none. */
  writeNext(output: RdbOutput): number {
    if (this.#full.length === 0) this.#close();
    const times = this.#full.shift();
    if (times === undefined) return 0;
    output.byte(rdbOpcode.aux);
    output.string(auxName, 0, auxName.length);
    output.string(times, 0, times.length);
    return times.length;
  }

  #close(): void {
    if (this.#bytes === 0) return;
    this.#full.push(Buffer.concat(this.#times));
    this.#times = [];
    this.#bytes = 0;
  }
}

/** Whether an auxiliary field of this name holds times. */
export function areFieldTimes({ bytes, start, end }: StringWindow): boolean {
  return bytes.compare(auxName, 0, auxName.length, start, end) === 0;
}

/** Hands over all times in a field; false when they are none, some may have been handed over then. */
export function readFieldTimes(
  { bytes, start, end }: StringWindow,
  visit: (field: Buffer, start: number, end: number, atMs: number) => void,
): boolean {
  let at = start;
  while (at + headBytes <= end) {
    const atMs = Number(bytes.readBigInt64LE(at));
    const fieldAt = at + headBytes;
    at = fieldAt + bytes.readUInt32LE(at + 8);
    if (at > end || !Number.isSafeInteger(atMs) || atMs < 0) return false;
    visit(bytes, fieldAt, at, atMs);
  }
  return at === end;
}
