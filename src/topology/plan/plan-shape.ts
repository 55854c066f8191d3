/**
 * From any observed state to a wanted shape (who follows whom), the middle of a broken-off change
 * included: for `repl apply`, `repl resume` and `repl rollback`. Total: every topology and every
 * shape gives a plan or a refusal, and at no step of a plan do two nodes accept writes unless two
 * did before. Pure.
 *
 *     the wanted master is one                → only moves
 *     another one lives                       → link the wanted one to it, switch over, then moves
 *     none lives, and nobody has more         → the wanted one becomes it, then moves
 */
import { addressKey, type Address } from '../../instance/address.ts';
import { nowhere } from '../../instance/verbs.ts';
import type { ReplicationInfo } from '../../protocol/info.ts';
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
import { PlanDraft } from './plan-draft.ts';
import {
  lossWarnings,
  refuseForeignData,
  refuseLockedOut,
  refuseLoops,
  refuseUnfit,
} from './plan-refusals.ts';
import {
  pathIn,
  refuse,
  shapeOf,
  type Planned,
  type PlanOptions,
  type Refused,
  type Shape,
} from './planned.ts';

/** The steps to the shape. Nodes that it does not name stay where they are. */
export function planShape(topology: Topology, shape: Shape, options: PlanOptions): Planned {
  const wanted = completeShape(topology, shape);
  const refusal = refuseShape(topology, { shape, wanted, options });
  if (refusal !== undefined) return refusal;
  const draft = new PlanDraft(topology, options);
  for (const root of wantedRoots(topology, shape)) {
    const stopped = planRoot(topology, { root, wanted, draft, options });
    if (stopped !== undefined) return stopped;
  }
  return planMoves(topology, { wanted, draft, options }) ?? draft.finish();
}

interface Task {
  readonly wanted: Shape;
  readonly draft: PlanDraft;
  readonly options: PlanOptions;
}

/** The masters that the shape names. */
function wantedRoots(topology: Topology, shape: Shape): TopologyNode[] {
  return topology.nodes.filter(({ id }) => shape.has(id) && shape.get(id) === undefined);
}

/** What the shape leaves open stays as it is, but for a master that hands over: it will follow. */
function completeShape(topology: Topology, shape: Shape): Shape {
  const whole = new Map([...shapeOf(topology), ...shape]);
  for (const { id } of wantedRoots(topology, shape)) {
    const old = masterAbove(topology, id);
    if (old !== undefined && old.id !== id && !shape.has(old.id)) whole.set(old.id, id);
  }
  return whole;
}

/** What is wrong with the shape itself, whatever the servers are doing. */
function refuseShape(
  topology: Topology,
  { shape, wanted, options }: { shape: Shape; wanted: Shape; options: PlanOptions },
): Refused | undefined {
  const known = new Set(topology.nodes.map(({ id }) => id));
  const unknown = [...shape].flat().find((id) => id !== undefined && !known.has(id));
  if (unknown !== undefined) {
    return refuse('not-reachable', `There is no node ${unknown} any more.`, 'repl status');
  }
  const loops = refuseLoops(topology, wanted);
  if (loops !== undefined || options.severalMasters === true) return loops;
  const roots = wantedRoots(topology, shape);
  const added = roots.find((node) => !isLiveMaster(node));
  if (roots.length < 2 || added === undefined) return undefined;
  const message = `${added.name} is no master, and would be one of ${roots.length}: nobody would know where to write.`;
  return refuse('two-masters', message, `repl replicaof ${added.name} no one`);
}

/** The live master that feeds the node, however many links are between them. */
function masterAbove(topology: Topology, id: NodeId): TopologyNode | undefined {
  const top = nodeOf(topology, pathIn(shapeOf(topology), id).at(-1) ?? id);
  return top !== undefined && isLiveMaster(top) ? top : undefined;
}

