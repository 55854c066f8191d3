/**
 * A plan while it grows: the blocks that every change is built of, and who follows whom once the
 * steps so far are done. Used by plan.ts and plan-shape.ts, which decide which blocks; this file
 * knows how each is done without loss and in which order its steps must come. Pure.
 *
 * Switchover while the old master lives (demote first: a tool that dies in between leaves no writer,
 * never two):
 *
 *     hold M's PINGs → all nearly in step → hold M's writes → all in step with M → M follows T
 *        → T follows no one → release M → M's other replicas follow T → every link is up
 *        → PINGs again
 *
 * M and T follow each other for a moment. That is harmless: neither takes writes, and since both
 * are replicas no PING moves an offset, so everyone continues without a full copy. Where writes
 * cannot be held, the server hands over by itself, which takes seconds.
 */
import type { Address } from '../../instance/address.ts';
import {
  factsOf,
  isLiveMaster,
  linkOf,
  nodeOf,
  sharesHistory,
  type NodeId,
  type Topology,
  type TopologyNode,
} from '../model.ts';
import { needsFullCopy } from './forecast.ts';
import { handoverOf, leftHeld, listedAddress, pingsText, unheldText } from './handover.ts';
import {
  pathIn,
  shapeOf,
  type Move,
  type Plan,
  type PlanOptions,
  type Refused,
} from './planned.ts';
import type { FollowReason, Step } from './step.ts';

type Pair = readonly [node: TopologyNode, upstream: TopologyNode];

export class PlanDraft {
  readonly #topology: Topology;
  readonly #options: PlanOptions;
  readonly #steps: Step[] = [];
  readonly #warnings: string[] = [];
  readonly #moves = new Map<NodeId, Address | undefined>();
  /** Who follows whom after the steps so far. */
  readonly #shape: Map<NodeId, NodeId | undefined>;
  /** Masters after the steps so far. */
  readonly #masters: Set<NodeId>;
  readonly #heldPings: Map<NodeId, number>;
  /** Links that the steps so far break, and nobody has waited for since. */
  readonly #unsettled = new Set<NodeId>();

  constructor(topology: Topology, options: PlanOptions) {
    this.#topology = topology;
    this.#options = options;
    this.#shape = new Map(shapeOf(topology));
    this.#masters = new Set(topology.nodes.filter(isLiveMaster).map(({ id }) => id));
    this.#heldPings = new Map(leftHeld(topology));
  }

  upstreamOf(id: NodeId): NodeId | undefined {
    return this.#shape.get(id);
  }

