/**
 * A listpack that is edited in place: the compact form of small hashes and sorted sets, of the
 * nodes of lists and streams. The bytes are Redis's own (rdb/structure/listpack-encoding.ts has the
 * grammar), so that RDB and DUMP copy them as they are. Elements are byte strings; those that print
 * as 64-bit integers are stored as integers, as Redis does.
 *
 * An element is addressed by its position `at`, a byte offset; 0 means none. Every edit makes all
 * positions stale but the one it returns. Bytes given to be stored must not lie in this listpack.
 *
 *     walk      first last next previous seek(index) length          by position
 *     read      read(at) opens a window; isInteger integer bigInteger
 *     compare   find(bytes, start, end, at, skip) equals(at, bytes, start, end) compare(…)
 *     edit      append… prepend insert…(before `at`; `end` is the place behind the last) insertAfter
 *               replace… remove removeRange clear; for bytes, and for integers (…Integer)
 *     in bulk   openTail closeTail, for elements that the caller encodes; compact
 *     size      byteLength, Listpack.sizeOf(bytes, start, end) = what storing an element will take
 *
 * Used by the value classes. It knows nothing of fields, scores or limits.
 */
import {
  backlenBytes,
  bigIntegerElement,
  elementBytes,
  integerElement,
  integerElementLow,
  isIntegerElement,
  listpackEnd,
  listpackHeaderBytes,
  maxIntegerBytes,
  nextElement,
  previousElement,
  stringElementStart,
  unknownCount,
  writeBacklen,
  writeInteger,
  writeIntegerElementText,
  writeIntegerText,
  writeStringPrefix,
  writeUint32,
} from '../../rdb/structure/listpack-encoding.ts';
import { maxInt64Chars } from '../../rdb/integer-text.ts';
import { compareBytes } from '../../util/compare-bytes.ts';
import { copyBytes } from '../../util/copy-bytes.ts';

/** Room for encodings on their way in; meaningless between calls. */
const encoding = Buffer.alloc(maxIntegerBytes);
/** The window on an integer's text, until the next one is read from any listpack. */
const integerText = Buffer.alloc(maxInt64Chars);
/** An integer's text while it is compared: not the window, where the other text may be. */
const comparedText = Buffer.alloc(maxInt64Chars);

const emptyBytes = listpackHeaderBytes + 1;
/** A tail that is written element by element doubles, but not by more than this at a time. */
const maxTailGrowthBytes = 4096;

export class Listpack {
  /** The window that `read` last opened; valid until the next edit or read. */
  windowBuffer: Buffer = integerText;
  windowStart = 0;
  windowEnd = 0;

  #bytes: Buffer;
  #byteLength: number;
  #length: number;

  /** An empty one, with room for so many bytes in all. */
  constructor(roomBytes = 0) {
    this.#bytes = Buffer.allocUnsafeSlow(roundUp(Math.max(roomBytes, emptyBytes)));
    this.#bytes[listpackHeaderBytes] = listpackEnd;
    this.#byteLength = emptyBytes;
    this.#length = 0;
    this.#writeHeader();
  }

