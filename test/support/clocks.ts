/** Clocks that stand still but for what a test does to them. Real time never passes on them. */
import type { Clock } from '../../src/util/clock.ts';

/** Time passes only by being waited for, so that nothing waits for ever. */
export function clockThatJumps(startMs = 0): Clock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    schedule(delayMs, fn) {
      nowMs += delayMs;
      queueMicrotask(fn);
      return { cancel: () => {} };
    },
    every: () => ({ cancel: () => {} }),
  };
}

/** The monotonic time moves by `stepMs` each time it is looked at, and no other way. */
export function clockThatSteps(nowMs: number, stepMs: number): Clock {
  let monotonic = 0;
  const never = (): never => {
    throw new Error('nothing is scheduled on this clock');
  };
  return {
    now: () => nowMs,
    monotonic: () => (monotonic += stepMs),
    schedule: never,
    every: never,
  };
}
