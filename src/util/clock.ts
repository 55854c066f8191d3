/**
 * Time as a parameter. Everything below the entry points takes a `Clock`, so that tests and the
 * simulator decide when a second has passed. Only composition roots use `systemClock`.
 */

/** A pending callback; cancelling twice, or after it ran, is harmless. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, Unix milliseconds. */
  now(): number;
  /** A clock that never goes back, fractional milliseconds since some fixed point. */
  monotonic(): number;
  /** Runs `fn` once after `delayMs`. */
  schedule(delayMs: number, fn: () => void): Timer;
  /** Runs `fn` every `periodMs` until cancelled. */
  every(periodMs: number, fn: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delayMs, fn) {
    const handle = setTimeout(fn, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, fn) {
    const handle = setInterval(fn, periodMs);
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves when so many milliseconds have passed. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(delayMs, resolve));
}
