/**
 * A sorted set under a key. Small ones are a listpack, others an index of members and their order;
 * one that has outgrown the listpack never goes back to it, as in Redis 7.0.
 *
 * A member is addressed by its `ref`, whatever the form, until the set changes. Ranks count from
 * the lowest score; members of one score stand in the order of their bytes. Every range is a window
 * of ranks: `countBelow…` finds its borders, `seek`, `next` and `previous` walk it.
 *
 * Used by the commands on sorted sets and the RDB loader; it knows nothing of keys or replies.
 */
import { Listpack } from './listpack.ts';
import { ZsetIndex } from './zset-index.ts';
import { ZsetListpack } from './zset-listpack.ts';
import {
  type ElementObserver,
  takeHashSeed,
  type Value,
  type ValueSettings,
  valueTypes,
} from './value.ts';

/** A listpack is never let grow beyond this, whatever the settings say. [listpack.c, 7.0] */
const maxListpackBytes = 1 << 30;
/** The objects themselves and the listpack's buffer without its bytes. */
const overheadBytes = 400;

export class ZsetValue implements Value {
  readonly type = valueTypes.zset;
  accountedBytes = 0;
  /** Told of members, once it has left the listpack. */
  observer: ElementObserver | null = null;
  readonly #settings: ValueSettings;
  #form: ZsetListpack | ZsetIndex = new ZsetListpack();

  constructor(settings: ValueSettings) {
    this.#settings = settings;
  }

  /**
   * Takes over the whole of a valid listpack of members and scores in order while this set is still
   * empty: the way in for what has been saved. False when it is too large to stay one;
   * `longestBytes` is the length of its longest member.
   */
  adoptListpack(bytes: Uint8Array, start: number, end: number, longestBytes: number): boolean {
    const { zsetMaxListpackEntries, zsetMaxListpackValue } = this.#settings;
    if (longestBytes > zsetMaxListpackValue) return false;
    const form = new ZsetListpack(Listpack.from(bytes, start, end));
    if (form.size > zsetMaxListpackEntries) return false;
    this.#form = form;
    return true;
  }

  /** An empty one that is an index from the start, for results of any size; see `compact`. */
  static indexed(settings: ValueSettings): ZsetValue {
    const value = new ZsetValue(settings);
    value.#form = new ZsetIndex(takeHashSeed(settings));
    return value;
  }

