/**
 * The simulated cluster: its nodes, network, time and trace, and the two things that are asked of
 * nodes: run, and follow. Faults, workload and checks act through it.
 */
import type { Draw } from './draw.ts';
import { EventQueue } from './event-queue.ts';
import type { PendingFailover } from './failovers.ts';
import type { Lane } from './event-queue.ts';
import { Markers } from './markers.ts';
import { memoryFiles } from './memory-fs/files.ts';
import type { Scenario } from './scenario.ts';
import type { RespValue } from '../support/resp-value.ts';
import { isError, type OnReply } from './sim-client.ts';
import { SimNetwork } from './sim-network.ts';
import { SimNode } from './sim-node.ts';
import { Trace } from './trace.ts';

/** Client slots of a node: the administrator's, then the users'. */
export const adminSlot = 0;
export const userSlots = 3;
/** For what ends a pause of writes: the administrator's own may be waiting for that. */
export const emergencySlot = 1 + userSlots;

/** Nobody leaves a node down for good. */
const rebootMs = 6500;

/** A look at whether a node has loaded its files, so often. */
const loadingGapMs = 0.1;

/** A refused order (-LOADING …) is given again after so long. */
const retryOrderMs = 100;

export class Cluster {
  readonly scenario: Scenario;
  readonly queue = new EventQueue();
  readonly network: SimNetwork;
  readonly trace: Trace;
  readonly nodes: readonly SimNode[];
  readonly markers: Markers;
  /** The simulator's own events: faults, workload, restarts. */
  readonly lane: Lane;
  readonly draw: Draw;
  /** Called for every new process, before anyone connects to it. */
  onBooted: (node: SimNode) => void = () => undefined;
  /** Hand-overs that masters were asked for in this phase. */
  readonly failovers: PendingFailover[] = [];
  /** Before this moment they are not looked at again. */
  nextSettlingMs = 0;
  /** Counts healings: what a fault has left to do is not done in the next phase. */
  phase = 0;

  constructor(scenario: Scenario, draw: Draw, options: { keepAll: boolean }) {
    memoryFiles.reset();
    this.scenario = scenario;
    this.draw = draw;
    this.lane = this.queue.lane();
    this.trace = new Trace(() => this.queue.nowMs, { keepAll: options.keepAll });
    this.network = new SimNetwork({
      queue: this.queue,
      traits: scenario.network,
      draw: draw.fork('network'),
    });
    this.nodes = scenario.nodes.map((plan) => {
      const deps = {
        queue: this.queue,
        network: this.network,
        draw: draw.fork(`node ${plan.port}`),
        trace: (who: string, what: string) => this.trace.add(who, what),
        onMade: (node: SimNode) => this.onBooted(node),
        onStopped: (node: SimNode) => this.#onStopped(node),
      };
      return new SimNode(deps, plan);
    });
    this.markers = new Markers(this.nodes, () => this.queue.nowMs);
  }

  get running(): SimNode[] {
    return this.nodes.filter((node) => node.running);
  }

  /** Running nodes that are to be masters, and are. */
  get masters(): SimNode[] {
    return this.running.filter(({ upstream, server }) => {
      return upstream === undefined && server.context.replication.role === 'master';
    });
  }

  at(port: number): SimNode | undefined {
    return this.nodes.find((node) => node.port === port);
  }

  childrenOf(node: SimNode): SimNode[] {
    return this.nodes.filter(({ upstream }) => upstream === node.port);
  }

  /** Whether `node` is `top` or follows it, directly or through others. */
  isBelow(node: SimNode, top: SimNode): boolean {
    for (let at: SimNode | undefined = node; at !== undefined;) {
      if (at === top) return true;
      at = at.upstream === undefined ? undefined : this.at(at.upstream);
    }
    return false;
  }

  // ---- processes ----

