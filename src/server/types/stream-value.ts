/**
 * A stream: entries in the order of their ids, in nodes of some hundred each (stream-node.ts), and
 * its consumer groups (stream-group.ts). It keeps Redis's numbers beside them: the last id ever
 * given, the first that is there, the greatest that was deleted, how many were ever added.
 *
 * Used by the stream commands, the RDB and DEBUG DIGEST. It does not know keys, clients or clocks.
 */
import { addExact, subtractExact } from '../../util/int64.ts';
import { compareIds, maxId, minId, StreamId } from '../../rdb/structure/stream-id.ts';
import type { StreamFacts } from '../../rdb/value-sink.ts';
import { type EntryFields, NodeCursor, StreamNode } from './stream-node.ts';
import { byName, entriesReadUnknown, StreamGroup } from './stream-group.ts';
import { StreamNodes } from './stream-nodes.ts';
import { countEntries, type IdRange, locateEntry, StreamReader } from './stream-reader.ts';
import { type StreamTrim, trimNodes } from './stream-trim.ts';
import { type Value, type ValueSettings, valueTypes } from './value.ts';

/** No node grows beyond this, whatever the settings say. [t_stream.c, 7.0] */
const maxNodeBytes = 1 << 30;
/** A new node does not take more at once. */
const maxRoomBytes = 1 << 16;
/** What the objects of an empty stream take, about. */
const objectBytes = 1000;

export type AppendResult = 'ok' | 'id-too-small' | 'too-large';

export class StreamValue implements Value {
  readonly type = valueTypes.stream;
  readonly encoding = 'stream';
  accountedBytes = 0;
  /** Entries. */
  size = 0;
  /** The last id that an entry got, or that was set; new ones are greater. */
  readonly lastId = new StreamId();
  /** The id of the first entry, 0-0 when there is none. */
  readonly firstId = new StreamId();
  /** The greatest id that was deleted one by one (trimming does not count). */
  readonly maxDeletedId = new StreamId();
  /** Entries ever added, those that are gone too; a bigint where a number is not exact. */
  entriesAdded: number | bigint = 0;

  readonly #settings: ValueSettings;
  #nodes = new StreamNodes();
  /** The last node, to which entries are added, and its id. */
  #tail: StreamNode | null = null;
  readonly #tailId = new StreamId();
  readonly #groups = new Map<string, StreamGroup>();
  #groupBytes = -1;

  constructor(settings: ValueSettings) {
    this.#settings = settings;
  }

