/**
 * What changed between two looks at one topology: how much each node's stream grew, and how many
 * full copies it began. Rates need time to pass; one look has none. Used by cli/observe.ts. Pure.
 */
import { factsOf, nodeOf } from '../model.ts';
import type { NodeFacts, Topology, TopologyNode, Trend } from '../model.ts';

/** Two looks that follow this fast say nothing of a rate. */
const leastMs = 100;

/** `after`, with the trend of each node that was there before. */
export function withTrend(before: Topology, after: Topology): Topology {
  const addTrend = (node: TopologyNode): TopologyNode => {
    const [was, is] = [factsOf(nodeOf(before, node.id)), factsOf(node)];
    const trend = was && is && trendOf(was, is);
    if (is === undefined || trend === undefined) return node;
    return { ...node, state: { kind: 'up', facts: { ...is, trend } } };
  };
  return { ...after, nodes: after.nodes.map(addTrend) };
}

/** Undefined too where the offset counts in another history now. */
function trendOf(was: NodeFacts, is: NodeFacts): Trend | undefined {
  const overMs = is.sampledAtMs - was.sampledAtMs;
  if (overMs < leastMs || was.replication.masterReplid !== is.replication.masterReplid) {
    return undefined;
  }
  return {
    overMs,
    streamBytes: Math.max(0, is.replication.masterReplOffset - was.replication.masterReplOffset),
    syncFull: Math.max(0, is.syncFull - was.syncFull),
  };
}
