/**
 * Where decoded values go. The RDB reader and the decoding of DUMP payloads hand a string over
 * whole, a collection element by element:
 *
 *     string(…)                                         or
 *     target = beginHash(entry)  target.set(…) …  endCollection(entry)
 *
 * Whoever wants the data (the server's loader, a test) is the sink; the targets are its values. An
 * error of the reader may come between any two of these calls: what has begun is then void.
 * Byte windows are only valid during the call.
 */
import { StringWindow } from './string-window.ts';
import type { StreamId } from './structure/stream-id.ts';

/** What stands before an entry's value; one object, filled for each entry. */
export class RdbEntry {
  readonly key = new StringWindow();
  /** Unix milliseconds; this and the next two are −1 where the file does not say. */
  expireAtMs = -1;
  /** The time since the last access as the LRU saw it. */
  idleSeconds = -1;
  /** The LFU's counter, 0 … 255. */
  freq = -1;

  /** The facts hold for one key; the key itself stays until the next is read. */
  reset(): void {
    this.expireAtMs = -1;
    this.idleSeconds = -1;
    this.freq = -1;
  }
}

/** What is read correctly but means nothing here. */
export type SkippedItem = 'slot-info' | 'function-library' | 'module-aux' | 'module-value';

export interface RdbValueSink {
  string(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
    idleSeconds: number,
    freq: number,
  ): void;

  /** A collection begins. It may turn out empty: what that means is the sink's business. */
  beginList(entry: RdbEntry): ListTarget;
  beginSet(entry: RdbEntry): SetTarget;
  beginHash(entry: RdbEntry): HashTarget;
  beginZset(entry: RdbEntry): ZsetTarget;
  beginStream(entry: RdbEntry): StreamTarget;
  /** The collection is whole; `entry` is the one it began with. */
  endCollection(entry: RdbEntry): void;

  skipped?(item: SkippedItem): void;
}

/*
 * The targets. `add` and `set` return false when they had the element already: the reader then
 * refuses the value. The optional methods take the elements of a whole compact structure at once:
 * it is sound, its elements stand in the forms in which Redis writes them, none is there twice, and
 * the target is still empty (a list's need not be). False: the target wants them one by one.
 */

export interface ListTarget {
  pushTail(bytes: Uint8Array, start: number, end: number): void;
  pushListpack?(bytes: Uint8Array, start: number, end: number, count: number): boolean;
  /** An element that had a node to itself for its length. */
  pushPlain?(bytes: Uint8Array, start: number, end: number): void;
}

export interface SetTarget {
  add(bytes: Uint8Array, start: number, end: number): boolean;
  adoptIntset?(bytes: Uint8Array, start: number, end: number): boolean;
}

export interface HashTarget {
  /** `expireAtMs`: when the field ends, Unix milliseconds; left out for never. */
  set(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAtMs?: number,
  ): boolean;
  /** Fields and values in turn; `longestBytes` is the length of the longest of them. */
  adoptListpack?(bytes: Uint8Array, start: number, end: number, longestBytes: number): boolean;
}

export interface ZsetTarget {
  add(bytes: Uint8Array, start: number, end: number, score: number): boolean;
  /** Members and scores in turn, in their order; `longestBytes` is that of the longest member. */
  adoptListpack?(bytes: Uint8Array, start: number, end: number, longestBytes: number): boolean;
}

/**
 * Streams come node by node, then what is known of the whole, then group by group, each with its
 * pending entries and then its consumers. Ids and windows are only valid during the call.
 */
export interface StreamTarget {
  /** A listpack of entries, checked (structure/stream-survey.ts), behind all before it. */
  addNode(id: Readonly<StreamId>, bytes: Uint8Array, start: number, end: number): void;
  setFacts(facts: StreamFacts): void;
  /** Null when it is there already. */
  addGroup(name: Uint8Array, start: number, end: number): StreamGroupTarget | null;
}

/** Before Redis 7.0 only the first was kept. */
export interface StreamFacts {
  readonly lastId: Readonly<StreamId>;
  readonly maxDeletedId?: Readonly<StreamId>;
  readonly entriesAdded?: number | bigint;
}

export interface StreamGroupTarget {
  /** `entriesRead`: −1 where it is not known, null where no one had kept it yet. */
  setProgress(lastId: Readonly<StreamId>, entriesRead: number | bigint | null): void;
  /** False when it is there already. */
  addPending(id: Readonly<StreamId>, deliveredAtMs: number, deliveries: number | bigint): boolean;
  /** Null when it is there already. */
  addConsumer(name: Buffer, seenAtMs: number): StreamConsumerTarget | null;
}

export interface StreamConsumerTarget {
  /** One of the group's pending entries is this consumer's; false when that cannot be. */
  addPending(id: Readonly<StreamId>): boolean;
}
