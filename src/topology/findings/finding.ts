/**
 * What the rules of diagnose.ts share: the form of a finding, and the words and questions that more
 * than one of them needs. Pure.
 */
import { factsOf, linkOf, nodeOf, replicasOf } from '../model.ts';
import type { Link, Topology, TopologyNode } from '../model.ts';

/** A sentence names so many nodes, and counts the others. */
const namesLimit = 5;

/** One thing that a rule found. */
export interface Finding {
  readonly nodes: readonly TopologyNode[];
  /** One full sentence in plain words. */
  readonly sentence: string;
  /** The next command to type, or what to look at. */
  readonly next: string;
}

/** One finding per link of which `say` has something to say; it names the replica. */
export function findInLinks(
  topology: Topology,
  say: (
    link: Link,
    replica: TopologyNode,
    upstream: TopologyNode,
  ) => Omit<Finding, 'nodes'> | undefined,
): Finding[] {
  return topology.links.flatMap((link) => {
    const replica = nodeOf(topology, link.replica);
    const upstream = nodeOf(topology, link.upstream);
    if (replica === undefined || upstream === undefined) return [];
    const words = say(link, replica, upstream);
    return words === undefined ? [] : [{ nodes: [replica], ...words }];
  });
}

/** Alive, but it tells us nothing: it may be anything. */
export function isSilent(node: TopologyNode): boolean {
  return isFailed(node, 'auth') || isFailed(node, 'loading');
}

export function isFailed({ state }: TopologyNode, kind: string): boolean {
  return state.kind === 'down' && state.failure.kind === kind;
}

export function failureWords({ state }: TopologyNode): string {
  return state.kind === 'down' ? state.failure.message : '';
}

export function reachedNobody({ nodes }: Topology): boolean {
  return nodes.every(({ state }) => state.kind === 'down');
}

/** The live node with the largest offset. */
export function mostAdvanced(nodes: readonly TopologyNode[]): TopologyNode | undefined {
  const offset = (node: TopologyNode): number => factsOf(node)?.replication.masterReplOffset ?? -1;
  const alive = nodes.filter(({ state }) => state.kind === 'up');
  return [...alive].sort((a, b) => offset(b) - offset(a))[0];
}

/** All nodes below one, the node itself not among them; a cycle is walked once. */
export function nodesBelow(topology: Topology, top: TopologyNode): TopologyNode[] {
  const found: TopologyNode[] = [];
  const add = (node: TopologyNode): void => {
    for (const replica of replicasOf(topology, node.id)) {
      if (replica === top || found.includes(replica)) continue;
      found.push(replica);
      add(replica);
    }
  };
  add(top);
  return found;
}

export function isCut(topology: Topology, node: TopologyNode): boolean {
  const state = linkOf(topology, node.id)?.state;
  return state !== undefined && state !== 'up' && state !== 'syncing';
}

/** `a, b and c`; of many, the first and how many more. */
export function listNames(nodes: readonly TopologyNode[]): string {
  const names = nodes.map(({ name }) => name);
  const more = names.length - namesLimit;
  const shown = more > 1 ? [...names.slice(0, namesLimit), `${more} more`] : names;
  return listWords(shown) || 'all nodes';
}

/** `a`, `a and b`, `a, b and c`. */
export function listWords(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** The verb in the number of the nodes before it: `is` or `are`, `holds` or `hold`. */
export function verb(nodes: readonly unknown[], one: string, many: string): string {
  return nodes.length === 1 ? one : many;
}

/** For nodes of an inventory; all of them need not be named. */
export function startCommand({ nodes: all }: Topology, nodes: readonly TopologyNode[]): string {
  const ofLab = all.filter(({ expected }) => expected !== undefined);
  if (nodes.length > 1 && ofLab.every((node) => nodes.includes(node))) return 'repl start';
  return ['repl start', ...nodes.map(({ name }) => name)].join(' ');
}
