/**
 * The compact form of a sorted set: members and scores in turn, in order, in one listpack as Redis
 * keeps them. Everything is a walk from one end. A ref is a member's position. Scores are integers
 * where they can be, otherwise text as `%.17g` prints it.
 */
import { formatDouble, parseDouble } from '../../util/double.ts';
import { Listpack } from './listpack.ts';
import type { ZsetForm } from './zset-form.ts';

export class ZsetListpack implements ZsetForm {
  readonly listpack: Listpack;
  cursorRef = 0;

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

  get window(): Listpack {
    return this.listpack;
  }

  copy(): ZsetListpack {
    return new ZsetListpack(this.listpack.copy());
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    return this.listpack.find(bytes, start, end, this.listpack.first(), 1);
  }

  scoreOf(ref: number): number {
    const { listpack } = this;
    const at = listpack.next(ref);
    if (listpack.isInteger(at)) return listpack.integer(at);
    listpack.read(at);
    return parseDouble(listpack.windowBuffer, listpack.windowStart, listpack.windowEnd);
  }

  readMember(ref: number): void {
    this.listpack.read(ref);
  }

  insert(score: number, bytes: Uint8Array, start: number, end: number): void {
    const { listpack } = this;
    const ref = listpack.insert(this.#placeFor(score, bytes, start, end), bytes, start, end);
    const at = listpack.next(ref) || listpack.end;
    // The sum turns −0 into 0, as which Redis stores it.
    if (Number.isSafeInteger(score)) listpack.insertInteger(at, score + 0);
    else listpack.insert(at, ...textOf(score));
  }

  rescore(ref: number, score: number): void {
    const { listpack } = this;
    if (this.#staysInPlace(ref, score)) {
      const at = listpack.next(ref);
      if (Number.isSafeInteger(score)) listpack.replaceInteger(at, score + 0);
      else listpack.replace(at, ...textOf(score));
      return;
    }
    listpack.read(ref);
    const { windowBuffer, windowStart, windowEnd } = listpack;
    const member = Buffer.from(windowBuffer.subarray(windowStart, windowEnd));
    this.remove(ref);
    this.insert(score, member, 0, member.length);
  }

  remove(ref: number): void {
    this.listpack.removeRange(ref, 2);
  }

  removeRanks(from: number, to: number): void {
    const { listpack } = this;
    if (from < to) listpack.removeRange(listpack.seek(from * 2), (to - from) * 2);
  }

  rankOf(ref: number): number {
    let rank = 0;
    for (let at = this.listpack.first(); at !== ref; at = this.#after(at)) rank++;
    return rank;
  }

  countBelow(score: number, bytes: Uint8Array, start: number, end: number): number {
    let count = 0;
    for (let ref = this.listpack.first(); ref !== 0; ref = this.#after(ref)) {
      const found = this.scoreOf(ref);
      if (found > score) break;
      if (found === score && this.listpack.compare(ref, bytes, start, end) >= 0) break;
      count++;
    }
    return count;
  }

  countBelowScore(score: number, orAt: boolean): number {
    let count = 0;
    for (let ref = this.listpack.first(); ref !== 0; ref = this.#after(ref)) {
      const found = this.scoreOf(ref);
      if (orAt ? found > score : found >= score) break;
      count++;
    }
    return count;
  }

  countBelowMember(bytes: Uint8Array, start: number, end: number, orAt: boolean): number {
    let count = 0;
    for (let ref = this.listpack.first(); ref !== 0; ref = this.#after(ref)) {
      const order = this.listpack.compare(ref, bytes, start, end);
      if (orAt ? order > 0 : order >= 0) break;
      count++;
    }
    return count;
  }

  seek(rank: number): void {
    this.cursorRef = this.listpack.seek(rank * 2);
  }

  next(): boolean {
    const ref = this.#after(this.cursorRef);
    if (ref !== 0) this.cursorRef = ref;
    return ref !== 0;
  }

  previous(): boolean {
    const ref = this.#before(this.cursorRef);
    if (ref !== 0) this.cursorRef = ref;
    return ref !== 0;
  }

  get cursorScore(): number {
    return this.scoreOf(this.cursorRef);
  }

  /** All members in order, whatever `visit` returns. */
  walk(_from: number, visit: (ref: number) => boolean): number {
    for (let ref = this.listpack.first(); ref !== 0; ref = this.#after(ref)) visit(ref);
    return 0;
  }

  sample(random: () => number): number {
    return this.listpack.seek(Math.floor(random() * this.size) * 2);
  }

  /** The member behind this one, 0 behind the last. */
  #after(ref: number): number {
    const { listpack } = this;
    return listpack.next(listpack.next(ref));
  }

  #before(ref: number): number {
    const { listpack } = this;
    const at = listpack.previous(ref);
    return at === 0 ? 0 : listpack.previous(at);
  }

  /** Whether a member with another score would still stand between the same two. */
  #staysInPlace(ref: number, score: number): boolean {
    const before = this.#before(ref);
    if (before !== 0 && this.scoreOf(before) >= score) return false;
    const after = this.#after(ref);
    return after === 0 || this.scoreOf(after) > score;
  }

  /** Where a new member goes: before the first that is greater. */
  #placeFor(score: number, bytes: Uint8Array, start: number, end: number): number {
    const { listpack } = this;
    const last = listpack.seek(-2);
    if (last === 0 || !this.#isGreater(last, score, bytes, start, end)) return listpack.end;
    let ref = listpack.first();
    while (!this.#isGreater(ref, score, bytes, start, end)) ref = this.#after(ref);
    return ref;
  }

  #isGreater(ref: number, score: number, bytes: Uint8Array, start: number, end: number): boolean {
    const found = this.scoreOf(ref);
    if (found !== score) return found > score;
    return this.listpack.compare(ref, bytes, start, end) > 0;
  }
}

/** A score that is no integer, as it is stored. */
function textOf(score: number): [text: Buffer, start: number, end: number] {
  const text = Buffer.from(formatDouble(score), 'latin1');
  return [text, 0, text.length];
}
