/**
 * What is wrong with a topology: a table of named illnesses. Each row looks at the whole topology
 * and returns what it found; a new illness is a new row and a fixture in test/cases. Used by the
 * views and the exit code of `repl status`. Pure.
 */
import { formatAddress } from '../instance/address.ts';
import {
  cyclesOf,
  factsOf,
  isLiveMaster,
  judgePassword,
  linkOf,
  nodeOf,
  replicasOf,
  upstreamOf,
} from './model.ts';
import type { Link, NodeId, Topology, TopologyNode } from './model.ts';

/** `error` and `warning` degrade the setup; `unknown` says that we could not tell. */
export type Severity = 'error' | 'warning' | 'unknown';

export interface Problem {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly nodes: readonly NodeId[];
  /** One full sentence in plain words. */
  readonly sentence: string;
  /** The next command to type, or what to look at. */
  readonly next: string;
}

export type Verdict = 'healthy' | 'degraded' | 'unknown';

interface Finding {
  readonly nodes: readonly TopologyNode[];
  readonly sentence: string;
  readonly next: string;
}

/**
 * The illnesses, the worst first.
 * code: the name in output, documents and fixtures · severity · find: Topology → findings.
 */
const rules = [
  { code: 'no-master', severity: 'error', find: findNoMaster },
  { code: 'dual-master', severity: 'error', find: findDualMaster },
  { code: 'self', severity: 'error', find: findSelf },
  { code: 'cycle', severity: 'error', find: findCycle },
  { code: 'unreachable', severity: 'error', find: findUnreachable },
  { code: 'masterauth', severity: 'error', find: findMasterauth },
  { code: 'never-synced', severity: 'error', find: findNeverSynced },
  { code: 'link-down', severity: 'error', find: findLinkDown },
  { code: 'writable-replica', severity: 'warning', find: findWritableReplica },
  { code: 'syncing', severity: 'warning', find: findSyncing },
  { code: 'lag', severity: 'warning', find: findLag },
  { code: 'config-drift', severity: 'warning', find: findConfigDrift },
  { code: 'loading', severity: 'unknown', find: findLoading },
  { code: 'auth', severity: 'unknown', find: findAuth },
] as const satisfies readonly {
  code: string;
  severity: Severity;
  find: (topology: Topology) => Finding[];
}[];

export type ProblemCode = (typeof rules)[number]['code'];

/** All codes, the worst first. */
export const problemCodes: readonly ProblemCode[] = rules.map(({ code }) => code);

/** Everything that is wrong, the worst first; empty when nothing is. */
export function diagnose(topology: Topology): Problem[] {
  return rules.flatMap(({ code, severity, find }) =>
    find(topology).map(({ nodes, ...words }) => ({
      code,
      severity,
      nodes: nodes.map(({ id }) => id),
      ...words,
    })),
  );
}

/** One word for the whole: the exit code of `repl status` follows it. */
export function judge(topology: Topology, problems: readonly Problem[]): Verdict {
  if (topology.source === 'address' && reachedNobody(topology)) return 'unknown';
  if (problems.some(({ severity }) => severity !== 'unknown')) return 'degraded';
  return problems.length > 0 ? 'unknown' : 'healthy';
}

function reachedNobody({ nodes }: Topology): boolean {
  return nodes.every(({ state }) => state.kind === 'down');
}

function findNoMaster(topology: Topology): Finding[] {
  const { nodes } = topology;
  const someoneMayBe = nodes.some((node) => isLiveMaster(node) || isSilent(node));
  if (topology.source === 'address' && reachedNobody(topology)) return [];
  // A cycle is the cause and has a code of its own.
  if (someoneMayBe || cyclesOf(topology).length > 0) return [];
  const dead = nodes.filter((node) => linkOf(topology, node.id) === undefined);
  const best = mostAdvanced(nodes);
  const names = dead.map(({ name }) => ` ${name}`).join('');
  const start = topology.source === 'inventory' ? `repl start${names}` : undefined;
  const promote = best === undefined ? undefined : `repl promote ${best.name}`;
  return [
    {
      nodes: dead,
      sentence: `No node accepts writes: ${listNames(dead)} ${are(dead)} not answering.`,
      next: [start, promote].filter((words) => words !== undefined).join('   or   '),
    },
  ];
}

