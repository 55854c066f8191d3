/**
 * Links that are about to come up: a plan that is made meanwhile would take their replicas for cut off,
 * or for being in a history that they leave a moment later. Pure.
 */
import { factsOf, isLiveMaster, nodeOf, pathUp, type Topology } from '../model.ts';

/** A replica tries again each second; a link that is down for longer is broken. */
const reconnectSeconds = 3;

/**
 * Replicas of living nodes below a living master are still making their links, as a broken-off change
 * told them to, however long ago. Where nobody takes writes there is nothing to wait for.
 */
export function isSettling(topology: Topology): boolean {
  return linksOnTheirWay(topology).length > 0;
}

/** The same for links that were lost a moment ago. */
export function isReconnecting(topology: Topology): boolean {
  return linksOnTheirWay(topology).some(
    ({ downSinceSeconds = Number.POSITIVE_INFINITY }) => downSinceSeconds < reconnectSeconds,
  );
}

function linksOnTheirWay(topology: Topology): Topology['links'] {
  return topology.links.filter(({ replica, upstream, state }) => {
    const isOnItsWay = state === 'down' || state === 'connecting';
    const top = nodeOf(topology, pathUp(topology, replica).at(-1) ?? replica);
    const isFed = factsOf(nodeOf(topology, upstream)) !== undefined;
    return isOnItsWay && isFed && top !== undefined && isLiveMaster(top);
  });
}
