/**
 * How late a replica is, in milliseconds and bytes, against its upstream and against the top of its
 * chain. Lag is the time since the upstream went past the replica's offset: since when there is
 * something that the replica does not have. INFO's own `lag` is not that: it is the age of an
 * acknowledgement. Pure: readings in (lag-sampler.ts takes them), estimates out.
 */
import type { Failure } from '../../instance/failure.ts';
import type { ReplicationInfo } from '../../protocol/info.ts';
import type { OffsetSample, OffsetTrack } from './lag-track.ts';
import { pathUp, sharesHistory, type NodeId, type Topology, type TopologyNode } from '../model.ts';

/** What is known of one node: how its offset went, and its newest answer. */
export interface LagReading {
  readonly track: OffsetTrack;
  readonly latest:
    | { readonly sample: OffsetSample; readonly replication: ReplicationInfo }
    | undefined;
  /** Why it cannot be asked now. */
  readonly failure: Failure | undefined;
}

export type HopLag =
  /** The truth lies within `errorMs` of `lagMs`, and is not negative. */
  | {
      readonly kind: 'measured';
      readonly lagMs: number;
      readonly errorMs: number;
      readonly lagBytes: number;
    }
  /** The replica is where the upstream was before we began to look. */
  | { readonly kind: 'at-least'; readonly lagMs: number; readonly lagBytes: number }
  | { readonly kind: 'unknown'; readonly because: UnknownLag };

export type UnknownLag =
  | 'unreachable' // the replica cannot be asked
  | 'upstream-unreachable' // the upstream, or the top of the chain, cannot be asked
  | 'foreign-history' // the two have no history in common: offsets mean nothing
  | 'cycle'; // the chain leads back to itself: there is no top

export interface NodeLag {
  readonly node: TopologyNode;
  /** Whom it follows; undefined for a node without upstream, which cannot be late. */
  readonly upstream: NodeId | undefined;
  readonly hop: HopLag | undefined;
  readonly top: HopLag | undefined;
  /** How old the replica's offset is; undefined when it was never read. */
  readonly sampleAgeMs: number | undefined;
}

/** One entry per node, in the order of the topology. `nowMs` is on the clock of the samples. */
export function lagOf(
  topology: Topology,
  readings: ReadonlyMap<NodeId, LagReading>,
  nowMs: number,
): NodeLag[] {
  return topology.nodes.map((node) => {
    const path = pathUp(topology, node.id);
    const upstream = topology.links.find(({ replica }) => replica === node.id)?.upstream;
    const latest = readings.get(node.id)?.latest;
    const against = (id: NodeId): HopLag => hopLag(readings.get(id), readings.get(node.id));
    const sampleAgeMs = latest === undefined ? undefined : Math.max(0, nowMs - latest.sample.atMs);
    if (upstream === undefined) {
      return { node, upstream, hop: undefined, top: undefined, sampleAgeMs };
    }
    const hop: HopLag = upstream === node.id ? inCycle : against(upstream);
    const top: HopLag = leadsBack(topology, path) ? inCycle : against(path.at(-1) ?? upstream);
    return { node, upstream, hop, top, sampleAgeMs };
  });
}

const inCycle: HopLag = { kind: 'unknown', because: 'cycle' };

function leadsBack(topology: Topology, path: readonly NodeId[]): boolean {
  return topology.links.some(({ replica }) => replica === path.at(-1));
}

function hopLag(upstream: LagReading | undefined, replica: LagReading | undefined): HopLag {
  if (replica?.latest === undefined || replica.failure !== undefined) {
    return { kind: 'unknown', because: 'unreachable' };
  }
  if (upstream?.latest === undefined || upstream.failure !== undefined) {
    return { kind: 'unknown', because: 'upstream-unreachable' };
  }
  if (!sharesHistory(upstream.latest.replication, replica.latest.replication)) {
    return { kind: 'unknown', because: 'foreign-history' };
  }
  return estimateLag(upstream.track, replica.latest.sample);
}

/** The lag of a replica that was at `sample`, from the track of the node that it is held against. */
export function estimateLag(upstream: OffsetTrack, sample: OffsetSample): HopLag {
  const passing = upstream.passed(sample.offset);
  const upstreamOffset = upstream.offsetAt(sample.atMs) ?? sample.offset;
  const lagBytes = Math.max(0, upstreamOffset - sample.offset);
  if (passing.kind === 'no-samples') return { kind: 'at-least', lagMs: 0, lagBytes };
  if (passing.kind === 'earlier') {
    const lagMs = Math.max(0, sample.atMs - sample.errorMs - passing.untilMs);
    return { kind: 'at-least', lagMs, lagBytes };
  }
  if (passing.kind === 'not-yet') {
    // What the upstream got after its newest sample we cannot know yet.
    const errorMs = Math.max(0, sample.atMs + sample.errorMs - passing.sinceMs);
    return { kind: 'measured', lagMs: 0, errorMs, lagBytes };
  }
  const lagMs = Math.max(0, sample.atMs - passing.atMs);
  return { kind: 'measured', lagMs, errorMs: passing.errorMs + sample.errorMs, lagBytes };
}
