/**
 * From the observed topology and what a verb wants to the steps that lead there, or to a refusal
 * with its reason. Pure: nothing is touched, so a plan can be shown, tested and thrown away. Used by
 * the changing commands through change.ts; plan-shape.ts plans for whole shapes, and plan-draft.ts
 * has the blocks of both.
 */
import type { Address } from '../../instance/address.ts';
import { isLiveMaster, linkOf, nodeOf, pathUp, replicasOf } from '../model.ts';
import type { NodeId, Topology, TopologyNode } from '../model.ts';
import { PlanDraft } from './plan-draft.ts';
import { planRejoin, planReparent, planReplicaof } from './plan-moves.ts';
import { refuseLockedOut, refuseUnfit } from './plan-refusals.ts';
import { leftBehind, planTakeover } from './plan-takeover.ts';
import { refuse, type Planned, type PlanOptions } from './planned.ts';

export type Wanted =
  | ({ readonly kind: 'promote'; readonly node: NodeId } & Pick<
      PlanOptions,
      'force' | 'acceptHidden' | 'allowLoss'
    >)
  | ({
      readonly kind: 'reparent';
      readonly nodes: readonly NodeId[];
      readonly upstream: NodeId;
    } & Pick<PlanOptions, 'discardData' | 'maxFullSyncs' | 'noWait'>)
  /** A master that was replaced while it was away follows the present one again. */
  | { readonly kind: 'rejoin'; readonly node: NodeId }
  /** `upstream` is the node at `address` where one was found there. */
  | {
      readonly kind: 'replicaof';
      readonly node: NodeId;
      readonly address: Address;
      readonly upstream: NodeId | undefined;
    }
  | { readonly kind: 'no-one'; readonly node: NodeId };

/** The steps for what is wanted. A plan without steps means that it is so already. */
export function planChange(topology: Topology, wanted: Wanted, options: PlanOptions): Planned {
  if (wanted.kind === 'reparent') return planReparent(topology, wanted, { ...options, ...wanted });
  const node = nodeOf(topology, wanted.node);
  if (node === undefined) return refuse('not-reachable', 'There is no such node.', 'repl status');
  const refusal = refuseUnfit(node);
  if (refusal !== undefined) return refusal;
  switch (wanted.kind) {
    case 'promote':
      return planPromote(topology, node, { ...options, ...wanted });
    case 'replicaof':
      return planReplicaof(topology, node, { ...wanted, ...options });
    case 'rejoin':
      return planRejoin(topology, node, options);
    case 'no-one':
      return planNoOne(topology, node, options);
    default: {
      const never: never = wanted;
      return never;
    }
  }
}

function planPromote(topology: Topology, target: TopologyNode, options: PlanOptions): Planned {
  const old = nodeOf(topology, pathUp(topology, target.id).at(-1) ?? target.id);
  if (isLiveMaster(target) || old === undefined) return planKeepMaster(topology, target, options);
  if (isLiveMaster(old)) return planSwitchover(topology, { target, old, ...options });
  return planTakeover(topology, { target, dead: old, ...options });
}

/** It is a master already. With --persist everyone's present place is written down. */
function planKeepMaster(topology: Topology, master: TopologyNode, options: PlanOptions): Planned {
  const others = topology.nodes.filter((node) => node !== master && isLiveMaster(node));
  if (others.length > 0) {
    const message = `${master.name} is a master already, and so is ${others[0].name}.`;
    return refuse('two-masters', message, `repl reparent ${others[0].name} ${master.name}`);
  }
  const draft = new PlanDraft(topology, options);
  if (!options.persist) return draft.finish();
  const below = topology.nodes.filter(({ id }) => pathUp(topology, id).at(-1) === master.id);
  for (const node of below.filter(({ state }) => state.kind === 'up')) draft.keep(node);
  return draft.finish();
}

/** The old master lives: nothing may be lost. */
function planSwitchover(
  topology: Topology,
  options: PlanOptions & { target: TopologyNode; old: TopologyNode },
): Planned {
  const { target, old } = options;
  const behind = pathUp(topology, target.id).find((id) => {
    const link = linkOf(topology, id);
    return link !== undefined && link.state !== 'up';
  });
  if (behind !== undefined) {
    const link = linkOf(topology, behind);
    const name = nodeOf(topology, behind)?.name ?? '';
    const message = `${target.name} cannot take over without loss: the link of ${name} to ${nodeOf(topology, link?.upstream ?? '')?.name ?? ''} is ${link?.state ?? 'unknown'}.`;
    return refuse(
      'not-in-step',
      message,
      `repl status: mend that link first, or promote another replica of ${old.name}`,
    );
  }
  const siblings = replicasOf(topology, old.id).filter((node) => node !== target);
  const movable = siblings.filter(({ state }) => state.kind === 'up');
  const locked = refuseLockedOut([old, ...movable], target);
  if (locked !== undefined) return locked;
  const draft = new PlanDraft(topology, options);
  const unable = draft.switchover(old, target, movable);
  if (unable !== undefined) return unable;
  draft.warn(...leftBehind(siblings, target));
  return draft.finish();
}

function planNoOne(topology: Topology, node: TopologyNode, options: PlanOptions): Planned {
  const draft = new PlanDraft(topology, options);
  if (isLiveMaster(node)) {
    draft.keep(node);
    return draft.finish();
  }
  const master = nodeOf(topology, pathUp(topology, node.id).at(-1) ?? node.id);
  if (master !== undefined && isLiveMaster(master)) {
    draft.warn(
      `${node.name} keeps its data and becomes a second master beside ${master.name}; to replace that: repl promote ${node.name}.`,
    );
  }
  draft.takeOver(node, []);
  return draft.finish();
}
