import { describe, expect, it } from 'vitest';
import type {
  ChangeRecord,
  RecordBegin,
  RecordLine,
} from '../../../src/topology/change/change-record.ts';
import type { Topology } from '../../../src/topology/model.ts';
import { heldPingPeriod, type Step } from '../../../src/topology/plan/step.ts';
import {
  allowances,
  isTakeover,
  leftOpenSteps,
  movedNodes,
  releaseSteps,
  replacedMasters,
  shapeToday,
  takenOver,
  withRecordedSettings,
} from '../../../src/topology/change/take-up.ts';
import { buildTopology, defaultSettings } from '../build-topology.ts';

const begin: RecordBegin = {
  kind: 'begin',
  schema: 'redis-repl/change-record',
  version: 1,
  id: '20261127-110640-0001',
  at: 0,
  who: 'anna@box',
  pid: 7,
  command: 'repl promote 6380 --persist',
  nodes: [6379, 6380, 6381].map((port) => ({
    id: String(port),
    name: String(port),
    address: { host: '127.0.0.1', port },
  })),
  before: { 6379: null, 6380: '6379', 6381: '6379' },
  wanted: { 6379: '6380', 6380: null, 6381: '6380' },
  steps: [{ kind: 'hold-writes', node: '6379' }],
  persist: true,
};

function recordOf(steps: readonly Step[], more: Partial<RecordBegin> = {}): ChangeRecord {
  const first = { ...begin, ...more };
  const begun = steps.map((step): RecordLine => ({ kind: 'step-begin', at: 1, step }));
  return { begin: first, lines: [first, ...begun], outcome: undefined };
}

const star = buildTopology({
  nodes: { 6379: {}, 6380: { upstream: '6379' }, 6381: { upstream: '6379' } },
});
const held = buildTopology({
  nodes: {
    6379: { settings: { ...defaultSettings, replPingReplicaPeriod: heldPingPeriod } },
    6380: { upstream: '6379' },
  },
});

/** As if one node had been restarted: another run id at the same place. */
function restarted(topology: Topology, id: string, now: string): Topology {
  const rename = (old: string): string => (old === id ? now : old);
  return {
    ...topology,
    nodes: topology.nodes.map((node) => ({ ...node, id: rename(node.id) })),
    links: topology.links.map((link) => ({
      ...link,
      replica: rename(link.replica),
      upstream: rename(link.upstream),
    })),
  };
}

