/**
 * What forbids a move, and what it would cost in data: each asks one question of the observed
 * topology. Used by plan.ts, plan-shape.ts and plan-draft.ts. Pure.
 */
import { formatAddress, redisCli } from '../../instance/address.ts';
import type { ReplicationInfo } from '../../protocol/info.ts';
import { keysText } from '../../util/units.ts';
import {
  factsOf,
  findNode,
  isLiveMaster,
  judgePassword,
  nodeOf,
  type NodeId,
  type Topology,
  type TopologyNode,
} from '../model.ts';
import { pathIn, refuse, type Move, type Refused, type Shape } from './planned.ts';

/** A node that cannot be asked cannot be changed. */
export function refuseUnfit(node: TopologyNode): Refused | undefined {
  if (node.state.kind === 'down') {
    const message = `${node.name} does not answer: ${node.state.failure.message}.`;
    const isStopped = node.expected !== undefined && node.state.failure.kind === 'unreachable';
    return refuse('not-reachable', message, `repl ${isStopped ? 'start' : 'status'} ${node.name}`);
  }
  if (!node.state.facts.loading) return undefined;
  return refuse('loading', `${node.name} is still loading its data.`, 'repl status --watch');
}

/** A replica without the right password would stand without a link after the change. */
export function refuseLockedOut(
  replicas: readonly TopologyNode[],
  upstream: TopologyNode,
): Refused | undefined {
  for (const replica of replicas) {
    const fit = judgePassword(factsOf(replica), factsOf(upstream));
    if (fit !== 'missing' && fit !== 'wrong') continue;
    const held = fit === 'missing' ? 'no password' : 'another password';
    const message = `${upstream.name} would refuse ${replica.name}, which has ${held} for it (masterauth).`;
    const hint = redisCli(replica, `CONFIG SET masterauth <the password of ${upstream.name}>`);
    return refuse('masterauth', message, hint);
  }
  return undefined;
}

/** One of these nodes below itself. */
export function refuseLoops(
  topology: Topology,
  shape: Shape,
  ids: Iterable<NodeId> = shape.keys(),
): Refused | undefined {
  const nameOf = (id: NodeId): string => nodeOf(topology, id)?.name ?? id;
  for (const id of ids) {
    if (shape.get(id) === id) {
      const message = `${nameOf(id)} cannot replicate from itself.`;
      return refuse('self', message, 'name another node as its upstream; repl status shows them');
    }
    const path = pathIn(shape, id);
    if (shape.get(path.at(-1) ?? id) !== id) continue;
    const names = [...path, id].map(nameOf).join(' follows ');
    const message = `That would be a cycle, in which nobody accepts writes: ${names}.`;
    return refuse('cycle', message, `repl promote ${nameOf(path[1] ?? id)}`);
  }
  return undefined;
}

/** Data of another history would be replaced, key by key, by that of the new upstream. */
export function refuseForeignData(node: TopologyNode, upstream: TopologyNode): Refused | undefined {
  const keys = foreignKeys(node, upstream);
  if (keys === 0) return undefined;
  const message = `The data of ${node.name} (${keysText(keys)}) is not that of ${upstream.name}, which would replace all of it.`;
  const hint = `once nobody needs it: repl reparent ${node.name} --to ${upstream.name} --discard-data`;
  return refuse('foreign-data', message, hint);
}

/** Keys that would be destroyed because they are of another history; 0 when it is known as ours. */
function foreignKeys(node: TopologyNode, upstream: TopologyNode): number {
  const [own, above] = [factsOf(node), factsOf(upstream)];
  if (own === undefined || above === undefined) return 0;
  return isRelated(own.replication, above.replication) ? 0 : own.keyCount;
}

/** One history, in whatever direction and wherever they parted. */
function isRelated(a: ReplicationInfo, b: ReplicationInfo): boolean {
  const idsOfA = [a.masterReplid, a.masterReplid2];
  return [b.masterReplid, b.masterReplid2].some((id) => id !== undefined && idsOfA.includes(id));
}

/** What `node` has beyond what it shares with `upstream`, in sentences; none when nothing is lost. */
export function lossWarnings(node: TopologyNode, upstream: TopologyNode): string[] {
  const [own, above] = [factsOf(node), factsOf(upstream)];
  if (own === undefined || above === undefined) return [];
  if (!isRelated(own.replication, above.replication)) {
    return own.keyCount === 0 ? [] : [clearsText(node, own.keyCount, upstream.name)];
  }
  const lost = bytesBeyond(own.replication, above.replication);
  if (lost === 0 || !isLiveMaster(upstream)) return [];
  return [
    `${node.name} has ${lost} bytes that ${upstream.name} does not have: they are lost, and it needs a full copy.`,
  ];
}

/** These moves clear or cut off what only the moved nodes have, or nobody can tell. */
export function mayDiscard(topology: Topology, moves: readonly Move[]): boolean {
  return moves.some(({ node: id, upstream }) => {
    const node = nodeOf(topology, id);
    if (node === undefined || upstream === undefined) return false;
    const above = findNode(topology, formatAddress(upstream));
    if (above === undefined || factsOf(above) === undefined)
      return (factsOf(node)?.keyCount ?? 0) > 0;
    return lossWarnings(node, above).length > 0;
  });
}

/** What a master that was replaced has for itself, as exactly as offsets tell. */
export function discardWarnings(node: TopologyNode, master: TopologyNode): string[] {
  const [own, above] = [factsOf(node), factsOf(master)];
  if (own === undefined || above === undefined) return [];
  const keys = `${node.name} has ${keysText(own.keyCount)}, ${master.name} ${keysText(above.keyCount)}`;
  if (!isRelated(own.replication, above.replication)) {
    return [
      `${node.name} has another history than ${master.name}: what only it has cannot be told (uncertain), and all of it is replaced. ${keys}. To see before: repl verify ${master.name} ${node.name}.`,
    ];
  }
  const lost = bytesBeyond(own.replication, above.replication);
  if (lost === 0) return [];
  const fork = own.replication.masterReplOffset - lost;
  return [
    `${node.name} went on for ${lost} bytes after byte ${fork} of the history, which ${master.name} does not have: they are discarded (certain). ${keys}.`,
  ];
}

export function clearsText(node: TopologyNode, keys: number, upstreamName: string): string {
  return `The data of ${node.name} (${keysText(keys)}) is cleared and replaced by that of ${upstreamName}.`;
}

/** Bytes that `own` has past the point where `above` went on, or past its end. */
function bytesBeyond(own: ReplicationInfo, above: ReplicationInfo): number {
  if (own.masterReplid === above.masterReplid) {
    return Math.max(0, own.masterReplOffset - above.masterReplOffset);
  }
  const fork =
    above.masterReplid2 === own.masterReplid ? above.secondReplOffset : own.secondReplOffset;
  return Math.max(0, own.masterReplOffset - ((fork ?? 1) - 1));
}
