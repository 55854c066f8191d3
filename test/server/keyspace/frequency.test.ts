import { expect, test } from 'vitest';
import { FrequencyCounter } from '../../../src/server/keyspace/frequency.ts';
import { seededRandom } from '../../../src/util/random.ts';

const minute = 60;

function counterAt(seconds: number): FrequencyCounter {
  const counter = new FrequencyCounter(seededRandom(7));
  counter.setTime(seconds);
  return counter;
}

function afterUses(counter: FrequencyCounter, uses: number): number {
  let bits = counter.fresh;
  for (let use = 0; use < uses; use++) bits = counter.used(bits);
  return counter.countOf(bits);
}

test('a new key begins at 5 and counts its first uses one by one', () => {
  const counter = counterAt(1000 * minute);
  expect(counter.countOf(counter.fresh)).toBe(5);
  expect(afterUses(counter, 1)).toBe(6);
});

test('the counter grows with the logarithm of the uses, and ends at 255', () => {
  const counter = counterAt(0);
  const [few, many, most] = [100, 10_000, 1_000_000].map((uses) => afterUses(counter, uses));
  // The figures of redis.conf for lfu-log-factor 10, give or take the luck of the draw.
  expect(few).toBeGreaterThanOrEqual(7);
  expect(few).toBeLessThanOrEqual(14);
  expect(many).toBeGreaterThan(30);
  expect(many).toBeLessThan(65);
  expect(most).toBe(255);
  counter.logFactor = 0;
  expect(afterUses(counter, 300)).toBe(255);
});

test('an idle key loses one in each lfu-decay-time', () => {
  const counter = counterAt(1000 * minute);
  const bits = counter.withCount(10);
  counter.setTime(1003 * minute + 59);
  expect(counter.countOf(bits)).toBe(7);
  counter.decayMinutes = 2;
  expect(counter.countOf(bits)).toBe(9);
  counter.decayMinutes = 0;
  expect(counter.countOf(bits)).toBe(10);
  counter.decayMinutes = 1;
  counter.setTime(2000 * minute);
  expect(counter.countOf(bits)).toBe(0);
});

test('decay is right although the 16 bits of minutes come round', () => {
  const counter = counterAt((65_536 * 3 - 2) * minute);
  const bits = counter.withCount(20);
  counter.setTime((65_536 * 3 + 3) * minute);
  expect(counter.countOf(bits)).toBe(15);
});
