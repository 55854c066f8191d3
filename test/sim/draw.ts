/**
 * Chance as the simulator uses it: choices drawn from a seed. Each concern (topology, faults,
 * workload, every network pipe …) draws from a stream of its own, so that one more draw here does
 * not change everything there.
 */
import { type Random, seededRandom } from '../../src/util/random.ts';

export class Draw {
  readonly random: Random;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.random = seededRandom(this.#seed);
  }

  /** An independent stream of the same seed. */
  fork(label: string): Draw {
    let hash = this.#seed ^ 0x811c9dc5;
    for (const char of label) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    return new Draw(hash ^ (hash >>> 15));
  }

  /** From `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.random.float() * (high - low + 1));
  }

  /** At least `low`, less than `high`. */
  between(low: number, high: number): number {
    return low + this.random.float() * (high - low);
  }

  chance(probability: number): boolean {
    return this.random.float() < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('nothing to pick from');
    return items[this.int(0, items.length - 1)];
  }

  /** One of the values, as often as its weight says. */
  weighted<T>(table: readonly (readonly [weight: number, value: T])[]): T {
    let total = 0;
    for (const [weight] of table) total += weight;
    let left = this.between(0, total);
    for (const [weight, value] of table) {
      left -= weight;
      if (left < 0) return value;
    }
    return table[table.length - 1][1];
  }
}