describe('a change that was cut short', () => {
  it('is taken up in the ids of today, forward or back', () => {
    const today = restarted(star, '6379', 'new');
    expect([...shapeToday(recordOf([]), today, 'resume')]).toEqual([
      ['new', '6380'],
      ['6380', undefined],
      ['6381', '6380'],
    ]);
    expect([...shapeToday(recordOf([]), today, 'rollback')]).toEqual([
      ['new', undefined],
      ['6380', 'new'],
      ['6381', 'new'],
    ]);
    expect(movedNodes(recordOf([]), today)).toEqual(['new', '6380', '6381']);
  });

  it('leaves nodes alone that are gone', () => {
    const two = buildTopology({ nodes: { 6379: {}, 6380: { upstream: '6379' } } });
    expect([...shapeToday(recordOf([]), two, 'resume').keys()]).toEqual(['6379', '6380']);
  });

  it('releases writes before all else, but for those that the new plan holds and releases', () => {
    const record = recordOf([{ kind: 'hold-writes', node: '6379' }]);
    const release = { kind: 'release-writes', node: '6379' } as const;
    expect(releaseSteps(record, star, [])).toEqual([release]);
    expect(releaseSteps(record, star, [release])).toEqual([]);
  });

  it('waits for links, and writes files down on the way forward only', () => {
    const record = recordOf([]);
    const kinds = (direction: 'resume' | 'rollback'): string[] =>
      leftOpenSteps(record, star, { direction, planned: [] }).map(
        ({ kind, node }) => `${kind} ${node}`,
      );
    const both = ['await-link 6380', 'await-link 6381'];
    expect(kinds('rollback')).toEqual(both);
    expect(kinds('resume')).toEqual([
      ...both,
      ...['6379', '6380', '6381'].map((node) => `rewrite-config ${node}`),
    ]);
  });

  it('waits for no link to a dead node', () => {
    const dead = { kind: 'unreachable', message: 'nobody listens there' } as const;
    const orphans = { 6380: { upstream: '6379' }, 6381: { upstream: '6380' } };
    const cut = buildTopology({ nodes: { 6379: { down: dead }, ...orphans } });
    const options = { direction: 'rollback', planned: [] } as const;
    const nodes = leftOpenSteps(recordOf([]), cut, options).map(({ node }) => node);
    expect(nodes).toEqual(['6381']);
  });

  it('waits for those above first: they may drop those below once more', () => {
    const chain = buildTopology({
      nodes: { 6379: { upstream: '6380' }, 6380: { upstream: '6381' }, 6381: {} },
    });
    const options = { direction: 'rollback', planned: [] } as const;
    const nodes = leftOpenSteps(recordOf([]), chain, options).map(({ node }) => node);
    expect(nodes).toEqual(['6380', '6379']);
  });

  it('does nothing twice that the new plan does', () => {
    const record = recordOf([], { persist: false });
    const upstream = { host: '127.0.0.1', port: 6380 };
    const planned: Step[] = [
      { kind: 'follow', node: '6381', upstream, as: 'asked' },
      { kind: 'follow-no-one', node: '6380' },
    ];
    expect(leftOpenSteps(record, star, { direction: 'resume', planned })).toEqual([]);
  });

  it('goes back to the PINGs of before, not to what a dead tool left', () => {
    const first = { kind: 'hold-pings', node: '6379', period: 5 } as const;
    const record = recordOf([first, { ...first, period: heldPingPeriod }], { persist: false });
    const options = { direction: 'rollback', planned: [] } as const;
    expect(leftOpenSteps(record, held, options)).toContainEqual({
      ...first,
      kind: 'restore-pings',
    });
    const [master] = withRecordedSettings(record, held).nodes;
    expect(master.state).toMatchObject({ facts: { settings: { replPingReplicaPeriod: 5 } } });
    // Somebody set it back, or to something else: that is not ours to change.
    const kinds = leftOpenSteps(record, star, options).map(({ kind }) => kind);
    expect(kinds).not.toContain('restore-pings');
  });

  it('moves nobody when it is only to be ended', () => {
    const record = recordOf([{ kind: 'hold-writes', node: '6379' }]);
    expect([...shapeToday(record, star, 'leave')]).toEqual([]);
    expect(leftOpenSteps(record, star, { direction: 'leave', planned: [] })).toEqual([]);
  });

  it('may still do what was agreed to, and on the way back clear copies', () => {
    const allowed = (more: Partial<RecordBegin>) => allowances(recordOf([], more), star, 'resume');
    expect(allowed({})).toMatchObject({ secondMasters: new Set(), mayClear: new Set() });
    expect(allowed({ clears: ['6381'] }).mayClear).toEqual(new Set(['6381']));
    const secondMaster = { wanted: { ...begin.before, 6381: null } };
    expect(allowed(secondMaster).secondMasters).toEqual(new Set(['6381']));
    const back = allowances(recordOf([]), star, 'rollback');
    expect(back.mayClear).toEqual(new Set(['6380', '6381']));
  });

  it('has no way back once a dead master was replaced', () => {
    const orphans = { 6380: '6379', 6381: '6379' };
    const record = recordOf([], { before: orphans, wanted: { 6380: null, 6381: '6380' } });
    expect(replacedMasters(record).map(({ name }) => name)).toEqual(['6379']);
    const dead = { kind: 'unreachable', message: 'nobody listens there' } as const;
    const replaced = buildTopology({ nodes: { 6379: { down: dead }, 6380: {} } });
    expect(takenOver(record, star)).toBeUndefined();
    expect(takenOver(record, replaced)).toMatchObject({
      by: { name: '6380' },
      from: '6379',
    });
    // A master that lived hands over, and takes over again.
    expect(takenOver(recordOf([]), replaced)).toBeUndefined();
  });

  it('knows whether its old master was dead from the beginning', () => {
    expect(isTakeover(recordOf([]))).toBe(false);
    const steps: Step[] = [{ kind: 'follow-no-one', node: '6380' }];
    expect(isTakeover(recordOf([], { steps }))).toBe(true);
  });
});
