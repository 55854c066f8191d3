/**
 * The form of a large sorted set: its members with their scores in a ByteMap, found by their bytes,
 * and the order of them in a ScoreTree. Redis calls its own form of this `skiplist`.
 */
import { ByteMap } from './byte-map.ts';
import { ScoreTree } from './score-tree.ts';
import type { ByteWindow, ZsetForm } from './zset-form.ts';

/** A score as the bytes that are a member's value in the map; meaningless between calls. */
const scratch = new Float64Array(1);
const scratchBytes = new Uint8Array(scratch.buffer);

export class ZsetIndex implements ZsetForm {
  readonly #seed: number;
  readonly #members: ByteMap;
  readonly #order: ScoreTree;
  /** The member that the last `find` found, and its score. */
  #foundRef = 0;
  #foundScore = NaN;

  constructor(hashSeed: number) {
    this.#seed = hashSeed;
    this.#members = new ByteMap(hashSeed);
    this.#order = new ScoreTree(this.#members);
  }

  get size(): number {
    return this.#order.size;
  }

  get memoryBytes(): number {
    return this.#members.memoryBytes + this.#order.memoryBytes;
  }

  copy(): ZsetIndex {
    const copy = new ZsetIndex(this.#seed);
    copy.addAll(this);
    return copy;
  }

  /** Takes over the members of another sorted set; none of them is here yet. */
  addAll(other: ZsetForm): void {
    if (other.size === 0) return;
    other.seek(0);
    do {
      const { windowBuffer, windowStart, windowEnd } = other.readMember();
      this.find(windowBuffer, windowStart, windowEnd);
      this.insert(other.cursorScore, windowBuffer, windowStart, windowEnd);
    } while (other.next());
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    const ref = this.#members.find(bytes, start, end);
    this.#foundRef = ref;
    this.#foundScore = ref === 0 ? NaN : this.#scoreOf(ref);
    return this.#foundScore;
  }

  insert(score: number, bytes: Uint8Array, start: number, end: number): void {
    scratch[0] = score;
    const ref = this.#members.insert(bytes, start, end, scratchBytes, 0, 8);
    this.#order.insert(score, ref, bytes, start, end);
  }

  rescore(score: number, bytes: Uint8Array, start: number, end: number): void {
    scratch[0] = score;
    // A value of the same length stays where it is, and so does the ref.
    this.#members.setValue(this.#foundRef, scratchBytes, 0, 8);
    this.#order.rescore(this.#foundScore, score, bytes, start, end);
  }

  remove(bytes: Uint8Array, start: number, end: number): void {
    this.#order.remove(this.#foundScore, bytes, start, end);
    this.#members.remove(this.#foundRef);
  }

  removeRanks(from: number, to: number): void {
    this.#order.removeRanks(from, to, (ref) => this.#members.remove(ref));
  }

  rank(bytes: Uint8Array, start: number, end: number): number {
    return this.#order.countBelow(this.#foundScore, false, bytes, start, end);
  }

  countBelowScore(score: number, orAt: boolean): number {
    return this.#order.countBelowScore(score, orAt);
  }

  countBelowMember(bytes: Uint8Array, start: number, end: number, orAt: boolean): number {
    if (this.size === 0) return 0;
    this.#order.seek(0);
    return this.#order.countBelow(this.#order.cursorScore, orAt, bytes, start, end);
  }

  seek(rank: number): void {
    this.#order.seek(rank);
  }

  next(): boolean {
    return this.#order.next();
  }

  previous(): boolean {
    return this.#order.previous();
  }

  get cursorScore(): number {
    return this.#order.cursorScore;
  }

  readMember(): ByteWindow {
    this.#members.readKey(this.#order.cursorRef);
    return this.#members;
  }

  /** ZSCAN's walk over the members in the order of their hashes; see `HashIndex.walk`. */
  walk(from: number, visit: (member: ByteWindow, score: number) => boolean): number {
    return this.#members.walk(from, (ref) => {
      const score = this.#scoreOf(ref);
      this.#members.readKey(ref);
      return visit(this.#members, score);
    });
  }

  #scoreOf(ref: number): number {
    const members = this.#members;
    members.readValue(ref);
    const { windowBuffer, windowStart } = members;
    for (let at = 0; at < 8; at++) scratchBytes[at] = windowBuffer[windowStart + at];
    return scratch[0];
  }
}
