import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OffsetTrack, type OffsetSample } from '../../../src/topology/lag/lag-track.ts';
import { estimateLag, lagOf, type HopLag, type LagReading } from '../../../src/topology/lag/lag.ts';
import { buildTopology, type Sketch } from '../build-topology.ts';

interface Write {
  atMs: number;
  bytes: number;
}

/** Bytes written up to a time. */
function offsetAt(writes: readonly Write[], atMs: number): number {
  return writes.reduce((sum, write) => (write.atMs <= atMs ? sum + write.bytes : sum), 0);
}

/** Since when there is something that a replica at `offset` lacks; 0 when there is nothing. */
function trueLagMs(writes: readonly Write[], offset: number, atMs: number): number {
  const firstMissing = writes.find((write) => offsetAt(writes, write.atMs) > offset);
  return firstMissing === undefined || firstMissing.atMs > atMs ? 0 : atMs - firstMissing.atMs;
}

function trackOf(samples: readonly OffsetSample[]): OffsetTrack {
  const track = new OffsetTrack();
  for (const sample of samples) track.add(sample);
  return track;
}

const steps = fc.record({
  gapMs: fc.integer({ min: 0, max: 400 }),
  bytes: fc.integer({ min: 1, max: 5000 }),
});
const looks = fc.record({
  gapMs: fc.integer({ min: 1, max: 100 }),
  errorMs: fc.integer({ min: 0, max: 40 }),
  skew: fc.double({ min: -1, max: 1, noNaN: true }),
});

/** Writes at random times, and samples whose true time lies anywhere within their error. */
const worlds = fc
  .record({
    steps: fc.array(steps, { maxLength: 40 }),
    looks: fc.array(looks, { minLength: 1, maxLength: 60 }),
    delayMs: fc.integer({ min: 0, max: 3000 }),
    lookAtMs: fc.integer({ min: 0, max: 6000 }),
    own: looks,
  })
  .map(({ steps: written, looks: looked, delayMs, lookAtMs, own }) => {
    let atMs = 0;
    const writes = written.map(({ gapMs, bytes }) => ({ atMs: (atMs += gapMs), bytes }));
    let [sampleMs, lastTrueMs] = [0, 0];
    const samples = looked.map(({ gapMs, errorMs, skew }) => {
      sampleMs += gapMs;
      const trueMs = Math.max(lastTrueMs, sampleMs + skew * errorMs);
      lastTrueMs = trueMs;
      return {
        atMs: sampleMs,
        errorMs: Math.max(errorMs, trueMs - sampleMs),
        offset: offsetAt(writes, trueMs),
      };
    });
    const trueMs = lookAtMs + own.skew * own.errorMs;
    const offset = offsetAt(writes, trueMs - delayMs);
    const replica = { atMs: lookAtMs, errorMs: own.errorMs, offset };
    return { writes, samples, replica, lagMs: trueLagMs(writes, offset, trueMs) };
  });

describe('the estimate of a lag', () => {
  it('is as near to the truth as it says, and never negative', () => {
    fc.assert(
      fc.property(worlds, ({ samples, replica, lagMs }) => {
        const estimate = estimateLag(trackOf(samples), replica);
        if (estimate.kind === 'unknown') throw new Error('there are samples');
        expect(estimate.lagMs).toBeGreaterThanOrEqual(0);
        expect(estimate.lagBytes).toBeGreaterThanOrEqual(0);
        if (estimate.kind === 'at-least') expect(estimate.lagMs).toBeLessThanOrEqual(lagMs);
        else expect(Math.abs(estimate.lagMs - lagMs)).toBeLessThanOrEqual(estimate.errorMs + 1e-6);
      }),
      { numRuns: 2000 },
    );
  });

  it('is 0, for certain, when nothing was written since', () => {
    const track = trackOf([0, 20, 40].map((atMs) => ({ atMs, errorMs: 1, offset: 100 })));
    const sample = { atMs: 30, errorMs: 1, offset: 100 };
    expect(estimateLag(track, sample)).toEqual({
      kind: 'measured',
      lagMs: 0,
      errorMs: 0,
      lagBytes: 0,
    });
  });

  it('goes along the line between two samples', () => {
    const track = trackOf([
      { atMs: 0, errorMs: 0, offset: 1000 },
      { atMs: 20, errorMs: 0, offset: 2000 },
    ]);
    const estimate = estimateLag(track, { atMs: 120, errorMs: 2, offset: 1500 });
    expect(estimate).toEqual({ kind: 'measured', lagMs: 110, errorMs: 12, lagBytes: 500 });
  });

  it('is a lower bound for what was before the first sample', () => {
    const track = trackOf([{ atMs: 1000, errorMs: 5, offset: 2000 }]);
    const estimate = estimateLag(track, { atMs: 4000, errorMs: 5, offset: 1500 });
    expect(estimate).toEqual({ kind: 'at-least', lagMs: 2990, lagBytes: 500 });
  });
});

