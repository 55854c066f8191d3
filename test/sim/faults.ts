/**
 * What goes wrong, one function per kind. Each draws its victims from what runs at the moment, and
 * does nothing where there is none. All of it is over, or undone by `heal`, at the end of a phase.
 */
import { adminSlot, type Cluster } from './cluster.ts';
import type { Draw } from './draw.ts';
import { failover, settleFailovers } from './failovers.ts';
import { probe } from './probe.ts';
import type { FaultKind } from './scenario.ts';
import type { SimNode } from './sim-node.ts';

type Fault = (cluster: Cluster, draw: Draw) => void;

export function strike(kind: FaultKind, cluster: Cluster, draw: Draw): void {
  faults[kind](cluster, draw);
}

/** Ends all faults: every link carries, every node runs or will, and each follows whom it should. */
export function heal(cluster: Cluster): void {
  cluster.trace.order('heal everything');
  cluster.phase++;
  cluster.network.healAll();
  cluster.nextSettlingMs = 0;
  settleFailovers(cluster);
  for (const node of cluster.nodes) {
    if (!node.running) cluster.boot(node, node.upstream);
    else cluster.follow(node, node.upstream);
  }
}

const faults: Record<FaultKind, Fault> = {
  cut,
  stall,
  freeze,
  kill,
  shutdown,
  promote,
  reparent,
  switchover,
  failover,
  save,
  'resize-backlog': resizeBacklog,
  'client-kill': clientKill,
  pause,
  probe,
};

function cut(cluster: Cluster, draw: Draw): void {
  const [node, upstream] = drawLink(cluster, draw);
  cluster.trace.order(`cut ${node.name} – ${upstream}`);
  cluster.network.cut(node.port, upstream);
}

function stall(cluster: Cluster, draw: Draw): void {
  const [node, upstream] = drawLink(cluster, draw);
  const directions: readonly (readonly [number, number])[] = draw.pick([
    [[node.port, upstream]],
    [[upstream, node.port]],
    [
      [node.port, upstream],
      [upstream, node.port],
    ],
  ]);
  const durationMs = drawDuration(cluster, draw);
  const shown = directions.map(([from, to]) => `${from}→${to}`).join(' ');
  cluster.trace.order(`stall ${shown} for ${durationMs} ms`);
  for (const [from, to] of directions) cluster.network.stall(from, to);
  const { phase } = cluster;
  cluster.queue.after(cluster.lane, durationMs, () => {
    if (cluster.phase !== phase) return;
    if (draw.chance(0.3)) cluster.network.cut(node.port, upstream);
    for (const [from, to] of directions) cluster.network.unstall(from, to);
  });
}

function freeze(cluster: Cluster, draw: Draw): void {
  const node = drawRunning(cluster, draw);
  if (node === undefined) return;
  const durationMs = drawDuration(cluster, draw);
  cluster.trace.order(`freeze ${node.name} for ${durationMs} ms`);
  node.freeze(durationMs);
}

function kill(cluster: Cluster, draw: Draw): void {
  const node = drawRunning(cluster, draw);
  if (node === undefined) return;
  cluster.trace.order(`kill ${node.name}`);
  cluster.kill(node);
  restartLater(cluster, draw, node);
}

function shutdown(cluster: Cluster, draw: Draw): void {
  const node = drawRunning(cluster, draw);
  if (node === undefined || node.stopping) return;
  const words = ['SHUTDOWN', draw.pick(['SAVE', 'SAVE', 'NOSAVE']), ...draw.pick([[], ['NOW']])];
  cluster.trace.order(`${node.name}: ${words.join(' ')}`);
  node.stopping = true;
  node.soon(0, () => {
    node.client(adminSlot).send(words, () => {
      node.stopping = false;
    });
  });
  restartLater(cluster, draw, node);
}

function promote(cluster: Cluster, draw: Draw): void {
  const replica = drawNode(cluster, draw, ({ upstream }) => upstream !== undefined);
  if (replica !== undefined) cluster.follow(replica, undefined);
}

/** Any node below any other that is not below it; a master loses its data by that. */
function reparent(cluster: Cluster, draw: Draw): void {
  const node = draw.pick(cluster.nodes);
  const upstream = drawNode(cluster, draw, (candidate) => !cluster.isBelow(candidate, node));
  if (upstream !== undefined) cluster.follow(node, upstream.port);
}

/** A replica takes its master's place; the others follow. In one order or the other, with pauses. */
function switchover(cluster: Cluster, draw: Draw): void {
  const next = drawNode(cluster, draw, ({ upstream }) => upstream !== undefined);
  const former = next?.upstream === undefined ? undefined : cluster.at(next.upstream);
  if (next === undefined || former === undefined || former.upstream !== undefined) return;
  cluster.trace.order(`switch over from ${former.name} to ${next.name}`);
  const siblings = cluster.childrenOf(former).filter((node) => node !== next);
  const demoteFirst = draw.chance(0.5);
  const pauseMs = draw.pick([0, 5, 400]);
  cluster.follow(next, undefined, demoteFirst ? pauseMs : 0);
  cluster.follow(former, next.port, demoteFirst ? 0 : pauseMs);
  if (draw.chance(0.7)) for (const node of siblings) cluster.follow(node, next.port, 2 * pauseMs);
}