function findDualMaster(topology: Topology): Finding[] {
  const masters = topology.nodes.filter(isLiveMaster);
  const intended = masters.every(({ expected }) => expected && !expected.upstreamName);
  if (masters.length < 2 || intended) return [];
  const keep = [...masters].sort((a, b) => weight(topology, b) - weight(topology, a))[0];
  const others = masters.filter((node) => node !== keep);
  return [
    {
      nodes: masters,
      sentence: `${listNames(masters)} ${masters.length === 2 ? 'both' : 'all'} accept writes, and their data drifts apart${weight(topology, keep) > weight(topology, others[0]) ? `; ${keep.name} has more replicas` : ''}.`,
      next: `repl reparent ${others[0].name} ${keep.name}   (drops what only ${others[0].name} holds)`,
    },
  ];
}

/** Whoever has more replicas is the master that the others believe in. */
function weight(topology: Topology, node: TopologyNode): number {
  return replicasOf(topology, node.id).length;
}

function findSelf(topology: Topology): Finding[] {
  const own = topology.nodes.filter(({ id }) => linkOf(topology, id)?.upstream === id);
  return own.map((node) => ({
    nodes: [node],
    sentence: `${node.name} replicates from itself, and so nobody can write to it.`,
    next: `repl replicaof ${node.name} no one`,
  }));
}

