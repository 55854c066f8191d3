import { describe, expect, it } from 'vitest';
import { driftBetween, fingerprintOf, hashOf } from '../../../src/topology/change/fingerprint.ts';
import { buildTopology, type NodeSketch, type Sketch } from '../build-topology.ts';

const star: Record<string, NodeSketch> = {
  6379: {},
  6380: { upstream: '6379' },
  6381: { upstream: '6379' },
};

function driftTo(nodes: Sketch['nodes']): string[] {
  return driftBetween(
    fingerprintOf(buildTopology({ nodes: star })),
    fingerprintOf(buildTopology({ nodes })),
  );
}

function changed(name: string, change: NodeSketch): Sketch['nodes'] {
  return { ...star, [name]: { ...star[name], ...change } };
}

function set(settings: NonNullable<NodeSketch['settings']>): Sketch['nodes'] {
  return changed('6380', { settings });
}

const dead = { kind: 'unreachable', message: 'nobody listens there' } as const;

/** What can happen between plan and apply → what is said of it. */
const drifts: readonly (readonly [what: string, nodes: Sketch['nodes'], sentence: RegExp])[] = [
  ['a node appeared', { ...star, 6382: { upstream: '6379' } }, /^6382 was not there/],
  ['a node went', { 6379: {}, 6380: { upstream: '6379' } }, /^6381 is no longer there/],
  ['a node died', changed('6381', { down: dead }), /^6381 answered and does not now/],
  ['the master died', changed('6379', { down: dead }), /^6379 answered/],
  [
    'a replica moved',
    changed('6381', { upstream: '6380' }),
    /^6381 followed 6379 and follows 6380/,
  ],
  [
    'a replica was promoted',
    { ...star, 6381: {} },
    /^6381 was a replica and is a master\.\n6381 followed 6379 and follows nobody\.$/,
  ],
  ['a link broke', changed('6380', { link: 'down' }), /^The link of 6380 was up and is down/],
  ['a full copy began', changed('6380', { link: 'syncing' }), /is syncing/],
  ['another history', changed('6379', { replid: 'f'.repeat(40) }), /^6379 was in history/],
  ['an upgrade', changed('6380', { version: '7.2.4' }), /^6380 ran version redis 7.0.15 and runs/],
  ['another product', changed('6380', { product: 'valkey' }), /runs valkey/],
  ['a password is asked', changed('6379', { asked: 1 }), /settings of 6379/],
  ['a masterauth is set', changed('6380', { held: 1 }), /settings of 6380/],
  ['the ping period', set({ replPingReplicaPeriod: 3600 }), /settings of 6380/],
  ['the backlog', set({ replBacklogSize: 16_384 }), /settings of 6380/],
  ['the timeout', set({ replTimeout: 5 }), /settings of 6380/],
  ['min-replicas', set({ minReplicasToWrite: 1 }), /settings of 6380/],
  ['a writable replica', set({ replicaReadOnly: false }), /settings of 6380/],
  ['an announced address', set({ replicaAnnounceIp: '10.0.0.9' }), /settings of 6380/],
  ['the priority', set({ replicaPriority: 0 }), /settings of 6380/],
  ['the memory limit', set({ maxmemory: 1_000_000 }), /settings of 6380/],
  ['persistence', set({ appendonly: true, save: '' }), /settings of 6380/],
];

describe('drift', () => {
  it('is none while only data, offsets and load change', () => {
    expect(driftTo(changed('6379', { offset: 5_000_000, keys: 999 }))).toEqual([]);
  });

  it.each(drifts)('is seen: %s', (_what, nodes, sentence) => {
    expect(driftTo(nodes).join('\n')).toMatch(sentence);
  });

  it('is seen when a server was restarted', () => {
    const then = fingerprintOf(buildTopology({ nodes: star }));
    const now = then.map((mark) => (mark.name === '6380' ? { ...mark, id: 'another' } : mark));
    expect(driftBetween(then, now)).toEqual(['6380 was restarted, or is another server.']);
  });

  it('does not count what changes by itself while a change is resumed', () => {
    const [then, now] = [star, changed('6380', { link: 'down' })];
    const marks = [then, now].map((nodes) => fingerprintOf(buildTopology({ nodes })));
    expect(driftBetween(marks[0], marks[1], ['link'])).toEqual([]);
  });

  it('is seen when a dead node is back', () => {
    const [then, now] = [changed('6381', { down: dead }), star].map((nodes) =>
      fingerprintOf(buildTopology({ nodes })),
    );
    expect(driftBetween(then, now)).toEqual(['6381 did not answer and does now.']);
  });
});

describe('the hash of data', () => {
  it('does not depend on the order of keys, but on everything else', () => {
    expect(hashOf({ a: 1, b: [1, 2] })).toBe(hashOf({ b: [1, 2], a: 1 }));
    expect(hashOf({ a: 1, b: [1, 2] })).not.toBe(hashOf({ a: 1, b: [2, 1] }));
  });
});
