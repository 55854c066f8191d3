import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planShape } from '../../../src/topology/plan/plan-shape.ts';
import type { Planned, PlanOptions, Shape } from '../../../src/topology/plan/planned.ts';
import { buildTopology, type NodeSketch, type Sketch } from '../build-topology.ts';
import { runOnModel } from './step-model.ts';
import { expectGoldenPlan } from './expect-plan.ts';

/** As many as it takes to meet the rare ones: dead nodes in the middle, several cycles at once. */
const cases = 10_000;
const timeoutMs = 120_000;

const names = ['7000', '7001', '7002', '7003', '7004', '7005'];
const dead = { kind: 'unreachable', message: 'nobody listens there (ECONNREFUSED)' } as const;
const replids = ['a'.repeat(40), 'b'.repeat(40)];

const unableToHold = new Map(
  names.map((name) => [name, { pauseWrites: false, failover: true, setConfig: true }]),
);

function shape(upstreams: Record<string, string | undefined>): Shape {
  return new Map(Object.entries(upstreams));
}

function plan(sketch: Sketch, wanted: Shape, options: Partial<PlanOptions> = {}): Planned {
  return planShape(buildTopology(sketch), wanted, { persist: false, ...options });
}

/** The plan as it is read, or the refusal. */
function expectPlan(name: string, sketch: Sketch, wanted: Shape, force = false): void {
  const planned = plan(sketch, wanted, { force });
  const url = new URL(`golden/shape-${name}.json`, import.meta.url);
  expectGoldenPlan(planned, buildTopology(sketch), url);
}

/** One parent for each but the first, which is the root: every tree, whatever its order. */
const treeShapes = fc
  .tuple(
    fc.shuffledSubarray(names, { minLength: names.length }),
    fc.array(fc.nat(), { minLength: names.length, maxLength: names.length }),
  )
  .map(([order, picks]) =>
    shape(
      Object.fromEntries(
        order.map((name, at) => [name, at === 0 ? undefined : order[picks[at] % at]]),
      ),
    ),
  );

/** Anything: cycles, several roots, nodes that nobody has heard of, nodes left out. */
const wildShapes = fc
  .array(
    fc.tuple(
      fc.constantFrom(...names),
      fc.option(fc.constantFrom(...names, 'x'), { nil: undefined }),
    ),
  )
  .map((pairs) => new Map(pairs));

/** Who follows whom now: also nodes that follow each other or themselves, also many masters. */
function sketches(node: fc.Arbitrary<NodeSketch>): fc.Arbitrary<Sketch> {
  const upstreams = fc.option(fc.constantFrom(...names), { nil: undefined, freq: 5 });
  const nodes = fc.tuple(...names.map(() => fc.tuple(node, upstreams)));
  return nodes.map((drawn) => ({
    source: 'inventory' as const,
    nodes: Object.fromEntries(
      drawn.map(([each, upstream], at) => [
        names[at],
        upstream === undefined ? each : { ...each, upstream },
      ]),
    ),
  }));
}

const wellNodes = fc.constant<NodeSketch>({});
const anyNodes: fc.Arbitrary<NodeSketch> = fc
  .record({
    isDown: fc.nat(9).map((n) => n === 0),
    loading: fc.nat(29).map((n) => n === 0),
    link: fc.constantFrom('up', 'up', 'up', 'down', 'connecting', 'syncing'),
    offset: fc.constantFrom(900, 1000, 1000, 1000, 1100),
    replid: fc.constantFrom(replids[0], replids[0], replids[0], replids[1]),
    keys: fc.constantFrom(0, 10),
  })
  .map(({ isDown, ...rest }) => (isDown ? { down: dead } : rest) as NodeSketch);

describe('planShape', () => {
  it(
    'never gives two nodes that accept writes, and ends in the shape',
    () => {
      const options = fc.record({
        force: fc.boolean(),
        discardData: fc.boolean(),
        abilities: fc.constantFrom(new Map(), new Map(), unableToHold),
      });
      let plans = 0;
      const property = fc.property(
        sketches(anyNodes),
        fc.oneof(treeShapes, treeShapes, wildShapes),
        options,
        (sketch, wanted, flags) => {
          const planned = plan(sketch, wanted, flags);
          if (planned.kind === 'plan') runOnModel(buildTopology(sketch), planned.steps, wanted);
          else expect([planned.message, planned.hint]).not.toContain('');
          if (planned.kind === 'plan' && planned.steps.length > 0) plans++;
        },
      );
      fc.assert(property, { numRuns: cases });
      expect(plans).toBeGreaterThan(cases / 20);
    },
    timeoutMs,
  );

  it(
    'finds a way to every tree from every state in which all live and have the same',
    () => {
      const property = fc.property(sketches(wellNodes), treeShapes, (sketch, wanted) => {
        const planned = plan(sketch, wanted);
        if (planned.kind === 'refused') throw new Error(planned.message);
        runOnModel(buildTopology(sketch), planned.steps, wanted);
      });
      fc.assert(property, { numRuns: cases / 5 });
    },
    timeoutMs,
  );

  it('has nothing to do where all is so', () => {
    const nodes = { 7000: {}, 7001: { upstream: '7000' }, 7002: { upstream: '7001' } };
    const wanted = shape({ 7000: undefined, 7001: '7000', 7002: '7001' });
    expect(plan({ nodes }, wanted)).toMatchObject({ kind: 'plan', steps: [], warnings: [] });
  });
});

