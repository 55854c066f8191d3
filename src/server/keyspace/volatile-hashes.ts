/**
 * The hashes of a dict with fields that end, ordered by when the first of them does. Only the Dict
 * uses it. A hash is noted when its fields get times. Where some are cleared it may be noted again,
 * and else that is found out when the time has come: what is kept here may be too early, never late.
 */
import { ExpiryHeap } from '../types/expiry-heap.ts';
import { HashValue } from '../types/hash-value.ts';
import type { Value } from '../types/value.ts';

export class VolatileHashes {
  readonly #heap: ExpiryHeap;

  /** `valueOf` gives the hash in an entry. */
  constructor(valueOf: (ref: number) => Value) {
    this.#heap = new ExpiryHeap((ref, index) => setPlace(valueOf(ref), index));
  }

  get size(): number {
    return this.#heap.size;
  }

  get memoryBytes(): number {
    return this.#heap.memoryBytes;
  }

  /** Puts a hash where its times say it belongs, in or out. */
  note(ref: number, value: Value): void {
    const place = placeOf(value);
    const nextMs = value instanceof HashValue ? (value.times?.nextMs ?? Infinity) : Infinity;
    if (nextMs === Infinity) this.forget(value);
    else if (place < 0) this.#heap.add(ref, nextMs);
    else this.#heap.update(place, nextMs);
  }

  /** A value leaves the dict. */
  forget(value: Value): void {
    const place = placeOf(value);
    if (place < 0) return;
    this.#heap.remove(place);
    setPlace(value, -1);
  }

  /** An entry now lives at another address. */
  relocate(ref: number, value: Value): void {
    const place = placeOf(value);
    if (place >= 0) this.#heap.relocate(place, ref);
  }

  /** The entry of a hash with a field past its time, 0 when there is none. */
  firstDue(nowMs: number): number {
    return this.#heap.firstUntil(nowMs);
  }
}

function placeOf(value: Value): number {
  return value instanceof HashValue && value.times !== null ? value.times.heapIndex : -1;
}

function setPlace(value: Value, index: number): void {
  if (value instanceof HashValue && value.times !== null) value.times.heapIndex = index;
}
