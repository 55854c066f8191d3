/** Findings about the tree as a whole: who is the master, and does everyone hang below one. Pure. */
import { brokenFences } from '../change/fence-state.ts';
import {
  cyclesOf,
  factsOf,
  isLiveMaster,
  linkOf,
  nodeOf,
  pathUp,
  replicasOf,
  upstreamOf,
} from '../model.ts';
import type { Topology, TopologyNode } from '../model.ts';
import {
  isCut,
  isSilent,
  listNames,
  mostAdvanced,
  nodesBelow,
  reachedNobody,
  startCommand,
  verb,
  type Finding,
} from './finding.ts';

export function findNoMaster(topology: Topology): Finding[] {
  const { nodes } = topology;
  const someoneMayBe = nodes.some((node) => isLiveMaster(node) || isSilent(node));
  if (topology.source === 'address' && reachedNobody(topology)) return [];
  // A cycle is the cause and has a code of its own.
  if (someoneMayBe || cyclesOf(topology).length > 0) return [];
  const dead = nodes.filter((node) => linkOf(topology, node.id) === undefined);
  const best = mostAdvanced(nodes);
  const toStart = reachedNobody(topology) ? nodes : dead;
  const start = topology.source === 'inventory' ? startCommand(topology, toStart) : undefined;
  const promote = best === undefined ? undefined : `repl promote ${best.name} --force`;
  return [
    {
      nodes: dead,
      sentence: `No node accepts writes: ${listNames(dead)} ${verb(dead, 'is', 'are')} not answering.`,
      next: [start, promote].filter((words) => words !== undefined).join('   or   '),
    },
  ];
}

export function findDualMaster(topology: Topology): Finding[] {
  const masters = topology.nodes.filter(isLiveMaster);
  const intended = masters.every(({ expected }) => expected && !expected.upstreamName);
  if (masters.length < 2 || intended) return [];
  const replaced = brokenFences(topology).map(({ node }) => node);
  const isReplaced = (node: TopologyNode): number => Number(replaced.includes(node));
  const keep = [...masters].sort(
    (a, b) => isReplaced(a) - isReplaced(b) || weight(topology, b) - weight(topology, a),
  )[0];
  const others = masters.filter((node) => node !== keep);
  const isHeavier = weight(topology, keep) > weight(topology, others[0]);
  const more = isHeavier ? `; ${keep.name} has more replicas` : '';
  const [old = others[0]] = others.filter(isReplaced);
  return [
    {
      nodes: masters,
      sentence: `${listNames(masters)} ${masters.length === 2 ? 'both' : 'all'} accept writes, and their data drifts apart${more}.`,
      next: isReplaced(old)
        ? `repl rejoin ${old.name}   (says first what only ${old.name} holds, and drops it)`
        : `repl reparent ${old.name} ${keep.name}   (drops what only ${old.name} holds)`,
    },
  ];
}

/** Whoever has more replicas is the master that the others believe in. */
function weight(topology: Topology, node: TopologyNode): number {
  return replicasOf(topology, node.id).length;
}

export function findSelf(topology: Topology): Finding[] {
  const own = topology.nodes.filter(({ id }) => linkOf(topology, id)?.upstream === id);
  return own.map((node) => ({
    nodes: [node],
    sentence: `${node.name} replicates from itself, and so nobody can write to it.`,
    next: `repl replicaof ${node.name} no one`,
  }));
}

export function findCycle(topology: Topology): Finding[] {
  const cycles = cyclesOf(topology).filter(({ length }) => length > 1);
  return cycles.map((ids) => {
    const nodes = ids.map((id) => nodeOf(topology, id)).filter((node) => node !== undefined);
    const ring = [...nodes, nodes[0]].map(({ name }) => name).join(' follows ');
    return {
      nodes,
      sentence: `${ring}: a cycle, in which nobody accepts writes.`,
      next: `repl promote ${(mostAdvanced(nodes) ?? nodes[0]).name}`,
    };
  });
}

/** Below a dead node, or below one that is cut off itself, while a master lives elsewhere. */
export function findOrphanSubtree(topology: Topology): Finding[] {
  const master = topology.nodes.find(isLiveMaster);
  if (master === undefined) return [];
  const cuts = topology.nodes.filter(
    (node) => (node.state.kind === 'down' && !isSilent(node)) || isCut(topology, node),
  );
  return cuts.flatMap((cut) => {
    const orphans = nodesBelow(topology, cut).filter(
      (node) => node.state.kind === 'up' && highestCut(topology, node, cuts) === cut,
    );
    if (orphans.length === 0) return [];
    const why = cut.state.kind === 'down' ? 'does not answer' : 'has no link itself';
    return [
      {
        nodes: orphans,
        sentence: `${listNames(orphans)} ${verb(orphans, 'gets', 'get')} nothing of what is written to ${master.name}: ${cut.name} above ${why}.`,
        next: `repl reparent ${orphans[0].name} ${master.name}`,
      },
    ];
  });
}

/** The last of `cuts` on the way up: with it, all below is mended, or has a finding of its own. */
function highestCut(
  topology: Topology,
  from: TopologyNode,
  cuts: readonly TopologyNode[],
): TopologyNode | undefined {
  const above = pathUp(topology, from.id).slice(1);
  return cuts.find(
    ({ id }) => id === above.findLast((each) => cuts.some((cut) => cut.id === each)),
  );
}

/**
 * The server's own FAILOVER turns the old master into a replica of the new one and leaves all
 * others below the old. Only an inventory tells such a chain from one that is meant.
 */
export function findChainAfterFailover(topology: Topology): Finding[] {
  return topology.nodes.flatMap((old) => {
    const master = upstreamOf(topology, old.id);
    const wasMaster = old.expected !== undefined && old.expected.upstreamName === undefined;
    if (!wasMaster || master === undefined || !isLiveMaster(master)) return [];
    const left = replicasOf(topology, old.id).filter(
      ({ expected }) => expected?.upstreamName === old.name,
    );
    if (left.length === 0) return [];
    return [
      {
        nodes: left,
        sentence: `${listNames(left)} still ${verb(left, 'hangs', 'hang')} below ${old.name}, which was the master before ${master.name}: every write takes one hop more.`,
        next: `repl reparent ${left[0].name} ${master.name} --persist`,
      },
    ];
  });
}

/** Where the inventory puts nodes that answer elsewhere. */
export function findMoved(topology: Topology): Finding[] {
  const drifted = topology.nodes.filter((node) => isDrifted(topology, node));
  // Which of two masters is to stay must be settled first.
  if (drifted.length === 0 || findDualMaster(topology).length > 0) return [];
  const master = topology.nodes.find(isLiveMaster);
  const masterMoved = drifted.some(isLiveMaster) && master !== undefined;
  const live = upstreamOf(topology, drifted[0].id);
  return [
    {
      nodes: drifted,
      sentence: `${listNames(drifted)} ${verb(drifted, 'is', 'are')} not where the inventory says; a restart goes back to it.`,
      next: masterMoved
        ? `repl promote ${master.name} --persist   (keeps it so)`
        : `repl reparent ${drifted[0].name} ${live?.name ?? ''} --persist   (keeps it so)`,
    },
  ];
}

/** Only nodes that answer can be in the wrong place. */
export function isDrifted(topology: Topology, node: TopologyNode): boolean {
  if (node.expected === undefined || factsOf(node) === undefined) return false;
  return upstreamOf(topology, node.id)?.name !== node.expected.upstreamName;
}
