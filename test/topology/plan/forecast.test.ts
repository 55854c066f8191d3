import { describe, expect, it } from 'vitest';
import { forecastText, renderCopy, renderPlan } from '../../../src/cli/views/plan-view.ts';
import {
  compareForecast,
  forecast,
  type ForecastOptions,
} from '../../../src/topology/plan/forecast.ts';
import { planChange, type Wanted } from '../../../src/topology/plan/plan.ts';
import type { PlanOptions } from '../../../src/topology/plan/planned.ts';
import type { Step } from '../../../src/topology/plan/step.ts';
import { expectGolden } from '../../support/golden.ts';
import { buildTopology, type NodeSketch, type Sketch } from '../build-topology.ts';

const at = (name: string): { host: string; port: number } => ({
  host: '127.0.0.1',
  port: Number(name),
});
const follow = (node: string, upstream: string): Step => ({
  kind: 'follow',
  node,
  upstream: at(upstream),
  as: 'asked',
});

/** The plan as it is shown, with its forecasts. */
function expectPlan(
  name: string,
  sketch: Sketch,
  wanted: Wanted,
  options: Partial<PlanOptions> & ForecastOptions = {},
): void {
  const topology = buildTopology(sketch);
  const planned = planChange(topology, wanted, { persist: false, ...options });
  if (planned.kind === 'refused') throw new Error(planned.message);
  expectGolden(
    renderPlan(topology, planned.steps, forecast(topology, planned.steps, options)),
    new URL(`golden/forecast-${name}.txt`, import.meta.url),
  );
}

/** What one step costs: `partial same-history certain`. */
function costOf(sketch: Sketch, ...steps: Step[]): string[] {
  return forecast(buildTopology(sketch), steps).map(
    ({ node, kind, because, certainty }) => `${node} ${kind} ${because} ${certainty}`,
  );
}

function chain(last: NodeSketch = {}): Sketch {
  return { nodes: { 7000: {}, 7001: { upstream: '7000' }, 7002: { upstream: '7001', ...last } } };
}

describe('the forecast of a plan', () => {
  it('follows a promotion down to those that are only dropped for a moment', () => {
    const nodes = { ...chain().nodes, 7003: { upstream: '7000' }, 7004: { upstream: '7003' } };
    expectPlan('promote', { nodes }, { kind: 'promote', node: '7001' });
  });

  it('tells a full copy of so many keys from a partial resync of so many bytes', () => {
    const nodes = {
      ...chain().nodes,
      7003: { upstream: '7000', offset: 900, link: 'down' },
      7004: { replid: 'e'.repeat(40), keys: 7 },
    } as const;
    const options = { fullCopyBytesPerSecond: 100_000, discardData: true };
    expectPlan(
      'partial',
      { nodes },
      { kind: 'reparent', nodes: ['7003'], upstream: '7001' },
      options,
    );
    expectPlan('full', { nodes }, { kind: 'reparent', nodes: ['7004'], upstream: '7001' }, options);
  });
});

