/**
 * The patterns of SORT's BY and GET: what each element leads to. `*` stands for the element, in the
 * name of a string key, or with `->field` in that of a hash; `#` is the element itself.
 */
import { copyBytes } from '../../util/copy-bytes.ts';
import type { Call } from '../call.ts';
import { valueTypes } from '../types/value.ts';
import { HashValue } from '../types/hash-value.ts';
import { liveFields } from './hash-access.ts';
import type { SortElements } from './sort-elements.ts';

const star = 42;
const arrow = '->';

export class SortPattern {
  /** The window that `resolve` last opened; valid until the next change of data. */
  windowBuffer: Buffer = Buffer.alloc(0);
  windowStart = 0;
  windowEnd = 0;

  readonly #isElement: boolean;
  /** What stands before `*`, and behind it as far as it is the key's; −1 without a `*`. */
  readonly #pattern: Buffer;
  readonly #starAt: number;
  readonly #keyEnd: number;
  /** A hash's field; empty for a string key. */
  readonly #field: Buffer;
  #key: Buffer = Buffer.alloc(64);

  constructor(pattern: Buffer) {
    this.#pattern = pattern;
    this.#isElement = pattern.toString('latin1') === '#';
    this.#starAt = pattern.indexOf(star);
    const arrowAt = this.#starAt < 0 ? -1 : pattern.indexOf(arrow, this.#starAt + 1, 'latin1');
    // An arrow at the very end belongs to the key.
    const hasField = arrowAt >= 0 && arrowAt + arrow.length < pattern.length;
    this.#keyEnd = hasField ? arrowAt : pattern.length;
    this.#field = pattern.subarray(hasField ? arrowAt + arrow.length : pattern.length);
  }

  /** Opens the window on what element `index` leads to; false when that is nothing. */
  resolve(call: Call, elements: SortElements, index: number): boolean {
    const { bytes, starts } = elements;
    if (this.#isElement) return this.#open(bytes, starts[index], starts[index + 1]);
    if (this.#starAt < 0) return false;
    const length = this.#writeKey(bytes, starts[index], starts[index + 1]);
    const ref = call.keyspace.lookupRead(call.db, this.#key, 0, length);
    if (ref === 0) return false;
    const { dict } = call.db;
    if (this.#field.length === 0) {
      if (dict.type(ref) !== valueTypes.string) return false;
      dict.readString(ref);
      return this.#open(dict.windowBuffer, dict.windowStart, dict.windowEnd);
    }
    return this.#resolveField(call, dict.isCollection(ref) ? dict.value(ref) : null);
  }

  #resolveField(call: Call, value: unknown): boolean {
    if (!(value instanceof HashValue)) return false;
    const ref = liveFields(call, value).find(this.#field, 0, this.#field.length);
    if (ref === 0) return false;
    value.readValue(ref);
    return this.#open(value.windowBuffer, value.windowStart, value.windowEnd);
  }

  /** The key's name for an element; returns its length. */
  #writeKey(element: Uint8Array, start: number, end: number): number {
    const pattern = this.#pattern;
    const length = this.#keyEnd - 1 + end - start;
    if (length > this.#key.length) this.#key = Buffer.alloc(length * 2);
    const elementAt = copyBytes(pattern, 0, this.#starAt, this.#key, 0);
    const restAt = copyBytes(element, start, end, this.#key, elementAt);
    return copyBytes(pattern, this.#starAt + 1, this.#keyEnd, this.#key, restAt);
  }

  #open(buffer: Buffer, start: number, end: number): boolean {
    this.windowBuffer = buffer;
    this.windowStart = start;
    this.windowEnd = end;
    return true;
  }
}
