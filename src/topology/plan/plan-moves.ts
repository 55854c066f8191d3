/**
 * Nodes get another upstream and nobody becomes a master: `repl reparent`, `replicaof` and `rejoin`.
 * What would destroy data is refused, or said in full, as the verb has it. Used by plan.ts. Pure.
 */
import { formatAddress, type Address } from '../../instance/address.ts';
import {
  factsOf,
  isLiveMaster,
  linkOf,
  nodeOf,
  pathUp,
  sharesHistory,
  type NodeId,
  type Topology,
  type TopologyNode,
} from '../model.ts';
import { PlanDraft } from './plan-draft.ts';
import {
  clearsText,
  discardWarnings,
  lossWarnings,
  refuseForeignData,
  refuseLockedOut,
  refuseLoops,
  refuseUnfit,
} from './plan-refusals.ts';
import { refuse, shapeOf, type Planned, type PlanOptions, type Refused } from './planned.ts';

/** Several nodes below one upstream; their own replicas stay below them. */
export function planReparent(
  topology: Topology,
  wanted: { readonly nodes: readonly NodeId[]; readonly upstream: NodeId },
  options: PlanOptions,
): Planned {
  const upstream = nodeOf(topology, wanted.upstream);
  const nodes = wanted.nodes.flatMap((id) => nodeOf(topology, id) ?? []);
  if (upstream === undefined || nodes.length < wanted.nodes.length) {
    return refuse('not-reachable', 'There is no such node.', 'repl status');
  }
  const shape = new Map(shapeOf(topology));
  for (const { id } of nodes) shape.set(id, upstream.id);
  const refusal =
    firstOf(nodes, refuseUnfit) ??
    refuseUnfit(upstream) ??
    refuseLoops(topology, shape, wanted.nodes) ??
    refuseLockedOut(nodes, upstream) ??
    firstOf(nodes, (node) => refuseLoss(node, upstream, options));
  if (refusal !== undefined) return refusal;
  const draft = new PlanDraft(topology, options);
  const top = nodeOf(topology, pathUp(topology, upstream.id).at(-1) ?? '') ?? upstream;
  const isThere = ({ id }: TopologyNode): boolean => linkOf(topology, id)?.upstream === upstream.id;
  const movers = nodes.filter((node) => !isThere(node));
  for (const node of nodes.filter(isThere)) draft.keep(node);
  for (const node of movers) draft.warn(...lossWarnings(node, top));
  if (movers.length > 0) draft.move(movers.map((node) => [node, upstream] as const));
  return draft.finish();
}

/** The server's own command: it asks before it clears data, and takes any address. */
export function planReplicaof(
  topology: Topology,
  node: TopologyNode,
  options: PlanOptions & { readonly upstream: NodeId | undefined; readonly address: Address },
): Planned {
  const { upstream, address } = options;
  const above = nodeOf(topology, upstream ?? '');
  const shape = new Map(shapeOf(topology)).set(node.id, above?.id);
  const refusal =
    above && (refuseLoops(topology, shape, [node.id]) ?? refuseLockedOut([node], above));
  if (refusal !== undefined) return refusal;
  const draft = new PlanDraft(topology, options);
  if (above !== undefined && linkOf(topology, node.id)?.upstream === above.id) draft.keep(node);
  else {
    draft.warn(...clearingWarnings(node, above, address));
    if (above === undefined || factsOf(above) === undefined) draft.moveToAddress(node, address);
    else draft.move([[node, above]]);
  }
  return draft.finish();
}

/** What the old master has beyond the point where it was replaced is said before it is discarded. */
export function planRejoin(topology: Topology, node: TopologyNode, options: PlanOptions): Planned {
  const masters = topology.nodes.filter((other) => other !== node && isLiveMaster(other));
  if (masters.length === 0) {
    const message = `There is no other master that ${node.name} could rejoin.`;
    return refuse('not-reachable', message, `name it too: repl rejoin ${node.name} MASTER`);
  }
  const [master] = masters;
  if (masters.length > 1) {
    const names = masters.map(({ name }) => name).join(' and ');
    const message = `${names} are masters: ${node.name} could rejoin either.`;
    return refuse('two-masters', message, `repl reparent ${node.name} --to ${master.name}`);
  }
  const shape = new Map(shapeOf(topology)).set(node.id, master.id);
  const refusal = refuseLoops(topology, shape, [node.id]) ?? refuseLockedOut([node], master);
  if (refusal !== undefined) return refusal;
  const draft = new PlanDraft(topology, options);
  if (linkOf(topology, node.id)?.upstream === master.id) draft.keep(node);
  else {
    draft.warn(...discardWarnings(node, master));
    draft.move([[node, master]]);
  }
  return draft.finish();
}

function refuseLoss(
  node: TopologyNode,
  upstream: TopologyNode,
  { discardData = false }: PlanOptions,
): Refused | undefined {
  return discardData ? undefined : refuseForeignData(node, upstream);
}

function firstOf(
  nodes: readonly TopologyNode[],
  judge: (node: TopologyNode) => Refused | undefined,
): Refused | undefined {
  for (const node of nodes) {
    const refusal = judge(node);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
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
