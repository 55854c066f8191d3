import { describe, expect, it } from 'vitest';
import { forecast } from '../../../src/topology/plan/forecast.ts';
import { planChange, type Wanted } from '../../../src/topology/plan/plan.ts';
import { pickSuccessor } from '../../../src/topology/plan/plan-takeover.ts';
import type { Planned, PlanOptions } from '../../../src/topology/plan/planned.ts';
import { heldPingPeriod } from '../../../src/topology/plan/step.ts';
import { buildTopology, type Sketch } from '../build-topology.ts';
import { expectGoldenPlan } from './expect-plan.ts';

const star: Sketch = {
  nodes: {
    6379: {},
    6380: { upstream: '6379' },
    6381: { upstream: '6379' },
    6382: { upstream: '6381' },
  },
};
const dead = { kind: 'unreachable', message: 'nobody listens there (ECONNREFUSED)' } as const;
const oldReplid = '6f4f611cc8dd899f43c327b9f7bf43ba8ac95991';
const orphans: Sketch = {
  nodes: {
    6379: { down: dead },
    6380: { upstream: '6379', link: 'down', downSinceSeconds: 3, offset: 900 },
    6381: { upstream: '6379', link: 'down', downSinceSeconds: 3 },
  },
};

function plan(sketch: Sketch, wanted: Wanted, options: Partial<PlanOptions> = {}): Planned {
  return planChange(buildTopology(sketch), wanted, { persist: false, ...options });
}

/** The plan as it is read: steps in words. */
function expectPlan(
  name: string,
  sketch: Sketch,
  wanted: Wanted,
  options: Partial<PlanOptions> = {},
): void {
  const planned = plan(sketch, wanted, options);
  const url = new URL(`golden/plan-${name}.json`, import.meta.url);
  expectGoldenPlan(planned, buildTopology(sketch), url);
}

function reasonOf(planned: Planned): string {
  return planned.kind === 'refused' ? planned.because : 'a plan';
}

describe('promote', () => {
  it('demotes first, in step, and moves the siblings but not those below them', () => {
    expectPlan('promote', star, { kind: 'promote', node: '6380' });
  });

  it('writes every change down with persist', () => {
    expectPlan('promote-persist', star, { kind: 'promote', node: '6380' }, { persist: true });
  });

  it('promotes from the bottom of a chain', () => {
    expectPlan('promote-chained', star, { kind: 'promote', node: '6382' });
  });

  it('says what may be lost when the master is dead, and who has more', () => {
    const wanted = { kind: 'promote', node: '6380', force: true, acceptHidden: true } as const;
    expectPlan('promote-dead-master', orphans, wanted);
  });

  it('takes over only when told, and when nobody is hidden that may have more', () => {
    const reason = (sketch: Sketch, flags: { force?: boolean; acceptHidden?: boolean }): string =>
      reasonOf(plan(sketch, { kind: 'promote', node: '6381', ...flags }));
    expect(reason(orphans, {})).toBe('master-dead');
    expect(reason(orphans, { force: true })).toBe('hidden-nodes');
    expect(reason(orphans, { force: true, acceptHidden: true })).toBe('a plan');
    const lab: Sketch = { source: 'inventory', nodes: orphans.nodes };
    expect(reason(lab, { force: true })).toBe('a plan');
    const silent = { ...orphans.nodes, 6382: { upstream: '6379', down: dead } } as const;
    expect(reason({ source: 'inventory', nodes: silent }, { force: true })).toBe('hidden-nodes');
  });

  it('picks the replica that loses least', () => {
    const pick = (sketch: Sketch): string | undefined => pickSuccessor(buildTopology(sketch))?.name;
    expect(pick(orphans)).toBe('6381');
    expect(pick(star)).toBeUndefined();
    const replid = 'd'.repeat(40);
    const nodes = {
      ...orphans.nodes,
      6382: { upstream: '6379', link: 'down', offset: 950, replid2: oldReplid, replid },
      6383: { upstream: '6379', link: 'connecting', offset: 5000, keys: 0, replid: 'f'.repeat(40) },
    } as const;
    expect(pick({ nodes })).toBe('6382');
  });

  it('lets the server hand over where writes cannot be held, and else only with loss', () => {
    const abilities = { pauseWrites: false, failover: true, setConfig: true };
    const wanted = { kind: 'promote', node: '6380' } as const;
    expectPlan('promote-failover', star, wanted, { abilities: new Map([['6379', abilities]]) });
    const old = { 6379: { version: '5.0.14' }, 6380: { upstream: '6379', version: '5.0.14' } };
    expect(reasonOf(plan({ nodes: old }, wanted))).toBe('cannot-hold');
    expectPlan('promote-with-loss', { nodes: old }, { ...wanted, allowLoss: true });
  });

  it('gives back the PINGs that a broken-off change has held', () => {
    const held = { replPingReplicaPeriod: heldPingPeriod };
    const nodes = { 6379: { settings: held }, 6380: { upstream: '6379' } };
    expectPlan('promote-held', { nodes }, { kind: 'promote', node: '6380' });
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
    expectPlan('promote-keep', star, { kind: 'promote', node: '6379' }, { persist: true });
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
    const forced = { kind: 'promote', node: '6380', force: true, acceptHidden: true } as const;
    expect(reasonOf(plan({ nodes }, forced))).toBe('never-synced');
    expect(reasonOf(plan({ nodes }, { kind: 'promote', node: '6379' }))).toBe('not-reachable');
    const two = { nodes: { 6379: {}, 6380: {} } };
    expect(reasonOf(plan(two, { kind: 'promote', node: '6379' }))).toBe('two-masters');
  });
});

