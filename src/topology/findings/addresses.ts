/** Findings about what nodes announce: addresses that lead nowhere, or to somebody else. Pure. */
import {
  addressKey,
  asSeenFrom,
  formatAddress,
  type Address,
  redisCli,
} from '../../instance/address.ts';
import type { ReplicaLine } from '../../protocol/info.ts';
import { factsOf, upstreamOf } from '../model.ts';
import type { Topology, TopologyNode } from '../model.ts';
import { failureWords, listWords, type Finding } from './finding.ts';

/** Replicas acknowledge every second: who did so this recently is alive. */
const aliveAckSeconds = 1;

/**
 * A replica that its upstream is feeding, at an address where nobody answers us: what it announces
 * is wrong, or it is no server at all. Sentinel and clients would dial that address too.
 */
export function findPhantoms(topology: Topology): Finding[] {
  return topology.nodes.flatMap((node) => {
    const upstream = upstreamOf(topology, node.id);
    if (node.state.kind === 'up' || node.expected !== undefined || upstream === undefined) {
      return [];
    }
    const isFed = linesOf(upstream).some(
      ({ line, address }) => line.ackAgeSeconds <= aliveAckSeconds && isAlias(node, address),
    );
    if (!isFed) return [];
    return [
      {
        nodes: [node],
        sentence: `${upstream.name} feeds a replica that says it is ${node.name}, where nobody answers: ${failureWords(node)}.`,
        next: `set replica-announce-ip and replica-announce-port of that replica; ${redisCli(upstream, 'CLIENT LIST TYPE replica')} shows where it is`,
      },
    ];
  });
}

/** One node more than once in the list of its upstream, or two under one address. */
export function findDuplicates(topology: Topology): Finding[] {
  return topology.nodes.flatMap((upstream) => {
    const lines = linesOf(upstream);
    const keys = lines.map(({ address }) => {
      const node = topology.nodes.find((each) => isAlias(each, address));
      return node?.id ?? addressKey(address);
    });
    const twice = [...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))];
    return twice.map((key) => {
      const same = lines.filter((_, index) => keys[index] === key);
      const said = listWords([...new Set(same.map(({ address }) => formatAddress(address)))]);
      const node = topology.nodes.find(({ id }) => id === key);
      return {
        nodes: [upstream, ...(node === undefined ? [] : [node])],
        sentence: `${upstream.name} lists one replica ${same.length} times (${said}): two replicas announce one address, or an old connection is still open.`,
        next: redisCli(upstream, 'CLIENT LIST TYPE replica'),
      };
    });
  });
}

/** Only what a node announces on purpose: an address that it has by itself may be none of our net. */
export function findAnnouncedUnreachable(topology: Topology): Finding[] {
  return topology.nodes.flatMap((node) => {
    const facts = factsOf(node);
    const { replicaAnnounceIp: ip, replicaAnnouncePort: port } = facts?.settings ?? {};
    if (ip === undefined && port === undefined) return [];
    const announced = node.silentAliases.filter(
      (alias) => alias.port === (port ?? facts?.tcpPort) && (ip === undefined || alias.host === ip),
    );
    if (announced.length === 0) return [];
    return [
      {
        nodes: [node],
        sentence: `${node.name} announces ${formatAddress(announced[0])}, where nobody answers: Sentinel and clients that learn it from the master cannot reach it.`,
        next: `set replica-announce-ip and replica-announce-port of ${node.name} to where others reach it`,
      },
    ];
  });
}

/** The replicas that a node is feeding, as we would dial them; those that come are none yet. */
function linesOf(upstream: TopologyNode): { line: ReplicaLine; address: Address }[] {
  const lines = factsOf(upstream)?.replication.replicas ?? [];
  return lines
    .filter(({ state, port }) => state === 'online' && port > 0)
    .map((line) => ({ line, address: asSeenFrom(upstream.address, line) }));
}

function isAlias({ aliases }: TopologyNode, address: Address): boolean {
  const key = addressKey(address);
  return aliases.some((alias) => addressKey(alias) === key);
}
