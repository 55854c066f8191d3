/**
 * A node of the ScoreTree: a sorted run of (score, ref) pairs in typed arrays. In a leaf the slots
 * are elements; in an inner node slot i is the first element below child i, with the number of
 * elements below it. Only the tree uses it, and keeps what spans several nodes right.
 */
import { assert } from '../../util/errors.ts';

/** Measured: half as many cost a third more memory, twice as many a tenth more time to insert. */
export const leafSlots = 128;
export const innerSlots = 64;
/** What a node takes besides its arrays: three objects, and the allocator's share. */
const overheadBytes = 400;

const noSizes = new Int32Array(0);

export class ScoreNode {
  readonly isLeaf: boolean;
  /** Slots in use. */
  count = 0;
  readonly scores: Float64Array;
  readonly refs: Int32Array;
  /** Inner nodes only: the children, and how many elements are below each. */
  readonly children: ScoreNode[] = [];
  readonly sizes: Int32Array;
  /** Leaves only: the neighbours in order. */
  previous: ScoreNode | null = null;
  next: ScoreNode | null = null;

  constructor(isLeaf: boolean) {
    const slots = isLeaf ? leafSlots : innerSlots;
    const words = new ArrayBuffer(slots * (isLeaf ? 12 : 16));
    this.isLeaf = isLeaf;
    this.scores = new Float64Array(words, 0, slots);
    this.refs = new Int32Array(words, slots * 8, slots);
    this.sizes = isLeaf ? noSizes : new Int32Array(words, slots * 12, slots);
  }

  get isFull(): boolean {
    return this.count === this.scores.length;
  }

  /** So empty that it should be merged with a neighbour that has room. */
  get isSparse(): boolean {
    return this.count * 4 < this.scores.length;
  }

  get memoryBytes(): number {
    return this.scores.buffer.byteLength + (this.isLeaf ? 0 : innerSlots * 8) + overheadBytes;
  }

  /** Elements in or below it. */
  get total(): number {
    if (this.isLeaf) return this.count;
    let total = 0;
    for (let slot = 0; slot < this.count; slot++) total += this.sizes[slot];
    return total;
  }

  /** Puts an element into a leaf that has room. */
  insertElement(index: number, score: number, ref: number): void {
    const { scores, refs } = this;
    for (let slot = this.count; slot > index; slot--) {
      scores[slot] = scores[slot - 1];
      refs[slot] = refs[slot - 1];
    }
    scores[index] = score;
    refs[index] = ref;
    this.count++;
  }

  /** Puts a child into an inner node that has room. */
  insertChild(index: number, child: ScoreNode): void {
    const { sizes } = this;
    this.insertElement(index, child.scores[0], child.refs[0]);
    for (let slot = this.count - 1; slot > index; slot--) sizes[slot] = sizes[slot - 1];
    sizes[index] = child.total;
    this.children.splice(index, 0, child);
  }

  /** Takes `count` slots out. */
  removeSlots(index: number, count: number): void {
    const end = this.count;
    this.scores.copyWithin(index, index + count, end);
    this.refs.copyWithin(index, index + count, end);
    if (!this.isLeaf) {
      this.sizes.copyWithin(index, index + count, end);
      this.children.splice(index, count);
    }
    this.count = end - count;
  }

  /** A new right neighbour that takes the slots from `index` on. */
  split(index: number): ScoreNode {
    const right = new ScoreNode(this.isLeaf);
    right.#append(this, index);
    this.count = index;
    this.children.length = Math.min(this.children.length, index);
    if (this.isLeaf) {
      right.next = this.next;
      right.previous = this;
      if (this.next !== null) this.next.previous = right;
      this.next = right;
    }
    return right;
  }

  /** Takes over all that its right neighbour has, which is dead afterwards. */
  absorb(right: ScoreNode): void {
    this.#append(right, 0);
    right.unlink();
  }

  /** Takes a leaf out of the chain of leaves. */
  unlink(): void {
    if (this.previous !== null) this.previous.next = this.next;
    if (this.next !== null) this.next.previous = this.previous;
  }

  #append(from: ScoreNode, index: number): void {
    const moved = from.count - index;
    assert(this.count + moved <= this.scores.length, 'a node holds what is moved to it');
    this.scores.set(from.scores.subarray(index, from.count), this.count);
    this.refs.set(from.refs.subarray(index, from.count), this.count);
    if (!this.isLeaf) {
      this.sizes.set(from.sizes.subarray(index, from.count), this.count);
      this.children.push(...from.children.slice(index));
    }
    this.count += moved;
  }
}
