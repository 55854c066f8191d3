/**
 * A list: a chain of nodes with some kilobytes of elements each, as Redis's quicklist. Pushing and
 * popping cost the same however long it is; an index is found by walking the nodes from the nearer
 * end. What goes into one node is decided as Redis does (`list-limits.ts`), so that DUMP gives the
 * same bytes.
 *
 * Redis compresses the nodes between the ends where `list-compress-depth` says so. Here they never
 * are: nobody sees the difference but in memory, and reading them stays as fast.
 */
import { ListCursor } from './list-cursor.ts';
import { ListLimits } from './list-limits.ts';
import { type ElementWindow, type ListEnd, ListNode, type ListNodeObserver } from './list-node.ts';
import { type Value, type ValueSettings, valueTypes } from './value.ts';

/** An empty list's objects, and those of a node besides its bytes, as V8 lays them out. */
const listOverheadBytes = 160;
const nodeOverheadBytes = 320;
/** Room in a new node for one short element more than its neighbour has. */
const extraRoomBytes = 16;

export class ListValue implements Value, ElementWindow {
  readonly type = valueTypes.list;
  readonly encoding = 'quicklist';
  accountedBytes = 0;
  /** The window that `pop` last opened; valid until the next change. */
  windowBuffer: Buffer = noBytes;
  windowStart = 0;
  windowEnd = 0;
  /** Told before a node changes that is older than the epoch, and of all that are taken out. */
  observer: ListNodeObserver | null = null;
  /** Whoever is about to observe the nodes that there are moves it on. */
  epoch = 0;

  readonly #limits: ListLimits;
  #head: ListNode | null = null;
  #tail: ListNode | null = null;
  #nodeCount = 0;
  #size = 0;
  /** The bytes of all nodes, their room included. */
  #reservedBytes = 0;

  constructor(settings: ValueSettings | ListLimits) {
    this.#limits = settings instanceof ListLimits ? settings : new ListLimits(settings);
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return listOverheadBytes + this.#nodeCount * nodeOverheadBytes + this.#reservedBytes;
  }

  /** The first node, to be read only. */
  get head(): ListNode | null {
    return this.#head;
  }

  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** `list-max-listpack-size` as it was when the list was created. */
  get fill(): number {
    return this.#limits.fill;
  }

