/**
 * How much goes into one node of a list: `list-max-listpack-size`, and the size from which an
 * element has a node to itself. The rules are Redis's, because DUMP and DEBUG OBJECT show the nodes.
 * [quicklist of 7.0]
 */
import type { ListNode } from './list-node.ts';
import type { ValueSettings } from './value.ts';

/** What a negative `list-max-listpack-size` stands for: −1 the first, in bytes of listpack. */
const classBytes = [4096, 8192, 16384, 32768, 65536];
/** A node that is limited by its number of elements has no more bytes than this either. */
const safetyBytes = 8192;
/** What an element is taken to need besides its bytes. */
const overheadBytes = 8;
/** Header and end byte, which two nodes need only once when they merge. */
const frameBytes = 7;
const mostElements = 0x7fff;

export class ListLimits {
  /** As `list-max-listpack-size` stood when the list was created. */
  readonly fill: number;
  /** The bytes that a node may have at most, unless it holds a single element. */
  readonly nodeBytes: number;
  readonly #settings: ValueSettings;

  constructor(settings: ValueSettings) {
    this.#settings = settings;
    const fill = settings.listMaxListpackSize;
    this.fill = Math.max(-classBytes.length, Math.min(fill, mostElements));
    this.nodeBytes = this.fill < 0 ? classBytes[-this.fill - 1] : safetyBytes;
  }

  /** Whether an element of so many bytes has a plain node to itself. */
  isLarge(bytes: number): boolean {
    return bytes >= this.#settings.quicklistPackedThreshold;
  }

  /** Whether the node takes one more element, of so many bytes. */
  hasRoom(node: ListNode | null, bytes: number): boolean {
    if (node === null || node.isPlain || this.isLarge(bytes)) return false;
    if (node.byteLength + bytes + overheadBytes > this.nodeBytes) return false;
    return this.fill < 0 || node.count < this.fill;
  }

  /** Whether two neighbours fit into one node. */
  mayMerge(a: ListNode | null, b: ListNode | null): boolean {
    if (a === null || b === null || a.isPlain || b.isPlain) return false;
    if (a.byteLength + b.byteLength - frameBytes > this.nodeBytes) return false;
    return this.fill < 0 || a.count + b.count <= this.fill;
  }
}
