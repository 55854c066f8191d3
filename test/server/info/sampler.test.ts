/** Rates and the peak of INFO, on a clock that the test moves. */
import { expect, test } from 'vitest';
import { InfoSampler } from '../../../src/server/info/sampler.ts';
import { ServerStats } from '../../../src/server/stats.ts';
import type { Clock } from '../../../src/util/clock.ts';

function setUp(): { sampler: InfoSampler; stats: ServerStats; tick: (used?: number) => void } {
  let nowMs = 0;
  let usedBytes = 0;
  const stats = new ServerStats();
  const never = { cancel: (): void => undefined };
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    schedule: () => never,
    every: () => never,
  };
  const sampler = new InfoSampler({ clock, stats, usedMemory: () => usedBytes });
  const tick = (used = 0): void => {
    nowMs += 100;
    usedBytes = used;
    sampler.sample();
  };
  return { sampler, stats, tick };
}

test('nothing is known before there are two samples', () => {
  const { sampler, tick } = setUp();
  expect(sampler.perSecond('commands')).toBe(0);
  tick();
  expect(sampler.perSecond('commands')).toBe(0);
});

test('a rate is what came in per second, over the last samples only', () => {
  const { sampler, stats, tick } = setUp();
  for (let count = 0; count < 30; count++) {
    stats.totalCommandsProcessed += 50;
    stats.totalNetReplInputBytes += 10;
    tick();
  }
  expect(sampler.perSecond('commands')).toBeCloseTo(500);
  expect(sampler.perSecond('input')).toBeCloseTo(100);
  for (let count = 0; count < 16; count++) tick();
  expect(sampler.perSecond('commands')).toBe(0);
});

test('starting the counters over makes no negative rates, and keeps the peak', () => {
  const { sampler, stats, tick } = setUp();
  stats.totalCommandsProcessed = 1000;
  tick(500);
  stats.reset();
  tick(100);
  expect(sampler.perSecond('commands')).toBe(0);
  sampler.reset();
  expect(sampler.peakMemory(200)).toBe(500);
  expect(sampler.peakMemory(700)).toBe(700);
});
