/**
 * The latency monitor: what took at least `latency-monitor-threshold` milliseconds, by event. An
 * event keeps its latest samples, one a second at most, and its worst of all time. LATENCY shows
 * them; whoever measures something that may stall the server calls `note`.
 */
import type { Clock } from '../util/clock.ts';
import type { Config } from './config.ts';

/** What is measured: Redis's names, as far as this server does such things. */
export type LatencyEvent =
  /** A command; one that Redis calls fast, which then should not have taken long. */
  | 'command'
  | 'fast-command'
  /** A slice of deleting expired keys, or of evicting keys. */
  | 'expire-cycle'
  | 'eviction-cycle'
  /** Answering a client that was blocked. */
  | 'command-unblocking';

export interface LatencySample {
  /** Unix seconds. */
  readonly timeSec: number;
  readonly latencyMs: number;
}

/** What is kept of one event. */
export interface LatencySeries {
  /** Oldest first. */
  readonly samples: LatencySample[];
  maxMs: number;
}

/** [latency.h, 7.0] */
const maxSamples = 160;

export class LatencyMonitor {
  readonly #clock: Clock;
  readonly #config: Config;
  readonly #series = new Map<string, LatencySeries>();

  constructor(clock: Clock, config: Config) {
    this.#clock = clock;
    this.#config = config;
  }

  /** Something took so many milliseconds; kept when it reaches the threshold. */
  note(event: LatencyEvent, milliseconds: number): void {
    const thresholdMs = this.#config.values.latencyMonitorThreshold;
    if (thresholdMs === 0 || milliseconds < thresholdMs) return;
    this.#add(event, Math.floor(milliseconds), Math.floor(this.#clock.now() / 1000));
  }

  #add(event: LatencyEvent, latencyMs: number, timeSec: number): void {
    const series = this.#series.get(event) ?? { samples: [], maxMs: 0 };
    this.#series.set(event, series);
    series.maxMs = Math.max(series.maxMs, latencyMs);
    const { samples } = series;
    const last = samples.at(-1);
    if (last?.timeSec === timeSec) {
      // Of one second only the worst counts.
      samples[samples.length - 1] = { timeSec, latencyMs: Math.max(last.latencyMs, latencyMs) };
      return;
    }
    samples.push({ timeSec, latencyMs });
    if (samples.length > maxSamples) samples.shift();
  }

  /** Every event that has samples. */
  all(): ReadonlyMap<string, LatencySeries> {
    return this.#series;
  }

  series(event: string): LatencySeries | undefined {
    return this.#series.get(event);
  }

  /** Forgets an event; false when there was nothing to forget. */
  reset(event: string): boolean {
    return this.#series.delete(event);
  }
}