  /** A copy of a whole, valid listpack. */
  static from(bytes: Uint8Array, start = 0, end = bytes.length): Listpack {
    const listpack = new Listpack(end - start);
    copyBytes(bytes, start, end, listpack.#bytes, 0);
    listpack.#byteLength = end - start;
    listpack.#length = listpack.#bytes[4] | (listpack.#bytes[5] << 8);
    if (listpack.#length === unknownCount) listpack.#length = listpack.#countElements();
    return listpack;
  }

  /** How many bytes the element takes that `bytes[start … end)` would become. */
  static sizeOf(bytes: Uint8Array, start: number, end: number): number {
    const integerBytes = writeIntegerText(bytes, start, end, encoding, 0);
    if (integerBytes !== 0) return integerBytes + 1;
    const length = writeStringPrefix(encoding, 0, end - start) + end - start;
    return length + backlenBytes(length);
  }

  copy(): Listpack {
    return Listpack.from(this.#bytes, 0, this.#byteLength);
  }

  /** The listpack itself: `bytes[0 … byteLength)`. Read-only for callers; an edit may replace it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Bytes taken from the system, spare room included. */
  get reservedBytes(): number {
    return this.#bytes.length;
  }

  /** The number of elements. */
  get length(): number {
    return this.#length;
  }

  /** Where an element goes that is inserted behind all others. */
  get end(): number {
    return this.#byteLength - 1;
  }

  // ---- walking ----

  first(): number {
    return this.#length === 0 ? 0 : listpackHeaderBytes;
  }

  last(): number {
    return this.#length === 0 ? 0 : previousElement(this.#bytes, this.#byteLength - 1);
  }

  next(at: number): number {
    const next = nextElement(this.#bytes, at);
    return this.#bytes[next] === listpackEnd ? 0 : next;
  }

  previous(at: number): number {
    return at === listpackHeaderBytes ? 0 : previousElement(this.#bytes, at);
  }

  /** The element at `index`, counted from the end where it is negative: −1 is the last. */
  seek(index: number): number {
    const length = this.#length;
    const place = index < 0 ? index + length : index;
    if (place < 0 || place >= length) return 0;
    const bytes = this.#bytes;
    if (place < length / 2) {
      let at = listpackHeaderBytes;
      for (let left = place; left > 0; left--) at = nextElement(bytes, at);
      return at;
    }
    let at = this.#byteLength - 1;
    for (let left = length - place; left > 0; left--) at = previousElement(bytes, at);
    return at;
  }

  // ---- reading ----

  /** Opens the window on the element's bytes, an integer's decimal text. */
  read(at: number): void {
    const bytes = this.#bytes;
    if (isIntegerElement(bytes, at)) {
      this.windowBuffer = integerText;
      this.windowStart = 0;
      this.windowEnd = writeIntegerElementText(bytes, at, integerText, 0);
    } else {
      this.windowBuffer = bytes;
      this.windowStart = stringElementStart(bytes, at);
      this.windowEnd = at + elementBytes(bytes, at);
    }
  }

  /** Whether the element is stored as an integer. */
  isInteger(at: number): boolean {
    return isIntegerElement(this.#bytes, at);
  }

  /** The value of an element that is an integer, rounded beyond 2^53. */
  integer(at: number): number {
    return integerElement(this.#bytes, at);
  }

  /** The exact value of an element that is an integer. */
  bigInteger(at: number): bigint {
    return bigIntegerElement(this.#bytes, at);
  }

  /** Whether the element is `other[start … end)`. */
  equals(at: number, other: Uint8Array, start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (!isIntegerElement(bytes, at)) return equalsString(bytes, at, other, start, end);
    const isInteger = writeIntegerText(other, start, end, encoding, 0) !== 0;
    return isInteger && equalsInteger(bytes, at, integerElement(encoding, 0));
  }

  /**
   * Negative, 0 or positive as the element's bytes sort before, at or after `other[start … end)`,
   * which may be the window on an integer.
   */
  compare(at: number, other: Uint8Array, start: number, end: number): number {
    const bytes = this.#bytes;
    if (isIntegerElement(bytes, at)) {
      const length = writeIntegerElementText(bytes, at, comparedText, 0);
      return compareBytes(comparedText, 0, length, other, start, end);
    }
    const textEnd = at + elementBytes(bytes, at);
    return compareBytes(bytes, stringElementStart(bytes, at), textEnd, other, start, end);
  }

  /**
   * The first element from `at` on that is `sought[start … end)`, leaving out `skip` elements
   * after each one that is looked at; 0 for none. `at` may be 0.
   */
  find(sought: Uint8Array, start: number, end: number, at: number, skip = 0): number {
    if (at === 0) return 0;
    const bytes = this.#bytes;
    const isInteger = writeIntegerText(sought, start, end, encoding, 0) !== 0;
    const integer = isInteger ? integerElement(encoding, 0) : 0;
    const length = end - start;
    let place = at;
    while (bytes[place] !== listpackEnd) {
      if (isIntegerElement(bytes, place)) {
        if (isInteger && equalsInteger(bytes, place, integer)) return place;
      } else if (place + elementBytes(bytes, place) - stringElementStart(bytes, place) === length) {
        if (equalsString(bytes, place, sought, start, end)) return place;
      }
      for (let left = skip; left >= 0 && bytes[place] !== listpackEnd; left--) {
        place = nextElement(bytes, place);
      }
    }
    return 0;
  }

  // ---- editing ----

  /** Adds an element behind all others; returns its position. */
  append(bytes: Uint8Array, start: number, end: number): number {
    return this.#putBytes(this.#byteLength - 1, 0, bytes, start, end);
  }

  appendInteger(value: number | bigint): number {
    return this.#putInteger(this.#byteLength - 1, 0, value);
  }

  /** Adds an element before all others; returns its position. */
  prepend(bytes: Uint8Array, start: number, end: number): number {
    return this.#putBytes(listpackHeaderBytes, 0, bytes, start, end);
  }

  /** Adds an element before the one at `at` (or at `end`); returns its position. */
  insert(at: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#putBytes(at, 0, bytes, start, end);
  }

  insertInteger(at: number, value: number | bigint): number {
    return this.#putInteger(at, 0, value);
  }

  /** Adds an element behind the one at `at`; returns its position. */
  insertAfter(at: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#putBytes(nextElement(this.#bytes, at), 0, bytes, start, end);
  }

  /** Puts other bytes in the place of the element at `at`, where they stay. */
  replace(at: number, bytes: Uint8Array, start: number, end: number): void {
    this.#putBytes(at, nextElement(this.#bytes, at) - at, bytes, start, end);
  }

  replaceInteger(at: number, value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 128 && this.#bytes[at] < 128) {
      this.#bytes[at] = value;
      return;
    }
    this.#putInteger(at, nextElement(this.#bytes, at) - at, value);
  }

  /** Removes the element at `at`; returns the position of the one that followed, 0 for none. */
  remove(at: number): number {
    return this.removeRange(at, 1);
  }

  /** Removes up to `count` elements from `at` on; returns the position of the one that followed. */
  removeRange(at: number, count: number): number {
    const bytes = this.#bytes;
    let until = at;
    let removed = 0;
    while (removed < count && bytes[until] !== listpackEnd) {
      until = nextElement(bytes, until);
      removed++;
    }
    this.#length -= removed;
    this.#splice(at, until - at, 0);
    return this.#bytes[at] === listpackEnd ? 0 : at;
  }

  clear(): void {
    if (this.#length !== 0) this.removeRange(listpackHeaderBytes, this.#length);
  }

  /**
   * Makes room for `size` bytes behind the last element, and returns where they start: the caller
   * writes whole elements there, to `bytes`. `closeTail` must follow before anything else.
   */
  openTail(size: number): number {
    const from = this.#bytes;
    const needed = this.#byteLength + size;
    if (needed > from.length) {
      const room = from.length + Math.min(from.length, maxTailGrowthBytes);
      this.#bytes = Buffer.allocUnsafeSlow(roundUp(Math.max(needed, room)));
      copyBytes(from, 0, this.#byteLength, this.#bytes, 0);
    }
    return this.#byteLength - 1;
  }

  /** So many elements have been written, up to `end`. */
  closeTail(end: number, elements: number): void {
    this.#bytes[end] = listpackEnd;
    this.#byteLength = end + 1;
    this.#length += elements;
    this.#writeHeader();
  }

  /** Gives back the room that is reserved for more, where it is much: nothing is to be added soon. */
  compact(): void {
    if (this.#bytes.length - this.#byteLength <= Math.max(16, this.#byteLength >>> 4)) return;
    const from = this.#bytes;
    this.#bytes = Buffer.allocUnsafeSlow(roundUp(this.#byteLength));
    copyBytes(from, 0, this.#byteLength, this.#bytes, 0);
  }

  // ---- inside ----

  /** Encodes bytes to `at` in the place of `oldBytes` bytes: none, or one whole element. */
  #putBytes(at: number, oldBytes: number, bytes: Uint8Array, start: number, end: number): number {
    const integerBytes = writeIntegerText(bytes, start, end, encoding, 0);
    if (integerBytes !== 0) return this.#putEncoded(at, oldBytes, integerBytes);
    const prefixBytes = writeStringPrefix(encoding, 0, end - start);
    const length = prefixBytes + end - start;
    this.#makePlace(at, oldBytes, length);
    const dataAt = copyBytes(encoding, 0, prefixBytes, this.#bytes, at);
    writeBacklen(this.#bytes, copyBytes(bytes, start, end, this.#bytes, dataAt), length);
    return at;
  }

  #putInteger(at: number, oldBytes: number, value: number | bigint): number {
    if (typeof value === 'number') {
      return this.#putEncoded(at, oldBytes, writeInteger(encoding, 0, value));
    }
    const text = Buffer.from(String(value), 'latin1');
    return this.#putBytes(at, oldBytes, text, 0, text.length);
  }

  /** Puts the integer whose encoding is in `encoding[0 … length)`. */
  #putEncoded(at: number, oldBytes: number, length: number): number {
    this.#makePlace(at, oldBytes, length);
    const backlenAt = copyBytes(encoding, 0, length, this.#bytes, at);
    this.#bytes[backlenAt] = length;
    return at;
  }

  /** Makes room at `at` for an element of `length` bytes without its backlen, and counts it. */
  #makePlace(at: number, oldBytes: number, length: number): void {
    if (oldBytes === 0) this.#length++;
    this.#splice(at, oldBytes, length + backlenBytes(length));
  }

  /** Gives `oldBytes` bytes at `at` the length `newBytes`; what is in them is left to the caller. */
  #splice(at: number, oldBytes: number, newBytes: number): void {
    const from = this.#bytes;
    const byteLength = this.#byteLength + newBytes - oldBytes;
    const wasteful = newBytes < oldBytes && isWasteful(byteLength, from.length);
    if (byteLength > from.length || wasteful) {
      this.#bytes = Buffer.allocUnsafeSlow(roundUp(byteLength + (byteLength >>> 2)));
      copyBytes(from, 0, at, this.#bytes, 0);
    }
    if (from !== this.#bytes || newBytes !== oldBytes) {
      copyTail(from, at + oldBytes, this.#byteLength, this.#bytes, at + newBytes);
    }
    this.#byteLength = byteLength;
    this.#writeHeader();
  }

  #writeHeader(): void {
    const bytes = this.#bytes;
    const count = Math.min(this.#length, unknownCount);
    writeUint32(bytes, 0, this.#byteLength);
    bytes[4] = count & 0xff;
    bytes[5] = count >>> 8;
  }

  #countElements(): number {
    let count = 0;
    let at = listpackHeaderBytes;
    for (; this.#bytes[at] !== listpackEnd; at = nextElement(this.#bytes, at)) count++;
    return count;
  }
}

/** Small blocks come in steps of 16 bytes: what malloc hands out. */
function roundUp(size: number): number {
  return (size + 15) & ~15;
}

/** Whether so much room is left over that a smaller block pays for the copying. */
function isWasteful(usedBytes: number, reservedBytes: number): boolean {
  return reservedBytes > 128 && usedBytes < reservedBytes / 2;
}

/** Copies to a place that may overlap. */
function copyTail(src: Uint8Array, start: number, end: number, dst: Uint8Array, at: number): void {
  // Appending moves nothing but the end byte.
  if (end - start === 1) dst[at] = src[start];
  else if (src === dst) dst.copyWithin(at, start, end);
  else copyBytes(src, start, end, dst, at);
}

function equalsString(
  bytes: Uint8Array,
  at: number,
  other: Uint8Array,
  start: number,
  end: number,
): boolean {
  let place = stringElementStart(bytes, at);
  if (at + elementBytes(bytes, at) - place !== end - start) return false;
  for (let index = start; index < end; index++) {
    if (bytes[place++] !== other[index]) return false;
  }
  return true;
}

/** Whether the integer at `at` is the one in `encoding`, whose rounded value is `integer`. */
function equalsInteger(bytes: Uint8Array, at: number, integer: number): boolean {
  if (integerElement(bytes, at) !== integer) return false;
  return (
    Number.isSafeInteger(integer) || integerElementLow(bytes, at) === integerElementLow(encoding, 0)
  );
}
