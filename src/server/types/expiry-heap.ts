/**
 * What has a time to live, ordered by when it ends: a 4-ary min-heap over typed arrays. The head is
 * the next to expire, so active expiry never has to sample; any index is a random volatile entry.
 * The owner is told of each move, because entries know their place in the heap. One per dict for its
 * keys, one for its hashes with fields that end, one per large hash for those fields.
 */
import { assert } from '../../util/errors.ts';

const arity = 4;
const initialCapacity = 16;
/** So many are looked at for a mean. */
const maxMeanSamples = 16;

export class ExpiryHeap {
  #size = 0;
  #at = new Float64Array(initialCapacity);
  #refs = new Int32Array(initialCapacity);
  readonly #onMove: (ref: number, index: number) => void;

  constructor(onMove: (ref: number, index: number) => void) {
    this.#onMove = onMove;
  }

  get size(): number {
    return this.#size;
  }

  /** Unix milliseconds at which the entry at `index` ends. */
  at(index: number): number {
    return this.#at[index];
  }

  ref(index: number): number {
    return this.#refs[index];
  }

  /** The next to end, 0 when nothing does. */
  get first(): number {
    return this.#size === 0 ? 0 : this.#refs[0];
  }

  /** The same if it ends at `atMs` or before, else 0. */
  firstUntil(atMs: number): number {
    return this.#size === 0 || this.#at[0] > atMs ? 0 : this.#refs[0];
  }

  /** Any of them, 0 when there are none. `random()` is in [0, 1). */
  sample(random: () => number): number {
    return this.#size === 0 ? 0 : this.#refs[Math.floor(random() * this.#size)];
  }

  /** Milliseconds that are left to them in the mean, over a few samples; 0 when there are none. */
  meanLeftMs(nowMs: number): number {
    const samples = Math.min(this.#size, maxMeanSamples);
    let total = 0;
    for (let sample = 0; sample < samples; sample++) {
      const index = Math.floor((sample * this.#size) / samples);
      total += Math.max(0, this.#at[index] - nowMs);
    }
    return samples === 0 ? 0 : Math.floor(total / samples);
  }

  add(ref: number, atMs: number): void {
    if (this.#size === this.#refs.length) this.#grow();
    this.#size++;
    this.#siftUp(this.#size - 1, ref, atMs);
  }

  /** Moves the entry at `index` to a new time. */
  update(index: number, atMs: number): void {
    const ref = this.ref(index);
    if (atMs < this.at(index)) this.#siftUp(index, ref, atMs);
    else this.#siftDown(index, ref, atMs);
  }

  /** The entry at `index` now lives at another address. */
  relocate(index: number, ref: number): void {
    this.#refs[index] = ref;
  }

  remove(index: number): void {
    assert(index < this.#size, 'a heap index in range');
    const last = --this.#size;
    if (index === last) return;
    const ref = this.ref(last);
    const atMs = this.at(last);
    if (atMs < this.at(index)) this.#siftUp(index, ref, atMs);
    else this.#siftDown(index, ref, atMs);
  }

  /** The entries that end at `atMs` or before, in no order, at most so many. */
  until(atMs: number, max: number): number[] {
    const refs: number[] = [];
    // Nothing below an entry ends before it.
    const open = this.#size === 0 ? [] : [0];
    for (let index = open.pop(); index !== undefined && refs.length < max; index = open.pop()) {
      if (this.at(index) > atMs) continue;
      refs.push(this.ref(index));
      const first = index * arity + 1;
      const end = Math.min(first + arity, this.#size);
      for (let child = first; child < end; child++) open.push(child);
    }
    return refs;
  }

  /** Room that has never been used takes no memory. */
  get memoryBytes(): number {
    return this.#size * 12;
  }

  #siftUp(from: number, ref: number, atMs: number): void {
    let index = from;
    while (index > 0) {
      const parent = ((index - 1) / arity) | 0;
      if (this.at(parent) <= atMs) break;
      this.#place(index, this.ref(parent), this.at(parent));
      index = parent;
    }
    this.#place(index, ref, atMs);
  }

  #siftDown(from: number, ref: number, atMs: number): void {
    let index = from;
    for (;;) {
      const child = this.#smallestChild(index);
      if (child < 0 || this.at(child) >= atMs) break;
      this.#place(index, this.ref(child), this.at(child));
      index = child;
    }
    this.#place(index, ref, atMs);
  }

  #smallestChild(index: number): number {
    const first = index * arity + 1;
    if (first >= this.#size) return -1;
    const end = Math.min(first + arity, this.#size);
    let smallest = first;
    for (let child = first + 1; child < end; child++) {
      if (this.at(child) < this.at(smallest)) smallest = child;
    }
    return smallest;
  }

  #place(index: number, ref: number, atMs: number): void {
    this.#at[index] = atMs;
    this.#refs[index] = ref;
    this.#onMove(ref, index);
  }

  #grow(): void {
    const at = new Float64Array(this.#at.length * 2);
    const refs = new Int32Array(this.#refs.length * 2);
    at.set(this.#at);
    refs.set(this.#refs);
    this.#at = at;
    this.#refs = refs;
  }
}
