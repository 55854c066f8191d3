/**
 * The one way in which a verb changes a live topology: look → plan → show → ask → run → look again.
 * Used by promote, reparent, replicaof and slaveof, which only say what is wanted.
 */
import { formatAddress } from '../instance/address.ts';
import { executeSteps, type Executed } from '../topology/execute.ts';
import { findNode, nodeOf, type Topology } from '../topology/model.ts';
import { planChange, type Wanted } from '../topology/plan.ts';
import type { Move, Plan, Planned } from '../topology/planned.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { judgeStatus } from './judge-status.ts';
import type { Observation } from './observe.ts';
import type { Paint } from './views/paint.ts';
import { changeCost, renderCost, renderPlan, renderStep, stepText } from './views/plan-view.ts';
import type { ChangeCost } from './views/plan-view.ts';
import { statusDocument, type StatusDocument } from './views/status-json.ts';
import { renderTree, type StatusInput } from './views/status-view.ts';

export interface ChangeOptions {
  readonly before: Observation;
  readonly wanted: Wanted;
  readonly persist: boolean;
  readonly dryRun: boolean;
  /** `always`, or only when the plan has a warning (something is cleared or lost). */
  readonly askWhen: 'always' | 'warned';
  /** Says yes by itself with --yes. Undefined: there is nobody to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly write: (text: string) => void;
  readonly paint: Paint;
}

/** What `--json` prints. */
export interface ChangeDocument {
  readonly schema: 'redis-repl/change';
  readonly version: 1;
  readonly outcome: 'planned' | 'nothing-to-do' | 'done' | 'pending' | 'stopped';
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
  /** Why it stopped, and what to type next. */
  readonly stopped: { readonly at: string; readonly message: string; readonly next: string } | null;
  /** Null unless a node was made the master. */
  readonly cost: {
    readonly fullResyncs: number;
    readonly writeGapMs: number | null;
    readonly lostWrites: 0 | null;
  } | null;
  readonly before: StatusDocument;
  readonly after: StatusDocument | null;
}

export interface ChangeResult {
  readonly exitCode: ExitCode;
  readonly document: ChangeDocument;
  /** To be thrown after the document was printed or not; undefined when all went well. */
  readonly error: OperatorError | undefined;
}

/** Makes the change. Throws an OperatorError when it is refused before anything was touched. */
export async function runChange(options: ChangeOptions): Promise<ChangeResult> {
  const { before, wanted, persist, dryRun, write, paint } = options;
  const plan = planOrThrow(planChange(before.topology, wanted, { persist }));
  const view = (topology: Topology): string => renderTree(statusInput(topology, before), paint);
  const outline = {
    steps: plan.steps.map((step) => stepText(before.topology, step)),
    warnings: plan.warnings,
  };

  write(`before\n${view(before.topology)}\n`);
  if (plan.steps.length === 0) {
    await persistInventory(options, plan.moves);
    write('It is so already: nothing to do.\n');
    return finished(options, { ...outline, outcome: 'nothing-to-do' });
  }
  write(`plan\n${renderPlan(before.topology, plan.steps)}`);
  for (const warning of plan.warnings) write(`${paint('yellow', 'warning')}: ${warning}\n`);
  if (dryRun) return finished(options, { ...outline, outcome: 'planned' });
  await confirmOrThrow(options, plan);

  write('\n');
  const executed = await executeSteps({
    ...before,
    steps: plan.steps,
    onStep: (report) => write(renderStep(before.topology, report, paint)),
  });
  if (executed.kind === 'done') await persistInventory(options, plan.moves);
  const after = (await before.again()).topology;
  write(`\nafter\n${view(after)}`);
  return summarise(options, { plan, outline, executed, after });
}

function planOrThrow(planned: Planned): Plan {
  if (planned.kind === 'plan') return planned;
  throw new OperatorError(lowerSentence(planned.message), {
    hint: planned.hint,
    exitCode: exitCodes.failed,
  });
}

async function confirmOrThrow(options: ChangeOptions, plan: Plan): Promise<void> {
  const { askWhen, confirm } = options;
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

/** With --persist a lab's inventory is changed too, else a later start would undo the change. */
async function persistInventory(
  { before, persist }: ChangeOptions,
  moves: readonly Move[],
): Promise<void> {
  if (!persist || before.lab === undefined) return;
  const { spec, dir } = before.lab;
  const changes = moves.flatMap((move) => {
    const name = nodeOf(before.topology, move.node)?.name;
    if (!spec.nodes.some((node) => node.name === name) || name === undefined) return [];
    return [{ name, replicaof: upstreamName(before, move) }];
  });
  if (changes.length === 0) return;
  const { saveUpstreams } = await import('../topology/spec.ts');
  await saveUpstreams(dir, changes);
}

function upstreamName({ topology, lab }: Observation, { upstream }: Move): string | undefined {
  if (upstream === undefined) return undefined;
  const address = formatAddress(upstream);
  const name = findNode(topology, address)?.name;
  if (lab?.spec.nodes.some((node) => node.name === name)) return name;
  throw new OperatorError(
    `the change is live and in the configuration files, but ${address} is no node of the lab`,
    {
      hint: 'repl.yaml was not changed: add that server to it, or leave it so',
    },
  );
}

function summarise(
  options: ChangeOptions,
  run: {
    plan: Plan;
    outline: { steps: readonly string[]; warnings: readonly string[] };
    executed: Executed;
    after: Topology;
  },
): ChangeResult {
  const { before, write, persist } = options;
  const { plan, outline, executed, after } = run;
  if (executed.kind === 'stopped') {
    const at = stepText(before.topology, executed.at);
    const { message, next } = executed;
    const done = executed.done.length;
    const how = `stopped at step ${done + 1} of ${plan.steps.length}, after ${countSteps(done)}: ${at}`;
    const error = new OperatorError(how, { cause: message, hint: next });
    const stopped = { at, message, next };
    return finished(options, { ...outline, outcome: 'stopped', stopped, after, error });
  }
  const cost = hasNewMaster(options.wanted, plan)
    ? changeCost(before.topology, after, executed)
    : undefined;
  if (cost !== undefined) write(`\n${renderCost(cost)}`);
  if (!persist) write(`${notPersisted(options)}\n`);
  const outcome = executed.pending.length > 0 ? 'pending' : 'done';
  return finished(options, { ...outline, outcome, after, ...(cost && { cost }) });
}

function finished(
  options: ChangeOptions,
  result: Pick<ChangeDocument, 'outcome' | 'steps' | 'warnings'> & {
    stopped?: ChangeDocument['stopped'];
    cost?: ChangeCost;
    after?: Topology;
    error?: OperatorError;
  },
): ChangeResult {
  const { before } = options;
  const { outcome, steps, warnings, stopped = null, cost, after, error } = result;
  const document: ChangeDocument = {
    schema: 'redis-repl/change',
    version: 1,
    outcome,
    steps,
    warnings,
    stopped,
    cost: cost === undefined ? null : costDocument(cost),
    before: statusDocument(statusInput(before.topology, before)),
    after: after === undefined ? null : statusDocument(statusInput(after, before)),
  };
  return { exitCode: exitCodeOf(outcome), document, error };
}

function exitCodeOf(outcome: ChangeDocument['outcome']): ExitCode {
  if (outcome === 'stopped') return exitCodes.failed;
  return outcome === 'pending' ? exitCodes.degraded : exitCodes.ok;
}

function costDocument({ fullResyncs, writeGapMs, lostWrites }: ChangeCost): ChangeDocument['cost'] {
  return { fullResyncs, writeGapMs: writeGapMs ?? null, lostWrites: lostWrites ?? null };
}

/** A new master was made: that is when writes can get lost. */
function hasNewMaster({ kind }: Wanted, { steps }: Plan): boolean {
  return kind === 'promote' && steps.some((step) => step.kind === 'follow-no-one');
}

function notPersisted({ before, wanted }: ChangeOptions): string {
  const name = nodeOf(before.topology, wanted.node)?.name ?? '';
  const again =
    wanted.kind === 'promote' ? `repl promote ${name} --persist` : 'the same with --persist';
  return `A restart goes back to the configuration files; to keep the change: ${again}`;
}

function statusInput(topology: Topology, { clock }: Observation): StatusInput {
  return judgeStatus({ topology, clock });
}

function countSteps(count: number): string {
  if (count === 0) return 'nothing was changed';
  return count === 1 ? '1 step' : `${count} steps`;
}

/** Errors of the CLI are clauses: `repl: that would be …`. Names keep their letters. */
function lowerSentence(text: string): string {
  return text.replace(/^(?:That|There|The)\b/, (word) => word.toLowerCase()).replace(/\.$/, '');
}