  get memoryBytes(): number {
    if (this.#groupBytes === -1) {
      this.#groupBytes = 0;
      for (const group of this.#groups.values()) this.#groupBytes += group.memoryBytes;
    }
    return objectBytes + this.#nodes.memoryBytes + this.#groupBytes;
  }

  /** Takes no time to speak of, however long it is: what the two have in common they share. */
  copy(): StreamValue {
    const copy = new StreamValue(this.#settings);
    copy.size = this.size;
    copy.lastId.copyFrom(this.lastId);
    copy.firstId.copyFrom(this.firstId);
    copy.maxDeletedId.copyFrom(this.maxDeletedId);
    copy.entriesAdded = this.entriesAdded;
    copy.#nodes = this.#nodes.copy();
    copy.#findTail();
    for (const [name, group] of this.#groups) copy.#groups.set(name, group.copy());
    return copy;
  }

  // ---- reading ----

  get nodes(): StreamNodes {
    return this.#nodes;
  }

  read(range: IdRange, reverse = false): StreamReader {
    return new StreamReader(this.#nodes, range, reverse);
  }

  /** How many entries lie in a range, up to `max`. */
  count(range: IdRange, max = Infinity): number {
    return countEntries(this.#nodes, range, max);
  }

  has(id: Readonly<StreamId>): boolean {
    const cursor = new NodeCursor();
    return locateEntry(this.#nodes, id, cursor) !== -1 && !cursor.isDeleted;
  }

  /** Sets `into` to the last id of an entry that is there, 0-0 when there is none. */
  lastEntryId(into: StreamId): void {
    const reader = this.read({ start: minId, end: maxId }, true);
    if (reader.next()) into.copyFrom(reader.id);
    else into.setMin();
  }

  /** Sets `into` to the first id in a node, deleted or not; the last possible id when none is. */
  firstIdInNodes(into: StreamId): void {
    const place = this.#nodes.ids.first();
    if (place === -1) into.setMax();
    else this.#nodes.ids.readId(place, into);
  }

  // ---- changing entries ----

  /**
   * Sets `into` to the id that an entry gets which is added now: the time, or the id after the
   * last one where the clock is behind. False when no id is left.
   */
  nextId(nowMs: number, into: StreamId): boolean {
    into.setMin();
    into.setMs(nowMs);
    if (compareIds(into, this.lastId) > 0) return true;
    return into.copyFrom(this.lastId).increment();
  }

  /** Adds an entry; its id must be greater than all before it. */
  append(id: Readonly<StreamId>, fields: EntryFields): AppendResult {
    if (compareIds(id, this.lastId) <= 0) return 'id-too-small';
    if (fields.bytes > maxNodeBytes) return 'too-large';
    const tail = this.#tail;
    const isFull = tail === null || this.#isFull(tail, fields.bytes);
    const node = isFull ? this.#openNode(id, fields) : this.#tailToChange(tail);
    this.#nodes.append(node, id, this.#tailId, fields);
    this.size++;
    this.entriesAdded = addExact(this.entriesAdded, 1);
    this.lastId.copyFrom(id);
    if (this.size === 1) this.firstId.copyFrom(id);
    return 'ok';
  }

  /** Deletes an entry; false when it is not there. */
  delete(id: Readonly<StreamId>): boolean {
    const nodes = this.#nodes;
    const cursor = new NodeCursor();
    const place = locateEntry(nodes, id, cursor);
    if (place === -1 || cursor.isDeleted) return false;
    const isTail = nodes.at(place) === this.#tail;
    if (nodes.at(place).live === 1) {
      nodes.remove(place);
    } else {
      const node = nodes.toChange(place);
      node.markDeleted(cursor.at);
      nodes.countDeleted(node, 1);
    }
    if (isTail) this.#findTail();
    this.size--;
    if (compareIds(id, this.maxDeletedId) > 0) this.maxDeletedId.copyFrom(id);
    if (this.size === 0 || compareIds(id, this.firstId) === 0) this.#findFirst();
    return true;
  }

  /** Removes entries from the start; returns how many. */
  trim(trim: StreamTrim): number {
    const removed = trimNodes(this.#nodes, this.size, trim);
    this.#findTail();
    if (removed === 0) return 0;
    this.size -= removed;
    this.#findFirst();
    return removed;
  }

  // ---- loading ----

  /** A node that was saved elsewhere, to be put behind all others; its bytes must be valid. */
  loadNode(id: Readonly<StreamId>, bytes: Uint8Array, start: number, end: number): void {
    this.#tail = StreamNode.from(bytes, start, end);
    this.#tailId.copyFrom(id);
    this.#nodes.insert(id, this.#tail);
    this.size += this.#tail.live;
  }

  /** What was saved of the whole, after the last node. */
  loadFacts({ lastId, maxDeletedId = minId, entriesAdded = this.size }: StreamFacts): void {
    this.lastId.copyFrom(lastId);
    this.maxDeletedId.copyFrom(maxDeletedId);
    this.entriesAdded = entriesAdded;
    this.#findFirst();
  }

  // ---- groups ----

  get groupCount(): number {
    return this.#groups.size;
  }

  group(name: string): StreamGroup | null {
    // Whoever has it may change it: what the groups take is to be counted anew.
    this.#groupBytes = -1;
    return this.#groups.get(name) ?? null;
  }

  /** All of them in the order of their names' bytes. */
  groups(): StreamGroup[] {
    return [...this.#groups.values()].sort(byName);
  }

  /** Adds a group with a name that none has. */
  createGroup(name: string): StreamGroup {
    const group = new StreamGroup(name);
    this.#groups.set(name, group);
    this.#groupBytes = -1;
    return group;
  }

  /** False when there is no group of that name. */
  destroyGroup(name: string): boolean {
    this.#groupBytes = -1;
    return this.#groups.delete(name);
  }

  /** The group serves an entry that lies behind its last one: it has read up to there. */
  advanceGroup(group: StreamGroup, id: Readonly<StreamId>): void {
    const { entriesRead } = group;
    if (entriesRead !== entriesReadUnknown && !this.#hasDeletedFrom(id)) {
      group.entriesRead = addExact(entriesRead, 1);
    } else if (this.entriesAdded !== 0) {
      group.entriesRead = this.entriesUpTo(id);
    }
    group.lastId.copyFrom(id);
  }

  /** How many entries the group has not been served yet, null where it cannot be known. [7.0] */
  lag(group: StreamGroup): number | bigint | null {
    if (this.entriesAdded === 0) return 0;
    const counts = group.entriesRead !== entriesReadUnknown && !this.#hasDeletedFrom(group.lastId);
    const read = counts ? group.entriesRead : this.entriesUpTo(group.lastId);
    return read === entriesReadUnknown ? null : subtractExact(this.entriesAdded, read);
  }

  /**
   * How many of all entries ever added have ids up to this one; `entriesReadUnknown` where deleted
   * ones in between make it a guess. [7.0]
   */
  entriesUpTo(id: Readonly<StreamId>): number | bigint {
    const { entriesAdded, lastId, firstId, maxDeletedId } = this;
    if (entriesAdded === 0) return 0;
    const toLast = compareIds(id, lastId);
    if (toLast === 0 || (this.size === 0 && toLast < 0)) return entriesAdded;
    if (toLast > 0) return entriesReadUnknown;
    if (!maxDeletedId.isZero && compareIds(maxDeletedId, firstId) >= 0) return entriesReadUnknown;
    const toFirst = compareIds(id, firstId);
    if (toFirst > 0) return entriesReadUnknown;
    return addExact(subtractExact(entriesAdded, this.size), toFirst === 0 ? 1 : 0);
  }

  // ---- inside ----

  /** Whether an entry with this id or a later one was deleted. */
  #hasDeletedFrom(id: Readonly<StreamId>): boolean {
    if (this.size === 0 || this.maxDeletedId.isZero) return false;
    return compareIds(id, this.maxDeletedId) <= 0;
  }

  #isFull(node: StreamNode, bytes: number): boolean {
    const { streamNodeMaxBytes, streamNodeMaxEntries } = this.#settings;
    const maxBytes = streamNodeMaxBytes === 0 ? maxNodeBytes : streamNodeMaxBytes;
    if (node.byteLength + bytes >= Math.min(maxBytes, maxNodeBytes)) return true;
    return streamNodeMaxEntries !== 0 && node.live + node.deleted >= streamNodeMaxEntries;
  }

  #tailToChange(tail: StreamNode): StreamNode {
    if (this.#nodes.owns(tail)) return tail;
    const own = this.#nodes.toChange(this.#nodes.ids.last());
    this.#tail = own;
    return own;
  }

  #openNode(id: Readonly<StreamId>, fields: EntryFields): StreamNode {
    let roomBytes = 0;
    if (this.#tail !== null) {
      // The next node will be about as large; that of a small stream grows as it must.
      const { byteLength } = this.#tail;
      roomBytes = Math.min(byteLength + (byteLength >>> 5), maxRoomBytes);
      this.#nodes.close(this.#tail);
    }
    const node = StreamNode.create(fields, roomBytes);
    this.#tail = node;
    this.#tailId.copyFrom(id);
    this.#nodes.insert(id, node);
    return node;
  }

  #findTail(): void {
    const place = this.#nodes.ids.last();
    this.#tail = place === -1 ? null : this.#nodes.at(place);
    if (place !== -1) this.#nodes.ids.readId(place, this.#tailId);
  }

  #findFirst(): void {
    const reader = this.read({ start: minId, end: maxId });
    if (reader.next()) this.firstId.copyFrom(reader.id);
    else this.firstId.setMin();
  }
}
