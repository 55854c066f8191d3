/**
 * The nodes of a stream, in the order of their ids. Used by StreamValue and StreamReader.
 */
import { IdTable } from './id-table.ts';
import { ObjectTable } from './object-table.ts';
import type { StreamId } from '../../rdb/structure/stream-id.ts';
import type { EntryFields, StreamNode } from './stream-node.ts';

/** What the objects of a node take besides its bytes, about. */
const objectBytes = 350;

export class StreamNodes {
  /** The nodes' ids; their extra word is the node's number in the table. Changed here alone. */
  ids = new IdTable(1);
  #nodes = new ObjectTable<StreamNode>();
  #nodeBytes = 0;
  /** What the nodes bear that no copy has. */
  #owner: object = {};

  get count(): number {
    return this.ids.size;
  }

  get memoryBytes(): number {
    return this.#nodeBytes + this.ids.memoryBytes;
  }

  /** Takes no time to speak of: a node is copied when one of the two changes it. */
  copy(): StreamNodes {
    const copy = new StreamNodes();
    copy.ids = this.ids.copy();
    copy.#nodes = this.#nodes.copy();
    copy.#nodeBytes = this.#nodeBytes;
    this.#owner = {};
    return copy;
  }

  /** The node at a place, to be read only. */
  at(place: number): StreamNode {
    return this.#nodes.get(this.ids.word(place, 0));
  }

  /** The node at a place, to be changed: one that a copy has too gives way to a copy of its own. */
  toChange(place: number): StreamNode {
    const number = this.ids.word(place, 0);
    const node = this.#nodes.get(number);
    if (this.owns(node)) return node;
    const own = node.copy();
    own.owner = this.#owner;
    this.#nodes.replace(number, own);
    this.#nodeBytes += own.memoryBytes - node.memoryBytes;
    return own;
  }

  /** Whether a node of this table is in no other. */
  owns(node: StreamNode): boolean {
    return node.owner === this.#owner;
  }

  insert(id: Readonly<StreamId>, node: StreamNode): void {
    node.owner = this.#owner;
    this.ids.setWord(this.ids.insert(id), 0, this.#nodes.add(node));
    this.#nodeBytes += bytesOf(node);
  }

  /** Removes a node; returns the place of the one that followed. */
  remove(place: number): number {
    this.#nodeBytes -= bytesOf(this.#nodes.remove(this.ids.word(place, 0)));
    return this.ids.remove(place);
  }

  /** Adds an entry behind all others to a node of its own, whose id is `masterId`. */
  append(
    node: StreamNode,
    id: Readonly<StreamId>,
    masterId: Readonly<StreamId>,
    fields: EntryFields,
  ): void {
    const bytesBefore = node.memoryBytes;
    node.append(id, masterId, fields);
    this.#nodeBytes += node.memoryBytes - bytesBefore;
  }

  /** No entry will be added to a node any more. */
  close(node: StreamNode): void {
    if (!this.owns(node)) return;
    const bytesBefore = node.memoryBytes;
    node.close();
    this.#nodeBytes += node.memoryBytes - bytesBefore;
  }

  /** So many entries of a node of its own have been marked as deleted. */
  countDeleted(node: StreamNode, count: number): void {
    const bytesBefore = node.memoryBytes;
    node.countDeleted(count);
    this.#nodeBytes += node.memoryBytes - bytesBefore;
  }
}

function bytesOf(node: StreamNode): number {
  return node.memoryBytes + objectBytes;
}
