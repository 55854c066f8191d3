/**
 * The form of a large sorted set: its members with their scores in a ByteMap, found by their bytes,
 * and the order of them in a ScoreTree. Redis calls its own form of this `skiplist`.
 */
import { ByteMap } from './byte-map.ts';
import { ScoreTree } from './score-tree.ts';
import type { ZsetForm } from './zset-form.ts';

/** A score as the bytes that are a member's value in the map; meaningless between calls. */
const scratch = new Float64Array(1);
const scratchBytes = new Uint8Array(scratch.buffer);

export class ZsetIndex implements ZsetForm {
  readonly #seed: number;
  readonly #members: ByteMap;
  readonly #order: ScoreTree;

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

  get window(): ByteMap {
    return this.#members;
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
      const score = other.cursorScore;
      other.readMember(other.cursorRef);
      const { windowBuffer, windowStart, windowEnd } = other.window;
      this.find(windowBuffer, windowStart, windowEnd);
      this.insert(score, windowBuffer, windowStart, windowEnd);
    } while (other.next());
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#members.find(bytes, start, end);
  }

  scoreOf(ref: number): number {
    const members = this.#members;
    members.readValue(ref);
    const { windowBuffer, windowStart } = members;
    for (let at = 0; at < 8; at++) scratchBytes[at] = windowBuffer[windowStart + at];
    return scratch[0];
  }

  readMember(ref: number): void {
    this.#members.readKey(ref);
  }

  insert(score: number, bytes: Uint8Array, start: number, end: number): void {
    scratch[0] = score;
    const ref = this.#members.insert(bytes, start, end, scratchBytes, 0, 8);
    this.#order.insert(score, ref, bytes, start, end);
  }

  rescore(ref: number, score: number): void {
    const oldScore = this.scoreOf(ref);
    scratch[0] = score;
    // A value of the same length stays where it is, and so does the ref.
    this.#members.setValue(ref, scratchBytes, 0, 8);
    this.readMember(ref);
    const { windowBuffer, windowStart, windowEnd } = this.#members;
    this.#order.rescore(oldScore, score, windowBuffer, windowStart, windowEnd);
  }

  remove(ref: number): void {
    const score = this.scoreOf(ref);
    this.readMember(ref);
    const { windowBuffer, windowStart, windowEnd } = this.#members;
    this.#order.remove(score, windowBuffer, windowStart, windowEnd);
    this.#members.remove(ref);
  }

  removeRanks(from: number, to: number): void {
    this.#order.removeRanks(from, to, (ref) => this.#members.remove(ref));
  }

  rankOf(ref: number): number {
    const score = this.scoreOf(ref);
    this.readMember(ref);
    const { windowBuffer, windowStart, windowEnd } = this.#members;
    return this.#order.countBelow(score, false, windowBuffer, windowStart, windowEnd);
  }

  countBelow(score: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#order.countBelow(score, false, bytes, start, end);
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

  get cursorRef(): number {
    return this.#order.cursorRef;
  }

  get cursorScore(): number {
    return this.#order.cursorScore;
  }

  walk(from: number, visit: (ref: number) => boolean): number {
    return this.#members.walk(from, visit);
  }

  sample(random: () => number): number {
    return this.#members.sample(random);
  }
}
