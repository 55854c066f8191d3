/**
 * The one way in which a verb changes a live topology: look → plan → show → ask → lock → write down →
 * run → look again. Used by promote, reparent, replicaof, slaveof and apply, which only say what is
 * wanted. With `--out` it ends at the plan, which `repl apply` takes up.
 */
import { formatAddress } from '../../instance/address.ts';
import {
  recordShape,
  type RecordedNode,
  type RecordedShape,
} from '../../topology/change/change-record.ts';
import { fenceFor } from '../../topology/change/fence-state.ts';
import { isReconnecting } from '../../topology/change/settling.ts';
import { fingerprintOf, type Fingerprint } from '../../topology/change/fingerprint.ts';
import {
  beginJournal,
  newChangeId,
  openRecordsOf,
  readRecords,
} from '../../topology/change/journal.ts';
import {
  compareForecast,
  type Forecast,
  type ResyncComparison,
} from '../../topology/plan/forecast.ts';
import { findNode, nodeOf, type NodeId, type Topology } from '../../topology/model.ts';
import { savePlan } from '../../topology/change/plan-file.ts';
import type { Abilities, Move, Plan, Planned } from '../../topology/plan/planned.ts';
import { mayDiscard, refuseForeignData } from '../../topology/plan/plan-refusals.ts';
import { OperatorError } from '../../util/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { judgeStatus } from '../judge-status.ts';
import type { Observation } from '../observe.ts';
import type { Paint } from '../views/paint.ts';
import { renderPreflight } from '../views/preflight-view.ts';
import {
  forecastText,
  renderComparison,
  renderCost,
  renderPlan,
  stepText,
} from '../views/plan-view.ts';
import { renderTree } from '../views/status-view.ts';
import { checkPlan, throwRefusedChecks } from './check-plan.ts';
import { performFenced } from './change-fences.ts';
import { changeResult, type ChangeEnd, type ChangeResult } from './change-document.ts';
import { performChange, stopOf, whoAmI, type Performed } from './perform-change.ts';
import { persistInventory } from './persist-inventory.ts';
import { settled } from './settled.ts';

export interface ChangeOptions {
  readonly before: Observation;
  /** From the topology to the steps. */
  readonly plan: (topology: Topology, abilities?: ReadonlyMap<NodeId, Abilities>) => Planned;
  /** What the plan was made from, when that was at another time. */
  readonly fingerprint?: Fingerprint;
  /** What was typed, for the history. */
  readonly command: string;
  readonly persist: boolean;
  readonly dryRun: boolean;
  /** Where the plan is saved instead of being run. */
  readonly out: string | undefined;
  readonly locks: boolean;
  /** Checks of the preflight whose no is known and accepted. */
  readonly skipChecks?: readonly string[];
  /** `always`, or only when the plan has a warning (something is cleared or lost). */
  readonly askWhen: 'always' | 'warned';
  /** What makes a restart keep the change; undefined where it does anyway. */
  readonly persistHint: string | undefined;
  /** The directory of the history. */
  readonly stateDir: string;
  /** Stops it between two steps. */
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Says yes by itself with --yes. Undefined: there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly write: (text: string) => void;
  readonly paint: Paint;
}

type Outline = Pick<ChangeEnd, 'steps' | 'warnings' | 'checks' | 'forecast'>;

/** Makes the change. Throws an OperatorError when it is refused before anything was touched. */
export async function runChange(options: ChangeOptions): Promise<ChangeResult> {
  // Right after another change, say: whoever is in between two upstreams is soon at the next.
  return runSettled({ ...options, before: await settled(options.before, isReconnecting) });
}

