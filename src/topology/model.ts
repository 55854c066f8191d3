/**
 * What replication looks like, as plain data that could be written to a file: nodes, and links from
 * each replica to its upstream. Made by assemble.ts, read by diagnose, plan and the views. The
 * questions that all of them ask of the tree stand here too. No I/O, no clock.
 */
import { addressKey, isSocket, parseAddress, type Address } from '../instance/address.ts';
import type { Failure } from '../instance/failure.ts';
import type { ServerFacts } from '../instance/report.ts';
import type { Watch } from '../instance/sentinel.ts';
import type { ReplicationInfo } from '../protocol/info.ts';

/** The run id where the node could be asked, otherwise its address. */
export type NodeId = string;

export interface Topology {
  /** `inventory`: a lab says which nodes there should be. `address`: found from a live node. */
  readonly source: 'inventory' | 'address';
  readonly nodes: readonly TopologyNode[];
  readonly links: readonly Link[];
  /** Those that watch it, as far as we were told of one. */
  readonly sentinels: readonly SentinelNode[];
  /** Masters that were replaced while they did not answer. */
  readonly fences?: readonly Fence[];
}

/** The note that is left when a replica takes over from a dead master. */
export interface Fence {
  /** Unix milliseconds. */
  readonly at: number;
  /** The master that was replaced. */
  readonly name: string;
  readonly address: Address;
  readonly by: { readonly name: string; readonly address: Address };
  /** Of the history that both had, the last byte that the new master had of it. */
  readonly masterReplid: string;
  readonly offset: number;
}

/** They hold no data and are no part of the tree. */
export interface SentinelNode {
  /** `host:port`. */
  readonly name: string;
  readonly address: Address;
  readonly state:
    | { readonly kind: 'up'; readonly watches: readonly Watch[] }
    | { readonly kind: 'down'; readonly failure: Failure };
}

export interface TopologyNode {
  readonly id: NodeId;
  /** The inventory's name, or `host:port`. Unique; what users type and read. */
  readonly name: string;
  /** Where we reached the node, or tried to. */
  readonly address: Address;
  /** All addresses that mean this node, in whoever's words. */
  readonly aliases: readonly Address[];
  /** Those of them, in the words of other nodes, at which nobody answered us. */
  readonly silentAliases: readonly Address[];
  /** The address under which other nodes should dial it. */
  readonly dialAddress: Address;
  /** What the inventory intends; undefined for a node that it does not name. */
  readonly expected: ExpectedPlace | undefined;
  readonly state: NodeState;
}

/** The upstream's name in the inventory; undefined for a master. */
export interface ExpectedPlace {
  readonly upstreamName: string | undefined;
}

export type NodeState =
  | { readonly kind: 'up'; readonly facts: NodeFacts }
  | { readonly kind: 'down'; readonly failure: Failure };

/** Everything that the server says of itself, but no secret. */
export interface NodeFacts extends ServerFacts {
  readonly passwords: PasswordFacts;
  /** Only of a node that the inventory has on this machine. */
  readonly confFile: ConfFileFacts | undefined;
  /** What changed since the look before this one; undefined for a first look. */
  readonly trend: Trend | undefined;
}

/** The node's own configuration file, compared with what runs. */
export interface ConfFileFacts {
  /** CONFIG REWRITE can replace it. */
  readonly writable: boolean;
  readonly differences: readonly ConfDifference[];
}

export interface ConfDifference {
  readonly name: string;
  readonly running: string;
  readonly file: string;
}

export interface Trend {
  readonly overMs: number;
  /** By which the node's offset grew. */
  readonly streamBytes: number;
  /** Full copies begun for replicas. */
  readonly syncFull: number;
}

/** Which passwords are equal, without holding one: equal numbers, equal passwords; 0 is none. */
export interface PasswordFacts {
  /** What the node asks of others; undefined when we may not know. */
  readonly asked: number | undefined;
  /** What it would send to its upstream; undefined also when it logs in as a user of the ACL. */
  readonly held: number | undefined;
}

export type LinkState =
  | 'up'
  | 'connecting' // no copy yet, no stream: dialling, greeting, or waiting to be served
  | 'syncing' // a full copy is coming in
  | 'down' // was up before, and the upstream is not heard now
  | 'unknown'; // the replica could not be asked

export interface Link {
  readonly replica: NodeId;
  readonly upstream: NodeId;
  /** Who says so: the replica itself, its upstream's list, or only the inventory or a Sentinel. */
  readonly knownFrom: 'replica' | 'upstream' | 'inventory' | 'sentinel';
  readonly state: LinkState;
  /** Never up since the replica started. */
  readonly neverUp: boolean;
  readonly downSinceSeconds: number | undefined;
  readonly lastIoSecondsAgo: number | undefined;
  /** Upstream's offset minus the replica's own, in bytes; undefined where nobody can tell. */
  readonly lagBytes: number | undefined;
  readonly syncReadBytes: number | undefined;
  readonly syncTotalBytes: number | undefined;
}

