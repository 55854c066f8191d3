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
  readonly #nodes = new ObjectTable<StreamNode>();
  #nodeBytes = 0;

  get count(): number {
    return this.ids.size;
  }

  get memoryBytes(): number {
    return this.#nodeBytes + this.ids.memoryBytes;
  }

  copy(): StreamNodes {
    const copy = new StreamNodes();
    copy.ids = this.ids.copy();
    for (let place = this.ids.first(); place !== -1; place = this.ids.next(place)) {
      const node = this.at(place).copy();
      copy.ids.setWord(place, 0, copy.#nodes.add(node));
      copy.#nodeBytes += bytesOf(node);
    }
    return copy;
  }

  at(place: number): StreamNode {
    return this.#nodes.get(this.ids.word(place, 0));
  }

  insert(id: Readonly<StreamId>, node: StreamNode): void {
    this.ids.setWord(this.ids.insert(id), 0, this.#nodes.add(node));
    this.#nodeBytes += bytesOf(node);
  }

  /** Removes a node; returns the place of the one that followed. */
  remove(place: number): number {
    this.#nodeBytes -= bytesOf(this.#nodes.remove(this.ids.word(place, 0)));
    return this.ids.remove(place);
  }

  /** Adds an entry behind all others to a node, whose id is `masterId`. */
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
    const bytesBefore = node.memoryBytes;
    node.close();
    this.#nodeBytes += node.memoryBytes - bytesBefore;
  }

  /** So many entries of a node have been marked as deleted. */
  countDeleted(node: StreamNode, count: number): void {
    const bytesBefore = node.memoryBytes;
    node.countDeleted(count);
    this.#nodeBytes += node.memoryBytes - bytesBefore;
  }
}

function bytesOf(node: StreamNode): number {
  return node.memoryBytes + objectBytes;
}
