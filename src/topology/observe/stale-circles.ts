/**
 * A dead node's place is only presumed, and what is presumed may be older than what nodes that
 * answer say of themselves. Used by assemble.ts. Pure.
 */
import type { Link, NodeId } from '../model.ts';

/**
 * Without the links that the inventory or a Sentinel presumes and that would close a circle: a dead
 * node below one that follows it was promoted since.
 */
export function withoutStaleCircles(links: readonly Link[]): Link[] {
  const upstreams = new Map(links.map(({ replica, upstream }) => [replica, upstream]));
  return links.filter(({ replica, upstream, knownFrom }) => {
    if (knownFrom === 'replica' || knownFrom === 'upstream') return true;
    if (!isBelow(upstream, replica, upstreams)) return true;
    upstreams.delete(replica);
    return false;
  });
}

function isBelow(from: NodeId, top: NodeId, upstreams: ReadonlyMap<NodeId, NodeId>): boolean {
  const seen = new Set<NodeId>();
  let at: NodeId | undefined = from;
  while (at !== undefined && at !== top && !seen.has(at)) {
    seen.add(at);
    at = upstreams.get(at);
  }
  return at === top;
}