describe('planShape from the middle of a promotion', () => {
  const toTarget = shape({ 7000: '7001', 7001: undefined, 7002: '7001', 7003: '7002' });
  const back = shape({ 7000: undefined, 7001: '7000', 7002: '7000', 7003: '7002' });
  const demoted: Sketch = {
    nodes: {
      7000: { upstream: '7001', link: 'down' },
      7001: { upstream: '7000', link: 'down' },
      7002: { upstream: '7000', link: 'down' },
      7003: { upstream: '7002' },
    },
  };

  it('goes on, or back, when the old master is demoted and nobody promoted', () => {
    expectPlan('demoted-on', demoted, toTarget);
    expectPlan('demoted-back', demoted, back);
  });

  it('goes on, or back, when the old master stands still and nobody is promoted', () => {
    const nodes = {
      7000: { upstream: 'nowhere', link: 'down' },
      7001: { upstream: '7000' },
      7002: { upstream: '7000' },
      7003: { upstream: '7002' },
      nowhere: { address: '127.0.0.1:1', down: dead },
    } as const;
    for (const wanted of [toTarget, back]) {
      const planned = plan({ nodes }, wanted);
      expect(planned).toMatchObject({ kind: 'plan' });
      if (planned.kind === 'plan') runOnModel(buildTopology({ nodes }), planned.steps, wanted);
    }
  });

  it('goes on, or back, when the target is the master and nobody has followed', () => {
    const nodes = { ...demoted.nodes, 7000: { upstream: '7001' }, 7001: {} };
    expectPlan('promoted-on', { nodes }, toTarget);
    expectPlan('promoted-back', { nodes }, back);
  });

  it('refuses a master that lacks what another node has', () => {
    const nodes = {
      ...demoted.nodes,
      7000: { upstream: '7001', link: 'down', offset: 1042 },
    } as const;
    expectPlan('behind', { nodes }, toTarget);
  });
});

describe('planShape', () => {
  it('takes over from a dead master only when told', () => {
    const nodes = {
      7000: { down: dead },
      7001: { upstream: '7000', link: 'down' },
      7002: { upstream: '7000', link: 'down' },
    } as const;
    const wanted = shape({ 7000: '7001', 7001: undefined, 7002: '7001' });
    expect(plan({ nodes }, wanted)).toMatchObject({ kind: 'refused', because: 'master-dead' });
    expectPlan('forced', { nodes }, wanted, true);
  });

  it('does not clear data of another history unless told', () => {
    const nodes = { 7000: {}, 7001: { replid: 'f'.repeat(40), keys: 1234 } };
    const wanted = shape({ 7000: undefined, 7001: '7000' });
    expectPlan('foreign', { nodes }, wanted);
    expect(plan({ nodes }, wanted, { discardData: true })).toMatchObject({ kind: 'plan' });
  });

  it('clears only the data of nodes for which that was agreed to', () => {
    const nodes = { 7000: {}, 7001: { replid: 'f'.repeat(40), keys: 1234 } };
    const wanted = shape({ 7000: undefined, 7001: '7000' });
    const cleared = (id: string) => plan({ nodes }, wanted, { mayClear: new Set([id]) }).kind;
    expect([cleared('7001'), cleared('7000')]).toEqual(['plan', 'refused']);
  });

  it('goes on with a switchover beside another master', () => {
    const [nodes, wanted] = [
      {
        7000: {},
        7001: { upstream: '7002', link: 'down' },
        7002: { upstream: '7001', link: 'down' },
      } as const,
      shape({ 7000: undefined, 7001: '7002', 7002: undefined }),
    ];
    expect(plan({ nodes }, wanted)).toMatchObject({ kind: 'refused', because: 'two-masters' });
    const planned = plan({ nodes }, wanted, { severalMasters: true });
    expect(planned).toMatchObject({ kind: 'plan', steps: [{ kind: 'follow-no-one' }, {}] });
  });

  it('makes a second master only of a node of which that was asked', () => {
    const nodes = { 7000: {}, 7001: { upstream: '7000' } };
    const wanted = shape({ 7000: undefined, 7001: undefined });
    const severalMasters = true;
    const refused = plan({ nodes }, wanted, { severalMasters });
    expect(refused).toMatchObject({ kind: 'refused', because: 'two-masters' });
    const secondMasters = new Set(['7001']);
    expect(plan({ nodes }, wanted, { severalMasters, secondMasters })).toMatchObject({
      steps: [{ kind: 'follow-no-one', node: '7001' }],
    });
  });

  it('links the wanted master to the present one before it hands over', () => {
    const nodes = {
      7000: {},
      7001: { upstream: '7002', link: 'down', offset: 900 },
      7002: { down: dead },
    } as const;
    expectPlan('catch-up', { nodes }, shape({ 7000: '7001', 7001: undefined }));
  });

  it('turns a tree over, those above before those below', () => {
    const nodes = {
      7000: {},
      7001: { upstream: '7000' },
      7002: { upstream: '7001' },
      7003: { upstream: '7002' },
    };
    expectPlan(
      'turned',
      { nodes },
      shape({ 7003: undefined, 7002: '7003', 7001: '7002', 7000: '7001' }),
    );
  });
});
