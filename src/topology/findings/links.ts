/** Findings about single links: down and why, copying, far behind, going round in circles. Pure. */
import { redisCli } from '../../instance/address.ts';
import type { OutputBufferLimit } from '../../instance/settings.ts';
import { canLoadRdb } from '../../instance/version.ts';
import { formatMemory, keysText } from '../../util/units.ts';
import {
  factsOf,
  isLiveMaster,
  judgePassword,
  nodeOf,
  replicasOf,
  sharesHistory,
} from '../model.ts';
import type { Link, NodeFacts, Topology, TopologyNode } from '../model.ts';
import {
  findInLinks,
  isCut,
  isFailed,
  isSilent,
  listNames,
  verb,
  type Finding,
} from './finding.ts';

type Words = Omit<Finding, 'nodes'>;

/** A dead upstream has a finding of its own, and so has a node that follows itself. */
export function findLinkDown(topology: Topology): Finding[] {
  return findInLinks(topology, (link, replica, upstream) => {
    const isBroken = link.state === 'down' || link.state === 'connecting';
    if (!isBroken || replica === upstream) return undefined;
    if (upstream.state.kind === 'down' && !isSilent(upstream)) return undefined;
    // A replica without a link of its own serves no others: they are an orphaned subtree.
    if (isCut(topology, upstream) && topology.nodes.some(isLiveMaster)) return undefined;
    const { because, next } = whyDown({ link, replica, upstream });
    const since =
      link.downSinceSeconds === undefined
        ? `has had no link to ${upstream.name} since it started`
        : `lost its link to ${upstream.name} ${link.downSinceSeconds} s ago`;
    return { sentence: `${replica.name} ${since}: ${because}.`, next };
  });
}

interface Ends {
  readonly link: Link;
  readonly replica: TopologyNode;
  readonly upstream: TopologyNode;
}

interface Reason {
  readonly because: string;
  readonly next: string;
}

/** The first that holds is the reason: each makes those below it impossible to see. */
function whyDown(ends: Ends): Reason {
  return (
    whenLoading(ends) ??
    whenRefused(ends) ??
    whenTooOld(ends) ??
    whenJustStarted(ends) ??
    byPhase(ends)
  );
}

function whenLoading({ upstream }: Ends): Reason | undefined {
  const isLoading = isFailed(upstream, 'loading') || factsOf(upstream)?.loading === true;
  if (!isLoading) return undefined;
  return { because: `${upstream.name} is loading its data`, next: 'repl status --watch' };
}

function whenRefused({ replica, upstream }: Ends): Reason | undefined {
  const fit = judgePassword(factsOf(replica), factsOf(upstream));
  if (fit !== 'missing' && fit !== 'wrong') return undefined;
  const what = fit === 'missing' ? 'no password for it' : 'another password';
  return {
    because: `it is refused, having ${what} (masterauth)`,
    next: `${redisCli(replica, `CONFIG SET masterauth <the password of ${upstream.name}>`)}, then CONFIG REWRITE`,
  };
}

function whenTooOld({ replica, upstream }: Ends): Reason | undefined {
  if (!isTooOld(factsOf(replica), factsOf(upstream))) return undefined;
  return {
    because: 'it cannot load the full copy that it is sent',
    next: `give ${replica.name} the version of ${upstream.name}`,
  };
}

function isTooOld(replica: NodeFacts | undefined, upstream: NodeFacts | undefined): boolean {
  return replica !== undefined && upstream !== undefined && canLoadRdb(replica, upstream) === false;
}

/** A replica tries once a second. Seconds are counted in whole ones, and answers take their time. */
const justStartedSeconds = 3;

function whenJustStarted({ replica, upstream }: Ends): Reason | undefined {
  const started = [upstream, replica].find(
    (node) => (factsOf(node)?.uptimeSeconds ?? Infinity) < justStartedSeconds,
  );
  if (started === undefined) return undefined;
  return {
    because: `${started.name} has only just started, and a replica tries once a second`,
    next: 'repl status',
  };
}

/** How far a replica gets, by ROLE's word for it. */
const phases: Readonly<Record<string, string>> = {
  connect: 'it cannot connect',
  connecting: 'it cannot connect',
  handshake: 'it connects, and the greeting does not end',
  sync: 'it is connected, and waits for the copy',
};

