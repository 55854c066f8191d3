/** The histogram of latencies against the list of all values. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from '../../src/server/latency-histogram.ts';

const latencyNs = fc.oneof(
  fc.integer({ min: 1, max: 2000 }),
  fc.integer({ min: 1, max: 1_000_000_000 }),
  fc.double({ min: 0, max: 5000, noNaN: true }),
);
const percent = fc.oneof(
  fc.constantFrom(0, 50, 99, 99.9, 100),
  fc.double({ min: 0, max: 100, noNaN: true }),
);

test('a percentile is that of the list, to less than 1 %', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(latencyNs, fc.integer({ min: 1, max: 9 })), { minLength: 1 }),
      percent,
      (runs, p) => {
        const histogram = new LatencyHistogram();
        for (const [ns, count] of runs) histogram.record(ns, count);
        const all = runs
          .flatMap(([ns, count]) =>
            Array.from({ length: count }, () => Math.max(1, Math.round(ns))),
          )
          .toSorted((a, b) => a - b);
        expect(histogram.total).toBe(all.length);
        const rank = Math.max(1, Math.floor((p / 100) * all.length + 0.5));
        const exact = all[rank - 1] / 1000;
        const shown = histogram.percentileUsec(p);
        if (p === 0) expect(shown).toBeLessThanOrEqual(exact);
        else expect(shown).toBeGreaterThanOrEqual(exact);
        expect(Math.abs(shown - exact)).toBeLessThanOrEqual(exact / 100 + 1e-9);
      },
    ),
  );
});

test('levels count all up to a doubling, and end with the total', () => {
  fc.assert(
    fc.property(fc.array(latencyNs, { minLength: 1 }), (values) => {
      const histogram = new LatencyHistogram();
      for (const ns of values) histogram.record(ns, 1);
      const levels = histogram.levels();
      expect(levels.at(-1)?.count).toBe(values.length);
      for (const { maxUsec, count } of levels) {
        // A level ends somewhere in the microsecond that is shown.
        const within = (usec: number): number =>
          values.filter((ns) => Math.max(1, Math.round(ns)) < usec * 1000).length;
        expect(count).toBeGreaterThanOrEqual(within(maxUsec));
        expect(count).toBeLessThanOrEqual(within(maxUsec + 1));
      }
    }),
  );
});

test('shows the limits that redis-server shows', () => {
  const histogram = new LatencyHistogram();
  for (let ns = 1; ns <= 1e9; ns *= 2) histogram.record(ns, 1);
  // As LATENCY HISTOGRAM of redis-server 7.0.15 printed them.
  expect(histogram.levels().map(({ maxUsec }) => maxUsec)).toEqual([
    1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816, 67633, 135266,
    270532, 541065,
  ]);
});

test('more than a second counts as one', () => {
  const histogram = new LatencyHistogram();
  histogram.record(5e9, 3);
  expect(histogram.percentileUsec(50)).toBeCloseTo(1e6, -4);
  expect(histogram.levels()).toEqual([{ maxUsec: 1073741, count: 3 }]);
});