/** Makes the wanted root the master; undefined when the draft has all that it takes. */
function planRoot(
  topology: Topology,
  task: Task & { readonly root: TopologyNode },
): Refused | undefined {
  const { root, wanted, draft, options } = task;
  if (isLiveMaster(root)) return undefined;
  const masters = topology.nodes.filter(isLiveMaster);
  // A dead root, and nobody in its place: those below it can still be moved.
  if (root.state.kind === 'down' && masters.length === 0) return undefined;
  const unfit = refuseUnfit(root);
  if (unfit !== undefined) return unfit;
  const stays = ({ id }: TopologyNode): boolean => wanted.get(id) === undefined;
  const others = options.severalMasters === true ? masters.filter((each) => !stays(each)) : masters;
  const old = masterAbove(topology, root.id) ?? nearestMaster(others, root);
  if (old === undefined) return planOrphans(topology, task);
  if (stays(old) && options.secondMasters?.has(root.id) === true) {
    draft.takeOver(root, []);
    return undefined;
  }
  if (stays(old)) {
    const message = `${old.name} is a master and would stay one: ${root.name} would be a second one beside it.`;
    return refuse('two-masters', message, `repl promote ${root.name}`);
  }
  return refuseFollow(root, old, task) ?? planSwitchover(topology, { ...task, old });
}

/** The one whose data is the node's own, and of several the one with most of it. */
function nearestMaster(
  masters: readonly TopologyNode[],
  node: TopologyNode,
): TopologyNode | undefined {
  const isOurs = (master: TopologyNode): number => {
    const [own, above] = [factsOf(node)?.replication, factsOf(master)?.replication];
    return Number(own !== undefined && above !== undefined && sharesHistory(above, own));
  };
  const offset = (master: TopologyNode): number =>
    factsOf(master)?.replication.masterReplOffset ?? 0;
  return [...masters].sort((a, b) => isOurs(b) - isOurs(a) || offset(b) - offset(a)).at(0);
}

function planSwitchover(
  topology: Topology,
  { root, wanted, draft, old }: Task & { readonly root: TopologyNode; old: TopologyNode },
): Refused | undefined {
  const locked = refuseUnfit(old) ?? refuseLockedOut([old], root);
  if (locked !== undefined) return locked;
  const path = draft.pathUp(root.id);
  const isFed = path.every((id) => id === old.id || linkOf(topology, id)?.state === 'up');
  if (path.at(-1) !== old.id || !isFed) {
    draft.warn(...lossWarnings(root, old));
    draft.move([[root, old]], 'catch-up');
  }
  const siblings = topology.nodes.filter(({ id, state }) => {
    const isBeside = id !== root.id && draft.upstreamOf(id) === old.id;
    return isBeside && wanted.get(id) === root.id && state.kind === 'up';
  });
  const refused = siblings.map((each) => refuseUnfit(each) ?? refuseLockedOut([each], root));
  const first = refused.find((refusal) => refusal !== undefined);
  if (first !== undefined) return first;
  return draft.switchover(old, root, siblings);
}

/** No master lives. Whoever has most of the history may become it without loss. */
function planOrphans(
  topology: Topology,
  { root, wanted, draft, options }: Task & { readonly root: TopologyNode },
): Refused | undefined {
  const behind = refuseBehind(topology, root);
  const refusal =
    refuseDeadMaster(topology, root, options) ??
    refuseEmpty(topology, root) ??
    (options.force === true ? undefined : behind);
  if (refusal !== undefined) return refusal;
  if (behind !== undefined) draft.warn(behind.message);
  const siblings = topology.nodes.filter(({ id, state }) => {
    const isBeside = id !== root.id && wanted.get(id) === root.id;
    return isBeside && draft.upstreamOf(id) !== root.id && state.kind === 'up';
  });
  const refused = siblings.map((each) => refuseFollow(each, root, { options }));
  const first = refused.find((each) => each !== undefined);
  if (first !== undefined) return first;
  draft.takeOver(root, siblings);
  return undefined;
}

function refuseDeadMaster(
  topology: Topology,
  root: TopologyNode,
  { force = false }: PlanOptions,
): Refused | undefined {
  const dead = topology.nodes.find((node) => mayBeMaster(topology, node));
  if (dead === undefined || force) return undefined;
  const message = `${dead.name} does not answer, and may have been the master: ${root.name} may lack its last writes.`;
  return refuse('master-dead', message, `repl promote ${root.name} --force`);
}

/** A silent node of which nobody but the inventory says that it follows somebody. */
function mayBeMaster(topology: Topology, { id, state, address }: TopologyNode): boolean {
  if (state.kind === 'up' || isNowhere(address)) return false;
  const link = linkOf(topology, id);
  const isFollowed = topology.links.some((each) => each.upstream === id && each.replica !== id);
  return link === undefined || (link.knownFrom === 'inventory' && isFollowed);
}