  /** The nodes from the head on, to be read only. */
  *nodes(): IterableIterator<ListNode> {
    for (let node = this.#head; node !== null; node = node.next) yield node;
  }

  copy(): ListValue {
    const copy = new ListValue(this.#limits);
    for (const node of this.nodes()) copy.#link(node.copy(), copy.#tail, null);
    copy.#size = this.#size;
    return copy;
  }

  // ---- at the ends ----

  push(where: ListEnd, bytes: Uint8Array, start: number, end: number): void {
    if (where === 'head') this.pushHead(bytes, start, end);
    else this.pushTail(bytes, start, end);
  }

  pushHead(bytes: Uint8Array, start: number, end: number): void {
    const limits = this.#limits;
    let head = this.#head;
    this.#size++;
    if (limits.isLarge(end - start)) {
      this.#link(ListNode.plain(bytes, start, end), null, head);
      return;
    }
    if (head === null || !limits.hasRoom(head, end - start)) {
      head = this.#link(this.#newNode(head, 'head'), null, head);
    }
    const before = this.#beforeChange(head);
    head.pushHead(bytes, start, end, limits.nodeBytes);
    this.#reservedBytes += head.bytes.length - before;
  }

  pushTail(bytes: Uint8Array, start: number, end: number): void {
    const limits = this.#limits;
    let tail = this.#tail;
    if (limits.isLarge(end - start)) {
      this.pushPlain(bytes, start, end);
      return;
    }
    this.#size++;
    if (tail === null || !limits.hasRoom(tail, end - start)) {
      tail = this.#link(this.#newNode(tail, 'tail'), tail, null);
    }
    const before = this.#beforeChange(tail);
    tail.pushTail(bytes, start, end, limits.nodeBytes);
    this.#reservedBytes += tail.bytes.length - before;
  }

  /** Removes the element at one end and opens the window on it; the list must have one. */
  pop(where: ListEnd): void {
    const node = (where === 'head' ? this.#head : this.#tail) as ListNode;
    const from = where === 'head' ? node.start : node.before(node.end);
    node.read(from, this);
    this.#size--;
    if (node.count === 1) this.#unlink(node);
    else this.#removeFrom(node, from, where === 'head' ? node.after(from) : node.end, 1);
  }

  /** Adds a node of `count` elements, a valid listpack in the encodings in which we write. */
  pushListpack(bytes: Uint8Array, start: number, end: number, count: number): boolean {
    this.#link(ListNode.fromListpack(bytes, start, end, count), this.#tail, null);
    this.#size += count;
    return true;
  }

  /** Adds a plain node, large or not: it was when the list was saved. */
  pushPlain(bytes: Uint8Array, start: number, end: number): void {
    this.#link(ListNode.plain(bytes, start, end), this.#tail, null);
    this.#size++;
  }

  // ---- anywhere ----

  /** The place of element `index`, counted from the tail where it is negative; null for none. */
  cursorAt(index: number): ListCursor | null {
    const place = index < 0 ? index + this.#size : index;
    if (place < 0 || place >= this.#size) return null;
    if (place < this.#size / 2) {
      let node = this.#head as ListNode;
      let left = place;
      for (; left >= node.count; node = node.next as ListNode) left -= node.count;
      return new ListCursor(node, node.seek(left));
    }
    let node = this.#tail as ListNode;
    let left = this.#size - place;
    for (; left > node.count; node = node.previous as ListNode) left -= node.count;
    return new ListCursor(node, node.seek(node.count - left));
  }

  /** Adds an element next to the one at the cursor. */
  insert(
    cursor: ListCursor,
    side: 'before' | 'after',
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { node } = cursor;
    const limits = this.#limits;
    const size = end - start;
    const place = side === 'after' ? node.after(cursor.at) : cursor.at;
    this.#size++;
    if (limits.hasRoom(node, size)) {
      this.#insertInto(node, place, bytes, start, end);
      return;
    }
    if (place !== node.start && place !== node.end) {
      this.#insertBySplitting(node, place, side, bytes, start, end);
      return;
    }
    // At a node's edge: the neighbour may have room, else the element gets a node of its own.
    const neighbour = side === 'after' ? node.next : node.previous;
    if (neighbour !== null && !limits.isLarge(size) && limits.hasRoom(neighbour, size)) {
      const edge = side === 'after' ? neighbour.start : neighbour.end;
      this.#insertInto(neighbour, edge, bytes, start, end);
    } else {
      const added = this.#nodeOf(bytes, start, end);
      if (side === 'after') this.#link(added, node, neighbour);
      else this.#link(added, neighbour, node);
    }
  }

  /** Puts another element in the place of the one at the cursor. */
  replace(cursor: ListCursor, bytes: Uint8Array, start: number, end: number): void {
    const { node, at } = cursor;
    const isLarge = this.#limits.isLarge(end - start);
    if (!node.isPlain && !isLarge) {
      const before = this.#beforeChange(node);
      node.replace(at, bytes, start, end, this.#limits.nodeBytes);
      this.#reservedBytes += node.bytes.length - before;
    } else if (node.isPlain && isLarge) {
      this.#link(ListNode.plain(bytes, start, end), node, node.next);
      this.#unlink(node);
    } else {
      this.insert(cursor, 'after', bytes, start, end);
      // In a packed node that has been split there, the old element is the last.
      this.#size--;
      if (node.count === 1) this.#unlink(node);
      else this.#removeFrom(node, node.before(node.end), node.end, 1);
    }
  }

  /**
   * Removes the element at the cursor, which moves on to its neighbour towards the given end; false
   * when there is none.
   */
  remove(cursor: ListCursor, towards: ListEnd): boolean {
    const { node, at } = cursor;
    const neighbour = towards === 'tail' ? node.next : node.previous;
    this.#size--;
    if (node.count === 1) {
      this.#unlink(node);
      return cursor.enter(neighbour, towards);
    }
    const following = this.#removeFrom(node, at, node.after(at), 1);
    const atEdge = towards === 'tail' ? following === node.end : following === node.start;
    if (atEdge) return cursor.enter(neighbour, towards);
    cursor.at = towards === 'tail' ? following : node.before(following);
    return true;
  }

  /** Removes `count` elements from index `from` on; both must lie in the list. */
  removeRange(from: number, count: number): void {
    const cursor = count > 0 ? this.cursorAt(from) : null;
    if (cursor === null) return;
    this.#size -= count;
    let node: ListNode | null = cursor.node;
    let at = cursor.at;
    for (let left = count; left > 0 && node !== null;) {
      const next: ListNode | null = node.next;
      left -= this.#removeUpTo(node, at, left);
      node = next;
      at = node === null ? 0 : node.start;
    }
  }

  // ---- inside ----

  /** Every change of a node's elements begins here; returns the bytes it has so far. */
  #beforeChange(node: ListNode): number {
    if (this.observer !== null && node.epoch !== this.epoch) {
      this.observer.beforeChange(node);
      node.epoch = this.epoch;
    }
    return node.bytes.length;
  }

  /** Removes up to `count` elements of one node from a position on; returns how many. */
  #removeUpTo(node: ListNode, at: number, count: number): number {
    if (at === node.start && count >= node.count) {
      this.#unlink(node);
      return node.count;
    }
    let until = at;
    let removed = 0;
    for (; removed < count && until < node.end; removed++) until = node.after(until);
    this.#removeFrom(node, at, until, removed);
    return removed;
  }

  #removeFrom(node: ListNode, from: number, until: number, count: number): number {
    const before = this.#beforeChange(node);
    const following = node.remove(from, until, count);
    this.#reservedBytes += node.bytes.length - before;
    return following;
  }

  #insertInto(node: ListNode, at: number, bytes: Uint8Array, start: number, end: number): void {
    const before = this.#beforeChange(node);
    node.insert(at, bytes, start, end, this.#limits.nodeBytes);
    this.#reservedBytes += node.bytes.length - before;
  }

  /** Adds an element in the middle of a node that is full, or to a node of its own there. */
  #insertBySplitting(
    node: ListNode,
    place: number,
    side: 'before' | 'after',
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const before = this.#beforeChange(node);
    const rest = node.splitOff(place);
    this.#reservedBytes += node.bytes.length - before;
    this.#link(rest, node, node.next);
    if (this.#limits.isLarge(end - start)) {
      this.#link(ListNode.plain(bytes, start, end), node, rest);
      return;
    }
    if (side === 'after') this.#insertInto(rest, rest.start, bytes, start, end);
    else this.#insertInto(node, node.end, bytes, start, end);
    this.#mergeAround(side === 'after' ? node : rest);
  }

  /** Joins neighbours that fit into one node, in the order in which Redis tries. */
  #mergeAround(center: ListNode): void {
    const { previous, next } = center;
    if (previous !== null) this.#merge(previous.previous, previous);
    if (next !== null) this.#merge(next, next.next);
    const merged = this.#merge(center.previous, center) ?? center;
    this.#merge(merged, merged.next);
  }