async function runSettled(options: ChangeOptions): Promise<ChangeResult> {
  const { before, persist, dryRun, out, write, paint } = options;
  if (out !== undefined) throwIfNoPlanName(out);
  if (!dryRun && out === undefined) await throwIfUnfinished(options);
  const { plan, forecasts, results } = await checkPlan({
    before,
    plan: (topology, abilities) => planOrThrow(options.plan(topology, abilities)),
    skip: options.skipChecks ?? [],
  });
  const outline = {
    steps: plan.steps.map((step) => stepText(before.topology, step)),
    warnings: plan.warnings,
    checks: results,
    forecast: forecasts.map((each) => forecastText(before.topology, each)),
  };
  write(`before\n${renderSeen(before, before.topology, paint)}\n`);
  if (plan.steps.length === 0) {
    if (persist && !dryRun) await persistInventory(before, plan.moves);
    write('It is so already: nothing to do.\n');
    return changeResult(before, { ...outline, outcome: 'nothing-to-do' });
  }
  write(`plan\n${renderPlan(before.topology, plan.steps, forecasts)}`);
  for (const warning of plan.warnings) write(`${paint('yellow', 'warning')}: ${warning}\n`);
  write(`\npreflight\n${renderPreflight(results, paint)}`);
  throwRefusedChecks(results);
  if (out !== undefined) await saveTo(out, options, plan);
  if (dryRun || out !== undefined) return changeResult(before, { ...outline, outcome: 'planned' });
  await confirmOrThrow(options, plan);
  write('\n');
  return finish(options, plan, { outline, forecasts });
}

async function finish(
  options: ChangeOptions,
  plan: Plan,
  shown: { outline: Outline; forecasts: readonly Forecast[] },
): Promise<ChangeResult> {
  const { outline, forecasts } = shown;
  const { before, write, persist, persistHint, random, stateDir } = options;
  const { steps, moves } = plan;
  const id = newChangeId(before.clock.now(), random);
  const openJournal = () => beginJournal(stateDir, beginning(options, plan, id));
  // What a dead master acknowledged last may be gone with it.
  const fence = fenceFor(before.topology, steps, before.clock.now());
  const perform = (): Promise<Performed> =>
    performChange({
      ...options,
      steps,
      id,
      openJournal,
      undoes: true,
      mayLose: fence !== undefined || mayDiscard(before.topology, moves),
    });
  const fenced = await performFenced({ before, moves, fence, stateDir }, perform);
  const performed = persist ? await persisted(before, moves, fenced) : fenced;
  showEnd(options, performed);
  const counted = countResyncs(options, performed, forecasts);
  if (counted !== undefined) write(renderComparison(counted, options.paint));
  const { after, cost, outcome } = performed;
  const end = { ...outline, counted, id, outcome, after, ...(cost && { cost }) };
  const stop = stopOf(before.topology, performed.carried, { id, count: steps.length });
  if (stop !== undefined) {
    const { error, interrupted } = stop;
    return changeResult(before, { ...end, stopped: stop.stop, error, interrupted });
  }
  if (!persist && persistHint !== undefined) write(`${persistHint}\n`);
  return changeResult(before, end);
}

/** The inventory says the same as the live tree then, and the tree is shown with it. */
export async function persisted(
  before: Observation,
  moves: readonly Move[],
  performed: Performed,
): Promise<Performed> {
  if (performed.carried.kind !== 'done') return performed;
  await persistInventory(before, moves);
  return { ...performed, after: (await before.again()).topology };
}

/** What was forecast beside what happened; only a change that is over can be compared. */
function countResyncs(
  { before }: ChangeOptions,
  { carried, after, outcome }: Performed,
  forecasts: readonly Forecast[],
): ResyncComparison | undefined {
  if (carried.kind !== 'done' || outcome !== 'done' || forecasts.length === 0) return undefined;
  return compareForecast(forecasts, { before: before.topology, after });
}

/** The tree as it is now, and what it cost to get there. */
export function showEnd(
  { before, write, paint }: Pick<ChangeOptions, 'before' | 'write' | 'paint'>,
  { after, cost }: Performed,
): void {
  write(`\nafter\n${renderSeen(before, after, paint)}`);
  if (cost !== undefined) write(`\n${renderCost(cost)}`);
}

export function renderSeen({ clock }: Observation, topology: Topology, paint: Paint): string {
  return renderTree(judgeStatus({ topology, clock }), paint);
}

export function planOrThrow(planned: Planned): Plan {
  if (planned.kind === 'plan') return planned;
  throw new OperatorError(lowerSentence(planned.message), {
    hint: planned.hint,
    exitCode: exitCodes.failed,
  });
}

