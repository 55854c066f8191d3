/**
 * One node of a stream: a run of entries in a listpack, laid out as Redis lays it out, so that RDB
 * and DUMP copy the bytes as they are. The node's id is its first entry's; the ids of all are kept
 * as distances from it, and the field names of the first are not repeated where they come again.
 *
 *     node    master entry…                       integers, unless they are fields or values
 *     master  live deleted fieldCount field… 0
 *     entry   flags msDelta seqDelta value… elements                          same fields
 *             flags msDelta seqDelta fieldCount (field value)… elements       fields of its own
 *
 * `elements` counts the elements of its entry before it: what to step over on the way back. A
 * deleted entry stays where it is and is marked in its flags. Used by StreamValue alone, and by
 * StreamReader, which walks with a NodeCursor.
 */
import {
  maxIntegerBytes,
  maxStringOverheadBytes,
  writeElement,
  writeIntegerElement,
} from '../../rdb/structure/listpack-encoding.ts';
import { Listpack } from './listpack.ts';
import { StreamId } from '../../rdb/structure/stream-id.ts';

export const entryFlags = { deleted: 1, sameFields: 2 } as const;

/** What the integers of an entry, or of a master entry, take at most. */
const maxFrameBytes = 5 * (maxIntegerBytes + 1);

/** Fields and values in turn, as windows into a buffer: the arguments `first … first + 2 · count`. */
export interface EntryFields {
  readonly buffer: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly first: number;
  readonly count: number;
  /** The length of all of them. */
  readonly bytes: number;
}

export class StreamNode {
  /** Who may change it, as StreamNodes says, which alone writes this. */
  owner: object | null = null;
  readonly listpack: Listpack;
  /** What the master entry counts: entries that are not deleted … */
  live: number;
  /** … and those that are still there and marked as deleted. */
  deleted: number;
  /** Where the master entry says how many fields it has. */
  #fieldCountAt: number;

  private constructor(listpack: Listpack) {
    this.listpack = listpack;
    const first = listpack.first();
    const second = listpack.next(first);
    this.live = listpack.integer(first);
    this.deleted = listpack.integer(second);
    this.#fieldCountAt = listpack.next(second);
  }

  /**
   * A node without entries, which takes the field names of the one that will be its first.
   * `roomBytes` is what it will take when it is full, as far as one knows.
   */
  static create(fields: EntryFields, roomBytes: number): StreamNode {
    const listpack = new Listpack(roomBytes);
    let at = listpack.openTail(bytesNeeded(fields));
    const { bytes } = listpack;
    at = writeIntegerElement(bytes, at, 0);
    at = writeIntegerElement(bytes, at, 0);
    at = writeIntegerElement(bytes, at, fields.count);
    at = writeWindows(bytes, at, fields, 0, 2);
    at = writeIntegerElement(bytes, at, 0);
    listpack.closeTail(at, fields.count + 4);
    return new StreamNode(listpack);
  }

  /** A node that came from elsewhere; the bytes must be a valid one. */
  static from(bytes: Uint8Array, start: number, end: number): StreamNode {
    return new StreamNode(Listpack.from(bytes, start, end));
  }

  copy(): StreamNode {
    return new StreamNode(this.listpack.copy());
  }

  get byteLength(): number {
    return this.listpack.byteLength;
  }

  /** Bytes it takes, room for more included. */
  get memoryBytes(): number {
    return this.listpack.reservedBytes;
  }

  /** Adds an entry behind all others; `masterId` is the node's id. */
  append(id: Readonly<StreamId>, masterId: Readonly<StreamId>, fields: EntryFields): void {
    const { listpack } = this;
    const { count } = fields;
    const same = this.#hasFields(fields);
    const elements = same ? count + 3 : count * 2 + 4;
    let at = listpack.openTail(bytesNeeded(fields));
    const { bytes } = listpack;
    at = writeIntegerElement(bytes, at, same ? entryFlags.sameFields : 0);
    at = writeDelta(bytes, at, id.msFrom(masterId));
    at = writeDelta(bytes, at, id.seqFrom(masterId));
    if (!same) at = writeIntegerElement(bytes, at, count);
    at = writeWindows(bytes, at, fields, same ? 1 : 0, same ? 2 : 1);
    at = writeIntegerElement(bytes, at, elements);
    listpack.closeTail(at, elements + 1);
    this.#countEntries(1, 0);
  }

  /** No entry will be added any more. */
  close(): void {
    this.listpack.compact();
  }

  /** Marks the entry whose flags stand at `at` as deleted; `countDeleted` must follow. */
  markDeleted(at: number): void {
    this.listpack.replaceInteger(at, this.listpack.integer(at) | entryFlags.deleted);
  }

  /** So many entries have been marked. Positions are stale afterwards: a number may grow longer. */
  countDeleted(count: number): void {
    this.#countEntries(-count, count);
  }

  /** Whether an entry with these fields need not repeat their names. */
  #hasFields({ buffer, starts, ends, first, count }: EntryFields): boolean {
    const { listpack } = this;
    let at = this.#fieldCountAt;
    if (listpack.integer(at) !== count) return false;
    at = listpack.next(at);
    const end = first + count * 2;
    for (let index = first; index < end; index += 2) {
      if (!listpack.equals(at, buffer, starts[index], ends[index])) return false;
      at = listpack.next(at);
    }
    return true;
  }

  #countEntries(live: number, deleted: number): void {
    const { listpack } = this;
    const first = listpack.first();
    const bytesBefore = listpack.byteLength;
    listpack.replaceInteger(first, (this.live += live));
    if (deleted !== 0) listpack.replaceInteger(listpack.next(first), (this.deleted += deleted));
    this.#fieldCountAt += listpack.byteLength - bytesBefore;
  }
}