  /** The node and those above it, nearest first. */
  pathUp(id: NodeId): NodeId[] {
    return pathIn(this.#shape, id);
  }

  warn(...sentences: readonly string[]): void {
    this.#warnings.push(...sentences);
  }

  /**
   * The old master hands over to the target, which is somewhere below it with every link up. A
   * refusal leaves the draft unfinished.
   */
  switchover(
    old: TopologyNode,
    target: TopologyNode,
    siblings: readonly TopologyNode[],
  ): Refused | undefined {
    const way = handoverOf(old, this.#options);
    if (way.kind === 'refused') return way;
    // Who is still on its way back would be dropped again, maybe in the middle of a full copy.
    this.#settleBelow(old.id);
    const also = this.#inStepBelow(old).filter((id) => id !== target.id);
    if (way.kind === 'failover') this.#failOver(old, target);
    else {
      if (way.period === undefined) this.warn(pingsText(old));
      else this.#holdPings(old, way.period);
      const inStep = { node: target.id, also, with: old.id };
      this.#add({ kind: 'await-nearly-in-step', ...inStep });
      if (way.holds) this.#add({ kind: 'hold-writes', node: old.id });
      else this.warn(unheldText(old));
      this.#add({ kind: 'await-in-step', ...inStep });
      this.#follow(old, target, 'demotion');
      this.#becomeMaster(target);
      if (way.holds) this.#add({ kind: 'release-writes', node: old.id });
    }
    for (const sibling of siblings) this.#follow(sibling, target, 'sibling');
    return undefined;
  }

  /** The target becomes a master with the data that it has. */
  takeOver(target: TopologyNode, siblings: readonly TopologyNode[]): void {
    const hadMaster = this.#masters.has(this.pathUp(target.id).at(-1) ?? target.id);
    this.#becomeMaster(target);
    // Links below it were down because nobody could serve them: they come up now.
    if (!hadMaster) this.#unsettle(target.id, () => true);
    for (const sibling of siblings) this.#follow(sibling, target, 'sibling');
  }

  /**
   * Several nodes move below their new upstreams. Those that continue go together; full copies are
   * kept apart, so many at a time, because each loads upstream and network.
   */
  move(pairs: readonly Pair[], as: FollowReason = 'asked'): void {
    // Who is between two links does not know yet how its history is called now.
    for (const pair of pairs) this.#settle(pair.flatMap(({ id }) => this.pathUp(id)));
    const copied = pairs.filter((pair) => this.#needsFullCopy(pair));
    const continued = pairs.filter((pair) => !copied.includes(pair));
    const atOnce = this.#options.maxFullSyncs ?? 1;
    const batches = continued.length > 0 ? [continued] : [];
    for (let from = 0; from < copied.length; from += atOnce) {
      batches.push(copied.slice(from, from + atOnce));
    }
    for (const batch of batches) {
      for (const [node, upstream] of batch) {
        if (batch === continued) this.#steps.push(...this.#catchUpSteps(node, upstream));
        this.#follow(node, upstream, as);
      }
      if (batch === batches.at(-1) && this.#options.noWait === true) continue;
      this.#settle(batch.map(([{ id }]) => id));
      // A full copy takes those below with it, and they must have theirs before they are moved.
      if (batch !== continued) for (const [{ id }] of batch) this.#settleBelow(id);
    }
  }

  /** Below a server that may not be in the topology at all. */
  moveToAddress(node: TopologyNode, address: Address): void {
    this.#shape.delete(node.id);
    this.#masters.delete(node.id);
    this.#moves.set(node.id, address);
    this.#add({ kind: 'follow', node: node.id, upstream: address, as: 'asked' });
    this.#add({ kind: 'await-link', node: node.id, upstream: address, of: undefined });
  }

  /** It goes on with its place as it is, only written down. */
  keep(node: TopologyNode): void {
    const upstream = nodeOf(this.#topology, this.#shape.get(node.id) ?? '');
    this.#moves.set(node.id, upstream?.dialAddress);
  }

  /** For the inventory only: a node that does not answer now and must not come back as a master. */
  expectBelow(node: TopologyNode, upstream: TopologyNode): void {
    this.#moves.set(node.id, upstream.dialAddress);
  }

  finish(): Plan {
    if (this.#options.noWait !== true) this.#settle(this.#topology.nodes.map(({ id }) => id));
    for (const [node, period] of this.#heldPings)
      this.#add({ kind: 'restore-pings', node, period });
    const moves = [...this.#moves].map(([node, upstream]): Move => ({ node, upstream }));
    const isUp = (id: NodeId): boolean => nodeOf(this.#topology, id)?.state.kind === 'up';
    if (this.#options.persist) {
      const reachable = moves.filter(({ node }) => isUp(node));
      for (const { node } of reachable) this.#add({ kind: 'rewrite-config', node });
    }
    const steps = this.#steps;
    return { kind: 'plan', steps, warnings: this.#warnings, moves };
  }

  #add(step: Step): void {
    this.#steps.push(step);
  }

  #holdPings(node: TopologyNode, period: number): void {
    this.#add({ kind: 'hold-pings', node: node.id, period });
    this.#heldPings.set(node.id, period);
  }

  #failOver(old: TopologyNode, target: TopologyNode): void {
    if (this.#shape.get(target.id) !== old.id) this.move([[target, old]], 'catch-up');
    const upstream = listedAddress(old, target);
    this.#add({ kind: 'failover', node: old.id, to: target.id, upstream });
    this.#masters.delete(old.id);
    this.#masters.add(target.id);
    this.#shape.set(target.id, undefined).set(old.id, target.id);
    this.#moves.set(old.id, target.dialAddress).set(target.id, undefined);
    this.#unsettle(target.id);
  }

  /** Once it stands still and its upstream has passed it, if that is what is needed. */
  #needsFullCopy([node, upstream]: Pair): boolean {
    const last = {
      kind: 'follow',
      node: node.id,
      upstream: upstream.dialAddress,
      as: 'asked',
    } as const;
    return needsFullCopy(
      this.#topology,
      [...this.#steps, ...this.#catchUpSteps(node, upstream)],
      last,
    );
  }

  #follow(node: TopologyNode, upstream: TopologyNode, as: FollowReason): void {
    this.#add({ kind: 'follow', node: node.id, upstream: upstream.dialAddress, as });
    this.#shape.set(node.id, upstream.id);
    this.#masters.delete(node.id);
    this.#moves.set(node.id, upstream.dialAddress);
    this.#unsettle(node.id);
  }

  #becomeMaster(node: TopologyNode): void {
    this.#add({ kind: 'follow-no-one', node: node.id });
    this.#shape.set(node.id, undefined);
    this.#masters.add(node.id);
    this.#moves.delete(node.id);
    this.#moves.set(node.id, undefined);
    this.#unsettle(node.id);
  }

  /**
   * A promotion gives the history a new name, and to pass that on each node drops its replicas for a
   * moment: all those below must be back, too, if they were well before.
   */
  #unsettle(
    from: NodeId,
    isWell: (id: NodeId) => boolean = (id) => linkOf(this.#topology, id)?.state === 'up',
  ): void {
    for (const { id, state } of this.#topology.nodes) {
      if (state.kind === 'down' || !this.pathUp(id).includes(from)) continue;
      if (this.#moves.has(id) || isWell(id)) this.#unsettled.add(id);
    }
  }

  #settleBelow(top: NodeId): void {
    const below = this.#topology.nodes.filter(({ id }) => this.pathUp(id).includes(top));
    this.#settle(below.map(({ id }) => id));
  }

  /** Waits for the links of these nodes, those above before those below. */
  #settle(ids: readonly NodeId[]): void {
    const depth = (id: NodeId): number => this.pathUp(id).length;
    const waiting = ids.filter((id) => this.#unsettled.has(id));
    for (const id of waiting.sort((a, b) => depth(a) - depth(b))) {
      this.#unsettled.delete(id);
      const of = this.#shape.get(id);
      const upstream = this.#addressFor(id);
      if (of === undefined || upstream === undefined) continue;
      const isKnown = nodeOf(this.#topology, of)?.state.kind === 'up';
      this.#add({ kind: 'await-link', node: id, upstream, of: isKnown ? of : undefined });
    }
  }

  /** Where the node dials its upstream: our word for it, or its own where it stays. */
  #addressFor(id: NodeId): Address | undefined {
    if (this.#moves.has(id)) return this.#moves.get(id);
    const own = factsOf(nodeOf(this.#topology, id))?.replication.upstream;
    return own && { host: own.host, port: own.port };
  }

  /**
   * A node that is a few bytes ahead of its new upstream would need a full copy. Under writes
   * nobody can say who is ahead; so the node is made to stand still until the upstream has passed
   * it. One above it always has more; one that gets nothing new will not catch up.
   */
  #catchUpSteps(node: TopologyNode, upstream: TopologyNode): Step[] {
    const path = this.pathUp(upstream.id);
    const top = path.at(-1) ?? upstream.id;
    const isAbove = this.pathUp(node.id).includes(upstream.id);
    if (isAbove || this.#masters.has(node.id) || !this.#masters.has(top)) return [];
    if (!this.#willPass(node, nodeOf(this.#topology, top))) return [];
    if (!path.every((id) => this.#isFed(id))) return [];
    const from = this.#addressFor(node.id);
    const feeder = nodeOf(this.#topology, this.#shape.get(node.id) ?? '');
    const isFed = from !== undefined && feeder?.state.kind === 'up';
    const inStep = { kind: 'await-in-step', node: upstream.id, also: [], with: node.id } as const;
    return isFed ? [{ kind: 'detach', node: node.id, from }, inStep] : [inStep];
  }

  /** Everything that the node has is also the top's, so that it reaches everyone below the top. */
  #willPass(node: TopologyNode, top: TopologyNode | undefined): boolean {
    const [own, above] = [factsOf(node)?.replication, factsOf(top)?.replication];
    if (own === undefined || above === undefined) return false;
    const path = this.pathUp(node.id);
    const feeder = path.at(-1) ?? node.id;
    const isFed = this.#masters.has(feeder) && path.every((id) => this.#isFed(id));
    // Another master's bytes go on from the same history: it will be past the fork when it stops.
    if (isFed) return feeder === top?.id;
    return sharesHistory(above, own) && own.masterReplOffset <= above.masterReplOffset;
  }

  /** A master, a node with its link up, or one whose link a step before has waited for. */
  #isFed(id: NodeId): boolean {
    if (this.#masters.has(id)) return true;
    if (this.#unsettled.has(id)) return false;
    return this.#moves.has(id) || linkOf(this.#topology, id)?.state === 'up';
  }

  /** All below the master that are fed by it now; those that are not cannot be waited for. */
  #inStepBelow(master: TopologyNode): NodeId[] {
    const below = this.#topology.nodes.filter(({ id, state }) => {
      return id !== master.id && state.kind === 'up' && this.pathUp(id).includes(master.id);
    });
    const isWithout = ({ id }: TopologyNode): boolean =>
      this.pathUp(id).some((each) => !this.#isFed(each));
    for (const node of below.filter(isWithout)) {
      this.warn(
        `${node.name} gets nothing from ${master.name} now: it is not waited for, and may need a full copy.`,
      );
    }
    return below.filter((node) => !isWithout(node)).map(({ id }) => id);
  }
}