function findCycle(topology: Topology): Finding[] {
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

function findUnreachable(topology: Topology): Finding[] {
  const dead = topology.nodes.filter((node) => node.state.kind === 'down' && !isSilent(node));
  return dead.map((node) => ({
    nodes: [node],
    sentence: `${node.name} does not answer: ${failureWords(node)}.`,
    next:
      topology.source === 'inventory' && node.expected !== undefined
        ? `repl start ${node.name}`
        : `look at the process and the network of ${formatAddress(node.address)}`,
  }));
}

function findMasterauth(topology: Topology): Finding[] {
  return brokenLinks(topology, isPasswordWrong, (_link, replica, upstream) => ({
    sentence: `${upstream.name} refuses ${replica.name}, which has ${
      judgePassword(factsOf(replica), factsOf(upstream)) === 'missing'
        ? 'no password for it (masterauth)'
        : 'another password (masterauth)'
    }.`,
    next: `set masterauth of ${replica.name} to the password of ${upstream.name} (CONFIG SET, then CONFIG REWRITE)`,
  }));
}

function findNeverSynced(topology: Topology): Finding[] {
  const never = (link: Link): boolean =>
    link.state === 'connecting' && !isPasswordWrong(link, topology);
  return brokenLinks(topology, never, (_link, replica, upstream) => ({
    sentence: `${replica.name} has had no link to ${upstream.name} since it started.`,
    next: `look at the log of ${replica.name}: it says what ${upstream.name} answers`,
  }));
}

function findLinkDown(topology: Topology): Finding[] {
  const down = (link: Link): boolean => link.state === 'down' && !isPasswordWrong(link, topology);
  return brokenLinks(topology, down, (link, replica, upstream) => ({
    sentence: `${replica.name} lost its link to ${upstream.name} ${link.downSinceSeconds} s ago, though ${upstream.name} answers us.`,
    next: `look at the network between them, and the log of ${replica.name}`,
  }));
}

function findSyncing(topology: Topology): Finding[] {
  const syncing = (link: Link): boolean => link.state === 'syncing';
  return brokenLinks(topology, syncing, (link, replica, upstream) => ({
    sentence: `${replica.name} is taking a full copy from ${upstream.name}${syncShare(link)}.`,
    next: 'repl status --watch',
  }));
}

function findWritableReplica(topology: Topology): Finding[] {
  const writable = topology.nodes.filter(
    (node) => factsOf(node)?.replication.upstream?.readOnly === false,
  );
  return writable.map((node) => ({
    nodes: [node],
    sentence: `${node.name} is a replica that takes writes: its data can differ while offsets agree.`,
    next: `redis-cli -h ${node.address.host} -p ${node.address.port} CONFIG SET replica-read-only yes`,
  }));
}

function findLag(topology: Topology): Finding[] {
  const slow = topology.links.filter((link) => {
    const backlog = factsOf(nodeOf(topology, link.upstream))?.replication.replBacklogSize;
    return backlog !== undefined && link.state === 'up' && (link.lagBytes ?? 0) > backlog;
  });
  return slow.flatMap((link) =>
    withEnds(topology, link, (replica, upstream) => ({
      sentence: `${replica.name} is ${link.lagBytes} bytes behind ${upstream.name}, more than its backlog holds: a broken link would cost a full copy.`,
      next: `repl status --watch, and a larger repl-backlog-size on ${upstream.name}`,
    })),
  );
}

function findConfigDrift(topology: Topology): Finding[] {
  const drifted = topology.nodes.filter((node) => isDrifted(topology, node));
  // Which of two masters is to stay must be settled first.
  if (drifted.length === 0 || findDualMaster(topology).length > 0) return [];
  const master = topology.nodes.find(isLiveMaster);
  const masterMoved = drifted.some(isLiveMaster) && master !== undefined;
  const live = upstreamOf(topology, drifted[0].id);
  return [
    {
      nodes: drifted,
      sentence: `${listNames(drifted)} ${are(drifted)} not where the inventory says; a restart goes back to it.`,
      next: masterMoved
        ? `repl promote ${master.name} --persist   (keeps it so)`
        : `repl reparent ${drifted[0].name} ${live?.name ?? ''} --persist   (keeps it so)`,
    },
  ];
}

/** Only nodes that answer can be in the wrong place. */
export function isDrifted(topology: Topology, node: TopologyNode): boolean {
  if (node.expected === undefined || node.state.kind === 'down') return false;
  return upstreamOf(topology, node.id)?.name !== node.expected.upstreamName;
}

function findLoading(topology: Topology): Finding[] {
  const loading = topology.nodes.filter((node) => {
    const syncing = linkOf(topology, node.id)?.state === 'syncing';
    return isFailed(node, 'loading') || (factsOf(node)?.loading === true && !syncing);
  });
  return loading.map((node) => ({
    nodes: [node],
    sentence: `${node.name} is loading its data and answers nothing else yet.`,
    next: 'repl status --watch',
  }));
}

function findAuth(topology: Topology): Finding[] {
  const refused = topology.nodes.filter((node) => isFailed(node, 'auth'));
  return refused.map((node) => ({
    nodes: [node],
    sentence: `${node.name} ${failureWords(node)}.`,
    next:
      topology.source === 'inventory'
        ? 'put the right password into repl.yaml'
        : `REPL_PASSWORD=… repl status ${formatAddress(node.address)}`,
  }));
}

/** Links between two nodes that answer; a dead upstream has a finding of its own. */
function brokenLinks(
  topology: Topology,
  isBroken: (link: Link, topology: Topology) => boolean,
  say: (link: Link, replica: TopologyNode, upstream: TopologyNode) => Omit<Finding, 'nodes'>,
): Finding[] {
  const broken = topology.links.filter(
    (link) => isBroken(link, topology) && link.replica !== link.upstream,
  );
  return broken.flatMap((link) =>
    withEnds(topology, link, (replica, upstream) =>
      upstream.state.kind === 'up' || isSilent(upstream) ? say(link, replica, upstream) : undefined,
    ),
  );
}

function withEnds(
  topology: Topology,
  link: Link,
  say: (replica: TopologyNode, upstream: TopologyNode) => Omit<Finding, 'nodes'> | undefined,
): Finding[] {
  const replica = nodeOf(topology, link.replica);
  const upstream = nodeOf(topology, link.upstream);
  if (replica === undefined || upstream === undefined) return [];
  const words = say(replica, upstream);
  return words === undefined ? [] : [{ nodes: [replica], ...words }];
}

function isPasswordWrong({ state, replica, upstream }: Link, topology: Topology): boolean {
  const fit = judgePassword(
    factsOf(nodeOf(topology, replica)),
    factsOf(nodeOf(topology, upstream)),
  );
  return state !== 'up' && state !== 'syncing' && (fit === 'missing' || fit === 'wrong');
}

/** Alive, but it tells us nothing: it may be anything. */
function isSilent(node: TopologyNode): boolean {
  return isFailed(node, 'auth') || isFailed(node, 'loading');
}

function isFailed({ state }: TopologyNode, kind: string): boolean {
  return state.kind === 'down' && state.failure.kind === kind;
}

function failureWords({ state }: TopologyNode): string {
  return state.kind === 'down' ? state.failure.message : '';
}

function mostAdvanced(nodes: readonly TopologyNode[]): TopologyNode | undefined {
  const offset = (node: TopologyNode): number => factsOf(node)?.replication.masterReplOffset ?? -1;
  const alive = nodes.filter(({ state }) => state.kind === 'up');
  return [...alive].sort((a, b) => offset(b) - offset(a))[0];
}

function syncShare({ syncReadBytes, syncTotalBytes }: Link): string {
  if (syncReadBytes === undefined || syncTotalBytes === undefined) return '';
  return ` (${Math.floor((100 * syncReadBytes) / syncTotalBytes)} %)`;
}

function listNames(nodes: readonly TopologyNode[]): string {
  const names = nodes.map(({ name }) => name);
  if (names.length < 2) return names[0] ?? 'all nodes';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function are(nodes: readonly TopologyNode[]): string {
  return nodes.length === 1 ? 'is' : 'are';
}
