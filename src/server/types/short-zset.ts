/**
 * A sorted set of few members that lives for one command: what a combination of small sets comes to.
 * Members lie one behind the other in a buffer, are found by looking through all of them, and are put
 * in order when all have come. For more than some dozens a ZsetValue is better.
 */
import { compareBytes } from '../../util/compare-bytes.ts';
import { copyBytes } from '../../util/copy-bytes.ts';

/** Taken from Node's pool, as long as it is enough. */
const firstBytes = 512;

export class ShortZset {
  /** The window that `readMember` last opened. */
  windowBuffer: Buffer = Buffer.allocUnsafe(firstBytes);
  windowStart = 0;
  windowEnd = 0;
  /** Bytes of the longest member. */
  longestBytes = 0;

  /** Member `ref` is `windowBuffer[#ends[ref − 1] … #ends[ref])`; the first has number 1. */
  readonly #ends: number[] = [0];
  readonly #scores: number[] = [0];

  get size(): number {
    return this.#ends.length - 1;
  }

  /** The number of the member with these bytes, 0 when it is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const ends = this.#ends;
    const held = this.windowBuffer;
    const length = end - start;
    for (let ref = 1; ref < ends.length; ref++) {
      const at = ends[ref - 1];
      if (ends[ref] - at !== length) continue;
      let same = 0;
      while (same < length && held[at + same] === bytes[start + same]) same++;
      if (same === length) return ref;
    }
    return 0;
  }

  /** Adds a member that is known not to be there. */
  insert(score: number, bytes: Uint8Array, start: number, end: number): void {
    const at = this.#ends[this.#ends.length - 1];
    const needed = at + end - start;
    if (needed > this.windowBuffer.length) this.#grow(needed);
    copyBytes(bytes, start, end, this.windowBuffer, at);
    this.longestBytes = Math.max(this.longestBytes, end - start);
    this.#ends.push(needed);
    this.#scores.push(score);
  }

  add(bytes: Uint8Array, start: number, end: number, score: number): void {
    const ref = this.find(bytes, start, end);
    if (ref === 0) this.insert(score, bytes, start, end);
    else this.#scores[ref] = score;
  }

  scoreOf(ref: number): number {
    return this.#scores[ref];
  }

  rescore(ref: number, score: number): void {
    this.#scores[ref] = score;
  }

  readMember(ref: number): void {
    this.windowStart = this.#ends[ref - 1];
    this.windowEnd = this.#ends[ref];
  }

  /** All members from the lowest score up; those of one score in the order of their bytes. */
  inOrder(): number[] {
    const refs = Array.from(this.#scores, (_, ref) => ref);
    refs.shift();
    return refs.sort((a, b) => this.#scores[a] - this.#scores[b] || this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    const ends = this.#ends;
    const bytes = this.windowBuffer;
    return compareBytes(bytes, ends[a - 1], ends[a], bytes, ends[b - 1], ends[b]);
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.windowBuffer.length * 2));
    this.windowBuffer.copy(grown);
    this.windowBuffer = grown;
  }
}