describe('the forecast of a move', () => {
  it('is certain of a node that moves up, and not of one that may be ahead', () => {
    const star = { nodes: { 7000: {}, 7001: { upstream: '7000' }, 7002: { upstream: '7000' } } };
    expect(costOf(chain(), follow('7002', '7000'))).toEqual(['7002 partial same-history certain']);
    expect(costOf(star, follow('7002', '7001'))).toEqual(['7002 partial same-history uncertain']);
    const detach: Step = { kind: 'detach', node: '7002', from: at('7000') };
    expect(costOf(star, detach, follow('7002', '7001'))).toEqual([
      '7002 partial same-history certain',
    ]);
  });

  it('knows the ways to a full copy', () => {
    const apart = (node: NodeSketch): Sketch => ({ nodes: { 7000: {}, 7002: node } });
    const cost = (node: NodeSketch): string[] => costOf(apart(node), follow('7002', '7000'));
    expect(cost({ replid: 'e'.repeat(40) })).toEqual(['7002 full other-history certain']);
    expect(cost({ upstream: '7000', link: 'down', offset: 1001 })).toEqual([
      '7002 full ahead uncertain',
    ]);
    expect(cost({ upstream: '7000', link: 'syncing' })).toEqual([
      '7002 full copy-broken-off certain',
    ]);
    const forked = {
      nodes: {
        7000: { replid: 'd'.repeat(40), replid2: 'e'.repeat(40), secondReplOffset: 901 },
        7002: { replid: 'e'.repeat(40), offset: 901 },
      },
    };
    expect(costOf(forked, follow('7002', '7000'))).toEqual(['7002 full past-the-fork certain']);
    const before = {
      nodes: {
        ...forked.nodes,
        7002: { replid: 'e'.repeat(40), offset: 900, upstream: '7000', link: 'down' },
      },
    } as const;
    expect(costOf(before, follow('7002', '7000'))).toEqual(['7002 partial former-history certain']);
    expect(costOf({ nodes: { 7002: {} } }, follow('7002', '7009'))).toEqual([
      '7002 full upstream-unknown uncertain',
    ]);
  });

  it('is uncertain of all that hangs on something uncertain', () => {
    const nodes = {
      7000: {},
      7001: { upstream: '7000' },
      7002: { upstream: '7000' },
      7003: { upstream: '7002' },
    };
    const steps = [follow('7002', '7001'), follow('7003', '7000')];
    expect(costOf({ nodes }, ...steps)).toEqual([
      '7002 partial same-history uncertain',
      '7003 partial same-history uncertain',
    ]);
  });

  it('knows that a full copy takes the replicas below with it', () => {
    const nodes = {
      7000: {},
      7001: { replid: 'e'.repeat(40) },
      7002: { upstream: '7001', replid: 'e'.repeat(40) },
    };
    expect(costOf({ nodes }, follow('7001', '7000'))).toEqual([
      '7001 full other-history certain',
      '7002 full other-history certain',
    ]);
  });
});

describe('how far a copy is', () => {
  it('is said in bytes, rate and time left, as far as they are known', () => {
    const topology = buildTopology(chain());
    const progress = { node: '7002', readBytes: 12 * 1024 * 1024 };
    const known = { totalBytes: 48 * 1024 * 1024, bytesPerSecond: 6 * 1024 * 1024, secondsLeft: 6 };
    expect(renderCopy(topology, { ...progress, ...known })).toBe(
      '7002: 12.0 MiB of 48.0 MiB (25 %), 6.0 MiB a second, 6 s left',
    );
    const unknown = { totalBytes: undefined, bytesPerSecond: undefined, secondsLeft: undefined };
    expect(renderCopy(topology, { ...progress, ...unknown })).toBe('7002: 12.0 MiB');
  });
});

describe('compareForecast', () => {
  it('counts what happened over all upstreams', () => {
    const before = buildTopology(chain());
    const forecasts = forecast(before, [follow('7002', '7000')]);
    const after = (syncFull: number, syncPartialOk: number): typeof before => ({
      ...before,
      nodes: before.nodes.map((node) =>
        node.id === '7000' && node.state.kind === 'up'
          ? {
              ...node,
              state: { kind: 'up', facts: { ...node.state.facts, syncFull, syncPartialOk } },
            }
          : node,
      ),
    });
    expect(compareForecast(forecasts, { before, after: after(0, 1) })).toEqual({
      forecast: { partial: 1, full: 0 },
      happened: { partial: 1, full: 0 },
      holds: true,
    });
    expect(compareForecast(forecasts, { before, after: after(1, 0) }).holds).toBe(false);
    expect(forecastText(before, forecasts[0])).toBe(
      '7002: partial resync with 7000, 0 B missing (same history), certain',
    );
  });
});
