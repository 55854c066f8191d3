/**
 * What the notes about replaced masters mean for a topology: which one a plan calls for, whose node
 * is a master again, whose node is not in sight. Used by diagnose.ts and the change engine. Pure.
 */
import { addressKey, type Address } from '../../instance/address.ts';
import {
  factsOf,
  isLiveMaster,
  nodeOf,
  pathUp,
  type Fence,
  type Topology,
  type TopologyNode,
} from '../model.ts';
import type { Step } from '../plan/step.ts';

/** The fence that these steps call for; undefined when no dead master is replaced. */
export function fenceFor(
  topology: Topology,
  steps: readonly Step[],
  at: number,
): Fence | undefined {
  const promotion = steps.find(({ kind }) => kind === 'follow-no-one');
  const target = nodeOf(topology, promotion?.node ?? '');
  const dead = nodeOf(topology, pathUp(topology, target?.id ?? '').at(-1) ?? '');
  const facts = factsOf(target);
  if (target === undefined || facts === undefined || dead?.state.kind !== 'down') return undefined;
  const { masterReplid, masterReplOffset: offset } = facts.replication;
  const by = { name: target.name, address: target.address };
  const { name, address } = dead;
  return { at, name, address, by, masterReplid, offset };
}

/** Fences whose node is a master again, and not of the one that has replaced it. */
export function brokenFences(topology: Topology): { fence: Fence; node: TopologyNode }[] {
  return (topology.fences ?? []).flatMap((fence) => {
    const [node, by] = [fence, fence.by].map(({ address }) => nodeAt(topology, address));
    if (node === undefined || !isLiveMaster(node)) return [];
    return by !== undefined && pathUp(topology, by.id).includes(node.id) ? [] : [{ fence, node }];
  });
}

/** Where the old and the new masters were of which nothing is to be seen. */
export function unseenFences(topology: Topology): Address[] {
  const addresses = (topology.fences ?? []).flatMap(({ address, by }) => [address, by.address]);
  return addresses.filter((address) => nodeAt(topology, address) === undefined);
}

function nodeAt({ nodes }: Topology, address: Address): TopologyNode | undefined {
  const key = addressKey(address);
  return nodes.find(({ aliases }) => aliases.some((alias) => addressKey(alias) === key));
}
