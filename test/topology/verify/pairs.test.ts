import { describe, expect, it } from 'vitest';
import { choosePairs } from '../../../src/topology/verify/pairs.ts';
import { buildTopology, type Sketch } from '../build-topology.ts';

/** `master > replica` for what is compared, `!` before what is refused, `~` without a fence. */
function pairsOf(nodes: Sketch['nodes'], ...names: string[]): string[] {
  const topology = buildTopology({ nodes });
  const named = names.map((name) => {
    const node = topology.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  });
  const { pairs, refused } = choosePairs(topology, named);
  return [
    ...pairs.map(
      ({ master, replica, hasFence }) => `${hasFence ? '' : '~'}${master.name} > ${replica.name}`,
    ),
    ...refused.map(
      ({ master, replica, because }) => `!${master.name} > ${replica.name}: ${because}`,
    ),
  ];
}

const tree: Sketch['nodes'] = {
  1: {},
  2: { upstream: '1' },
  3: { upstream: '1' },
  4: { upstream: '3' },
};

describe('what is compared', () => {
  it('is every replica with its upstream, without names', () => {
    expect(pairsOf(tree)).toEqual(['1 > 2', '1 > 3', '3 > 4']);
  });

  it('is a node with those above and below it, with one name', () => {
    expect(pairsOf(tree, '3')).toEqual(['1 > 3', '3 > 4']);
    expect(pairsOf(tree, '1')).toEqual(['1 > 2', '1 > 3']);
  });

  it('is the first with each other, with more names', () => {
    expect(pairsOf(tree, '1', '4', '2')).toEqual(['1 > 4', '1 > 2']);
    expect(pairsOf(tree, '2', '4')).toEqual(['2 > 4']);
  });

  it('takes the upstream for right in whatever order they are named', () => {
    expect(pairsOf(tree, '4', '3')).toEqual(['3 > 4']);
  });

  it('has no fence between two histories', () => {
    expect(pairsOf({ 1: {}, 2: { replid: 'f'.repeat(40) } }, '1', '2')).toEqual(['~1 > 2']);
  });

  it('leaves out what cannot be read now, and says why', () => {
    const failure = { kind: 'unreachable', message: 'nobody listens there' } as const;
    expect(
      pairsOf({
        1: {},
        2: { upstream: '1', down: failure },
        3: { upstream: '1', link: 'syncing' },
        4: { upstream: '1', loading: true },
        5: { upstream: '1', link: 'connecting' },
      }),
    ).toEqual([
      '!1 > 2: 2 cannot be asked: nobody listens there',
      '!1 > 3: 3 is getting a full copy',
      '!1 > 4: 4 is reading its data',
      '!1 > 5: 5 has never been linked to its master',
    ]);
  });

  it('leaves out nodes of a cluster', () => {
    const { nodes, ...rest } = buildTopology({ nodes: { 1: {}, 2: { upstream: '1' } } });
    const clustered = nodes.map((node) =>
      node.state.kind === 'up'
        ? {
            ...node,
            state: { kind: 'up' as const, facts: { ...node.state.facts, mode: 'cluster' } },
          }
        : node,
    );
    const { pairs, refused } = choosePairs({ ...rest, nodes: clustered }, []);
    expect(pairs).toEqual([]);
    expect(refused).toMatchObject([{ because: '1 is part of a cluster: not compared' }]);
  });

  it('is nothing for a node that follows itself, or nobody', () => {
    expect(pairsOf({ 1: { upstream: '1' }, 2: {} })).toEqual([]);
  });
});
