/**
 * What SORT sorts: byte strings one behind the other in one buffer, addressed by number, so that
 * a million of them are a few arrays. Used by sort.ts alone.
 */
import { compareBytes } from '../../util/compare-bytes.ts';
import { copyBytes } from '../../util/copy-bytes.ts';
import { ListValue } from '../types/list-value.ts';
import { SetValue } from '../types/set-value.ts';
import type { ZsetValue } from '../types/zset-value.ts';

const initialBytes = 1024;

export class SortElements {
  /** Element i is `bytes[starts[i] … starts[i + 1])`. */
  bytes: Buffer = Buffer.allocUnsafe(initialBytes);
  readonly starts: Float64Array;
  count = 0;

  /** Room for so many. */
  constructor(capacity: number) {
    this.starts = new Float64Array(capacity + 1);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const at = this.starts[this.count];
    if (at + end - start > this.bytes.length) this.#grow(at + end - start);
    this.starts[++this.count] = copyBytes(bytes, start, end, this.bytes, at);
  }

  compare(a: number, b: number): number {
    const { bytes, starts } = this;
    return compareBytes(bytes, starts[a], starts[a + 1], bytes, starts[b], starts[b + 1]);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.starts[this.count]);
    this.bytes = larger;
  }
}

export type SortableValue = ListValue | SetValue | ZsetValue;

/** All elements: a list's from its head, a sorted set's by rank, a set's in whatever order. */
export function allElements(value: SortableValue): SortElements {
  if (!(value instanceof SetValue)) return elementsInOrder(value, 0, value.size, false);
  const elements = new SortElements(value.size);
  value.walk(0, (ref) => {
    value.read(ref);
    elements.add(value.windowBuffer, value.windowStart, value.windowEnd);
    return true;
  });
  return elements;
}

/** `count` elements of a list or sorted set from place `first` on; `backwards`: from its end. */
export function elementsInOrder(
  value: ListValue | ZsetValue,
  first: number,
  count: number,
  backwards: boolean,
): SortElements {
  const elements = new SortElements(count);
  if (count === 0) return elements;
  const from = backwards ? value.size - 1 - first : first;
  if (value instanceof ListValue) addFromList(elements, value, from, count, backwards);
  else addFromZset(elements, value, from, count, backwards);
  return elements;
}

function addFromList(
  elements: SortElements,
  list: ListValue,
  from: number,
  count: number,
  backwards: boolean,
): void {
  const cursor = list.cursorAt(from);
  if (cursor === null) return;
  for (let added = 0; added < count; added++) {
    cursor.read();
    elements.add(cursor.windowBuffer, cursor.windowStart, cursor.windowEnd);
    if (!(backwards ? cursor.previous() : cursor.next())) return;
  }
}

function addFromZset(
  elements: SortElements,
  zset: ZsetValue,
  from: number,
  count: number,
  backwards: boolean,
): void {
  zset.seek(from);
  for (let added = 0; added < count; added++) {
    zset.readMember(zset.cursorRef);
    elements.add(zset.windowBuffer, zset.windowStart, zset.windowEnd);
    if (!(backwards ? zset.previous() : zset.next())) return;
  }
}
