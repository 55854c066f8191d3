/**
 * The clock of one simulated process. Reading the monotonic clock costs a little virtual time, as
 * work does: without it a snapshot or an expire cycle would always end within its first slice.
 */
import type { Clock, Timer } from '../../src/util/clock.ts';
import type { EventQueue, Lane } from './event-queue.ts';

/** Any fixed moment: runs must not depend on when they are made. */
export const epochMs = 1_700_000_000_000;

export class SimClock implements Clock {
  readonly #queue: EventQueue;
  readonly #lane: Lane;
  readonly #skewMs: number;
  readonly #costMs: number;

  /** `skewMs`: how far the wall clock is off. `costMs`: virtual time that a look at the clock takes. */
  constructor(queue: EventQueue, lane: Lane, options: { skewMs: number; costMs: number }) {
    this.#queue = queue;
    this.#lane = lane;
    this.#skewMs = options.skewMs;
    this.#costMs = options.costMs;
  }

  now(): number {
    return Math.floor(epochMs + this.#skewMs + this.#queue.nowMs);
  }

  monotonic(): number {
    this.#queue.nowMs += this.#costMs;
    return this.#queue.nowMs;
  }

  schedule(delayMs: number, fn: () => void): Timer {
    const event = this.#queue.after(this.#lane, delayMs, fn);
    return { cancel: () => void (event.cancelled = true) };
  }

  every(periodMs: number, fn: () => void): Timer {
    const again = (): Timer =>
      this.schedule(periodMs, () => {
        timer = again();
        fn();
      });
    let timer = again();
    return { cancel: () => timer.cancel() };
  }
}
