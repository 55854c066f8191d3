/**
 * FAILOVER as a fault. Only the two servers know how it ends, so the simulator asks them afterwards
 * and takes over the tree that they have made.
 */
import { adminSlot, type Cluster, emergencySlot } from './cluster.ts';
import type { Draw } from './draw.ts';
import type { SimNode } from './sim-node.ts';

/** Orders that were given before need their time. */
const settlingGapMs = 1000;

export interface PendingFailover {
  readonly former: SimNode;
  /** Undefined when the master picks one. */
  readonly target: SimNode | undefined;
}

/** A master hands over to a replica of its own; it gets no order to follow anyone. */
export function failover(cluster: Cluster, draw: Draw): void {
  const former = draw.pick(cluster.nodes);
  if (former.upstream !== undefined || !former.running) return;
  const children = cluster.childrenOf(former);
  if (children.length === 0) return;
  const target = draw.chance(0.7) ? draw.pick(children) : undefined;
  const words = failoverWords(draw, target);
  cluster.soon(former, 0, () => {
    cluster.trace.order(`${former.name}: ${words.join(' ')}`);
    former.client(adminSlot).send(words, (reply) => {
      cluster.trace.add(former.name, `answers ${JSON.stringify(reply)}`);
      if (reply === 'OK') cluster.failovers.push({ former, target });
    });
  });
  if (draw.chance(0.15)) {
    cluster.soon(former, draw.int(1, 300), () => {
      former.client(emergencySlot).send(['FAILOVER', 'ABORT']);
    });
  }
}

function failoverWords(draw: Draw, target: SimNode | undefined): string[] {
  if (target === undefined) {
    return ['FAILOVER', ...draw.pick([[], ['TIMEOUT', String(draw.int(1, 900))]])];
  }
  const to = ['FAILOVER', 'TO', '127.0.0.1', target.name];
  const timeout = ['TIMEOUT', String(draw.int(1, 900))];
  return [...to, ...draw.pick([[], timeout, [...timeout, 'FORCE']])];
}

/**
 * Those under way are broken off; what those before have changed is what is wanted from now on. To be
 * called until the cluster is at rest: a master that was paused begins to hand over late.
 */
export function settleFailovers(cluster: Cluster): void {
  const { failovers, queue } = cluster;
  if (failovers.length === 0 || queue.nowMs < cluster.nextSettlingMs) return;
  cluster.nextSettlingMs = queue.nowMs + settlingGapMs;
  for (const { former, target } of failovers) {
    if (former.running && isUnderWay(former)) {
      former.client(emergencySlot).send(['FAILOVER', 'ABORT']);
    } else adoptHandover(cluster, former, target);
  }
  // One that was broken off may have left two masters.
  for (const node of cluster.running) {
    const { role, master } = node.server.context.replication;
    const follows = role === 'master' ? undefined : master?.port;
    if (follows !== node.upstream) cluster.follow(node, node.upstream);
  }
}

function isUnderWay(node: SimNode): boolean {
  const info = new Map(node.server.context.replication.info());
  return info.get('master_failover_state') !== 'no-failover';
}

/** Where no later order has said otherwise: the former master follows, the new one does not. */
function adoptHandover(cluster: Cluster, former: SimNode, target: SimNode | undefined): void {
  if (!former.running || former.upstream !== undefined) return;
  const { replication } = former.server.context;
  if (replication.role !== 'replica') return;
  const next = cluster.at(replication.master?.port ?? -1);
  if (next === undefined || (target !== undefined && next !== target)) return;
  if (next.upstream !== former.port) return;
  cluster.trace.order(`${next.name} has taken over from ${former.name}`);
  next.upstream = undefined;
  former.upstream = next.port;
  for (const node of [former, next]) node.disturbedAtMs = cluster.queue.nowMs;
  cluster.markers.forget(former);
  if (next.running) cluster.markers.begin(next);
}
