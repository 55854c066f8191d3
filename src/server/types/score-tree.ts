/**
 * The members of a large sorted set in order: by score, members of one score by their bytes. It is a
 * B+-tree whose inner nodes know how many elements are below each child, so that a rank is found,
 * and an element by its rank, in O(log n).
 *
 *     inner   [ first, size, child | first, size, child | … ]
 *     leaf    [ score, ref | score, ref | … ]  ⇄ next leaf
 *
 * ZsetValue uses it. The members' bytes are elsewhere (a ByteMap); the tree holds their refs, asks
 * for comparisons, and does not know which members exist: adding one twice is the caller's fault.
 */
import { assert } from '../../util/errors.ts';
import { innerSlots, leafSlots, ScoreNode } from './score-node.ts';

/** Where the members' bytes are. */
export interface MemberBytes {
  /** Negative, 0 or positive as member `ref` sorts before, at or after the given bytes. */
  compareKey(ref: number, bytes: Uint8Array, start: number, end: number): number;
}

/** Two neighbours are merged only if the result has room for some more. */
const mergedShare = 3 / 4;
const nobody = new Uint8Array(0);

export class ScoreTree {
  /** Elements in the tree. */
  size = 0;
  readonly #members: MemberBytes;
  #root = new ScoreNode(true);
  #nodeBytes: number;

  /** Where `#descend` came through: the inner nodes from the root, and the slot taken in each. */
  readonly #path: ScoreNode[] = [];
  readonly #pathSlots: number[] = [];
  #depth = 0;

  /** What is searched for, see `#aim`. */
  #score = 0;
  #bytes: Uint8Array = nobody;
  #start = 0;
  #end = 0;
  #byScoreAlone = false;
  #orAt = false;

  #cursorLeaf: ScoreNode;
  #cursorIndex = 0;

  constructor(members: MemberBytes) {
    this.#members = members;
    this.#cursorLeaf = this.#root;
    this.#nodeBytes = this.#root.memoryBytes;
  }

  get memoryBytes(): number {
    return this.#nodeBytes;
  }

  // ---- changes; each ends the walk of the cursor ----

  /** Adds the member `ref`, whose bytes are given too. */
  insert(score: number, ref: number, bytes: Uint8Array, start: number, end: number): void {
    this.#aim(score, false, bytes, start, end);
    const leaf = this.#descend();
    const index = this.#search(leaf);
    this.size++;
    if (!leaf.isFull) {
      leaf.insertElement(index, score, ref);
      this.#grown(1);
      if (index === 0) this.#firstChanged(leaf);
      return;
    }
    const right = leaf.split(splitPoint(leaf, index, leafSlots));
    this.#nodeBytes += right.memoryBytes;
    if (index > leaf.count || right.count === 0)
      right.insertElement(index - leaf.count, score, ref);
    else leaf.insertElement(index, score, ref);
    this.#splitBelow(leaf, right, this.#depth - 1);
  }

  /** Takes the member with this score and these bytes out. */
  remove(score: number, bytes: Uint8Array, start: number, end: number): void {
    const leaf = this.#locate(score, bytes, start, end);
    this.#removeRun(leaf, this.#cursorIndex, 1);
  }

  /** Gives a member another score. */
  rescore(score: number, newScore: number, bytes: Uint8Array, start: number, end: number): void {
    const leaf = this.#locate(score, bytes, start, end);
    const index = this.#cursorIndex;
    const { scores } = leaf;
    const fits =
      index > 0 &&
      index < leaf.count - 1 &&
      scores[index - 1] < newScore &&
      newScore < scores[index + 1];
    if (fits) {
      scores[index] = newScore;
      return;
    }
    const ref = leaf.refs[index];
    this.#removeRun(leaf, index, 1);
    this.insert(newScore, ref, bytes, start, end);
  }

  /** Takes the elements with the ranks `from` … `to` − 1 out; `removed` gets each one's ref. */
  removeRanks(from: number, to: number, removed: (ref: number) => void): void {
    for (let left = to - from; left > 0;) {
      const leaf = this.#descendToRank(from);
      const index = this.#cursorIndex;
      const count = Math.min(left, leaf.count - index);
      for (let at = index; at < index + count; at++) removed(leaf.refs[at]);
      this.#removeRun(leaf, index, count);
      left -= count;
    }
  }

  // ---- ranks ----

