/**
 * From the observed topology and what a verb wants to the steps that lead there, or to a refusal
 * with its reason. Pure: nothing is touched, so a plan can be shown, tested and thrown away. Used by
 * the changing commands through change.ts; plan-shape.ts plans for whole shapes, and plan-draft.ts
 * has the blocks of both.
 */
import { formatAddress, type Address } from '../instance/address.ts';
import {
  factsOf,
  isLiveMaster,
  linkOf,
  nodeOf,
  pathUp,
  replicasOf,
  sharesHistory,
} from './model.ts';
import type { NodeId, Topology, TopologyNode } from './model.ts';
import { PlanDraft } from './plan-draft.ts';
import { clearsText, refuseLockedOut, refuseLoops, refuseUnfit } from './plan-refusals.ts';
import { leftBehind, planTakeover } from './plan-takeover.ts';
import { refuse, shapeOf, type Planned, type PlanOptions, type Refused } from './planned.ts';

export type Wanted =
  | ({ readonly kind: 'promote'; readonly node: NodeId } & Pick<
      PlanOptions,
      'force' | 'acceptHidden' | 'allowLoss'
    >)
  | { readonly kind: 'reparent'; readonly node: NodeId; readonly upstream: NodeId }
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
  const node = nodeOf(topology, wanted.node);
  if (node === undefined) return refuse('not-reachable', 'There is no such node.', 'repl status');
  const refusal = refuseUnfit(node);
  if (refusal !== undefined) return refusal;
  switch (wanted.kind) {
    case 'promote':
      return planPromote(topology, node, { ...options, ...wanted });
    case 'reparent':
      return planReparent(topology, node, {
        upstream: nodeOf(topology, wanted.upstream),
        ...options,
      });
    case 'replicaof':
      return planFollow(topology, node, { ...wanted, ...options });
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

function planReparent(
  topology: Topology,
  node: TopologyNode,
  options: PlanOptions & { upstream: TopologyNode | undefined },
): Planned {
  const { upstream } = options;
  if (upstream === undefined) {
    return refuse('not-reachable', 'There is no such upstream.', 'repl status');
  }
  if (upstream.state.kind === 'down') {
    const message = `${upstream.name} does not answer: ${upstream.state.failure.message}.`;
    return refuse('not-reachable', message, `repl status ${upstream.name}`);
  }
  const address = upstream.dialAddress;
  return planFollow(topology, node, { ...options, upstream: upstream.id, address });
}

function planFollow(
  topology: Topology,
  node: TopologyNode,
  options: PlanOptions & { upstream: NodeId | undefined; address: Address },
): Planned {
  const { upstream, address } = options;
  const above = nodeOf(topology, upstream ?? '');
  const refusal = above && refuseMove(topology, node, above);
  if (refusal !== undefined) return refusal;
  const draft = new PlanDraft(topology, options);
  if (above !== undefined && linkOf(topology, node.id)?.upstream === above.id) draft.keep(node);
  else {
    draft.warn(...clearingWarnings(node, above, address));
    if (factsOf(above) === undefined || above === undefined) draft.moveToAddress(node, address);
    else draft.move([[node, above]]);
  }
  return draft.finish();
}

function refuseMove(
  topology: Topology,
  node: TopologyNode,
  upstream: TopologyNode,
): Refused | undefined {
  const shape = new Map(shapeOf(topology)).set(node.id, upstream.id);
  return refuseLoops(topology, shape, [node.id]) ?? refuseLockedOut([node], upstream);
}

function clearingWarnings(
  node: TopologyNode,
  upstream: TopologyNode | undefined,
  address: Address,
): string[] {
  const above = factsOf(upstream)?.replication;
  const own = factsOf(node);
  const name = upstream?.name ?? formatAddress(address);
  const warnings: string[] = [];
  if (above === undefined) {
    warnings.push(`${name} does not answer us: whether this makes a cycle could not be checked.`);
  }
  const mayContinue =
    above !== undefined && own !== undefined && sharesHistory(above, own.replication);
  if (own !== undefined && own.keyCount > 0 && !mayContinue) {
    warnings.push(clearsText(node, own.keyCount, name));
  }
  return warnings;
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
