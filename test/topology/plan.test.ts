import { describe, expect, it } from 'vitest';
import { stepText } from '../../src/cli/views/plan-view.ts';
import { planChange, type Wanted } from '../../src/topology/plan.ts';
import type { Planned } from '../../src/topology/planned.ts';
import { expectGoldenJson } from '../support/golden.ts';
import { buildTopology, type Sketch } from './build-topology.ts';

const star: Sketch = {
  nodes: {
    6379: {},
    6380: { upstream: '6379' },
    6381: { upstream: '6379' },
    6382: { upstream: '6381' },
  },
};
const dead = { kind: 'unreachable', message: 'nobody listens there (ECONNREFUSED)' } as const;
const orphans: Sketch = {
  nodes: {
    6379: { down: dead },
    6380: { upstream: '6379', link: 'down', downSinceSeconds: 3, offset: 900 },
    6381: { upstream: '6379', link: 'down', downSinceSeconds: 3 },
  },
};

function plan(sketch: Sketch, wanted: Wanted, persist = false): Planned {
  return planChange(buildTopology(sketch), wanted, { persist });
}

/** The plan as it is read: steps in words. */
function expectPlan(name: string, sketch: Sketch, wanted: Wanted, persist = false): void {
  const planned = plan(sketch, wanted, persist);
  const topology = buildTopology(sketch);
  const shown =
    planned.kind === 'plan'
      ? { ...planned, steps: planned.steps.map((step) => stepText(topology, step)) }
      : planned;
  expectGoldenJson(shown, new URL(`golden/plan-${name}.json`, import.meta.url));
}

function reasonOf(planned: Planned): string {
  return planned.kind === 'refused' ? planned.because : 'a plan';
}

describe('promote', () => {
  it('demotes first, in step, and moves the siblings but not those below them', () => {
    expectPlan('promote', star, { kind: 'promote', node: '6380' });
  });

  it('writes every change down with persist', () => {
    expectPlan('promote-persist', star, { kind: 'promote', node: '6380' }, true);
  });

  it('promotes from the bottom of a chain', () => {
    expectPlan('promote-chained', star, { kind: 'promote', node: '6382' });
  });

  it('says what may be lost when the master is dead, and who has more', () => {
    expectPlan('promote-dead-master', orphans, { kind: 'promote', node: '6380' });
  });

  it('leaves a dead sibling where it is and says how to move it later', () => {
    const nodes = { ...star.nodes, 6381: { upstream: '6379', down: dead } };
    expectPlan('promote-dead-sibling', { nodes }, { kind: 'promote', node: '6380' });
  });

  it('breaks a cycle', () => {
    const nodes = { 6379: { upstream: '6380' }, 6380: { upstream: '6379' } };
    expectPlan('promote-in-cycle', { nodes }, { kind: 'promote', node: '6379' });
  });

  it('has nothing to do for a master, and only writes down what is so with persist', () => {
    expect(plan(star, { kind: 'promote', node: '6379' })).toMatchObject({
      kind: 'plan',
      steps: [],
    });
    expectPlan('promote-keep', star, { kind: 'promote', node: '6379' }, true);
  });

  it('refuses when it could lose writes', () => {
    const nodes = {
      ...star.nodes,
      6380: { upstream: '6379', link: 'down', downSinceSeconds: 9 },
    } as const;
    expect(reasonOf(plan({ nodes }, { kind: 'promote', node: '6380' }))).toBe('not-in-step');
  });

  it('refuses when a node could not follow afterwards', () => {
    const nodes = { 6379: { asked: 1, held: 0 }, 6380: { upstream: '6379', asked: 1, held: 1 } };
    expect(reasonOf(plan({ nodes }, { kind: 'promote', node: '6380' }))).toBe('masterauth');
  });

  it('refuses an empty replica of a dead master, a dead node, a second master', () => {
    const nodes = {
      6379: { down: dead },
      6380: { upstream: '6379', link: 'connecting', keys: 0, replid: 'f' },
    } as const;
    expect(reasonOf(plan({ nodes }, { kind: 'promote', node: '6380' }))).toBe('never-synced');
    expect(reasonOf(plan({ nodes }, { kind: 'promote', node: '6379' }))).toBe('not-reachable');
    const two = { nodes: { 6379: {}, 6380: {} } };
    expect(reasonOf(plan(two, { kind: 'promote', node: '6379' }))).toBe('two-masters');
  });
});

describe('reparent and replicaof', () => {
  const to6381 = { host: '127.0.0.1', port: 6381 };

  it('moves a node', () => {
    expectPlan('reparent', star, { kind: 'reparent', node: '6380', upstream: '6381' }, true);
  });

  it('refuses a cycle and a node below itself', () => {
    expect(reasonOf(plan(star, { kind: 'reparent', node: '6379', upstream: '6382' }))).toBe(
      'cycle',
    );
    expect(reasonOf(plan(star, { kind: 'reparent', node: '6381', upstream: '6382' }))).toBe(
      'cycle',
    );
    expect(reasonOf(plan(star, { kind: 'reparent', node: '6380', upstream: '6380' }))).toBe('self');
    const wanted = { kind: 'replicaof', node: '6379', upstream: '6381', address: to6381 } as const;
    expect(reasonOf(plan(star, wanted))).toBe('cycle');
  });

  it('has nothing to do when it is so already', () => {
    const planned = plan(star, { kind: 'reparent', node: '6380', upstream: '6379' });
    expect(planned).toMatchObject({ kind: 'plan', steps: [], warnings: [] });
  });

  it('warns of data that is cleared, when the history is another one', () => {
    const nodes = { 6379: {}, 6380: { replid: 'e'.repeat(40), keys: 1234 } };
    expectPlan('reparent-clears', { nodes }, { kind: 'reparent', node: '6380', upstream: '6379' });
  });

  it('warns when the upstream cannot be asked', () => {
    const address = { host: '10.0.0.9', port: 6379 };
    const wanted = { kind: 'replicaof', node: '6380', upstream: undefined, address } as const;
    expectPlan('replicaof-unknown', star, wanted);
  });

  it('warns of a second master', () => {
    expectPlan('no-one', star, { kind: 'no-one', node: '6381' }, true);
  });
});