export async function confirmOrThrow(
  { askWhen, confirm }: Pick<ChangeOptions, 'askWhen' | 'confirm'>,
  plan: Plan,
): Promise<void> {
  if (askWhen === 'warned' && plan.warnings.length === 0) return;
  if (confirm === undefined) {
    throw new OperatorError('this changes a live setup, and there is no terminal to ask', {
      hint: 'add --yes to do it, or --dry-run to see the steps only',
      exitCode: exitCodes.usage,
    });
  }
  if (!(await confirm('Do it?'))) {
    throw new OperatorError('not confirmed, nothing was changed', { exitCode: exitCodes.failed });
  }
}

/** Two half-made changes of one setup could not be told apart afterwards. */
async function throwIfUnfinished({ before, stateDir }: ChangeOptions): Promise<void> {
  const [open] = openRecordsOf(await readRecords(stateDir), before.topology);
  if (open === undefined) return;
  const { id, command, who } = open.begin;
  throw new OperatorError(`an earlier change was not finished: ${command}`, {
    cause: `${who} began it; its record is ${id}`,
    hint: `repl resume ${id}   or   repl rollback ${id}`,
    exitCode: exitCodes.incomplete,
  });
}

/** `repl apply` knows a plan from an inventory by its name. */
function throwIfNoPlanName(path: string): void {
  if (path.endsWith('.json')) return;
  throw new OperatorError(`the file of a plan is named *.json, not ${path}`, {
    hint: `--out ${path}.json`,
    exitCode: exitCodes.usage,
  });
}

async function saveTo(path: string, options: ChangeOptions, plan: Plan): Promise<void> {
  const { before, command, persist, write } = options;
  const { steps, warnings, moves } = plan;
  await savePlan(path, {
    schema: 'redis-repl/plan',
    version: 1,
    madeAt: new Date(before.clock.now()).toISOString(),
    command,
    lab: before.lab?.dir ?? null,
    nodes: recordedNodes(before.topology),
    wanted: wantedShape(before.topology, moves),
    steps,
    warnings,
    moves,
    persist,
    fingerprint: fingerprintOf(before.topology),
  });
  write(`The plan is in ${path}; to run it: repl apply ${path}\n`);
}

function beginning({ before, command, persist }: ChangeOptions, plan: Plan, id: string) {
  const { topology, clock } = before;
  const clears = clearedNodes(topology, plan.moves);
  return {
    kind: 'begin',
    schema: 'redis-repl/change-record',
    version: 1,
    id,
    at: clock.now(),
    who: whoAmI(),
    pid: process.pid,
    command,
    nodes: recordedNodes(topology),
    before: recordShape(topology),
    wanted: wantedShape(topology, plan.moves),
    steps: plan.steps,
    persist,
    ...(clears.length > 0 && { clears }),
  } as const;
}

/** Nodes that get an upstream of another history, whose data will replace theirs. */
function clearedNodes(topology: Topology, moves: readonly Move[]): NodeId[] {
  return moves.flatMap(({ node: id, upstream }) => {
    const node = nodeOf(topology, id);
    const above = upstream && findNode(topology, formatAddress(upstream));
    if (node === undefined || above === undefined) return [];
    return refuseForeignData(node, above) === undefined ? [] : [id];
  });
}

function recordedNodes({ nodes }: Topology): RecordedNode[] {
  return nodes.map(({ id, name, address }) => ({ id, name, address }));
}

/** Everybody where they are, but for the moves. */
function wantedShape(topology: Topology, moves: readonly Move[]): RecordedShape {
  const places = moves.map(({ node, upstream }): [string, string | null] => [
    node,
    upstream === undefined ? null : (findNode(topology, formatAddress(upstream))?.id ?? null),
  ]);
  return { ...recordShape(topology), ...Object.fromEntries(places) };
}

/** Errors of the CLI are clauses: `repl: that would be …`. Names keep their letters. */
function lowerSentence(text: string): string {
  return text.replace(/^(?:That|There|The)\b/, (word) => word.toLowerCase()).replace(/\.$/, '');
}
