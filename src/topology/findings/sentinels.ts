/** Findings about what the Sentinels believe, compared with what we saw ourselves. Pure. */
import { addressKey, formatAddress, type Address, redisCli } from '../../instance/address.ts';
import type { Watch } from '../../instance/sentinel.ts';
import { isLiveMaster } from '../model.ts';
import type { SentinelNode, Topology, TopologyNode } from '../model.ts';
import { listWords, type Finding } from './finding.ts';

export function findSentinelStale(topology: Topology): Finding[] {
  return topology.sentinels.flatMap((sentinel) => {
    if (sentinel.state.kind === 'down') return [];
    return sentinel.state.watches.flatMap((watch) => [
      ...wrongMaster(topology, sentinel, watch),
      ...deadSentinels(topology, sentinel, watch),
    ]);
  });
}

/** Sooner or later it undoes what was changed behind its back. */
function wrongMaster(topology: Topology, sentinel: SentinelNode, watch: Watch): Finding[] {
  const masters = topology.nodes.filter(isLiveMaster);
  const believed = nodeAt(topology, watch.master);
  if (masters.length !== 1 || (believed !== undefined && masters.includes(believed))) return [];
  const [master] = masters;
  const { host, port } = master.dialAddress;
  return [
    {
      nodes: [master, ...(believed === undefined ? [] : [believed])],
      sentence: `Sentinel ${sentinel.name} takes ${believed?.name ?? formatAddress(watch.master)} for the master ${watch.masterName}, and it is ${master.name}: it may turn that back.`,
      next: `${redisCli(sentinel, `SENTINEL REMOVE ${watch.masterName}`)}, then SENTINEL MONITOR ${watch.masterName} ${host} ${port} ${watch.quorum}`,
    },
  ];
}

/** Each counts for the majority that a failover needs, whether it lives or not. */
function deadSentinels(topology: Topology, sentinel: SentinelNode, watch: Watch): Finding[] {
  const dead = watch.sentinels.filter(({ flags }) => flags.includes('s_down'));
  if (dead.length === 0) return [];
  const names = dead.map(({ address }) => formatAddress(address));
  const believed = nodeAt(topology, watch.master);
  return [
    {
      nodes: believed === undefined ? [] : [believed],
      sentence: `Sentinel ${sentinel.name} counts ${listWords(names)}, which ${dead.length === 1 ? 'does' : 'do'} not answer it: the majority for a failover is reckoned with them.`,
      next: `start them, or ${redisCli(sentinel, `SENTINEL RESET ${watch.masterName}`)} to forget them`,
    },
  ];
}

function nodeAt(topology: Topology, address: Address): TopologyNode | undefined {
  const key = addressKey(address);
  return topology.nodes.find(({ aliases }) => aliases.some((alias) => addressKey(alias) === key));
}
