/**
 * Reads an intset from an RDB: a small set of integers, sorted. Used by the decoder of sets. See
 * element-reader.ts for what a reader promises.
 *
 *     intset   width:4 count:4 integer…      all little endian; width: 2, 4 or 8 bytes
 */
import { maxInt64Chars, writeInt32Text, writeInt64Text } from '../integer-text.ts';
import type { StringWindow } from '../string-window.ts';
import { type ElementReader, type Place, structureError } from './element-reader.ts';

export const intsetHeaderBytes = 8;

export class IntsetReader implements ElementReader {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly #width: number;
  readonly #place: Place;
  #at: number;
  /** The element before, in two halves; smaller than any at first. */
  #high = Number.NEGATIVE_INFINITY;
  #low = 0;

  constructor(blob: StringWindow, place: Place) {
    const { bytes, start, end } = blob;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#place = place;
    this.#at = start + intsetHeaderBytes;
    if (end - start < intsetHeaderBytes) throw structureError(place, 'too short', 0);
    const width = bytes.readUInt32LE(start);
    if (width !== 2 && width !== 4 && width !== 8) throw structureError(place, 'a wrong width', 0);
    this.#width = width;
    const counted = bytes.readUInt32LE(start + 4);
    if (end - start !== intsetHeaderBytes + counted * width) {
      throw structureError(place, `${end - start} bytes for ${counted} integers`, 4);
    }
  }

  next(into: StringWindow): boolean {
    if (!this.step()) return false;
    const text = into.own(maxInt64Chars);
    into.end =
      this.#width === 8
        ? writeInt64Text(text, 0, this.#high, this.#low)
        : writeInt32Text(text, 0, this.#low);
    return true;
  }

  /** Like `next`, without turning the integer into text. */
  step(): boolean {
    const [bytes, at, width] = [this.#bytes, this.#at, this.#width];
    if (at === this.#end) return false;
    const high = width === 8 ? bytes.readInt32LE(at + 4) : 0;
    const low =
      width === 8
        ? bytes.readUInt32LE(at)
        : width === 4
          ? bytes.readInt32LE(at)
          : bytes.readInt16LE(at);
    if (high < this.#high || (high === this.#high && low <= this.#low)) {
      throw structureError(this.#place, 'integers out of order', at - this.#start);
    }
    this.#high = high;
    this.#low = low;
    this.#at = at + width;
    return true;
  }
}