  boot(node: SimNode, upstream: number | undefined): void {
    this.trace.order(
      `boot ${node.name} ${upstream === undefined ? 'as master' : `of ${upstream}`}`,
    );
    node.boot(upstream);
    this.markers.forget(node);
    if (upstream === undefined) this.#beginWhenLoaded(node);
  }

  /** What it has in its files counts, and none is written before it is loaded. */
  #beginWhenLoaded(node: SimNode): void {
    node.soon(loadingGapMs, () => {
      if (node.server.context.loading.kind !== 'none') this.#beginWhenLoaded(node);
      else if (node.upstream === undefined) this.markers.begin(node);
    });
  }

  kill(node: SimNode): void {
    node.kill();
    this.#onGone(node);
  }

  /** Boots it after a while, unless it runs by then. */
  bootLater(node: SimNode, delayMs: number, options: { upstream: number | undefined }): void {
    node.upstream = options.upstream;
    this.queue.after(this.lane, delayMs, () => {
      if (!node.running) this.boot(node, node.upstream);
    });
  }

  /** A shutdown can wait for replicas: the boot that was planned may have come too early. */
  #onStopped(node: SimNode): void {
    this.#onGone(node);
    this.bootLater(node, rebootMs, { upstream: node.upstream });
  }

  #onGone(node: SimNode): void {
    this.markers.forget(node);
  }

  // ---- roles ----

  /**
   * REPLICAOF, as soon as the node can be asked. Several orders in a row end with the last one; a
   * node that is down finds the order in its configuration when it boots.
   */
  follow(node: SimNode, upstream: number | undefined, delayMs = 0): void {
    node.upstream = upstream;
    if (node.running) this.soon(node, delayMs, () => this.#giveOrder(node));
  }

  /**
   * As `node.soon`; but what healing, or the end of the run, finds undone (the node was frozen) is
   * done no more.
   */
  soon(node: SimNode, delayMs: number, fn: () => void): void {
    const { phase } = this;
    node.soon(delayMs, () => {
      if (this.phase === phase) fn();
    });
  }

  #giveOrder(node: SimNode): void {
    const { upstream } = node;
    const { replication } = node.server.context;
    const wasMaster = replication.role === 'master';
    const words = upstream === undefined ? ['NO', 'ONE'] : ['127.0.0.1', String(upstream)];
    this.trace.order(`${node.name}: REPLICAOF ${words.join(' ')}`);
    this.#sendOrder(node, ['REPLICAOF', ...words], (reply) => {
      this.trace.add(node.name, `answers ${JSON.stringify(reply)}`);
      if (isError(reply)) {
        this.soon(node, retryOrderMs, () => this.#giveOrder(node));
        return;
      }
      // A FAILOVER may have made it follow its master already.
      if (upstream !== undefined) this.markers.forget(node);
      if (reply !== 'OK' || (wasMaster && upstream === undefined)) return;
      node.disturbedAtMs = this.queue.nowMs;
      if (upstream === undefined) this.markers.begin(node);
    });
  }

  /** Writes go right before it and right after it, in the same bytes or even the same transaction. */
  #sendOrder(node: SimNode, order: readonly string[], onReply: OnReply): void {
    const client = node.client(adminSlot);
    const { draw } = this;
    const wraps = draw.chance(0.2);
    const parts: Buffer[] = [];
    if (wraps) parts.push(client.encode(['MULTI']));
    if (draw.chance(0.5)) parts.push(client.encode(['APPEND', 'k0', '<']));
    parts.push(client.encode(order, wraps ? undefined : onReply));
    if (wraps) {
      parts.push(client.encode(['EXEC'], (replies) => onReply(lastOf(replies))));
    }
    if (draw.chance(0.5)) parts.push(client.encode(['APPEND', 'k1', '>']));
    client.feed(Buffer.concat(parts));
  }
}

/** Of a transaction the last reply, of a refused one the refusal. */
function lastOf(replies: RespValue): RespValue {
  return Array.isArray(replies) ? (replies.at(-1) ?? null) : replies;
}
