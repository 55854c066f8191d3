/**
 * Which nodes are compared with which. Pure. Without names every replica is compared with the node
 * that it gets its data from; with one name that node with those above and below it; with several
 * the first with each other.
 */
import {
  factsOf,
  linkOf,
  nodeOf,
  replicasOf,
  sharesHistory,
  type Topology,
  type TopologyNode,
} from '../model.ts';

export interface VerifyPair {
  /** The node that is held to be right. */
  readonly master: TopologyNode;
  readonly replica: TopologyNode;
  /** One history: offsets can be compared, and lag can be told from a difference. */
  readonly hasFence: boolean;
}

/** Why two nodes cannot be compared now. */
export interface RefusedPair {
  readonly master: TopologyNode;
  readonly replica: TopologyNode;
  readonly because: string;
}

export interface ChosenPairs {
  readonly pairs: readonly VerifyPair[];
  readonly refused: readonly RefusedPair[];
}

export function choosePairs(topology: Topology, named: readonly TopologyNode[]): ChosenPairs {
  const wanted = named.length > 1 ? pairsOfNamed(topology, named) : pairsOfLinks(topology, named);
  const pairs: VerifyPair[] = [];
  const refused: RefusedPair[] = [];
  for (const [master, replica] of wanted) {
    const because = refusal(topology, master) ?? refusal(topology, replica);
    if (because === undefined)
      pairs.push({ master, replica, hasFence: haveOneHistory(master, replica) });
    else refused.push({ master, replica, because });
  }
  return { pairs, refused };
}

type Two = readonly [master: TopologyNode, replica: TopologyNode];

/** The first is held to be right, unless it follows the other. */
function pairsOfNamed(topology: Topology, [first, ...others]: readonly TopologyNode[]): Two[] {
  return others
    .filter(({ id }) => id !== first.id)
    .map((other) =>
      linkOf(topology, first.id)?.upstream === other.id ? [other, first] : [first, other],
    );
}

function pairsOfLinks(topology: Topology, named: readonly TopologyNode[]): Two[] {
  const replicas =
    named.length === 0
      ? topology.nodes
      : named.flatMap((node) => [node, ...replicasOf(topology, node.id)]);
  return replicas.flatMap((replica): Two[] => {
    const upstream = linkOf(topology, replica.id)?.upstream;
    const master = upstream === undefined ? undefined : nodeOf(topology, upstream);
    return master === undefined || master === replica ? [] : [[master, replica]];
  });
}

function refusal(topology: Topology, node: TopologyNode): string | undefined {
  const { name, state } = node;
  if (state.kind === 'down') return `${name} cannot be asked: ${state.failure.message}`;
  // Requests about keys of several slots are refused there, and replicas refuse to be read.
  if (state.facts.mode === 'cluster') return `${name} is part of a cluster: not compared`;
  if (state.facts.loading) return `${name} is reading its data`;
  const link = linkOf(topology, node.id);
  if (link?.state === 'syncing') return `${name} is getting a full copy`;
  if (link?.state === 'connecting') return `${name} has never been linked to its master`;
  return undefined;
}

function haveOneHistory(a: TopologyNode, b: TopologyNode): boolean {
  const [ours, theirs] = [factsOf(a)?.replication, factsOf(b)?.replication];
  if (ours === undefined || theirs === undefined) return false;
  return sharesHistory(ours, theirs) || sharesHistory(theirs, ours);
}
