import { describe, expect, it } from 'vitest';
import { factsOf, type Topology, type Trend } from '../../../src/topology/model.ts';
import { withTrend } from '../../../src/topology/findings/trend.ts';
import { buildTopology, type NodeSketch } from '../build-topology.ts';

/** One node, as it was and as it is so many milliseconds later. */
function trendBetween(was: NodeSketch, is: NodeSketch, overMs: number): Trend | undefined {
  const before = buildTopology({ nodes: { 6379: was } });
  const after = later(buildTopology({ nodes: { 6379: is } }), overMs);
  return factsOf(withTrend(before, after).nodes[0])?.trend;
}

function later(topology: Topology, ms: number): Topology {
  const nodes = topology.nodes.map((node) => {
    const facts = factsOf(node);
    if (facts === undefined) return node;
    const moved = { ...facts, sampledAtMs: facts.sampledAtMs + ms };
    return { ...node, state: { kind: 'up' as const, facts: moved } };
  });
  return { ...topology, nodes };
}

describe('the trend between two looks', () => {
  it('is what a node has streamed and copied meanwhile', () => {
    const trend = trendBetween({ offset: 1000, syncFull: 2 }, { offset: 3500, syncFull: 3 }, 500);
    expect(trend).toEqual({ overMs: 500, streamBytes: 2500, syncFull: 1 });
  });

  it('is not told of two looks at one time, and never across two histories', () => {
    expect(trendBetween({ offset: 1 }, { offset: 2 }, 20)).toBeUndefined();
    expect(trendBetween({ offset: 1 }, { offset: 2, replid: 'b' }, 500)).toBeUndefined();
  });

  it('is not told of a node that is dead, or was', () => {
    const down = { kind: 'timeout', message: 'x' } as const;
    expect(trendBetween({ down }, { offset: 2 }, 500)).toBeUndefined();
    expect(trendBetween({ offset: 2 }, { down }, 500)).toBeUndefined();
  });
});
