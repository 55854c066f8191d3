/**
 * Links that are about to come up: a plan that is made meanwhile would take their replicas for cut off,
 * or for being in a history that they leave a moment later. Pure.
 */
import { factsOf, isLiveMaster, nodeOf, pathUp, type Link, type Topology } from '../model.ts';

/** A replica tries again each second; a link that is down for longer is broken. */
const reconnectSeconds = 3;

/**
 * Replicas of living nodes below a living master are still making their links, as a broken-off change
 * told them to, however long ago. Where nobody takes writes there is nothing to wait for.
 */
export function isSettling(topology: Topology): boolean {
  return anyOnItsWay(topology, isMade);
}

/** The same for links that were lost a moment ago, or are about to be. */
export function isReconnecting(topology: Topology): boolean {
  return anyOnItsWay(
    topology,
    (link) => isMade(link) && (link.downSinceSeconds ?? Infinity) < reconnectSeconds,
  );
}

function anyOnItsWay(topology: Topology, isDue: (link: Link) => boolean): boolean {
  return topology.links.some(
    (link) => isBelowMaster(topology, link) && (isDue(link) || isAboutToBreak(topology, link)),
  );
}

function isBelowMaster(topology: Topology, { replica, upstream }: Link): boolean {
  const top = nodeOf(topology, pathUp(topology, replica).at(-1) ?? replica);
  const isFed = factsOf(nodeOf(topology, upstream)) !== undefined;
  return isFed && top !== undefined && isLiveMaster(top);
}

function isMade({ state }: Link): boolean {
  return state === 'down' || state === 'connecting';
}

/** The upstream has gone over to another history, which its replica will hear of by a broken link. */
function isAboutToBreak(topology: Topology, { replica, upstream, state }: Link): boolean {
  const [own, above] = [replica, upstream].map(
    (id) => factsOf(nodeOf(topology, id))?.replication.masterReplid,
  );
  return state === 'up' && own !== undefined && above !== undefined && own !== above;
}