function save(cluster: Cluster, draw: Draw): void {
  const node = drawRunning(cluster, draw);
  if (node === undefined) return;
  const word = draw.pick(['SAVE', 'BGSAVE', 'BGSAVE', 'BGREWRITEAOF']);
  if (word === 'SAVE' && draw.chance(0.5)) saveAndDie(cluster, draw, node);
  else command(cluster, node, [word]);
}

/** What was written right before is in the file; that it has been sent to anyone is not likely. */
function saveAndDie(cluster: Cluster, draw: Draw, node: SimNode): void {
  cluster.soon(node, 0, () => {
    cluster.trace.order(`${node.name}: SAVE right after a write, and kill`);
    const client = node.client(adminSlot);
    client.feed(Buffer.concat([client.encode(['APPEND', 'k2', '+']), client.encode(['SAVE'])]));
    cluster.kill(node);
    restartLater(cluster, draw, node);
  });
}

function resizeBacklog(cluster: Cluster, draw: Draw): void {
  const node = drawRunning(cluster, draw);
  if (node === undefined) return;
  const size = draw.pick(['16kb', '64kb', '300kb', '2mb']);
  command(cluster, node, ['CONFIG', 'SET', 'repl-backlog-size', size]);
}

function clientKill(cluster: Cluster, draw: Draw): void {
  const node = drawRunning(cluster, draw);
  if (node === undefined) return;
  command(cluster, node, ['CLIENT', 'KILL', 'TYPE', draw.pick(['replica', 'master', 'normal'])]);
}

function pause(cluster: Cluster, draw: Draw): void {
  const node = drawRunning(cluster, draw);
  if (node === undefined) return;
  const what = draw.pick(['WRITE', 'ALL']);
  command(cluster, node, ['CLIENT', 'PAUSE', String(draw.int(5, 800)), what]);
}

function command(cluster: Cluster, node: SimNode, words: readonly string[]): void {
  cluster.soon(node, 0, () => {
    cluster.trace.order(`${node.name}: ${words.join(' ')}`);
    node.client(adminSlot).send(words, (reply) => {
      cluster.trace.add(node.name, `answers ${JSON.stringify(reply)}`);
    });
  });
}

/** Comes back with or without its files, with its present role or that of its first configuration. */
function restartLater(cluster: Cluster, draw: Draw, node: SimNode): void {
  const delayMs = draw.pick([draw.int(20, 200), draw.int(200, cluster.scenario.maxDownMs)]);
  const forgetsFiles = draw.chance(0.2);
  const first = node.plan.upstream;
  const backToFirst = draw.chance(0.15) && !wouldCycle(cluster, node, first);
  const upstream = backToFirst ? first : node.upstream;
  cluster.trace.order(
    `${node.name} comes back in ${delayMs} ms ${forgetsFiles ? 'without' : 'with'} its files`,
  );
  cluster.queue.after(cluster.lane, delayMs - 1, () => {
    if (forgetsFiles && !node.running) node.deleteFiles();
  });
  cluster.bootLater(node, delayMs, { upstream });
}

function wouldCycle(cluster: Cluster, node: SimNode, upstream: number | undefined): boolean {
  const above = upstream === undefined ? undefined : cluster.at(upstream);
  return above !== undefined && cluster.isBelow(above, node);
}

/** Between two nodes that should be linked; now and then between any two. */
function drawLink(cluster: Cluster, draw: Draw): readonly [SimNode, number] {
  const linked = cluster.nodes.filter(({ upstream }) => upstream !== undefined);
  const node = draw.pick(linked.length > 0 ? linked : cluster.nodes);
  const other = draw.pick(cluster.nodes.filter((candidate) => candidate !== node));
  return [node, draw.chance(0.9) ? (node.upstream ?? other.port) : other.port];
}

function drawRunning(cluster: Cluster, draw: Draw): SimNode | undefined {
  return drawNode(cluster, draw, ({ running }) => running);
}

function drawNode(
  cluster: Cluster,
  draw: Draw,
  wanted: (node: SimNode) => boolean,
): SimNode | undefined {
  const nodes = cluster.nodes.filter(wanted);
  return nodes.length === 0 ? undefined : draw.pick(nodes);
}

/** A hiccup, a moment, or longer than the repl-timeout. */
function drawDuration({ scenario: { maxFaultMs } }: Cluster, draw: Draw): number {
  return draw.pick([draw.int(2, 60), draw.int(60, 600), draw.int(600, maxFaultMs)]);
}
