/**
 * A replica takes over from a master that does not answer: what may be lost is measured and said, and
 * it is refused where a node that nobody can see may have more. Also which replica that should be.
 * Used by plan.ts and `repl promote --force`. Pure.
 */
import {
  factsOf,
  isLiveMaster,
  linkOf,
  pathUp,
  replicasOf,
  sharesHistory,
  type Topology,
  type TopologyNode,
} from '../model.ts';
import { PlanDraft } from './plan-draft.ts';
import { refuseLockedOut } from './plan-refusals.ts';
import { refuse, type Planned, type PlanOptions, type Refused } from './planned.ts';

export interface TakeoverOptions extends PlanOptions {
  readonly target: TopologyNode;
  /** The old master, or a live node of the cycle that the target is in. */
  readonly dead: TopologyNode;
}

/** The old master is dead, or there is only a cycle: the target's data is what remains. */
export function planTakeover(topology: Topology, options: TakeoverOptions): Planned {
  const { target, dead } = options;
  const siblings = replicasOf(topology, dead.id).filter((node) => node !== target);
  const movable = siblings.filter(({ state }) => state.kind === 'up');
  const better = mostAhead(movable, target);
  const refusal =
    refuseEmpty(topology, options, better) ??
    refuseUnforced(topology, options, movable) ??
    refuseLockedOut(movable, target);
  if (refusal !== undefined) return refusal;
  const draft = new PlanDraft(topology, options);
  draft.takeOver(target, movable);
  draft.warn(...takeoverWarnings(topology, options, better), ...leftBehind(siblings, target));
  // Its file cannot be written now, but the inventory must not name two masters.
  if (dead.state.kind === 'down') draft.expectBelow(dead, target);
  return draft.finish();
}

/**
 * The replica that would lose least: of the newest history, with most of it, the one that the fewest
 * links have kept from the master; undefined where a master lives, or nobody has any data.
 */
export function pickSuccessor(topology: Topology): TopologyNode | undefined {
  if (topology.nodes.some(isLiveMaster)) return undefined;
  const isFit = (node: TopologyNode): boolean => {
    const facts = factsOf(node);
    if (facts === undefined || facts.loading) return false;
    return facts.keyCount > 0 || linkOf(topology, node.id)?.neverUp !== true;
  };
  const depth = ({ id }: TopologyNode): number => pathUp(topology, id).length;
  // What an operator has excluded (replica-priority 0) is only taken where nothing else is left.
  const isExcluded = (node: TopologyNode): number =>
    Number(factsOf(node)?.replication.upstream?.priority === 0);
  const fit = topology.nodes.filter(isFit);
  return fit.sort(
    (a, b) =>
      isExcluded(a) - isExcluded(b) ||
      Number(continues(a, b)) - Number(continues(b, a)) ||
      offsetOf(b) - offsetOf(a) ||
      depth(a) - depth(b),
  )[0];
}

/** `other` went on from where the node's history ended, under a new name. */
function continues(node: TopologyNode, other: TopologyNode): boolean {
  const [own, theirs] = [factsOf(node)?.replication, factsOf(other)?.replication];
  return own !== undefined && theirs?.masterReplid2 === own.masterReplid;
}

function offsetOf(node: TopologyNode): number {
  return factsOf(node)?.replication.masterReplOffset ?? 0;
}

/** The one with most of the target's history, if it has more than the target. */
function mostAhead(nodes: readonly TopologyNode[], target: TopologyNode): TopologyNode | undefined {
  const own = factsOf(target)?.replication;
  const ahead = nodes.filter((node) => {
    const theirs = factsOf(node)?.replication;
    if (theirs === undefined || own === undefined) return false;
    return sharesHistory(own, theirs) && theirs.masterReplOffset > own.masterReplOffset;
  });
  return ahead.sort((a, b) => offsetOf(b) - offsetOf(a)).at(0);
}

function refuseEmpty(
  topology: Topology,
  { target, dead }: TakeoverOptions,
  better: TopologyNode | undefined,
): Refused | undefined {
  const hasNone = factsOf(target)?.keyCount === 0;
  if (!hasNone || linkOf(topology, target.id)?.neverUp !== true) return undefined;
  const message = `${target.name} has never had the data of ${dead.name}: promoting it would make an empty master.`;
  const hint = better ? `repl promote ${better.name}` : `repl start ${dead.name}`;
  return refuse('never-synced', message, hint);
}

/** Nothing can be lost in a cycle of live nodes; where the master is dead, somebody must say so. */
function refuseUnforced(
  topology: Topology,
  { target, dead, force = false, acceptHidden = false }: TakeoverOptions,
  siblings: readonly TopologyNode[],
): Refused | undefined {
  if (dead.state.kind === 'up') return undefined;
  if (!force) {
    const message = `${dead.name}, the master, does not answer: ${target.name} may lack its last writes.`;
    return refuse('master-dead', message, `repl promote ${target.name} --force`);
  }
  if (acceptHidden) return undefined;
  const again = `repl promote ${target.name} --force --accept-hidden`;
  const silent = topology.nodes.filter(({ id, state }) => state.kind === 'down' && id !== dead.id);
  if (silent.length > 0) {
    const names = silent.map(({ name }) => name).join(', ');
    const message = `${names} ${silent.length === 1 ? 'does' : 'do'} not answer and may have more of the data than ${target.name}.`;
    return refuse('hidden-nodes', message, `bring it back and look: repl status; or ${again}`);
  }
  if (topology.source === 'inventory') return undefined;
  const seen = siblings.length + 1;
  const message = `Only ${dead.name} could have listed its replicas: besides the ${seen} that we see there may be others, with more of the data.`;
  return refuse('hidden-nodes', message, again);
}

function takeoverWarnings(
  topology: Topology,
  { target, dead }: TakeoverOptions,
  better: TopologyNode | undefined,
): string[] {
  if (dead.state.kind === 'up') return [];
  const warnings = [
    `${dead.name} does not answer: what it acknowledged after byte ${offsetOf(target)} of the history is lost (${sinceText(topology, target)}); how much that is, nobody can tell.`,
    `When ${dead.name} comes back it is a second master, until: repl rejoin ${dead.name}.`,
  ];
  if (better !== undefined) {
    const ahead = offsetOf(better) - offsetOf(target);
    warnings.push(
      `${better.name} has ${ahead} bytes more than ${target.name}, and would lose them: promote ${better.name} instead.`,
    );
  }
  if (topology.source === 'address') {
    warnings.push(
      `Other replicas of ${dead.name} cannot be found from here: move each with repl reparent NODE --to ${target.name}.`,
    );
  }
  return warnings;
}

function sinceText(topology: Topology, target: TopologyNode): string {
  const seconds = linkOf(topology, target.id)?.downSinceSeconds;
  return seconds === undefined
    ? `${target.name} does not know since when`
    : `${target.name} has heard nothing for ${seconds} s`;
}

/** Silent replicas of the old master stay below it. */
export function leftBehind(siblings: readonly TopologyNode[], target: TopologyNode): string[] {
  const silent = siblings.filter(({ state }) => state.kind === 'down');
  return silent.map(
    ({ name }) =>
      `${name} does not answer and is not moved; once it is back: repl reparent ${name} --to ${target.name}.`,
  );
}
