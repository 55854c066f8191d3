/**
 * The Sentinels among the visits, each with what it believes of this topology: a Sentinel may watch
 * other masters as well, which are none of our business. Used by assemble.ts. No I/O, no clock.
 */
import { addressKey, formatAddress } from '../../instance/address.ts';
import type { Watch } from '../../instance/sentinel.ts';
import type { SentinelNode, TopologyNode } from '../model.ts';
import type { Visit } from './visit.ts';

export function isSentinel({ seed, watches }: Visit): boolean {
  return seed.isSentinel === true || watches !== undefined;
}

/** In the order of the inventory, then by address. Without any node, all that they watch is kept. */
export function assembleSentinels(
  visits: readonly Visit[],
  nodes: readonly TopologyNode[],
): SentinelNode[] {
  const known = new Set(nodes.flatMap(({ aliases }) => aliases.map(addressKey)));
  const isOurs = ({ master, replicas }: Watch): boolean =>
    nodes.length === 0 ||
    [master, ...replicas.map(({ address }) => address)].some((each) => known.has(addressKey(each)));
  const sentinels = visits.map(({ seed, outcome, watches }) => ({
    name: formatAddress(seed.address),
    address: seed.address,
    isGiven: seed.isSentinel === true,
    state: stateOf(outcome, watches?.filter(isOurs)),
  }));
  const inOrder = sentinels.sort(
    (a, b) => Number(b.isGiven) - Number(a.isGiven) || (a.name < b.name ? -1 : 1),
  );
  return inOrder.map(({ isGiven: _isGiven, ...sentinel }) => sentinel);
}

function stateOf(
  outcome: Visit['outcome'],
  watches: readonly Watch[] | undefined,
): SentinelNode['state'] {
  if (watches !== undefined) return { kind: 'up', watches };
  const notOne = { kind: 'protocol', message: 'is no Sentinel' } as const;
  return { kind: 'down', failure: outcome.kind === 'failed' ? outcome.failure : notOne };
}
