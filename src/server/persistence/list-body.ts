/**
 * A list as the body of an RDB entry, node by node: each is some hundred elements in one string. Used
 * by value-body.ts. Under a guard the list may change meanwhile: a node that is about to is kept as
 * it was.
 */
import { quicklistNode, rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import type { ListNode, ListNodeObserver } from '../types/list-node.ts';
import type { ListValue } from '../types/list-value.ts';
import { workOfBytes } from './body-work.ts';
import type { ValueBody } from './value-body.ts';

export class ListBody implements ValueBody, ListNodeObserver {
  readonly rdbType = rdbType.listQuicklist2;
  readonly #list: ListValue;
  /** Those that the list has at first. */
  readonly #nodes: readonly ListNode[];
  /** What changed nodes held before. */
  readonly #kept = new Map<ListNode, Buffer>();
  /** Nodes written; −1 before the first piece. */
  #written = -1;

  constructor(list: ListValue) {
    this.#list = list;
    this.#nodes = [...list.nodes()];
  }

  write(output: RdbOutput, work: number): boolean {
    if (this.#written < 0) {
      output.length(this.#nodes.length);
      this.#written = 0;
    }
    for (let left = work; left > 0 && this.#written < this.#nodes.length; this.#written++) {
      const node = this.#nodes[this.#written];
      const bytes = this.#kept.get(node) ?? node.toBytes();
      output.length(node.isPlain ? quicklistNode.plain : quicklistNode.packed);
      output.string(bytes, 0, bytes.length);
      this.#kept.delete(node);
      node.isGuarded = false;
      left -= workOfBytes(bytes.length);
    }
    return this.#written === this.#nodes.length;
  }

  guard(): void {
    this.#list.observer = this;
    for (const node of this.#nodes) node.isGuarded = true;
  }

  release(): void {
    this.#list.observer = null;
    for (const node of this.#nodes) node.isGuarded = false;
    this.#kept.clear();
  }

  beforeChange(node: ListNode): void {
    node.isGuarded = false;
    this.#kept.set(node, node.toBytes());
  }
}