/** Walks over the entries of a node, and over the fields of the one it is at. */
export class NodeCursor {
  /** The id of the entry it is at. */
  readonly id = new StreamId();
  readonly masterId = new StreamId();
  /** Fields of the entry that have not been read yet; all of them at first. */
  fieldsLeft = 0;
  /** Where the flags of the entry stand. */
  at = 0;

  #listpack = noListpack;
  #firstEntryAt = 0;
  #masterFieldsAt = 0;
  #masterFieldCount = 0;
  #sameFields = false;
  /** The element that is read next, and the name among the master's fields. */
  #elementAt = 0;
  #fieldAt = 0;

  /** Takes up a node; its id must be in `masterId`. It is before the first entry then. */
  open(node: StreamNode): void {
    const { listpack } = node;
    this.#listpack = listpack;
    const countAt = fieldCountAt(listpack);
    this.#masterFieldCount = listpack.integer(countAt);
    this.#masterFieldsAt = listpack.next(countAt);
    let at = this.#masterFieldsAt;
    for (let left = this.#masterFieldCount; left > 0; left--) at = listpack.next(at);
    this.#firstEntryAt = listpack.next(at);
    this.at = 0;
  }

  get isDeleted(): boolean {
    return (this.#listpack.integer(this.at) & entryFlags.deleted) !== 0;
  }

  /** Goes to the first entry, deleted or not; false when there is none. */
  first(): boolean {
    return this.#enter(this.#firstEntryAt);
  }

  /** Goes to the last entry. */
  last(): boolean {
    this.at = 0;
    return this.#firstEntryAt !== 0 && this.#enterBefore(this.#listpack.last());
  }

  /** Goes to the next entry; false, and it stays at none, behind the last one. */
  next(): boolean {
    const listpack = this.#listpack;
    let at = this.#elementAt;
    const elements = this.#sameFields ? this.fieldsLeft : this.fieldsLeft * 2;
    for (let left = elements; left > 0; left--) at = listpack.next(at);
    return this.#enter(listpack.next(at));
  }

  previous(): boolean {
    if (this.at === this.#firstEntryAt) return false;
    return this.#enterBefore(this.#listpack.previous(this.at));
  }

  /** Opens `listpack`'s window on the name of the next field. */
  readField(): Listpack {
    const listpack = this.#listpack;
    if (this.#sameFields) {
      listpack.read(this.#fieldAt);
      this.#fieldAt = listpack.next(this.#fieldAt);
    } else {
      listpack.read(this.#elementAt);
      this.#elementAt = listpack.next(this.#elementAt);
    }
    return listpack;
  }

  /** Opens the window on the value that belongs to the field just read. */
  readValue(): Listpack {
    const listpack = this.#listpack;
    listpack.read(this.#elementAt);
    this.#elementAt = listpack.next(this.#elementAt);
    this.fieldsLeft--;
    return listpack;
  }

  #enter(at: number): boolean {
    this.at = at;
    if (at === 0) return false;
    const listpack = this.#listpack;
    this.#sameFields = (listpack.integer(at) & entryFlags.sameFields) !== 0;
    const msAt = listpack.next(at);
    const seqAt = listpack.next(msAt);
    this.id.setFrom(this.masterId, exactInteger(listpack, msAt), exactInteger(listpack, seqAt));
    const fieldsAt = listpack.next(seqAt);
    if (this.#sameFields) {
      this.fieldsLeft = this.#masterFieldCount;
      this.#fieldAt = this.#masterFieldsAt;
      this.#elementAt = fieldsAt;
    } else {
      this.fieldsLeft = listpack.integer(fieldsAt);
      this.#elementAt = listpack.next(fieldsAt);
    }
    return true;
  }

  /** Goes to the entry whose last element stands at `elementsAt`. */
  #enterBefore(elementsAt: number): boolean {
    const listpack = this.#listpack;
    let at = elementsAt;
    for (let left = listpack.integer(elementsAt); left > 0; left--) at = listpack.previous(at);
    return this.#enter(at);
  }
}

/** What a cursor holds before its first node. */
const noListpack = new Listpack();

function fieldCountAt(listpack: Listpack): number {
  return listpack.next(listpack.next(listpack.first()));
}

/** More than enough room for an entry with these fields, or for a master entry. */
function bytesNeeded({ count, bytes }: EntryFields): number {
  return maxFrameBytes + count * 2 * maxStringOverheadBytes + bytes;
}

/** Writes the elements of the windows `from`, `from + step` … of an entry; returns their end. */
function writeWindows(
  bytes: Uint8Array,
  at: number,
  { buffer, starts, ends, first, count }: EntryFields,
  from: number,
  step: number,
): number {
  const end = first + count * 2;
  for (let index = first + from; index < end; index += step) {
    at = writeElement(bytes, at, buffer, starts[index], ends[index]);
  }
  return at;
}

function writeDelta(bytes: Uint8Array, at: number, delta: number | bigint): number {
  if (typeof delta === 'number') return writeIntegerElement(bytes, at, delta);
  const text = Buffer.from(String(delta), 'latin1');
  return writeElement(bytes, at, text, 0, text.length);
}

function exactInteger(listpack: Listpack, at: number): number | bigint {
  const value = listpack.integer(at);
  return Number.isSafeInteger(value) ? value : listpack.bigInteger(at);
}
