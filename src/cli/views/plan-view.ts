/**
 * A plan in words, a step that was done, and the line that sums a change up. Pure: data → text.
 * Used by cli/change.ts.
 */
import { formatAddress, type Address } from '../../instance/address.ts';
import type { CopyProgress } from '../../topology/change/await-link.ts';
import type { StepReport } from '../../topology/change/execute.ts';
import { findNode, nodeOf, type NodeId, type Topology } from '../../topology/model.ts';
import type { Step } from '../../topology/plan/step.ts';
import type { Forecast, ResyncComparison, ResyncCounts } from '../../topology/plan/forecast.ts';
import type { Paint } from './paint.ts';
import { bytesText, keysText } from '../../util/units.ts';
import { millisText, secondsText } from './units.ts';

/** The numbered steps, and below each what it will cost. */
export function renderPlan(
  topology: Topology,
  steps: readonly Step[],
  forecasts: readonly Forecast[] = [],
): string {
  const blocks = steps.map((step, index) => {
    const costs = forecasts.filter((each) => each.step === index);
    const lines = costs.map((each) => `     ${forecastText(topology, each)}\n`);
    return `${index + 1}. ${stepText(topology, step)}\n${lines.join('')}`;
  });
  return blocks.join('');
}

/** One resync in one clause: `6381: partial resync with 6380, 14 B missing (same history), certain`. */
export function forecastText(topology: Topology, resync: Forecast): string {
  const { node, upstream, kind, because, certainty, cause } = resync;
  const who = `${nameOf(topology, node)}${cause === 'dropped' ? ', dropped for a moment' : ''}`;
  const whom = upstream === undefined ? '' : ` with ${nameOf(topology, upstream)}`;
  const what =
    kind === 'partial'
      ? `partial resync${whom}, ${bytesText(resync.bytes)} missing`
      : copyText(resync, whom);
  return `${who}: ${what} (${becauseWords[because]}), ${certainty}`;
}

function copyText({ keys, bytes, seconds }: Forecast, whom: string): string {
  const size = bytes === undefined ? '' : ` of at most ${bytesText(bytes)}`;
  const count = keys === undefined ? '' : `, ${keysText(keys)}`;
  const time = seconds === undefined ? '' : `, about ${secondsText(Math.ceil(seconds))}`;
  return `full copy${whom.replace(' with', ' from')}${size}${count}${time}`;
}

const becauseWords: Readonly<Record<Forecast['because'], string>> = {
  'same-history': 'same history',
  'former-history': "the upstream's former history",
  'other-history': 'another history',
  'past-the-fork': 'it went on after the histories had parted',
  ahead: 'it is ahead of its upstream',
  'backlog-too-short': 'what it lacks is no longer in the backlog',
  'no-backlog': 'the upstream has no backlog',
  'copy-broken-off': 'its copy is broken off',
  'upstream-unknown': 'nobody could ask the upstream',
};

/** One step in one clause. */
export function stepText(topology: Topology, step: Step): string {
  const name = nameOf(topology, step.node);
  switch (step.kind) {
    case 'hold-pings':
      return `${name}: send its replicas no PINGs, which would move its offset (repl-ping-replica-period, now ${step.period})`;
    case 'restore-pings':
      return `${name}: send PINGs again (repl-ping-replica-period ${step.period})`;
    case 'hold-writes':
      return `${name}: hold writes (CLIENT PAUSE … WRITE)`;
    case 'await-nearly-in-step':
    case 'await-in-step':
      return inStepText(topology, step);
    case 'detach':
      return `${name}: stand still, so that it is not ahead (REPLICAOF to where nobody listens)`;
    case 'follow':
      return `${name}: follow ${nameAt(topology, step.upstream)} (REPLICAOF ${step.upstream.host} ${step.upstream.port})${followWords[step.as]}`;
    case 'follow-no-one':
      return `${name}: become a master, keeping its data (REPLICAOF NO ONE)`;
    case 'failover':
      return `${name}: hand over to ${nameOf(topology, step.to)} by itself (FAILOVER TO ${step.upstream.host} ${step.upstream.port})`;
    case 'release-writes':
      return `${name}: release the held writes (CLIENT UNPAUSE)`;
    case 'await-link':
      return `${name}: wait until its link to ${nameAt(topology, step.upstream)} is up`;
    case 'rewrite-config':
      return `${name}: write the change to its configuration file (CONFIG REWRITE)`;
    default: {
      const never: never = step;
      return never;
    }
  }
}