describe('a track of offsets', () => {
  it('keeps of a time without writes only its ends', () => {
    const track = trackOf(
      Array.from({ length: 1000 }, (_, at) => ({ atMs: at, errorMs: 0, offset: at < 500 ? 7 : 8 })),
    );
    expect(track.size).toBe(4);
    expect(track.passed(7)).toEqual({ kind: 'passed', atMs: 499.5, errorMs: 0.5 });
  });

  it('does not grow without end, and still knows how far back it goes', () => {
    const track = new OffsetTrack();
    for (let at = 0; at < 200_000; at++) track.add({ atMs: at, errorMs: 0, offset: at });
    expect(track.size).toBeLessThanOrEqual(60_000);
    expect(track.passed(0)).toMatchObject({ kind: 'passed' });
    for (const offset of [5, 50_000, 150_000, 199_990]) {
      const passing = track.passed(offset);
      if (passing.kind !== 'passed') throw new Error(passing.kind);
      expect(Math.abs(passing.atMs - offset)).toBeLessThanOrEqual(passing.errorMs);
    }
    expect(track.passed(199_990)).toEqual({ kind: 'passed', atMs: 199_990.5, errorMs: 0.5 });
  });

  it('begins anew when the offset goes back', () => {
    const track = trackOf([
      { atMs: 0, errorMs: 0, offset: 1000 },
      { atMs: 20, errorMs: 0, offset: 10 },
    ]);
    expect(track.passed(5)).toEqual({ kind: 'earlier', untilMs: 20 });
  });
});

describe('the lags of a topology', () => {
  const unreachable = { kind: 'unreachable', message: 'nobody listens there' } as const;

  /** Every node stands at its offset and was asked at 0 and at 1000 ms. */
  function lagsOf(sketch: Sketch): Record<string, [hop: string, top: string]> {
    const topology = buildTopology(sketch);
    const readings = new Map<string, LagReading>();
    for (const { id, state } of topology.nodes) {
      const track = new OffsetTrack();
      if (state.kind === 'down') {
        readings.set(id, { track, latest: undefined, failure: state.failure });
        continue;
      }
      const { replication } = state.facts;
      const offset = replication.masterReplOffset;
      for (const atMs of [0, 1000]) track.add({ atMs, errorMs: 0, offset });
      const latest = { sample: { atMs: 1000, errorMs: 0, offset }, replication };
      readings.set(id, { track, latest, failure: undefined });
    }
    const told = (lag: HopLag | undefined): string => {
      if (lag === undefined) return '-';
      return lag.kind === 'unknown' ? lag.because : `${lag.kind} ${lag.lagMs}`;
    };
    const lags = lagOf(topology, readings, 1500);
    return Object.fromEntries(
      lags.map(({ node, hop, top }) => [node.name, [told(hop), told(top)]]),
    );
  }

  it('are against the upstream and against the top', () => {
    const nodes = {
      1: { offset: 500 },
      2: { upstream: '1', offset: 500 },
      3: { upstream: '2', offset: 400 },
    };
    expect(lagsOf({ nodes })).toEqual({
      1: ['-', '-'],
      2: ['measured 0', 'measured 0'],
      3: ['at-least 1000', 'at-least 1000'],
    });
  });

  it('say why they are unknown', () => {
    const nodes = {
      1: { down: unreachable },
      2: { upstream: '1' },
      3: { upstream: '2', replid: 'f'.repeat(40) },
      4: { upstream: '2', down: unreachable },
    };
    expect(lagsOf({ nodes })).toEqual({
      1: ['-', '-'],
      2: ['upstream-unreachable', 'upstream-unreachable'],
      3: ['foreign-history', 'upstream-unreachable'],
      4: ['unreachable', 'unreachable'],
    });
  });

  it('have no top in a cycle', () => {
    const nodes = { 1: { upstream: '2' }, 2: { upstream: '1' }, 3: { upstream: '3' } };
    expect(lagsOf({ nodes })).toEqual({
      1: ['measured 0', 'cycle'],
      2: ['measured 0', 'cycle'],
      3: ['cycle', 'cycle'],
    });
  });
});