  /** Returns what remains of the two, null when they do not fit together. */
  #merge(first: ListNode | null, second: ListNode | null): ListNode | null {
    if (first === null || second === null || !this.#limits.mayMerge(first, second)) return null;
    const before = this.#beforeChange(first);
    first.absorb(second);
    this.#reservedBytes += first.bytes.length - before;
    this.#unlink(second);
    return first;
  }

  /** A node that will get about as large as its neighbour. */
  #newNode(neighbour: ListNode | null, roomAt: ListEnd): ListNode {
    if (neighbour === null || neighbour.isPlain) return ListNode.packed(0, roomAt);
    const likelyBytes = neighbour.end - neighbour.start + extraRoomBytes;
    return ListNode.packed(Math.min(likelyBytes, this.#limits.nodeBytes), roomAt);
  }

  #nodeOf(bytes: Uint8Array, start: number, end: number): ListNode {
    if (this.#limits.isLarge(end - start)) return ListNode.plain(bytes, start, end);
    const node = ListNode.packed(0, 'tail');
    node.pushTail(bytes, start, end, this.#limits.nodeBytes);
    return node;
  }

  #link(node: ListNode, previous: ListNode | null, next: ListNode | null): ListNode {
    node.previous = previous;
    node.next = next;
    node.epoch = this.epoch;
    if (previous === null) this.#head = node;
    else previous.next = node;
    if (next === null) this.#tail = node;
    else next.previous = node;
    this.#nodeCount++;
    this.#reservedBytes += node.bytes.length;
    return node;
  }

  #unlink(node: ListNode): void {
    const { previous, next } = node;
    if (previous === null) this.#head = next;
    else previous.next = next;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    this.#nodeCount--;
    this.#reservedBytes -= node.bytes.length;
    this.observer?.afterUnlink(node, next);
  }
}

const noBytes = Buffer.alloc(0);
