/** A clock that stands still until a test moves it. Timers run in the order of their time. */
import type { Clock, Timer } from '../../../../src/util/clock.ts';

interface Pending {
  atMs: number;
  readonly periodMs: number | undefined;
  readonly fn: () => void;
}

export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, fn: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + delayMs, periodMs: undefined, fn });
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + periodMs, periodMs, fn });
  }

  /** Moves time on and runs what falls due on the way. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const next = this.#nextDue(end);
      if (next === undefined) break;
      this.#nowMs = next.atMs;
      if (next.periodMs === undefined) this.#pending.delete(next);
      else next.atMs += next.periodMs;
      next.fn();
    }
    this.#nowMs = end;
  }

  #nextDue(end: number): Pending | undefined {
    let best: Pending | undefined;
    for (const one of this.#pending) {
      if (one.atMs <= end && (best === undefined || one.atMs < best.atMs)) best = one;
    }
    return best;
  }

  #add(one: Pending): Timer {
    this.#pending.add(one);
    return { cancel: () => void this.#pending.delete(one) };
  }
}