  /** How many elements have a lower score, or with `orAt` a score at most this. */
  countBelowScore(score: number, orAt: boolean): number {
    this.#aim(score, orAt, null, 0, 0);
    return this.#count();
  }

  /** How many elements stand before (score, member), or with `orAt` there or before. */
  countBelow(score: number, orAt: boolean, bytes: Uint8Array, start: number, end: number): number {
    this.#aim(score, orAt, bytes, start, end);
    return this.#count();
  }

  // ---- the cursor: at an element until the tree changes ----

  /** Sets the cursor on the element with this rank, which must exist. */
  seek(rank: number): void {
    assert(rank >= 0 && rank < this.size, 'a rank of the tree');
    this.#cursorLeaf = this.#descendToRank(rank);
  }

  /** Moves the cursor to the next element; false, without moving, when there is none. */
  next(): boolean {
    if (this.#cursorIndex < this.#cursorLeaf.count - 1) {
      this.#cursorIndex++;
      return true;
    }
    if (this.#cursorLeaf.next === null) return false;
    this.#cursorLeaf = this.#cursorLeaf.next;
    this.#cursorIndex = 0;
    return true;
  }

  /** The same towards the first element. */
  previous(): boolean {
    if (this.#cursorIndex > 0) {
      this.#cursorIndex--;
      return true;
    }
    if (this.#cursorLeaf.previous === null) return false;
    this.#cursorLeaf = this.#cursorLeaf.previous;
    this.#cursorIndex = this.#cursorLeaf.count - 1;
    return true;
  }

  get cursorScore(): number {
    return this.#cursorLeaf.scores[this.#cursorIndex];
  }

  get cursorRef(): number {
    return this.#cursorLeaf.refs[this.#cursorIndex];
  }

  // ---- searching ----

  /** The target of the next search; `bytes` null: the border of a score, whoever has it. */
  #aim(score: number, orAt: boolean, bytes: Uint8Array | null, start: number, end: number): void {
    this.#score = score;
    this.#orAt = orAt;
    this.#byScoreAlone = bytes === null;
    this.#bytes = bytes ?? nobody;
    this.#start = start;
    this.#end = end;
  }

  /** How many slots of `node` are before the target. */
  #search(node: ScoreNode): number {
    const { scores, refs } = node;
    const score = this.#score;
    let low = 0;
    let high = node.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = scores[middle];
      if (found < score || (found === score && this.#isBefore(refs[middle]))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether an element with the target's score is before the target. */
  #isBefore(ref: number): boolean {
    if (this.#byScoreAlone) return this.#orAt;
    const order = this.#members.compareKey(ref, this.#bytes, this.#start, this.#end);
    return order < 0 || (order === 0 && this.#orAt);
  }

  /** The leaf in which the target's place is; notes the path. */
  #descend(): ScoreNode {
    let node = this.#root;
    let depth = 0;
    while (!node.isLeaf) {
      const slot = Math.max(0, this.#search(node) - 1);
      this.#path[depth] = node;
      this.#pathSlots[depth++] = slot;
      node = node.children[slot];
    }
    this.#depth = depth;
    return node;
  }

  /** The leaf that holds a member that exists; its index goes to the cursor. */
  #locate(score: number, bytes: Uint8Array, start: number, end: number): ScoreNode {
    // Searched for with `orAt`, the member is the last element before the place found.
    this.#aim(score, true, bytes, start, end);
    const leaf = this.#descend();
    this.#cursorIndex = this.#search(leaf) - 1;
    assert(this.#cursorIndex >= 0, 'the member is in the tree');
    return leaf;
  }

  /** The leaf with the element of this rank; its index goes to the cursor. */
  #descendToRank(rank: number): ScoreNode {
    let node = this.#root;
    let depth = 0;
    let left = rank;
    while (!node.isLeaf) {
      const { sizes } = node;
      let slot = 0;
      while (left >= sizes[slot]) left -= sizes[slot++];
      this.#path[depth] = node;
      this.#pathSlots[depth++] = slot;
      node = node.children[slot];
    }
    this.#depth = depth;
    this.#cursorIndex = left;
    return node;
  }

  /** How many elements are before the target. */
  #count(): number {
    let node = this.#root;
    let count = 0;
    while (!node.isLeaf) {
      const { sizes } = node;
      const last = Math.max(0, this.#search(node) - 1);
      for (let slot = 0; slot < last; slot++) count += sizes[slot];
      node = node.children[last];
    }
    return count + this.#search(node);
  }

  // ---- keeping the inner nodes right ----

  /** The leaf at the end of the path has `by` elements more. */
  #grown(by: number): void {
    for (let level = this.#depth - 1; level >= 0; level--) {
      this.#path[level].sizes[this.#pathSlots[level]] += by;
    }
  }

  /** The leaf at the end of the path has another first element. */
  #firstChanged(leaf: ScoreNode): void {
    this.#copyFirst(leaf, this.#depth - 1);
  }

  /** `node`, below path level `level`, has another first slot: so may all above it. */
  #copyFirst(node: ScoreNode, level: number): void {
    for (let at = level; at >= 0; at--) {
      const parent = this.#path[at];
      const slot = this.#pathSlots[at];
      parent.scores[slot] = node.scores[0];
      parent.refs[slot] = node.refs[0];
      if (slot !== 0) return;
    }
  }