function byPhase({ replica, upstream }: Ends): Reason {
  const facts = factsOf(replica);
  const phase = phases[facts?.linkPhase ?? ''];
  const dialled = facts?.replication.upstream;
  const where = dialled === undefined ? upstream.name : `${dialled.host}:${dialled.port}`;
  if (phase === undefined) {
    return {
      because: 'only its log says why',
      next: `look at the log of ${replica.name}: it says what ${upstream.name} answers`,
    };
  }
  return {
    because: `${phase} (${where}), though ${upstream.name} answers us`,
    next: `look at the network between them, and the log of ${replica.name}`,
  };
}

export function findSyncing(topology: Topology): Finding[] {
  return findInLinks(topology, (link, replica, upstream) => {
    if (link.state !== 'syncing' || replica === upstream) return undefined;
    return {
      sentence: `${replica.name} is taking a full copy from ${upstream.name}${syncShare(link)}.`,
      next: 'repl status --watch',
    };
  });
}

function syncShare({ syncReadBytes, syncTotalBytes }: Link): string {
  if (syncReadBytes === undefined || syncTotalBytes === undefined) return '';
  return ` (${Math.floor((100 * syncReadBytes) / syncTotalBytes)} %)`;
}

/** A replica that has never had its upstream's data, and answers reads as if it had. */
export function findNeverSyncedServing(topology: Topology): Finding[] {
  return findInLinks(topology, (link, replica, upstream) => {
    const facts = factsOf(replica);
    if (facts === undefined || link.state !== 'connecting' || replica === upstream) {
      return undefined;
    }
    const above = factsOf(upstream);
    const hasTheData = above !== undefined && sharesHistory(above.replication, facts.replication);
    const serves = facts.settings.replicaServeStaleData !== false;
    if (hasTheData || !serves || facts.keyCount > 0) return undefined;
    return {
      sentence: `${replica.name} has never had a copy of ${upstream.name}, and answers reads: clients see no keys.`,
      next: `${redisCli(replica, 'CONFIG SET replica-serve-stale-data no')}   (until its link is up)`,
    };
  });
}

/** The copy of a node of another history is thrown away when its link comes up. */
export function findForeignHistory(topology: Topology): Finding[] {
  return findInLinks(topology, (link, replica, upstream) => {
    const lost = keysAtStake(link, replica, upstream);
    if (lost === 0 || factsOf(upstream)?.keyCount === 0) return undefined;
    return {
      sentence: `${replica.name} has another history than ${upstream.name}, which it follows: when its link comes up, its ${keysText(lost)} are replaced.`,
      next: `repl replicaof ${replica.name} no one   (keeps them)`,
    };
  });
}

/** A master that came back without its data, as a rule: what its replicas hold is all there is. */
export function findEmptyMaster(topology: Topology): Finding[] {
  const atStake = (link: Link): number => {
    const [replica, upstream] = [link.replica, link.upstream].map((id) => nodeOf(topology, id));
    return replica && upstream ? keysAtStake(link, replica, upstream) : 0;
  };
  const empty = topology.nodes.filter((node) => factsOf(node)?.keyCount === 0);
  return empty.flatMap((master) => {
    const links = topology.links.filter((link) => link.upstream === master.id && atStake(link) > 0);
    const replicas = links.flatMap(({ replica }) => nodeOf(topology, replica) ?? []);
    if (replicas.length === 0) return [];
    const most = Math.max(...links.map(atStake));
    return [
      {
        nodes: [master, ...replicas],
        sentence: `${master.name} has no keys, and ${listNames(replicas)} below it ${verb(replicas, 'holds', 'hold')} ${keysText(most)} of another history: when the link comes up, they are gone.`,
        next: `repl replicaof ${replicas[0].name} no one   (keeps them), and then give ${master.name} its data back`,
      },
    ];
  });
}

