/**
 * Looks again until replicas have their links. A replica tries once a second: whoever looks before
 * that sees a broken link where nothing is wrong. Used by start, restart and init.
 */
import { nodeOf, type Link, type Topology } from '../topology/model.ts';
import type { Lab } from '../lab/lab.ts';
import { systemClock } from '../util/clock.ts';
import { lookAgainWhile } from './look-again.ts';
import { observe, type Observation } from './observe.ts';

/** For one look at all nodes. */
const timeoutMs = 2000;

/** Between two looks. */
const periodMs = 50;

export interface AwaitLinksOptions {
  readonly limitMs: number;
  /** Only links with one of these nodes at an end; all without. */
  readonly names?: readonly string[];
  readonly signal?: AbortSignal;
}

/** The last look: after the links are up, or the limit. */
export async function awaitLinks(
  lab: Lab,
  { limitMs, names, signal }: AwaitLinksOptions,
): Promise<Observation> {
  const first = await observe({ words: [], lab, credentials: {}, timeoutMs, clock: systemClock });
  const isPending = (topology: Topology): boolean => pendingLinks(topology, names).length > 0;
  return lookAgainWhile(isPending, first, { limitMs, periodMs, ...(signal && { signal }) });
}

/** Links that are not up although both of their ends answer. */
export function pendingLinks(topology: Topology, names?: readonly string[]): Link[] {
  return topology.links.filter(({ state, replica, upstream }) => {
    const ends = [replica, upstream].map((id) => nodeOf(topology, id));
    const isMeant = names === undefined || ends.some((node) => node && names.includes(node.name));
    return state !== 'up' && isMeant && ends.every((node) => node?.state.kind === 'up');
  });
}