  /** `left`, which hangs at path level `level`, has just been split; one element came in. */
  #splitBelow(left: ScoreNode, right: ScoreNode, level: number): void {
    if (level < 0) {
      this.#raiseRoot(left, right);
      return;
    }
    const parent = this.#path[level];
    const slot = this.#pathSlots[level];
    parent.sizes[slot] = left.total;
    this.#copyFirst(left, level);
    if (!parent.isFull) {
      parent.insertChild(slot + 1, right);
      this.#depth = level;
      this.#grown(1);
      return;
    }
    const upper = parent.split(splitPoint(parent, slot + 1, innerSlots));
    this.#nodeBytes += upper.memoryBytes;
    if (slot + 1 > parent.count || upper.count === 0) {
      upper.insertChild(slot + 1 - parent.count, right);
    } else {
      parent.insertChild(slot + 1, right);
    }
    this.#splitBelow(parent, upper, level - 1);
  }

  #raiseRoot(left: ScoreNode, right: ScoreNode): void {
    const root = new ScoreNode(false);
    root.insertChild(0, left);
    root.insertChild(1, right);
    this.#nodeBytes += root.memoryBytes;
    this.#root = root;
  }

  /** Takes slots out of the leaf at the end of the path, and whatever that leaves too empty. */
  #removeRun(leaf: ScoreNode, index: number, count: number): void {
    leaf.removeSlots(index, count);
    this.size -= count;
    this.#grown(-count);
    if (index === 0 && leaf.count !== 0) this.#firstChanged(leaf);
    let node = leaf;
    for (let level = this.#depth - 1; level >= 0 && node.isSparse; level--) {
      const parent = this.#path[level];
      this.#tidy(parent, this.#pathSlots[level], level);
      node = parent;
    }
    if (this.size === 0) this.#clear();
    while (!this.#root.isLeaf && this.#root.count === 1) this.#lowerRoot();
  }

  /** A child has become sparse: it goes when empty, or is merged with a neighbour. */
  #tidy(parent: ScoreNode, slot: number, level: number): void {
    const child = parent.children[slot];
    if (child.count === 0) {
      child.unlink();
      this.#dropChild(parent, slot);
      if (slot === 0 && parent.count !== 0) this.#copyFirst(parent, level - 1);
      return;
    }
    if (parent.count === 1) return;
    const left = slot === 0 ? 0 : slot - 1;
    const [keeper, goer] = [parent.children[left], parent.children[left + 1]];
    if (keeper.count + goer.count > keeper.scores.length * mergedShare) return;
    keeper.absorb(goer);
    parent.sizes[left] += parent.sizes[left + 1];
    this.#dropChild(parent, left + 1);
  }

  #dropChild(parent: ScoreNode, slot: number): void {
    this.#nodeBytes -= parent.children[slot].memoryBytes;
    parent.removeSlots(slot, 1);
  }

  #clear(): void {
    this.#root = new ScoreNode(true);
    this.#nodeBytes = this.#root.memoryBytes;
  }

  #lowerRoot(): void {
    this.#nodeBytes -= this.#root.memoryBytes;
    this.#root = this.#root.children[0];
  }
}

/**
 * Where to split a full node for a newcomer at `index`: in the middle, but at the newcomer when it
 * goes to either end, because elements that come in order then leave full nodes behind.
 */
function splitPoint(node: ScoreNode, index: number, slots: number): number {
  if (index === slots && (node.next === null || !node.isLeaf)) return slots;
  if (index === 0 && (node.previous === null || !node.isLeaf)) return 0;
  return slots / 2;
}