/** Keys that a full copy would replace, of a replica whose link is not up. */
function keysAtStake(link: Link, replica: TopologyNode, upstream: TopologyNode): number {
  const own = factsOf(replica);
  const above = factsOf(upstream);
  const isBroken = link.state === 'down' || link.state === 'connecting';
  if (!isBroken || own === undefined || above === undefined || replica === upstream) return 0;
  return sharesHistory(above.replication, own.replication) ? 0 : own.keyCount;
}

export function findVersionSkew(topology: Topology): Finding[] {
  return findInLinks(topology, (_link, replica, upstream) => {
    const [own, above] = [factsOf(replica), factsOf(upstream)];
    if (own === undefined || above === undefined || !isTooOld(own, above)) return undefined;
    return {
      sentence: `${replica.name} (${own.product} ${own.version}) cannot load a full copy of ${upstream.name} (${above.product} ${above.version}), which writes RDB version ${above.rdb?.writes}.`,
      next: `upgrade ${replica.name}, or let it follow a node of its own version`,
    };
  });
}

export function findLagHigh(topology: Topology): Finding[] {
  return findInLinks(topology, (link, replica, upstream) => {
    const backlog = factsOf(upstream)?.replication.replBacklogSize;
    const lag = link.lagBytes ?? 0;
    if (backlog === undefined || link.state !== 'up' || lag <= backlog) return undefined;
    return {
      sentence: `${replica.name} is ${lag} bytes behind ${upstream.name}, more than its backlog (${formatMemory(BigInt(backlog))}) holds: a broken link would cost a full copy.`,
      next: `repl status --watch, and a larger repl-backlog-size on ${upstream.name}`,
    };
  });
}

/** So many full copies that came to nothing are a loop. */
const loopFullSyncs = 3;

/** More often than this on average, full copies are no accidents of long ago. */
const loopPeriodSeconds = 120;

/**
 * A copy takes longer than its upstream will buffer writes for it: the link is dropped at the limit,
 * and the copy begins again.
 */
export function findOutputBufferLoop(topology: Topology): Finding[] {
  return findInLinks(topology, (link, replica, upstream): Words | undefined => {
    const above = factsOf(upstream);
    if (above === undefined || link.state === 'up' || factsOf(replica) === undefined) {
      return undefined;
    }
    const ends = { link, replica, upstream };
    if ((whenRefused(ends) ?? whenTooOld(ends)) !== undefined) return undefined;
    const limit = above.settings.clientOutputBufferLimit;
    if (limit === undefined || !isLooping(topology, upstream, { facts: above, limit })) {
      return undefined;
    }
    return {
      sentence: `${upstream.name} has begun ${above.syncFull} full copies, and ${replica.name} still has no link: what is written meanwhile exceeds the output buffer (${limitWords(limit)}).`,
      next: `${redisCli(upstream, 'CONFIG SET client-output-buffer-limit "replica 0 0 0"')}   (until the copy is done)`,
    };
  });
}

/**
 * Copies come thick and fast, and connections were dropped for full buffers. A server that does not
 * count those must at least be writing so much between two copies; only two looks tell.
 */
function isLooping(
  topology: Topology,
  upstream: TopologyNode,
  { facts, limit }: { facts: NodeFacts; limit: OutputBufferLimit },
): boolean {
  const { syncFull, uptimeSeconds = Infinity, outputBufferDisconnections: dropped, trend } = facts;
  const limitBytes = limit.hardBytes || limit.softBytes;
  const replicas = replicasOf(topology, upstream.id).length;
  const periodSeconds = uptimeSeconds / syncFull;
  if (syncFull < loopFullSyncs + replicas - 1 || limitBytes === 0) return false;
  if (periodSeconds > loopPeriodSeconds) return false;
  if (dropped !== undefined) return dropped > 1;
  const bytesPerSecond = trend === undefined ? 0 : (1000 * trend.streamBytes) / trend.overMs;
  return bytesPerSecond * periodSeconds > limitBytes;
}

function limitWords({ hardBytes, softBytes, softSeconds }: OutputBufferLimit): string {
  const soft = `${formatMemory(BigInt(softBytes))} for ${softSeconds} s`;
  if (hardBytes === 0) return soft;
  const hard = formatMemory(BigInt(hardBytes));
  return softBytes === 0 ? hard : `${hard}, or ${soft}`;
}
