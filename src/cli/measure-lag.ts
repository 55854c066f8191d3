/**
 * Joins discovery and lag sampling for `repl lag`: which nodes are looked at, once or for as long
 * as the user watches. It does not print.
 */
import { LagSampler } from '../topology/lag/lag-sampler.ts';
import { pathUp, type Topology } from '../topology/model.ts';
import type { Observation } from './observe.ts';
import type { LagInput } from './views/lag-view.ts';

export interface LagLook {
  /** Waits for lags that are not known yet, up to a limit: at least a third of a second. */
  once(waitMs: number): Promise<LagInput>;
  /** Looks who follows whom now, and returns the lags of that. */
  again(): Promise<LagInput>;
  close(): void;
}

/** Before the first numbers of a watch are shown. */
const firstLookMs = 350;

/** Starts sampling the nodes that `words` name, those above and below them; all without words. */
export function startLagLook(first: Observation, words: readonly string[]): LagLook {
  const meant = words.map((word) => first.find(word).id);
  const part = ({ topology }: Observation): Topology => partOf(topology, meant);
  const sampler = new LagSampler({
    clock: first.clock,
    timeoutMs: first.timeoutMs,
    connect: (node) => first.connectToLook(node),
  });
  let seen = first;
  const follow = (): Topology => {
    const topology = part(seen);
    sampler.follow(topology.nodes);
    return topology;
  };
  follow();
  return {
    async once(waitMs) {
      const topology = follow();
      await sampler.settle(topology, Math.max(firstLookMs, waitMs));
      return { topology, lags: sampler.lags(topology) };
    },
    async again() {
      seen = await seen.again();
      const topology = follow();
      return { topology, lags: sampler.lags(topology) };
    },
    close: () => sampler.close(),
  };
}

/** True when every node answered, and there is a number, not only a bound, for every replica. */
export function isLagKnown({ lags }: LagInput): boolean {
  return lags.every(
    ({ hop, top, sampleAgeMs }) =>
      sampleAgeMs !== undefined &&
      [hop, top].every((lag) => lag === undefined || lag.kind === 'measured'),
  );
}

/** The named nodes, those above and those below them, with the links between. */
function partOf(topology: Topology, meant: readonly string[]): Topology {
  if (meant.length === 0) return topology;
  const below = topology.nodes.filter(({ id }) =>
    pathUp(topology, id).some((above) => meant.includes(above)),
  );
  const ids = new Set(
    [...meant, ...below.map(({ id }) => id)].flatMap((id) => pathUp(topology, id)),
  );
  return {
    ...topology,
    nodes: topology.nodes.filter(({ id }) => ids.has(id)),
    links: topology.links.filter(({ replica }) => ids.has(replica)),
  };
}
