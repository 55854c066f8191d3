/**
 * Walks over the entries of a stream whose ids lie in a range, deleted ones left out, forwards or
 * backwards. One reader is good for one walk; the stream must not change during it.
 */
import type { Listpack } from './listpack.ts';
import { compareIds, type StreamId } from '../../rdb/structure/stream-id.ts';
import { NodeCursor } from './stream-node.ts';
import type { StreamNodes } from './stream-nodes.ts';

/** Both ends belong to it. */
export interface IdRange {
  readonly start: Readonly<StreamId>;
  readonly end: Readonly<StreamId>;
}

export class StreamReader {
  readonly #nodes: StreamNodes;
  readonly #range: IdRange;
  readonly #reverse: boolean;
  readonly #cursor = new NodeCursor();
  /** The node at hand; −1 when there are no more. */
  #place: number;
  /** The cursor is in the node at hand. */
  #inside = false;

  constructor(nodes: StreamNodes, range: IdRange, reverse = false) {
    this.#nodes = nodes;
    this.#range = range;
    this.#reverse = reverse;
    this.#place = reverse ? nodes.ids.seekBack(range.end) : firstPlace(nodes, range.start);
  }

  /** Goes to the next entry of the walk; false when there is none. */
  next(): boolean {
    const { start, end } = this.#range;
    while (this.#advance()) {
      const { id } = this.#cursor;
      const afterStart = compareIds(id, start) >= 0;
      const beforeEnd = compareIds(id, end) <= 0;
      if (this.#reverse ? !afterStart : !beforeEnd) return false;
      if (afterStart && beforeEnd && !this.#cursor.isDeleted) return true;
    }
    return false;
  }

  /** The id of the entry it is at; overwritten by the next. */
  get id(): StreamId {
    return this.#cursor.id;
  }

  /** Fields of the entry it is at that have not been read yet. */
  get fieldsLeft(): number {
    return this.#cursor.fieldsLeft;
  }

  /** Opens a listpack's window on the name of the next field; `readValue` must follow. */
  readField(): Listpack {
    return this.#cursor.readField();
  }

  readValue(): Listpack {
    return this.#cursor.readValue();
  }

  /** Goes to the next entry of this node or of a later one, deleted or not. */
  #advance(): boolean {
    const cursor = this.#cursor;
    while (this.#place !== -1) {
      if (this.#inside) {
        if (this.#reverse ? cursor.previous() : cursor.next()) return true;
        this.#inside = false;
        const { ids } = this.#nodes;
        this.#place = this.#reverse ? ids.previous(this.#place) : ids.next(this.#place);
      } else {
        openAt(cursor, this.#nodes, this.#place);
        this.#inside = this.#reverse ? cursor.last() : cursor.first();
        if (this.#inside) return true;
        // No node is without entries; an endless loop would be the worse answer to one that is.
        this.#place = -1;
      }
    }
    return false;
  }
}

/** How many entries lie in a range, up to `max`: whole nodes are not walked through. */
export function countEntries(nodes: StreamNodes, range: IdRange, max: number): number {
  if (compareIds(range.start, range.end) > 0) return 0;
  const lastPlace = nodes.ids.seekBack(range.end);
  const cursor = new NodeCursor();
  let count = 0;
  let place = lastPlace === -1 ? -1 : firstPlace(nodes, range.start);
  while (place !== -1 && count < max) {
    const isLast = place === lastPlace;
    const isWhole =
      !isLast && compareIds(nodes.ids.readId(place, cursor.masterId), range.start) >= 0;
    count += isWhole ? nodes.at(place).live : countInNode(cursor, nodes, place, range, max - count);
    place = isLast ? -1 : nodes.ids.next(place);
  }
  return Math.min(count, max);
}

/** Moves a cursor to the entry with this id, deleted or not; returns its node's place, or −1. */
export function locateEntry(
  nodes: StreamNodes,
  id: Readonly<StreamId>,
  cursor: NodeCursor,
): number {
  const place = nodes.ids.seekBack(id);
  if (place === -1) return -1;
  openAt(cursor, nodes, place);
  for (let inside = cursor.first(); inside; inside = cursor.next()) {
    const order = compareIds(cursor.id, id);
    if (order === 0) return place;
    if (order > 0) return -1;
  }
  return -1;
}

function countInNode(
  cursor: NodeCursor,
  nodes: StreamNodes,
  place: number,
  { start, end }: IdRange,
  max: number,
): number {
  let count = 0;
  openAt(cursor, nodes, place);
  for (let inside = cursor.first(); inside && count < max; inside = cursor.next()) {
    if (compareIds(cursor.id, end) > 0) break;
    if (compareIds(cursor.id, start) >= 0 && !cursor.isDeleted) count++;
  }
  return count;
}

function openAt(cursor: NodeCursor, nodes: StreamNodes, place: number): void {
  nodes.ids.readId(place, cursor.masterId);
  cursor.open(nodes.at(place));
}

/** The node that may hold `id`, or the first one behind it. */
function firstPlace(nodes: StreamNodes, id: Readonly<StreamId>): number {
  const place = nodes.ids.seekBack(id);
  return place === -1 ? nodes.ids.first() : place;
}