  /** Leaves the listpack for good, as Redis has SORT do. */
  becomeIndex(): void {
    if (this.#form instanceof ZsetListpack) this.#leaveListpack(this.#form);
  }

  get size(): number {
    return this.#form.size;
  }

  get encoding(): string {
    return this.#form instanceof ZsetListpack ? 'listpack' : 'skiplist';
  }

  get memoryBytes(): number {
    return this.#form.memoryBytes + overheadBytes;
  }

  /** The whole sorted set as a listpack, while it is one; for reading. */
  get listpack(): Listpack | null {
    return this.#form instanceof ZsetListpack ? this.#form.listpack : null;
  }

  /** Turns an index that fits a listpack into one: what is stored as a result begins small. */
  compact(): void {
    const form = this.#form;
    const small = new ZsetListpack();
    if (form instanceof ZsetListpack || form.size === 0) return;
    form.seek(0);
    do {
      form.readMember(form.cursorRef);
      const { windowBuffer, windowStart, windowEnd } = form.window;
      if (!this.#hasRoom(small, windowEnd - windowStart)) return;
      small.insert(form.cursorScore, windowBuffer, windowStart, windowEnd);
    } while (form.next());
    this.#form = small;
  }

  copy(): ZsetValue {
    const copy = new ZsetValue(this.#settings);
    copy.#form = this.#form.copy();
    return copy;
  }

  // ---- members ----

  /** The member with these bytes, 0 when it is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#form.find(bytes, start, end);
  }

  scoreOf(ref: number): number {
    return this.#form.scoreOf(ref);
  }

  /** Opens the window on the member's bytes. */
  readMember(ref: number): void {
    this.#form.readMember(ref);
  }

  /** The window that `readMember` last opened; valid until the next read or change. */
  get windowBuffer(): Buffer {
    return this.#form.window.windowBuffer;
  }

  get windowStart(): number {
    return this.#form.window.windowStart;
  }

  get windowEnd(): number {
    return this.#form.window.windowEnd;
  }

  /** Adds a member; the last `find` must have looked for it and not found it. */
  insert(score: number, bytes: Uint8Array, start: number, end: number): void {
    const form = this.#form;
    this.observer?.beforeChange(bytes, start, end);
    if (form instanceof ZsetListpack && !this.#hasRoom(form, end - start)) {
      const index = this.#leaveListpack(form);
      index.find(bytes, start, end);
      index.insert(score, bytes, start, end);
    } else {
      form.insert(score, bytes, start, end);
    }
  }

  /** Gives a member another score. */
  rescore(ref: number, score: number): void {
    if (this.observer !== null) this.#announce(this.observer, ref);
    this.#form.rescore(ref, score);
  }

  /** Gives a member its score, whether or not it is there yet; true when it is new. */
  add(bytes: Uint8Array, start: number, end: number, score: number): boolean {
    const ref = this.find(bytes, start, end);
    if (ref === 0) this.insert(score, bytes, start, end);
    else if (this.scoreOf(ref) !== score) this.rescore(ref, score);
    return ref === 0;
  }

  /** True when there was such a member. */
  remove(bytes: Uint8Array, start: number, end: number): boolean {
    const ref = this.find(bytes, start, end);
    if (ref === 0) return false;
    this.observer?.beforeChange(bytes, start, end);
    this.#form.remove(ref);
    return true;
  }

  /** Removes the members with the ranks `from` … `to` − 1. */
  removeRanks(from: number, to: number): void {
    if (this.observer !== null) this.#announceRanks(this.observer, from, to);
    this.#form.removeRanks(from, to);
  }

  /**
   * Visits members as ZSCAN does: see `HashIndex.walk`. A listpack is visited whole, in order,
   * whatever `visit` returns. `visit` must not change the set.
   */
  walk(from: number, visit: (ref: number) => boolean): number {
    return this.#form.walk(from, visit);
  }

  /** A random member, each as likely as any other; 0 when there is none. */
  sample(random: () => number): number {
    return this.#form.sample(random);
  }

  // ---- ranks ----

  /** How many members stand before this one. */
  rankOf(ref: number): number {
    return this.#form.rankOf(ref);
  }

  /** How many members stand before the place of these bytes with this score. */
  countBelow(score: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#form.countBelow(score, bytes, start, end);
  }

  /** How many members have a lower score, or with `orAt` a score at most this. */
  countBelowScore(score: number, orAt: boolean): number {
    return this.#form.countBelowScore(score, orAt);
  }

  /**
   * How many members sort before these bytes, or with `orAt` at or before them. All scores must be
   * one, or the answer means nothing.
   */
  countBelowMember(bytes: Uint8Array, start: number, end: number, orAt: boolean): number {
    return this.#form.countBelowMember(bytes, start, end, orAt);
  }

  // ---- the cursor: at one member, until the next change ----

  /** Sets the cursor on the member with this rank, which must exist. */
  seek(rank: number): void {
    this.#form.seek(rank);
  }

  /** Moves the cursor up by one rank; false, without moving, at the last member. */
  next(): boolean {
    return this.#form.next();
  }

  /** Moves the cursor down by one rank; false, without moving, at the first member. */
  previous(): boolean {
    return this.#form.previous();
  }

  get cursorRef(): number {
    return this.#form.cursorRef;
  }

  get cursorScore(): number {
    return this.#form.cursorScore;
  }

  #announce(observer: ElementObserver, ref: number): void {
    this.readMember(ref);
    observer.beforeChange(this.windowBuffer, this.windowStart, this.windowEnd);
  }

  #announceRanks(observer: ElementObserver, from: number, to: number): void {
    if (from >= to) return;
    this.seek(from);
    for (let left = to - from; left > 0; left--) {
      this.#announce(observer, this.cursorRef);
      this.next();
    }
  }

  /** Whether the listpack may take one more member of so many bytes. */
  #hasRoom(form: ZsetListpack, memberBytes: number): boolean {
    const { zsetMaxListpackEntries, zsetMaxListpackValue } = this.#settings;
    return (
      form.size < zsetMaxListpackEntries &&
      memberBytes <= zsetMaxListpackValue &&
      form.listpack.byteLength + memberBytes <= maxListpackBytes
    );
  }

  #leaveListpack(form: ZsetListpack): ZsetIndex {
    const index = new ZsetIndex(takeHashSeed(this.#settings));
    index.addAll(form);
    this.#form = index;
    return index;
  }
}