export function nodeOf(topology: Topology, id: NodeId): TopologyNode | undefined {
  return topology.nodes.find((node) => node.id === id);
}

/** The node that a user means by its name, its address, or its port where one node has it. */
export function findNode(topology: Topology, words: string): TopologyNode | undefined {
  const { nodes } = topology;
  const named = nodes.find((node) => node.name === words);
  const meant = parseAddress(words);
  if (named !== undefined || meant === undefined) return named;
  const key = addressKey(meant);
  const isMeant = (address: Address): boolean => addressKey(address) === key;
  const reached = nodes.find(({ address, aliases }) => isMeant(address) || aliases.some(isMeant));
  if (reached !== undefined || words.includes(':') || isSocket(meant)) return reached;
  const byPort = nodes.filter(({ address }) => address.port === meant.port);
  return byPort.length === 1 ? byPort[0] : undefined;
}

export function factsOf(node: TopologyNode | undefined): NodeFacts | undefined {
  return node?.state.kind === 'up' ? node.state.facts : undefined;
}

/** A node that answers and says that it is a master. */
export function isLiveMaster(node: TopologyNode): boolean {
  return factsOf(node)?.replication.role === 'master';
}

export function linkOf(topology: Topology, replica: NodeId): Link | undefined {
  return topology.links.find((link) => link.replica === replica);
}

export function upstreamOf(topology: Topology, replica: NodeId): TopologyNode | undefined {
  const link = linkOf(topology, replica);
  return link === undefined ? undefined : nodeOf(topology, link.upstream);
}

/** Direct replicas in the order of the nodes; a node that follows itself is not its own replica. */
export function replicasOf(topology: Topology, upstream: NodeId): TopologyNode[] {
  const isReplica = ({ id }: TopologyNode): boolean =>
    id !== upstream && linkOf(topology, id)?.upstream === upstream;
  return topology.nodes.filter(isReplica);
}

/** The node and those above it, nearest first; ends at a node that was met before. */
export function pathUp(topology: Topology, from: NodeId): NodeId[] {
  const path: NodeId[] = [];
  let at: NodeId | undefined = from;
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = linkOf(topology, at)?.upstream;
  }
  return path;
}

/** The nodes of each cycle, each cycle once. A node that follows itself is a cycle of one. */
export function cyclesOf(topology: Topology): NodeId[][] {
  const cycles: NodeId[][] = [];
  for (const { id } of topology.nodes) {
    if (cycles.some((cycle) => cycle.includes(id))) continue;
    const path = pathUp(topology, id);
    const backTo = linkOf(topology, path.at(-1) ?? id)?.upstream;
    if (backTo === id) cycles.push(path);
  }
  return cycles;
}

/** Where drawing starts: nodes without upstream, and one node of each cycle. */
export function rootsOf(topology: Topology): TopologyNode[] {
  const entries = new Set(cyclesOf(topology).map(([first]) => first));
  return topology.nodes.filter(({ id }) => linkOf(topology, id) === undefined || entries.has(id));
}

/** Links between the deepest replica and its root; 0 for a lone node. */
export function depthOf(topology: Topology): number {
  const depths = topology.nodes.map(({ id }) => pathUp(topology, id).length - 1);
  return Math.max(0, ...depths);
}

/** How far a replica is behind the top of its chain; undefined where a hop is unknown. */
export function lagFromTopBytes(topology: Topology, replica: NodeId): number | undefined {
  const path = pathUp(topology, replica);
  const top = factsOf(nodeOf(topology, path.at(-1) ?? replica));
  const own = factsOf(nodeOf(topology, replica));
  if (path.length < 2 || top === undefined || own === undefined) return undefined;
  return lagBetween(top.replication, own.replication);
}

/** Would `replica` be let in by `upstream`? */
export function judgePassword(
  replica: NodeFacts | undefined,
  upstream: NodeFacts | undefined,
): 'fits' | 'missing' | 'wrong' | 'unknown' {
  const held = replica?.passwords.held;
  const asked = upstream?.passwords.asked;
  if (held === undefined || asked === undefined) return 'unknown';
  if (asked === 0 || asked === held) return 'fits';
  return held === 0 ? 'missing' : 'wrong';
}

/** Bytes that `replica` has yet to apply of what `upstream` has; never negative. */
export function lagBetween(
  upstream: ReplicationInfo,
  replica: ReplicationInfo,
): number | undefined {
  if (!sharesHistory(upstream, replica)) return undefined;
  return Math.max(0, upstream.masterReplOffset - replica.masterReplOffset);
}

/** Offsets can be compared: the replica's history is the upstream's, or what it continued. */
export function sharesHistory(upstream: ReplicationInfo, replica: ReplicationInfo): boolean {
  if (upstream.masterReplid === replica.masterReplid) return true;
  const secondReplOffset = upstream.secondReplOffset ?? 0;
  return (
    upstream.masterReplid2 === replica.masterReplid && replica.masterReplOffset < secondReplOffset
  );
}
