/**
 * A place in a list, for reading ranges, for searches and for changes in the middle. Any change of
 * the list makes it stale, but for one made through it that says so.
 */
import { writeIntegerText, writeStringPrefix } from '../../rdb/structure/listpack-encoding.ts';
import type { ElementWindow, ListEnd, ListNode } from './list-node.ts';

export class ListCursor implements ElementWindow {
  windowBuffer: Buffer;
  windowStart = 0;
  windowEnd = 0;
  node: ListNode;
  /** The element's position in the node. */
  at: number;

  constructor(node: ListNode, at: number) {
    this.node = node;
    this.at = at;
    this.windowBuffer = node.bytes;
  }

  /** Opens the window on the element. */
  read(): void {
    this.node.read(this.at, this);
  }

  /** Goes one towards the tail; false when there is none. */
  next(): boolean {
    const { node } = this;
    const at = node.after(this.at);
    if (at < node.end) {
      this.at = at;
      return true;
    }
    return this.enter(node.next, 'tail');
  }

  /** Goes one towards the head; false when there is none. */
  previous(): boolean {
    const { node } = this;
    if (this.at > node.start) {
      this.at = node.before(this.at);
      return true;
    }
    return this.enter(node.previous, 'head');
  }

  /** Goes on towards an end to the element that is sought, which may be this; false for none. */
  find(sought: SoughtElement, towards: ListEnd): boolean {
    do {
      if (sought.isAt(this)) return true;
    } while (towards === 'tail' ? this.next() : this.previous());
    return false;
  }

  /** Goes to the first element of a node that one meets walking towards an end. */
  enter(node: ListNode | null, towards: ListEnd): boolean {
    if (node === null) return false;
    this.node = node;
    this.at = towards === 'tail' ? node.start : node.before(node.end);
    return true;
  }
}

/** An element that is looked for, in the encoding that it has in a node: bytes are compared. */
export class SoughtElement {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  /** An integer's whole encoding, or what stands before a string's bytes. */
  readonly #head = Buffer.alloc(16);
  readonly #headBytes: number;
  readonly #bodyStart: number;

  /** The bytes must stay as they are while it is in use. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    const integerBytes = writeIntegerText(bytes, start, end, this.#head, 0);
    const isInteger = integerBytes !== 0;
    this.#headBytes = isInteger ? integerBytes : writeStringPrefix(this.#head, 0, end - start);
    this.#bodyStart = isInteger ? end : start;
  }

  /** Whether it is the element at the cursor. */
  isAt({ node, at }: ListCursor): boolean {
    const { bytes } = node;
    if (node.isPlain) {
      const length = node.end - node.start;
      return length === this.#end - this.#start && this.#hasBytes(bytes, node.start, this.#start);
    }
    const head = this.#head;
    const headBytes = this.#headBytes;
    for (let index = 0; index < headBytes; index++) {
      if (bytes[at + index] !== head[index]) return false;
    }
    return this.#hasBytes(bytes, at + headBytes, this.#bodyStart);
  }

  #hasBytes(other: Uint8Array, at: number, from: number): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    for (let index = from; index < end; index++) {
      if (bytes[index] !== other[at + index - from]) return false;
    }
    return true;
  }
}
