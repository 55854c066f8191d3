/**
 * A large sorted set as the body of an RDB entry: from the highest score down, as Redis has it, whose
 * loader then always inserts at the front. Used by body-of.ts.
 *
 * Under a guard the set may change meanwhile. The last member written says which are written already:
 * those above it. One that is not, and is about to change, has its old score written first; one that
 * is new is none of this body's.
 */
import { rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import { compareBytes } from '../../util/compare-bytes.ts';
import type { ElementObserver } from '../types/value.ts';
import type { ZsetValue } from '../types/zset-value.ts';
import { workOf } from './body-work.ts';
import { ChangedElements } from './changed-elements.ts';
import type { ValueBody } from './value-body.ts';

export class ZsetBody implements ValueBody, ElementObserver {
  readonly rdbType = rdbType.zset2;
  readonly #zset: ZsetValue;
  readonly #size: number;
  readonly #changed = new ChangedElements();
  #begun = false;
  /** The lowest member that the walk has written, or passed over. */
  #last: { readonly score: number; readonly member: Buffer } | null = null;

  constructor(zset: ZsetValue) {
    this.#zset = zset;
    this.#size = zset.size;
  }

  write(output: RdbOutput, work: number): boolean {
    const zset = this.#zset;
    const changed = this.#changed;
    if (!this.#begun) output.length(this.#size);
    this.#begun = true;
    changed.moveTo(output);
    const next = this.#nextRank();
    if (next < 0) return true;
    zset.seek(next);
    for (let left = work; ;) {
      const score = zset.cursorScore;
      zset.readMember(zset.cursorRef);
      left -= workOf(zset);
      const { windowBuffer, windowStart, windowEnd } = zset;
      if (!changed.has(windowBuffer, windowStart, windowEnd)) {
        output.string(windowBuffer, windowStart, windowEnd);
        output.float64(score);
      }
      if (left <= 0) {
        const member = Buffer.from(windowBuffer.subarray(windowStart, windowEnd));
        this.#last = { score, member };
        return false;
      }
      if (!zset.previous()) return true;
    }
  }

  guard(): void {
    this.#zset.observer = this;
  }

  release(): void {
    this.#zset.observer = null;
  }

  beforeChange(member: Uint8Array, start: number, end: number): void {
    if (!this.#changed.add(member, start, end)) return;
    const ref = this.#zset.find(member, start, end);
    if (ref === 0) return;
    const score = this.#zset.scoreOf(ref);
    if (this.#isWritten(score, member, start, end)) return;
    const { output } = this.#changed;
    output.string(member, start, end);
    output.float64(score);
  }

  /** Where the walk goes on; −1 when it is through. */
  #nextRank(): number {
    const last = this.#last;
    if (last === null) return this.#zset.size - 1;
    return this.#zset.countBelow(last.score, last.member, 0, last.member.length) - 1;
  }

  #isWritten(score: number, member: Uint8Array, start: number, end: number): boolean {
    const last = this.#last;
    if (last === null) return false;
    if (score !== last.score) return score > last.score;
    return compareBytes(member, start, end, last.member, 0, last.member.length) >= 0;
  }
}
