/**
 * A hash as readers see it while some of its fields are past their time and not deleted yet: those
 * are not there. Made for one command, and only for such a hash.
 */
import type { HashFields, HashValue } from './hash-value.ts';

/** With so many draws in vain, those that are left are too few to be found by chance. */
const maxDraws = 32;

export class LiveFields implements HashFields {
  readonly #hash: HashValue;
  readonly #nowMs: number;

  constructor(hash: HashValue, nowMs: number) {
    this.#hash = hash;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#hash.size - (this.#hash.times?.countDue(this.#nowMs) ?? 0);
  }

  get windowBuffer(): Buffer {
    return this.#hash.windowBuffer;
  }

  get windowStart(): number {
    return this.#hash.windowStart;
  }

  get windowEnd(): number {
    return this.#hash.windowEnd;
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#hasEnded(bytes, start, end) ? 0 : this.#hash.find(bytes, start, end);
  }

  readField(ref: number): void {
    this.#hash.readField(ref);
  }

  readValue(ref: number): void {
    this.#hash.readValue(ref);
  }

  walk(from: number, visit: (ref: number) => boolean): number {
    return this.#hash.walk(from, (ref) => !this.#isLive(ref) || visit(ref));
  }

  sample(random: () => number): number {
    for (let draw = 0; draw < maxDraws; draw++) {
      const ref = this.#hash.sample(random);
      if (ref !== 0 && this.#isLive(ref)) return ref;
    }
    const refs: number[] = [];
    this.walk(0, (ref) => refs.push(ref) > 0);
    return refs.length === 0 ? 0 : refs[Math.floor(random() * refs.length)];
  }

  #isLive(ref: number): boolean {
    const hash = this.#hash;
    hash.readField(ref);
    return !this.#hasEnded(hash.windowBuffer, hash.windowStart, hash.windowEnd);
  }

  #hasEnded(field: Uint8Array, start: number, end: number): boolean {
    const at = this.#hash.expireAt(field, start, end);
    return at >= 0 && at <= this.#nowMs;
  }
}
