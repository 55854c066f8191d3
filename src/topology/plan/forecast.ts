/**
 * What each move of a plan will cost: a partial resync of so many bytes or a full copy, with the
 * reason, and whether that is certain. Told from INFO alone, as the new upstream will be when its
 * turn comes: the steps are played on a model of the histories, which knows what a promotion, a
 * demotion and a full copy do to replids, offsets and backlogs. Used by the planner, which keeps full
 * copies apart, and by the views. Pure.
 *
 *     partial = the replica's replid is the upstream's, or its former one up to where that ended
 *               AND the byte after the replica's offset is in the upstream's backlog, or the next
 */
import { formatAddress } from '../../instance/address.ts';
import { HistoryModel, type Resync } from './history-model.ts';
import { factsOf, nodeOf, type NodeId, type Topology } from '../model.ts';
import type { Step } from './step.ts';

export interface ForecastOptions {
  /** How fast full copies go here; undefined where nobody has measured it. */
  readonly fullCopyBytesPerSecond?: number;
}

export interface Forecast extends Resync {
  /** The index of the step that causes it. */
  readonly step: number;
  /** Of a full copy: what is sent, at most. Undefined for a partial resync. */
  readonly keys: number | undefined;
  readonly seconds: number | undefined;
}

/** Every resync that the steps cause, in order; also of nodes that stay and are dropped for a moment. */
export function forecast(
  topology: Topology,
  steps: readonly Step[],
  options: ForecastOptions = {},
): Forecast[] {
  const model = new HistoryModel(topology);
  const idAt = new Map(
    topology.nodes.flatMap(({ id, aliases, dialAddress }) =>
      [...aliases, dialAddress].map((address) => [formatAddress(address), id] as const),
    ),
  );
  return steps.flatMap((step, at) => {
    const resyncs = play(model, step, (address) => idAt.get(formatAddress(address)));
    const counted = resyncs.filter((resync) => !isOvertaken(resync, steps.slice(at + 1)));
    return counted.map((resync) => ({ ...resync, step: at, ...sizeOf(topology, resync, options) }));
  });
}

/**
 * Dropped where it is, and moved by a later step: whether it comes back there meanwhile is chance,
 * unless somebody waits for it.
 */
function isOvertaken({ node, cause, kind }: Resync, later: readonly Step[]): boolean {
  const isWait = (step: Step): boolean => step.kind === 'await-link';
  const isMove = (step: Step): boolean => step.kind === 'follow' && step.node === node;
  const moved = later.findIndex(isMove);
  if (cause === 'moved' || moved === -1) return false;
  return kind === 'partial' || !later.slice(0, moved).some(isWait);
}

/** Would this move need a full copy, after these steps? */
export function needsFullCopy(topology: Topology, steps: readonly Step[], last: Step): boolean {
  const resyncs = forecast(topology, [...steps, last]);
  return resyncs.some(({ node, kind }) => node === last.node && kind === 'full');
}

export interface ResyncCounts {
  readonly partial: number;
  readonly full: number;
}

export interface ResyncComparison {
  readonly forecast: ResyncCounts;
  readonly happened: ResyncCounts;
  /** As forecast, but for what was called uncertain. */
  readonly holds: boolean;
}

/** What was forecast and what happened, over the nodes that answered before and after. */
export function compareForecast(
  forecasts: readonly Resync[],
  { before, after }: { before: Topology; after: Topology },
): ResyncComparison {
  const count = (kind: Resync['kind']): number =>
    forecasts.filter((each) => each.kind === kind).length;
  const expected = { partial: count('partial'), full: count('full') };
  const happened = {
    partial: grown(before, after, 'syncPartialOk'),
    full: grown(before, after, 'syncFull'),
  };
  const certain = forecasts.filter(({ certainty }) => certainty === 'certain');
  const certainOf = (kind: Resync['kind']): number =>
    certain.filter((each) => each.kind === kind).length;
  // One that went the other way than was likely takes those below with it: then nobody counts them.
  const isSure = certain.length === forecasts.length;
  // A node may be dropped once more on its way: that is a partial resync more, and no surprise.
  const holds =
    happened.full >= certainOf('full') &&
    (!isSure || happened.full === expected.full) &&
    happened.partial >= certainOf('partial');
  return { forecast: expected, happened, holds };
}

/** A node that restarted meanwhile counts from 0. */
function grown(before: Topology, after: Topology, what: 'syncFull' | 'syncPartialOk'): number {
  const growth = after.nodes.map((node) => {
    const then = factsOf(nodeOf(before, node.id))?.[what] ?? 0;
    return Math.max(0, (factsOf(node)?.[what] ?? then) - then);
  });
  return growth.reduce((sum, each) => sum + each, 0);
}

function play(
  model: HistoryModel,
  step: Step,
  idAt: (address: { host: string; port: number }) => NodeId | undefined,
): Resync[] {
  switch (step.kind) {
    case 'hold-pings':
      model.holdPings(step.node);
      return [];
    case 'hold-writes':
    case 'release-writes':
      model.holdWrites(step.node, step.kind === 'hold-writes');
      return [];
    case 'await-in-step':
      model.bringInStep([step.node, ...step.also], step.with);
      return [];
    case 'detach':
      model.detach(step.node);
      return [];
    case 'follow':
      return [
        ...model.follow(step.node, idAt(step.upstream)),
        // Its upstream is promoted in the next moment, and drops whoever has come before.
        ...(step.as === 'demotion' ? [] : model.link()),
      ];
    case 'follow-no-one':
      model.becomeMaster(step.node);
      return model.link();
    case 'failover':
      // It holds its writes, and its PINGs too.
      model.holdPings(step.node);
      model.holdWrites(step.node, true);
      model.bringInStep([step.to], step.node);
      model.follow(step.node, step.to);
      model.becomeMaster(step.to);
      return model.link();
    default:
      return [];
  }
}

function sizeOf(
  topology: Topology,
  { kind, upstream }: Resync,
  { fullCopyBytesPerSecond: rate }: ForecastOptions,
): Pick<Forecast, 'keys' | 'seconds' | 'bytes'> | Pick<Forecast, 'keys' | 'seconds'> {
  if (kind === 'partial') return { keys: undefined, seconds: undefined };
  const facts = factsOf(nodeOf(topology, upstream ?? ''));
  const bytes = facts?.usedMemoryBytes;
  const seconds = bytes === undefined || rate === undefined ? undefined : bytes / rate;
  return { keys: facts?.keyCount, bytes, seconds };
}
