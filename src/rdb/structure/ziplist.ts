/**
 * Reads a ziplist from an RDB: what Redis before 7.0 kept small lists, hashes and sorted sets as.
 * Used by their decoders. See element-reader.ts for what a reader promises.
 *
 *     ziplist   bytes:4 tail:4 count:2 entry… 0xff     little endian; tail: where the last entry
 *                                                      stands; count 65535: more, or unknown
 *     entry     prevlen encoding [data]
 *     prevlen   bytes of the entry before, 0 … 253     or 0xfe and 4 bytes
 *
 *     00llllll data            string of up to 63 bytes
 *     01llllll l:1 data        string of up to 16383 bytes, high bits of the length first
 *     10…      l:4 data        string of any length, big endian
 *     11000000 n:2             integers, little endian:  11010000 n:4 · 11100000 n:8
 *                              11110000 n:3 · 11111110 n:1
 *     1111nnnn                 n = 1 … 13: the integer n − 1
 */
import { maxInt64Chars, writeInt32Text, writeInt64Text } from '../integer-text.ts';
import type { StringWindow } from '../string-window.ts';
import { type ElementReader, type Place, structureError } from './element-reader.ts';

const headerBytes = 10;
const unknownCount = 0xffff;
const endMark = 0xff;
const longPrevlen = 0xfe;

/** First byte of an encoding → bytes of the integer behind it. */
const integerBytes: Readonly<Partial<Record<number, number>>> = {
  0xc0: 2,
  0xd0: 4,
  0xe0: 8,
  0xf0: 3,
  0xfe: 1,
};
const smallestImmediate = 0xf1;
const largestImmediate = 0xfd;

export class ZiplistReader implements ElementReader {
  readonly #bytes: Buffer;
  readonly #start: number;
  /** Where the end byte stands. */
  readonly #last: number;
  readonly #place: Place;
  #at: number;
  /** Where the entry before `#at` begins. */
  #previous: number;
  #count = 0;

  constructor(blob: StringWindow, place: Place) {
    const { bytes, start, end } = blob;
    this.#bytes = bytes;
    this.#start = start;
    this.#place = place;
    this.#last = end - 1;
    this.#at = start + headerBytes;
    this.#previous = this.#at;
    if (end - start <= headerBytes) throw this.#error('too short', start);
    if (bytes.readUInt32LE(start) !== end - start) throw this.#error('a wrong size', start);
    if (bytes[this.#last] !== endMark) throw this.#error('no end mark', this.#last);
  }

  next(into: StringWindow): boolean {
    const at = this.#at;
    if (at === this.#last) {
      this.#checkEnd();
      return false;
    }
    const encoding = this.#afterPrevlen(at);
    this.#at = this.#readData(encoding, into);
    this.#previous = at;
    this.#count++;
    return true;
  }

  /** Where the encoding of the entry at `at` stands. */
  #afterPrevlen(at: number): number {
    const bytes = this.#bytes;
    const long = bytes[at] === longPrevlen;
    if (bytes[at] === endMark) throw this.#error('an end mark before the end', at);
    const next = long ? at + 5 : at + 1;
    this.#need(next, 1, at);
    const prevlen = long ? bytes.readUInt32LE(at + 1) : bytes[at];
    if (prevlen !== at - this.#previous) {
      throw this.#error('a wrong length of the entry before', at);
    }
    return next;
  }

  /** Fills the window from the encoding at `at`; returns where the next entry stands. */
  #readData(at: number, into: StringWindow): number {
    const bytes = this.#bytes;
    const first = bytes[at];
    if (first >= 0xc0) return this.#readInteger(at, first, into);
    const form = first >>> 6;
    const data = at + (form === 0 ? 1 : form === 1 ? 2 : 5);
    this.#need(data, 0, at);
    const length =
      form === 0
        ? first
        : form === 1
          ? ((first & 0x3f) << 8) | bytes[at + 1]
          : bytes.readUInt32BE(at + 1);
    this.#need(data, length, at);
    into.show(bytes, data, data + length);
    return data + length;
  }

  #readInteger(at: number, first: number, into: StringWindow): number {
    const bytes = this.#bytes;
    const text = into.own(maxInt64Chars);
    if (first >= smallestImmediate && first <= largestImmediate) {
      into.end = writeInt32Text(text, 0, first - smallestImmediate);
      return at + 1;
    }
    const size = integerBytes[first];
    if (size === undefined) throw this.#error(`an unknown encoding ${first}`, at);
    this.#need(at + 1, size, at);
    into.end =
      size === 8
        ? writeInt64Text(text, 0, bytes.readInt32LE(at + 5), bytes.readUInt32LE(at + 1))
        : writeInt32Text(text, 0, bytes.readIntLE(at + 1, size));
    return at + 1 + size;
  }

  /** The `count` bytes from `start` on must stand before the end mark. */
  #need(start: number, count: number, entryAt: number): void {
    if (start + count > this.#last) throw this.#error('an entry beyond the end', entryAt);
  }

  #checkEnd(): void {
    const [bytes, start] = [this.#bytes, this.#start];
    if (bytes.readUInt32LE(start + 4) !== this.#previous - start) {
      throw this.#error('a wrong place for the last entry', start + 4);
    }
    const counted = bytes.readUInt16LE(start + 8);
    if (counted !== unknownCount && counted !== this.#count) {
      throw this.#error(`${this.#count} entries where the count says ${counted}`, start + 8);
    }
  }

  #error(why: string, at: number): Error {
    return structureError(this.#place, why, at - this.#start);
  }
}