function refuseEmpty(topology: Topology, root: TopologyNode): Refused | undefined {
  const link = linkOf(topology, root.id);
  if (link?.neverUp !== true || factsOf(root)?.keyCount !== 0) return undefined;
  const above = nodeOf(topology, link.upstream);
  if (above !== undefined && isNowhere(above.address)) return undefined;
  const message = `${root.name} has never had the data of ${above?.name ?? 'its master'}: it would be an empty master.`;
  return refuse('never-synced', message, 'repl status');
}

/** Whom a node follows that stands still for a moment, with what it has: there was never anybody. */
function isNowhere(address: Address): boolean {
  return addressKey(address) === addressKey(nowhere);
}

function refuseBehind(topology: Topology, root: TopologyNode): Refused | undefined {
  const own = factsOf(root)?.replication;
  const best = topology.nodes
    .map((node) => ({ node, ahead: own === undefined ? 0 : bytesAhead(node, own) }))
    .reduce((most, each) => (each.ahead > most.ahead ? each : most));
  if (best.ahead === 0) return undefined;
  const message = `${best.node.name} has ${best.ahead} bytes more than ${root.name}, and they would be lost.`;
  return refuse('not-in-step', message, `repl promote ${best.node.name}`);
}

/** Bytes of the same history, or of what went on from it. */
function bytesAhead(node: TopologyNode, own: ReplicationInfo): number {
  const theirs = factsOf(node)?.replication;
  if (theirs === undefined) return 0;
  const isOurs = sharesHistory(theirs, own) || sharesHistory(own, theirs);
  return isOurs ? Math.max(0, theirs.masterReplOffset - own.masterReplOffset) : 0;
}

/** Everyone else goes to their places, those above before those below: so there is never a cycle. */
function planMoves(topology: Topology, { wanted, draft, options }: Task): Refused | undefined {
  const depth = (id: NodeId): number => pathIn(wanted, id).length;
  const depths = [...new Set(topology.nodes.map(({ id }) => depth(id)))].sort((a, b) => a - b);
  for (const level of depths) {
    const pairs = topology.nodes.flatMap((node): [TopologyNode, TopologyNode][] => {
      const upstream = wanted.get(node.id);
      if (depth(node.id) !== level || upstream === undefined) return [];
      const above = nodeOf(topology, upstream);
      return above === undefined || draft.upstreamOf(node.id) === upstream ? [] : [[node, above]];
    });
    const movable = pairs.filter((pair) => warnOfDead(topology, pair, draft));
    for (const [node, above] of movable) {
      const top = nodeOf(topology, draft.pathUp(above.id).at(-1) ?? above.id) ?? above;
      const refusal = refuseFollow(node, above, { options });
      if (refusal !== undefined) return refusal;
      draft.warn(...lossWarnings(node, top));
    }
    if (movable.length > 0) draft.move(movable);
  }
  return undefined;
}

/** A node that does not answer is not moved, and nobody is moved below it. */
function warnOfDead(
  topology: Topology,
  [node, above]: readonly [node: TopologyNode, above: TopologyNode],
  draft: PlanDraft,
): boolean {
  const dead = [node, above].find(({ state }) => state.kind === 'down');
  if (dead === undefined) return true;
  const who =
    dead === node
      ? `${dead.name} does not answer and`
      : `${dead.name} does not answer, so ${node.name}`;
  const wasMaster = dead === node && linkOf(topology, node.id) === undefined;
  const back = wasMaster
    ? `repl rejoin ${node.name}`
    : `repl reparent ${node.name} --to ${above.name}`;
  draft.warn(`${who} is not moved; once it is back: ${back}.`);
  if (dead === node) draft.expectBelow(node, above);
  return false;
}

function refuseFollow(
  node: TopologyNode,
  upstream: TopologyNode,
  { options }: Pick<Task, 'options'>,
): Refused | undefined {
  const refusal = refuseUnfit(node) ?? refuseUnfit(upstream) ?? refuseLockedOut([node], upstream);
  const mayClear = options.discardData === true || options.mayClear?.has(node.id) === true;
  if (refusal !== undefined || mayClear) return refusal;
  const foreign = refuseForeignData(node, upstream);
  return foreign && { ...foreign, hint: 'once nobody needs it: repl apply --discard-data' };
}
