/**
 * One node of a list: elements side by side in the encoding of a listpack, without its header and
 * end byte, or a single large element as it is (a plain node). Only ListValue changes nodes; whoever
 * writes an RDB reads them.
 *
 *     bytes   [ room | elements: start … end | room ]
 *
 * There may be room on both sides, so that pushing and popping at either end moves nothing. An
 * element is addressed by its position in `bytes`; every change makes all positions stale but the
 * one it returns.
 */
import { maxInt64Chars } from '../../rdb/integer-text.ts';
import {
  backlenBytes,
  elementBytes,
  isIntegerElement,
  listpackEnd,
  listpackHeaderBytes,
  nextElement,
  previousElement,
  stringElementStart,
  unknownCount,
  writeBacklen,
  writeIntegerElementText,
  writeIntegerText,
  writeStringPrefix,
  writeUint32,
} from '../../rdb/structure/listpack-encoding.ts';
import { copyBytes } from '../../util/copy-bytes.ts';

/** What a listpack has around its elements. */
const frameBytes = listpackHeaderBytes + 1;
const smallestRoomBytes = 16;
/** Smaller bytes are kept however few of them are in use. */
const leastShrunkBytes = 256;
/** An element's encoding on its way in: an integer's, or what stands before a string's bytes. */
const head = Buffer.alloc(16);
/** The window on an integer's text, until the next one is read from any node. */
const integerText = Buffer.alloc(maxInt64Chars);

/** A window on the bytes of one element; valid until the list changes or another one is read. */
export interface ElementWindow {
  windowBuffer: Buffer;
  windowStart: number;
  windowEnd: number;
}

export type ListEnd = 'head' | 'tail';

/** Told of the nodes of a list that are older than its epoch. */
export interface ListNodeObserver {
  /** The node's elements are about to change. */
  beforeChange(node: ListNode): void;
  /** A node, older or not, has been taken out; nothing changes it any more. `next` followed it. */
  afterUnlink(node: ListNode, next: ListNode | null): void;
}

export class ListNode {
  previous: ListNode | null = null;
  next: ListNode | null = null;
  bytes: Buffer;
  start: number;
  end: number;
  count: number;
  readonly isPlain: boolean;
  /** The list's epoch when it was made, or when it last changed under an observer. */
  epoch = 0;

