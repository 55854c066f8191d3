/**
 * The compact form of a sorted set: members and scores in turn, in order, in one listpack as Redis
 * keeps them. Everything is a walk from one end. Scores are integers where they can be, otherwise
 * text as `%.17g` prints it.
 */
import { compareBytes } from '../../util/compare-bytes.ts';
import { formatDouble, parseDouble } from '../../util/double.ts';
import { Listpack } from './listpack.ts';
import type { ByteWindow, ZsetForm } from './zset-form.ts';

export class ZsetListpack implements ZsetForm {
  readonly listpack: Listpack;
  /** Position of the member that the last `find` found. */
  #found = 0;
  /** Position of the member at the cursor. */
  #cursor = 0;

  /** The listpack becomes its own. */
  constructor(listpack = new Listpack()) {
    this.listpack = listpack;
  }

  get size(): number {
    return this.listpack.length >>> 1;
  }

  get memoryBytes(): number {
    return this.listpack.reservedBytes;
  }

  copy(): ZsetListpack {
    return new ZsetListpack(this.listpack.copy());
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    const { listpack } = this;
    this.#found = listpack.find(bytes, start, end, listpack.first(), 1);
    return this.#found === 0 ? NaN : this.#scoreOf(this.#found);
  }

  insert(score: number, bytes: Uint8Array, start: number, end: number): void {
    const { listpack } = this;
    const at = listpack.insert(this.#placeFor(score, bytes, start, end), bytes, start, end);
    const scoreAt = listpack.next(at) || listpack.end;
    if (Number.isSafeInteger(score)) {
      // The sum turns −0 into 0, as which Redis stores it.
      listpack.insertInteger(scoreAt, score + 0);
    } else {
      const text = Buffer.from(formatDouble(score), 'latin1');
      listpack.insert(scoreAt, text, 0, text.length);
    }
  }

  rescore(score: number, bytes: Uint8Array, start: number, end: number): void {
    this.remove();
    this.insert(score, bytes, start, end);
  }

  remove(): void {
    this.listpack.removeRange(this.#found, 2);
  }

  removeRanks(from: number, to: number): void {
    const { listpack } = this;
    if (from < to) listpack.removeRange(listpack.seek(from * 2), (to - from) * 2);
  }

  rank(): number {
    const { listpack } = this;
    let rank = 0;
    for (let at = listpack.first(); at !== this.#found; at = this.#after(at)) rank++;
    return rank;
  }

  countBelowScore(score: number, orAt: boolean): number {
    let count = 0;
    for (let at = this.listpack.first(); at !== 0; at = this.#after(at)) {
      const found = this.#scoreOf(at);
      if (orAt ? found > score : found >= score) break;
      count++;
    }
    return count;
  }

  countBelowMember(bytes: Uint8Array, start: number, end: number, orAt: boolean): number {
    let count = 0;
    for (let at = this.listpack.first(); at !== 0; at = this.#after(at)) {
      const order = this.#compareMember(at, bytes, start, end);
      if (orAt ? order > 0 : order >= 0) break;
      count++;
    }
    return count;
  }

  seek(rank: number): void {
    this.#cursor = this.listpack.seek(rank * 2);
  }

  next(): boolean {
    const at = this.#after(this.#cursor);
    if (at !== 0) this.#cursor = at;
    return at !== 0;
  }

  previous(): boolean {
    const { listpack } = this;
    const scoreAt = listpack.previous(this.#cursor);
    if (scoreAt !== 0) this.#cursor = listpack.previous(scoreAt);
    return scoreAt !== 0;
  }

  get cursorScore(): number {
    return this.#scoreOf(this.#cursor);
  }

  readMember(): ByteWindow {
    this.listpack.read(this.#cursor);
    return this.listpack;
  }

  /** The position of the member behind the one at `at`, 0 behind the last. */
  #after(at: number): number {
    const { listpack } = this;
    return listpack.next(listpack.next(at));
  }

  /** The score of the member at `at`. */
  #scoreOf(at: number): number {
    const { listpack } = this;
    const scoreAt = listpack.next(at);
    if (listpack.isInteger(scoreAt)) return listpack.integer(scoreAt);
    listpack.read(scoreAt);
    return parseDouble(listpack.windowBuffer, listpack.windowStart, listpack.windowEnd);
  }

  /** Where a new member goes: before the first that is greater. */
  #placeFor(score: number, bytes: Uint8Array, start: number, end: number): number {
    const { listpack } = this;
    for (let at = listpack.first(); at !== 0; at = this.#after(at)) {
      const found = this.#scoreOf(at);
      if (found > score) return at;
      if (found === score && this.#compareMember(at, bytes, start, end) > 0) return at;
    }
    return listpack.end;
  }

  #compareMember(at: number, bytes: Uint8Array, start: number, end: number): number {
    const { listpack } = this;
    listpack.read(at);
    const { windowBuffer, windowStart, windowEnd } = listpack;
    return compareBytes(windowBuffer, windowStart, windowEnd, bytes, start, end);
  }
}
