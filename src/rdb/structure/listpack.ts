/**
 * Reads a listpack from an RDB; its format is drawn in listpack-encoding.ts. Used by the decoders of
 * the values that Redis 7.0 and later keep as one. See element-reader.ts for what a reader promises.
 */
import type { StringWindow } from '../string-window.ts';
import { type ElementReader, type Place, structureError } from './element-reader.ts';
import {
  backlenBytes,
  elementBytes,
  integerElement,
  isIntegerElement,
  listpackEnd,
  listpackHeaderBytes,
  maxIntegerBytes,
  readUint32,
  stringElementStart,
  unknownCount,
  writeInteger,
  writeIntegerElementText,
  writeIntegerText,
} from './listpack-encoding.ts';
import { maxInt64Chars } from '../integer-text.ts';

const longStringForm = 0xf0;
/** 0xf5 … 0xfe mean nothing; 0xff is the end. */
const lastForm = 0xf4;
/** Where an element is encoded anew, to see how Redis would have done it. */
const encoded = new Uint8Array(maxIntegerBytes);
/** Where its text goes while only the text's length is wanted. */
const integerText = new Uint8Array(maxInt64Chars);

export class ListpackReader implements ElementReader {
  readonly #bytes: Buffer;
  readonly #start: number;
  /** Where the end byte stands. */
  readonly #last: number;
  readonly #place: Place;
  /** Where the element stands that `next` or `step` last came to, and the one after it. */
  #element = 0;
  #at: number;
  /** Elements stepped over so far. */
  count = 0;

  constructor(blob: StringWindow, place: Place) {
    this.#bytes = blob.bytes;
    this.#start = blob.start;
    this.#place = place;
    this.#last = blob.end - 1;
    this.#at = blob.start + listpackHeaderBytes;
    const length = blob.end - blob.start;
    if (length <= listpackHeaderBytes) throw this.#error('too short', 0);
    if (readUint32(blob.bytes, blob.start) !== length) throw this.#error('a wrong size', 0);
    if (blob.bytes[this.#last] !== listpackEnd) throw this.#error('no end mark', length - 1);
  }

  next(into: StringWindow): boolean {
    if (!this.step()) return false;
    const [bytes, at] = [this.#bytes, this.#element];
    if (isIntegerElement(bytes, at)) {
      into.end = writeIntegerElementText(bytes, at, into.own(maxInt64Chars), 0);
    } else {
      into.show(bytes, stringElementStart(bytes, at), at + elementBytes(bytes, at));
    }
    return true;
  }

  /** Like `next`, without looking what the element is; see the getters below. */
  step(): boolean {
    const at = this.#at;
    if (at === this.#last) {
      this.#checkCount();
      return false;
    }
    this.#element = at;
    this.#at = this.#after(at);
    this.count++;
    return true;
  }

  /** Where the present element begins. */
  get elementStart(): number {
    return this.#element;
  }

  /** Where its encoding and data end, before its backlen. */
  get elementEnd(): number {
    return this.#element + elementBytes(this.#bytes, this.#element);
  }

  /** The length of the present element as a string. */
  get textBytes(): number {
    const [bytes, at] = [this.#bytes, this.#element];
    if (!isIntegerElement(bytes, at)) return this.elementEnd - stringElementStart(bytes, at);
    return writeIntegerElementText(bytes, at, integerText, 0);
  }

  /** Whether the present element stands in the one form in which Redis writes it. */
  get isCanonical(): boolean {
    const [bytes, at] = [this.#bytes, this.#element];
    const end = this.elementEnd;
    if (isIntegerElement(bytes, at)) {
      // Beyond 2^53 only the longest form can hold it.
      const value = integerElement(bytes, at);
      return !Number.isSafeInteger(value) || writeInteger(encoded, 0, value) === end - at;
    }
    const start = stringElementStart(bytes, at);
    const [length, prefix] = [end - start, start - at];
    if (prefix !== (length < 64 ? 1 : length < 4096 ? 2 : 5)) return false;
    return writeIntegerText(bytes, start, end, encoded, 0) === 0;
  }

  /** Whether the header counts the elements wherever it can; true only after the last. */
  get hasCanonicalCount(): boolean {
    return this.#counted === Math.min(this.count, unknownCount);
  }

  get #counted(): number {
    return this.#bytes.readUInt16LE(this.#start + 4);
  }

  /** Where the element after the one at `at` stands, which is checked. */
  #after(at: number): number {
    const [bytes, last] = [this.#bytes, this.#last];
    const first = bytes[at];
    if (first > lastForm) throw this.#error(`an unknown encoding ${first}`, at - this.#start);
    const needed = first === longStringForm ? 5 : 2;
    // The shortest elements have one byte, which is there, and a backlen.
    if (at + needed > last) throw this.#error('an element beyond the end', at - this.#start);
    const length = elementBytes(bytes, at);
    const backlen = at + length;
    const next = backlen + (length <= 127 ? 1 : backlenBytes(length));
    if (next > last) throw this.#error('an element beyond the end', at - this.#start);
    if (length <= 127 ? bytes[backlen] !== length : !this.#hasBacklen(backlen, next, length)) {
      throw this.#error('a wrong length behind an element', backlen - this.#start);
    }
    return next;
  }

  #hasBacklen(start: number, end: number, length: number): boolean {
    let rest = length;
    for (let at = end - 1; at >= start; at--) {
      if (this.#bytes[at] !== ((rest & 0x7f) | (at === start ? 0 : 0x80))) return false;
      rest = Math.floor(rest / 128);
    }
    return true;
  }

  #checkCount(): void {
    const counted = this.#counted;
    if (counted !== unknownCount && counted !== this.count) {
      throw this.#error(`${this.count} elements where the count says ${counted}`, 4);
    }
  }

  #error(why: string, at: number): Error {
    return structureError(this.#place, why, at);
  }
}