function inStepText(
  topology: Topology,
  { kind, node, also, with: ahead }: Extract<Step, { also: readonly NodeId[] }>,
): string {
  const names = [node, ...also].map((id) => nameOf(topology, id)).join(', ');
  const they = also.length > 0 ? 'they have' : 'it has';
  if (kind === 'await-nearly-in-step') {
    return `${names}: wait until nearly in step with ${nameOf(topology, ahead)}, so that writers wait briefly`;
  }
  return `${names}: wait until ${they} every byte of ${nameOf(topology, ahead)}`;
}

const followWords = {
  demotion: ', no longer a master',
  sibling: ', as its sibling did',
  'catch-up': ', to have what it lacks',
  asked: '',
};

/** `forecast: 2 partial, 0 full; happened: 2 partial, 0 full`. */
export function renderComparison(
  { forecast, happened, holds }: ResyncComparison,
  paint: Paint,
): string {
  const text = ({ partial, full }: ResyncCounts): string => `${partial} partial, ${full} full`;
  const line = `resyncs forecast: ${text(forecast)}; happened: ${text(happened)}`;
  if (!holds) return `${paint('yellow', `${line}: not as forecast`)}\n`;
  // Some servers are so quick that a replica is at its old upstream once more before it is told to move.
  const more = happened.partial - forecast.partial;
  const isAside = more > 0 && happened.full === forecast.full;
  return isAside ? `${line} (${more} of them on the way)\n` : `${line}\n`;
}

/** `6381: 12.0 MiB of 48.0 MiB (25 %), 6.0 MiB a second, 6 s left`. */
export function renderCopy(
  topology: Topology,
  { node, readBytes, totalBytes, bytesPerSecond, secondsLeft }: CopyProgress,
): string {
  const percent = totalBytes === undefined ? 0 : Math.floor((readBytes / totalBytes) * 100);
  const total = totalBytes === undefined ? '' : ` of ${bytesText(totalBytes)} (${percent} %)`;
  const rate =
    bytesPerSecond === undefined ? '' : `, ${bytesText(Math.round(bytesPerSecond))} a second`;
  const left = secondsLeft === undefined ? '' : `, ${secondsText(Math.ceil(secondsLeft))} left`;
  return `${nameOf(topology, node)}: ${bytesText(readBytes)}${total}${rate}${left}`;
}

/** One finished step. */
export function renderStep(topology: Topology, report: StepReport, paint: Paint): string {
  const { step, outcome, tookMs } = report;
  const text = stepText(topology, step);
  const took = millisText(tookMs);
  switch (outcome.kind) {
    case 'ok':
      return `${paint('green', 'done   ')} ${text}, ${took}\n`;
    case 'pending':
      return `${paint('yellow', 'pending')} ${text}: ${outcome.message} after ${took}\n`;
    default:
      return `${paint('red', 'failed ')} ${text}: ${outcome.message}\n`;
  }
}

/** What the change cost, counted over the nodes that answered before and after. */
export interface ChangeCost {
  readonly fullResyncs: number;
  readonly writeGapMs: number | undefined;
  /** Undefined: nobody can tell, because the old master is dead. */
  readonly lostWrites: 0 | undefined;
}

export function renderCost({ fullResyncs, writeGapMs, lostWrites }: ChangeCost): string {
  const gap = writeGapMs === undefined ? '' : `, writes held for ${millisText(writeGapMs)}`;
  const lost = lostWrites === 0 ? 'none' : 'as the warnings say';
  return `lost writes: ${lost}, full resyncs: ${fullResyncs}${gap}\n`;
}

/** Sum of full copies given, after minus before; a node that restarted meanwhile counts from 0. */
export function changeCost(
  before: Topology,
  after: Topology,
  { writeGapMs, mayLose }: { writeGapMs: number | undefined; mayLose: boolean },
): ChangeCost {
  const grown = after.nodes.map((node) => {
    const earlier = nodeOf(before, node.id);
    const now = node.state.kind === 'up' ? node.state.facts.syncFull : 0;
    return now - (earlier?.state.kind === 'up' ? earlier.state.facts.syncFull : 0);
  });
  const fullResyncs = grown.reduce((sum, count) => sum + Math.max(0, count), 0);
  return { fullResyncs, writeGapMs, lostWrites: mayLose ? undefined : 0 };
}

function nameOf(topology: Topology, id: NodeId): string {
  return nodeOf(topology, id)?.name ?? id;
}

function nameAt(topology: Topology, address: Address): string {
  const text = formatAddress(address);
  return findNode(topology, text)?.name ?? text;
}
