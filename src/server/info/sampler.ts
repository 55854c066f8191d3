/**
 * The figures of INFO that need a look at regular times: rates per second over the last 1.6 seconds,
 * and the most memory ever used. The cron calls `sample` ten times a second.
 */
import type { Clock } from '../../util/clock.ts';
import type { ServerStats } from '../stats.ts';

/** As many as Redis averages over. */
const sampleCount = 16;

const counters = {
  commands: (stats: ServerStats) => stats.totalCommandsProcessed,
  input: (stats: ServerStats) => stats.totalNetInputBytes + stats.totalNetReplInputBytes,
  output: (stats: ServerStats) => stats.totalNetOutputBytes + stats.totalNetReplOutputBytes,
  replInput: (stats: ServerStats) => stats.totalNetReplInputBytes,
  replOutput: (stats: ServerStats) => stats.totalNetReplOutputBytes,
} as const;
export type RateName = keyof typeof counters;
const names = Object.keys(counters) as RateName[];

interface Sample {
  readonly atMs: number;
  readonly values: Record<RateName, number>;
}

export class InfoSampler {
  readonly #clock: Clock;
  readonly #stats: ServerStats;
  readonly #usedMemory: () => number;
  /** Oldest first. */
  #samples: Sample[] = [];
  #peakMemory = 0;

  constructor(options: {
    clock: Clock;
    stats: ServerStats;
    /** Bytes; see `memory.ts`. */
    usedMemory: () => number;
  }) {
    this.#clock = options.clock;
    this.#stats = options.stats;
    this.#usedMemory = options.usedMemory;
  }

  sample(): void {
    const values = {} as Record<RateName, number>;
    for (const name of names) values[name] = counters[name](this.#stats);
    this.#samples.push({ atMs: this.#clock.monotonic(), values });
    if (this.#samples.length > sampleCount) this.#samples.shift();
    this.#peakMemory = Math.max(this.#peakMemory, this.#usedMemory());
  }

  perSecond(name: RateName): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    const seconds = (last.atMs - first.atMs) / 1000;
    return Math.max(0, (last.values[name] - first.values[name]) / seconds);
  }

  /** The most memory used at any look so far, `now` included. */
  peakMemory(now: number): number {
    this.#peakMemory = Math.max(this.#peakMemory, now);
    return this.#peakMemory;
  }

  /** CONFIG RESETSTAT; the peak is no counter and stays. */
  reset(): void {
    this.#samples = [];
  }
}
