/**
 * A list as the body of an RDB entry, node by node: each is some hundred elements in one string. Used
 * by body-of.ts.
 *
 * Under a guard the list may change meanwhile, and nothing is looked at beforehand. The list's epoch
 * tells the nodes that there were from those that came later. One that is about to change is kept as
 * it was; one that is taken out waits before the node that followed it, until the walk comes there.
 */
import { quicklistNode, rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import type { ListNode, ListNodeObserver } from '../types/list-node.ts';
import type { ListValue } from '../types/list-value.ts';
import { workOfBytes } from './body-work.ts';
import type { ValueBody } from './value-body.ts';

/** Nodes that have been taken out, in their order: each leads to the next one. */
interface Chain {
  first: ListNode;
  last: ListNode;
}

export class ListBody implements ValueBody, ListNodeObserver {
  readonly rdbType = rdbType.listQuicklist2;
  readonly #list: ListValue;
  #isBegun = false;
  #isGuarded = false;
  /** Nodes that are not written yet. */
  #left: number;
  /** Where the walk goes on; null behind the last node. */
  #next: ListNode | null;
  /** What changed nodes held before. */
  readonly #kept = new Map<ListNode, Buffer>();
  /** What stood before a node that is still there, or behind the last one. */
  readonly #gone = new Map<ListNode | null, Chain>();

  constructor(list: ListValue) {
    this.#list = list;
    this.#left = list.nodeCount;
    this.#next = list.head;
  }

  write(output: RdbOutput, work: number): boolean {
    if (!this.#isBegun) output.length(this.#left);
    this.#isBegun = true;
    for (let workLeft = work; workLeft > 0 && this.#left > 0; this.#left--) {
      const node = this.#take();
      const bytes = this.#kept.get(node) ?? node.toBytes();
      output.length(node.isPlain ? quicklistNode.plain : quicklistNode.packed);
      output.string(bytes, 0, bytes.length);
      this.#kept.delete(node);
      if (this.#isGuarded) node.epoch = this.#list.epoch;
      workLeft -= workOfBytes(bytes.length);
    }
    return this.#left === 0;
  }

  guard(): void {
    this.#isGuarded = true;
    this.#list.epoch++;
    this.#list.observer = this;
  }

  release(): void {
    this.#list.observer = null;
  }

  beforeChange(node: ListNode): void {
    this.#kept.set(node, node.toBytes());
  }

  afterUnlink(node: ListNode, next: ListNode | null): void {
    if (this.#next === node) this.#next = next;
    const chains = [
      this.#gone.get(node),
      this.#isDue(node) ? { first: node, last: node } : undefined,
    ];
    this.#gone.delete(node);
    chains.push(this.#gone.get(next));
    const joined = chains.reduce(join);
    if (joined !== undefined) this.#gone.set(next, joined);
  }

  /** The next node to be written; there must be one. */
  #take(): ListNode {
    for (;;) {
      const chain = this.#gone.get(this.#next);
      if (chain !== undefined) {
        const { first, last } = chain;
        if (first === last) this.#gone.delete(this.#next);
        else chain.first = first.next as ListNode;
        return first;
      }
      const node = this.#next as ListNode;
      this.#next = node.next;
      if (this.#isDue(node)) return node;
    }
  }

  /** Whether it was there when the guard came, and is not written yet. */
  #isDue(node: ListNode): boolean {
    return !this.#isGuarded || node.epoch !== this.#list.epoch || this.#kept.has(node);
  }
}

function join(a: Chain | undefined, b: Chain | undefined): Chain | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  a.last.next = b.first;
  return { first: a.first, last: b.last };
}
