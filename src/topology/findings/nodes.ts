/** Findings about single nodes: whether they answer, and how they treat writes. Pure. */
import { addressKey, formatAddress, type Address, redisCli } from '../../instance/address.ts';
import { factsOf, isLiveMaster, linkOf } from '../model.ts';
import type { Topology, TopologyNode } from '../model.ts';
import { findPhantoms } from './addresses.ts';
import {
  failureWords,
  isFailed,
  isSilent,
  listNames,
  startCommand,
  verb,
  type Finding,
} from './finding.ts';

export function findUnreachable(topology: Topology): Finding[] {
  const phantoms = findPhantoms(topology).flatMap(({ nodes }) => nodes);
  const dead = topology.nodes.filter(
    (node) => node.state.kind === 'down' && !isSilent(node) && !phantoms.includes(node),
  );
  const isOwn = (node: TopologyNode): boolean =>
    topology.source === 'inventory' && node.expected !== undefined;
  const own = dead.filter(isOwn);
  const alike = [...new Set(own.map(failureWords))].map((words) =>
    own.filter((node) => failureWords(node) === words),
  );
  return [
    ...alike.map((nodes) => ({ ...notAnswering(nodes), next: startCommand(topology, nodes) })),
    ...dead
      .filter((node) => !isOwn(node))
      .map((node) => ({ ...notAnswering([node]), next: lookAt(node.address) })),
    ...findDeadSentinels(topology),
  ];
}

/** All of them for one reason. */
function notAnswering(nodes: readonly TopologyNode[]): Omit<Finding, 'next'> {
  const why = failureWords(nodes[0]);
  return {
    nodes,
    sentence: `${listNames(nodes)} ${verb(nodes, 'does', 'do')} not answer: ${why}.`,
  };
}

/** Those that no living Sentinel counts: where one does, it is the one that is stale. */
function findDeadSentinels({ sentinels }: Topology): Finding[] {
  const watches = sentinels.flatMap(({ state }) => (state.kind === 'up' ? state.watches : []));
  const counted = watches.flatMap((watch) => watch.sentinels.map((peer) => peer.address));
  const keys = new Set(counted.map(addressKey));
  return sentinels.flatMap(({ name, address, state }) => {
    if (state.kind === 'up' || keys.has(addressKey(address))) return [];
    const sentence = `Sentinel ${name} does not answer: ${state.failure.message}.`;
    return [{ nodes: [], sentence, next: lookAt(address) }];
  });
}

function lookAt(address: Address): string {
  return `look at the process and the network of ${formatAddress(address)}`;
}

export function findLoading(topology: Topology): Finding[] {
  const loading = topology.nodes.filter((node) => {
    const syncing = linkOf(topology, node.id)?.state === 'syncing';
    return isFailed(node, 'loading') || (factsOf(node)?.loading === true && !syncing);
  });
  return loading.map((node) => ({
    nodes: [node],
    sentence: `${node.name} is loading its data and answers nothing else yet.`,
    next: 'repl status --watch',
  }));
}

export function findAuth(topology: Topology): Finding[] {
  const refused = topology.nodes.filter((node) => isFailed(node, 'auth'));
  return refused.map((node) => ({
    nodes: [node],
    sentence: `${node.name} ${failureWords(node)}.`,
    next:
      topology.source === 'inventory'
        ? 'put the right password into repl.yaml'
        : `REPL_PASSWORD=… repl status ${formatAddress(node.address)}`,
  }));
}

export function findWritableReplica(topology: Topology): Finding[] {
  const writable = topology.nodes.filter(
    (node) => factsOf(node)?.replication.upstream?.readOnly === false,
  );
  return writable.map((node) => ({
    nodes: [node],
    sentence: `${node.name} is a replica that takes writes: its data can differ while offsets agree.`,
    next: redisCli(node, 'CONFIG SET replica-read-only yes'),
  }));
}

/** A replica counts while it has acknowledged something in time. */
export function findMinReplicasUnmet(topology: Topology): Finding[] {
  return topology.nodes.filter(isLiveMaster).flatMap((node) => {
    const facts = factsOf(node);
    const { minReplicasToWrite: wanted = 0, minReplicasMaxLag: maxLag = 0 } = facts?.settings ?? {};
    // Zero of either turns the check off.
    if (facts === undefined || wanted === 0 || maxLag === 0) return [];
    const good = facts.replication.replicas.filter(
      ({ state, ackAgeSeconds }) => state === 'online' && ackAgeSeconds <= maxLag,
    );
    if (good.length >= wanted) return [];
    return [
      {
        nodes: [node],
        sentence: `${node.name} refuses writes: min-replicas-to-write is ${wanted}, and ${good.length} of its replicas ${good.length === 1 ? 'has' : 'have'} answered in the last ${maxLag} s.`,
        next: `bring its replicas back, or ${redisCli(node, 'CONFIG SET min-replicas-to-write 0')}`,
      },
    ];
  });
}
