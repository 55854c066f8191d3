/**
 * A sorted set under a key. Small ones are a listpack, others an index of members and their order;
 * one that has outgrown the listpack never goes back to it, as in Redis. Used by the commands on
 * sorted sets, by the RDB's reader and writer, and by SORT.
 *
 * Ranks count from the lowest score; members of one score stand in the order of their bytes. Every
 * range is a window of ranks: `countBelow…` finds its borders, `seek`, `next` and `previous` walk it.
 */
import { Listpack } from './listpack.ts';
import type { ByteWindow, ZsetForm } from './zset-form.ts';
import { ZsetIndex } from './zset-index.ts';
import { ZsetListpack } from './zset-listpack.ts';
import { type Value, type ValueSettings, valueTypes } from './value.ts';

/** The objects themselves, and the allocator's share. */
const overheadBytes = 160;

export class ZsetValue implements Value {
  readonly type = valueTypes.zset;
  accountedBytes = 0;
  readonly #settings: ValueSettings;
  #form: ZsetListpack | ZsetIndex = new ZsetListpack();

  constructor(settings: ValueSettings) {
    this.#settings = settings;
  }

  /** One made of a whole, valid listpack of members and scores in order, which is copied. */
  static fromListpack(settings: ValueSettings, listpack: Uint8Array): ZsetValue {
    const value = new ZsetValue(settings);
    value.#form = new ZsetListpack(Listpack.from(listpack));
    if (value.size > settings.zsetMaxListpackEntries) value.#outgrow();
    return value;
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

  /** The listpack of a small one, null for a large one: for RDB and DUMP, not to be changed. */
  get listpack(): Listpack | null {
    return this.#form instanceof ZsetListpack ? this.#form.listpack : null;
  }

  copy(): ZsetValue {
    const copy = new ZsetValue(this.#settings);
    copy.#form = this.#form.copy();
    return copy;
  }

  // ---- members ----

  /** The score of a member, NaN when it is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#form.find(bytes, start, end);
  }

  /** Adds the member that the last `find` did not find. */
  insert(score: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#form instanceof ZsetListpack && this.#outgrownBy(end - start)) {
      this.#outgrow();
      this.#form.find(bytes, start, end);
    }
    this.#form.insert(score, bytes, start, end);
  }

  /** Gives the member that the last `find` found another score. */
  rescore(score: number, bytes: Uint8Array, start: number, end: number): void {
    this.#form.rescore(score, bytes, start, end);
  }

  /** Gives a member its score, whether or not it is new; true when it is. */
  add(bytes: Uint8Array, start: number, end: number, score: number): boolean {
    const found = this.find(bytes, start, end);
    if (Number.isNaN(found)) {
      this.insert(score, bytes, start, end);
      return true;
    }
    if (found !== score) this.rescore(score, bytes, start, end);
    return false;
  }

  /** False when it is no member. */
  remove(bytes: Uint8Array, start: number, end: number): boolean {
    if (Number.isNaN(this.find(bytes, start, end))) return false;
    this.#form.remove(bytes, start, end);
    return true;
  }

  /** Removes the members with the ranks `from` … `to` − 1. */
  removeRanks(from: number, to: number): void {
    this.#form.removeRanks(from, to);
  }

  // ---- ranks ----

  /** How many members stand before this one; −1 when it is none. */
  rank(bytes: Uint8Array, start: number, end: number): number {
    if (Number.isNaN(this.find(bytes, start, end))) return -1;
    return this.#form.rank(bytes, start, end);
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

  /** The score at the cursor. */
  get cursorScore(): number {
    return this.#form.cursorScore;
  }

  /** The bytes of the member at the cursor. */
  readMember(): ByteWindow {
    return this.#form.readMember();
  }

  /**
   * Visits members in an order that additions and removals do not disturb, as ZSCAN must; returns
   * where to go on, 0 at the end. `visit` returns false to stop soon. A small set is visited whole.
   */
  walk(from: number, visit: (member: ByteWindow, score: number) => boolean): number {
    const form: ZsetForm = this.#form;
    if (form instanceof ZsetIndex) return form.walk(from, visit);
    if (form.size === 0) return 0;
    form.seek(0);
    do {
      const score = form.cursorScore;
      visit(form.readMember(), score);
    } while (form.next());
    return 0;
  }

  #outgrownBy(memberBytes: number): boolean {
    const { zsetMaxListpackEntries, zsetMaxListpackValue } = this.#settings;
    return this.size + 1 > zsetMaxListpackEntries || memberBytes > zsetMaxListpackValue;
  }

  #outgrow(): void {
    const index = new ZsetIndex(this.#settings.hashSeed);
    index.addAll(this.#form);
    this.#form = index;
  }
}
