/**
 * Reads a zipmap from an RDB: what Redis before 2.6 kept small hashes as. Used by the decoder of
 * hashes; fields and values come in turn. See element-reader.ts for what a reader promises.
 *
 *     zipmap   count:1 { length field length free:1 value unused… } 0xff
 *     length   0 … 253       or 0xfe and 4 bytes, little endian
 *
 * count 254: more, or unknown. free: how many unused bytes there are behind the value.
 */
import type { StringWindow } from '../string-window.ts';
import { type ElementReader, type Place, structureError } from './element-reader.ts';

const unknownCount = 254;
const longLength = 254;
const endMark = 255;

export class ZipmapReader implements ElementReader {
  readonly #bytes: Buffer;
  readonly #start: number;
  /** Where the end byte stands. */
  readonly #last: number;
  readonly #place: Place;
  #at: number;
  #fields = 0;
  #isValueNext = false;

  constructor(blob: StringWindow, place: Place) {
    const { bytes, start, end } = blob;
    this.#bytes = bytes;
    this.#start = start;
    this.#place = place;
    this.#last = end - 1;
    this.#at = start + 1;
    if (end - start < 2) throw this.#error('too short', start);
    if (bytes[this.#last] !== endMark) throw this.#error('no end mark', this.#last);
  }

  next(into: StringWindow): boolean {
    if (this.#at === this.#last) {
      this.#checkEnd();
      return false;
    }
    const isValue = this.#isValueNext;
    const length = this.#readLength();
    const free = isValue ? this.#readFree() : 0;
    const start = this.#at;
    this.#need(length + free);
    into.show(this.#bytes, start, start + length);
    this.#at = start + length + free;
    if (!isValue) this.#fields++;
    this.#isValueNext = !isValue;
    return true;
  }

  #readLength(): number {
    const at = this.#at;
    const first = this.#bytes[at];
    if (first === endMark) throw this.#error('an end mark before the end', at);
    this.#need(first === longLength ? 5 : 1);
    if (first !== longLength) {
      this.#at++;
      return first;
    }
    const length = this.#bytes.readUInt32LE(at + 1);
    if (length < longLength) throw this.#error('a short length in the long form', at);
    this.#at += 5;
    return length;
  }

  #readFree(): number {
    this.#need(1);
    return this.#bytes[this.#at++];
  }

  /** That many bytes must stand before the end mark. */
  #need(count: number): void {
    if (this.#at + count > this.#last) throw this.#error('an entry beyond the end', this.#at);
  }

  #checkEnd(): void {
    const counted = this.#bytes[this.#start];
    if (this.#fields === 0) throw this.#error('no fields', this.#start);
    if (this.#isValueNext) throw this.#error('a field without a value', this.#at);
    if (counted !== unknownCount && counted !== this.#fields) {
      throw this.#error(`${this.#fields} fields where the count says ${counted}`, this.#start);
    }
  }

  #error(why: string, at: number): Error {
    return structureError(this.#place, why, at - this.#start);
  }
}