  private constructor(bytes: Buffer, start: number, end: number, count: number, isPlain: boolean) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.count = count;
    this.isPlain = isPlain;
  }

  /** Without elements, with room at one end for those that are pushed there. */
  static packed(roomBytes: number, roomAt: ListEnd): ListNode {
    const bytes = roomBytes === 0 ? noBytes : Buffer.allocUnsafeSlow(roomBytes);
    const at = roomAt === 'head' ? roomBytes : 0;
    return new ListNode(bytes, at, at, 0, false);
  }

  /** Holds one element, a copy of the given bytes. */
  static plain(bytes: Uint8Array, start: number, end: number): ListNode {
    const copy = Buffer.allocUnsafeSlow(end - start);
    copyBytes(bytes, start, end, copy, 0);
    return new ListNode(copy, 0, copy.length, 1, true);
  }

  /** Holds the elements of a valid listpack that are in the encodings in which we write them. */
  static fromListpack(bytes: Uint8Array, start: number, end: number, count: number): ListNode {
    const elements = Buffer.allocUnsafeSlow(end - start - frameBytes);
    copyBytes(bytes, start + listpackHeaderBytes, end - 1, elements, 0);
    return new ListNode(elements, 0, elements.length, count, false);
  }

  copy(): ListNode {
    const bytes = Buffer.allocUnsafeSlow(this.end - this.start);
    copyBytes(this.bytes, this.start, this.end, bytes, 0);
    return new ListNode(bytes, 0, bytes.length, this.count, this.isPlain);
  }

  /** How long its listpack is, or a plain node's element. */
  get byteLength(): number {
    return this.end - this.start + (this.isPlain ? 0 : frameBytes);
  }

  /** The elements as a listpack, a plain node's one as it is. */
  toBytes(): Buffer {
    if (this.isPlain) return this.bytes.subarray(this.start, this.end);
    const listpack = Buffer.allocUnsafe(this.byteLength);
    writeUint32(listpack, 0, listpack.length);
    listpack.writeUInt16LE(Math.min(this.count, unknownCount), 4);
    copyBytes(this.bytes, this.start, this.end, listpack, listpackHeaderBytes);
    listpack[listpack.length - 1] = listpackEnd;
    return listpack;
  }

  // ---- walking: `end` is the position behind the last element ----

  /** The position of element `index`, 0 … count. */
  seek(index: number): number {
    if (this.isPlain) return index === 0 ? this.start : this.end;
    const { bytes } = this;
    if (index < this.count / 2) {
      let at = this.start;
      for (let left = index; left > 0; left--) at = nextElement(bytes, at);
      return at;
    }
    let at = this.end;
    for (let left = this.count - index; left > 0; left--) at = previousElement(bytes, at);
    return at;
  }

  after(at: number): number {
    return this.isPlain ? this.end : nextElement(this.bytes, at);
  }

  before(at: number): number {
    return this.isPlain ? this.start : previousElement(this.bytes, at);
  }

  /** Opens the window on the element at `at`, an integer's decimal text. */
  read(at: number, window: ElementWindow): void {
    const { bytes } = this;
    if (this.isPlain) {
      window.windowBuffer = bytes;
      window.windowStart = this.start;
      window.windowEnd = this.end;
    } else if (isIntegerElement(bytes, at)) {
      window.windowBuffer = integerText;
      window.windowStart = 0;
      window.windowEnd = writeIntegerElementText(bytes, at, integerText, 0);
    } else {
      window.windowBuffer = bytes;
      window.windowStart = stringElementStart(bytes, at);
      window.windowEnd = at + elementBytes(bytes, at);
    }
  }

  // ---- changing; not for plain nodes ----
  // When its bytes have to grow they take up to `limitBytes`, unless one element alone needs more.

  pushHead(bytes: Uint8Array, start: number, end: number, limitBytes: number): void {
    this.count++;
    this.#put(this.start, 0, true, bytes, start, end, limitBytes);
  }

  pushTail(bytes: Uint8Array, start: number, end: number, limitBytes: number): void {
    this.count++;
    this.#put(this.end, 0, false, bytes, start, end, limitBytes);
  }

  /** Adds an element before the position `at`. */
  insert(at: number, bytes: Uint8Array, start: number, end: number, limitBytes: number): void {
    this.count++;
    this.#put(at, 0, at === this.start, bytes, start, end, limitBytes);
  }

  /** Puts other bytes in place of the element at `at`. */
  replace(at: number, bytes: Uint8Array, start: number, end: number, limitBytes: number): void {
    this.#put(at, nextElement(this.bytes, at) - at, false, bytes, start, end, limitBytes);
  }

  /** Removes `count` elements, `bytes[from … until)`; returns where the one that followed is. */
  remove(from: number, until: number, count: number): number {
    const { bytes, start, end } = this;
    const removedBytes = until - from;
    let next = until;
    if (end - until < from - start) {
      if (until < end) bytes.copyWithin(from, until, end);
      this.end = end - removedBytes;
      next = from;
    } else {
      if (from > start) bytes.copyWithin(start + removedBytes, start, from);
      this.start = start + removedBytes;
    }
    this.count -= count;
    const usedBytes = this.end - this.start;
    const isWasteful = usedBytes * 4 <= bytes.length && bytes.length >= leastShrunkBytes;
    if (!isWasteful || usedBytes === 0) return next;
    next -= this.start;
    this.#shrink(usedBytes);
    return next;
  }

  /** Moves the elements from position `at` on to a new node. */
  splitOff(at: number): ListNode {
    const { end } = this;
    let count = 0;
    for (let each = at; each < end; each = nextElement(this.bytes, each)) count++;
    const bytes = Buffer.allocUnsafeSlow(end - at);
    copyBytes(this.bytes, at, end, bytes, 0);
    this.remove(at, end, count);
    return new ListNode(bytes, 0, bytes.length, count, false);
  }

  /** Takes over all elements of the node that follows this one. */
  absorb(node: ListNode): void {
    const length = node.end - node.start;
    const at = this.#resize(this.end, 0, length, false, this.end - this.start + length);
    copyBytes(node.bytes, node.start, node.end, this.bytes, at);
    this.count += node.count;
  }

  #put(
    at: number,
    oldBytes: number,
    atHead: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    limitBytes: number,
  ): void {
    const integerBytes = writeIntegerText(bytes, start, end, head, 0);
    const headBytes = integerBytes === 0 ? writeStringPrefix(head, 0, end - start) : integerBytes;
    const length = integerBytes === 0 ? headBytes + end - start : integerBytes;
    const size = length + (length <= 127 ? 1 : backlenBytes(length));
    const place = this.#resize(at, oldBytes, size, atHead, limitBytes);
    const target = this.bytes;
    let to = copyBytes(head, 0, headBytes, target, place);
    if (integerBytes === 0) to = copyBytes(bytes, start, end, target, to);
    if (length <= 127) target[to] = length;
    else writeBacklen(target, to, length);
  }

  /**
   * Gives the `oldBytes` bytes at `at` another length, moving what is behind them, or at the head
   * nothing; returns where they are then.
   */
  #resize(
    at: number,
    oldBytes: number,
    newBytes: number,
    atHead: boolean,
    limitBytes: number,
  ): number {
    const growth = newBytes - oldBytes;
    const { bytes, start, end } = this;
    if (growth > (atHead ? start : bytes.length - end)) {
      return this.#relocate(at, oldBytes, newBytes, atHead, limitBytes);
    }
    if (atHead) {
      this.start = start - growth;
      return this.start;
    }
    const until = at + oldBytes;
    if (until !== end && growth !== 0) bytes.copyWithin(until + growth, until, end);
    this.end = end + growth;
    return at;
  }

  /** The same where there is no room on that side: slides the elements, or takes new bytes. */
  #relocate(
    at: number,
    oldBytes: number,
    newBytes: number,
    atHead: boolean,
    limitBytes: number,
  ): number {
    const from = this.bytes;
    const { start, end } = this;
    const until = at + oldBytes;
    const usedBytes = end - start + newBytes - oldBytes;
    const roomBytes = from.length - usedBytes;
    // A node that has a good share of its bytes free on the other side need not grow.
    const slides = roomBytes >= 0 && (roomBytes * 4 >= from.length || from.length >= limitBytes);
    const to = slides ? from : Buffer.allocUnsafeSlow(grownBytes(usedBytes, limitBytes));
    const freeBytes = to.length - usedBytes;
    // Who slides is pushed to at both ends; who grows, at this one.
    this.start = slides ? freeBytes >>> 1 : atHead ? freeBytes : 0;
    this.end = this.start + usedBytes;
    this.bytes = to;
    const place = this.start + at - start;
    const behind = place + newBytes;
    // Sliding towards the tail, the end must make way first.
    if (behind > until) copyRange(from, until, end, to, behind);
    copyRange(from, start, at, to, this.start);
    if (behind <= until) copyRange(from, until, end, to, behind);
    return place;
  }

  #shrink(usedBytes: number): void {
    const bytes = Buffer.allocUnsafeSlow(usedBytes * 2);
    copyBytes(this.bytes, this.start, this.end, bytes, 0);
    this.bytes = bytes;
    this.start = 0;
    this.end = usedBytes;
  }
}

const noBytes = Buffer.alloc(0);

/** Doubling, so that pushing costs the same on average; but not past what a node may hold. */
function grownBytes(usedBytes: number, limitBytes: number): number {
  const doubled = Math.min(usedBytes * 2, limitBytes);
  return Math.max(doubled, usedBytes, smallestRoomBytes);
}

/** Copies to a place that may overlap. */
function copyRange(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  if (from === to) to.copyWithin(at, start, end);
  else copyBytes(from, start, end, to, at);
}