describe('reparent and replicaof', () => {
  const to6381 = { host: '127.0.0.1', port: 6381 };

  it('moves a node', () => {
    expectPlan(
      'reparent',
      star,
      { kind: 'reparent', nodes: ['6380'], upstream: '6381' },
      { persist: true },
    );
  });

  it('refuses a cycle and a node below itself', () => {
    expect(reasonOf(plan(star, { kind: 'reparent', nodes: ['6379'], upstream: '6382' }))).toBe(
      'cycle',
    );
    expect(reasonOf(plan(star, { kind: 'reparent', nodes: ['6381'], upstream: '6382' }))).toBe(
      'cycle',
    );
    expect(reasonOf(plan(star, { kind: 'reparent', nodes: ['6380'], upstream: '6380' }))).toBe(
      'self',
    );
    const wanted = { kind: 'replicaof', node: '6379', upstream: '6381', address: to6381 } as const;
    expect(reasonOf(plan(star, wanted))).toBe('cycle');
  });

  it('does not wait for what a replica of another master will have', () => {
    const replid = 'd'.repeat(40);
    const nodes = {
      6379: {},
      6380: { replid, replid2: oldReplid, secondReplOffset: 1001 },
      6381: { upstream: '6379' },
    };
    const wanted = { kind: 'reparent', nodes: ['6381'], upstream: '6380' } as const;
    const planned = plan({ nodes }, wanted);
    const kinds = planned.kind === 'plan' ? planned.steps.map(({ kind }) => kind) : [];
    expect(kinds).toEqual(['follow', 'await-link']);
    const steps = planned.kind === 'plan' ? planned.steps : [];
    expect(forecast(buildTopology({ nodes }), steps)).toMatchObject([{ certainty: 'uncertain' }]);
  });

  it('says what a replaced master discards when it rejoins', () => {
    const replid = 'd'.repeat(40);
    const promoted = { replid, replid2: oldReplid, secondReplOffset: 901, keys: 20 };
    const after = { nodes: { 6379: { offset: 1100 }, 6380: promoted } };
    expectPlan('rejoin', after, { kind: 'rejoin', node: '6379' });
    const equal = { nodes: { 6379: { offset: 900 }, 6380: promoted } };
    expectPlan('rejoin-equal', equal, { kind: 'rejoin', node: '6379' });
    const restarted = { nodes: { 6379: { replid: 'f'.repeat(40) }, 6380: promoted } };
    expectPlan('rejoin-unknown', restarted, { kind: 'rejoin', node: '6379' });
    expect(reasonOf(plan(star, { kind: 'rejoin', node: '6380' }))).toBe('a plan');
    expect(reasonOf(plan(star, { kind: 'rejoin', node: '6379' }))).toBe('not-reachable');
  });

  it('has nothing to do when it is so already', () => {
    const planned = plan(star, { kind: 'reparent', nodes: ['6380'], upstream: '6379' });
    expect(planned).toMatchObject({ kind: 'plan', steps: [], warnings: [] });
  });

  it('does not clear data of another history unless told, and says how many keys', () => {
    const nodes = { 6379: {}, 6380: { replid: 'e'.repeat(40), keys: 1234 } };
    const wanted = { kind: 'reparent', nodes: ['6380'], upstream: '6379' } as const;
    expectPlan('reparent-foreign', { nodes }, wanted);
    expectPlan('reparent-clears', { nodes }, { ...wanted, discardData: true });
    const address = { host: '127.0.0.1', port: 6379 };
    const bare = { kind: 'replicaof', node: '6380', upstream: '6379', address } as const;
    expectPlan('replicaof-clears', { nodes }, bare);
  });

  it('moves several together, and full copies one after the other or as many as are allowed', () => {
    const foreign = { replid: 'e'.repeat(40), keys: 0 };
    const nodes = { ...star.nodes, 6383: foreign, 6384: foreign };
    const moved = ['6380', '6382', '6383', '6384'];
    const wanted = { kind: 'reparent', nodes: moved, upstream: '6379' } as const;
    expectPlan('reparent-several', { nodes }, wanted);
    expectPlan('reparent-two-at-once', { nodes }, { ...wanted, maxFullSyncs: 2, noWait: true });
  });

  it('warns when the upstream cannot be asked', () => {
    const address = { host: '10.0.0.9', port: 6379 };
    const wanted = { kind: 'replicaof', node: '6380', upstream: undefined, address } as const;
    expectPlan('replicaof-unknown', star, wanted);
  });

  it('warns of a second master', () => {
    expectPlan('no-one', star, { kind: 'no-one', node: '6381' }, { persist: true });
  });
});
