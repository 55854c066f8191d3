/**
 * What the collections of a dict take in memory. Asking each of them per command would cost too
 * much, so those that were handed out for a change are noted, and counted anew when somebody asks or
 * too many have gathered. Between two counts the sum differs by what these have changed, no more.
 */
import type { Value } from '../types/value.ts';

/** So many changed collections may wait before what they take is counted anew. */
export const maxUncounted = 32;

export class CollectionBytes {
  /** The sum of all `accountedBytes`. */
  #counted = 0;
  /** Those handed out for a change, the latest last. */
  readonly #uncounted: Value[] = [];

  /** Bytes that all collections take now. */
  get total(): number {
    if (this.#uncounted.length !== 0) this.#count(this.#uncounted.length);
    return this.#counted;
  }

  /** A collection comes into the dict, of which nothing is counted yet. */
  add(value: Value): void {
    value.accountedBytes = 0;
    this.noteChange(value);
  }

  /** A collection is handed out for a change. */
  noteChange(value: Value): void {
    const uncounted = this.#uncounted;
    if (uncounted.length !== 0 && uncounted[uncounted.length - 1] === value) return;
    // The latest may be in the middle of their change: they are counted the next time.
    if (uncounted.length === maxUncounted) this.#count(maxUncounted / 2);
    uncounted.push(value);
  }

  /** A collection leaves the dict. */
  remove(value: Value): void {
    const uncounted = this.#uncounted;
    for (let at = uncounted.indexOf(value); at >= 0; at = uncounted.indexOf(value)) {
      uncounted.splice(at, 1);
    }
    this.#counted -= value.accountedBytes;
    value.accountedBytes = 0;
  }

  /** Counts the changes of the first so many. */
  #count(count: number): void {
    for (const value of this.#uncounted.splice(0, count)) {
      const { memoryBytes } = value;
      this.#counted += memoryBytes - value.accountedBytes;
      value.accountedBytes = memoryBytes;
    }
  }
}
