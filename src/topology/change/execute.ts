/**
 * Runs the steps of a plan on live servers, one after the other, each verified on the server before
 * the next; stops at the first that fails, or when it is asked to, and says what was done and what to
 * type next. Writes that were held are released whatever happens. Used by carry-out.ts, which
 * writes the steps down; it decides nothing and prints nothing.
 */
import type { Instance } from '../../instance/connection.ts';
import { failed, type Outcome } from '../../instance/failure.ts';
import type { Clock } from '../../util/clock.ts';
import type { CopyProgress } from './await-link.ts';
import { nodeOf, type NodeId, type Topology, type TopologyNode } from '../model.ts';
import { StepRunner } from './run-step.ts';
import { makesMaster, nodesOfStep, type Step, type StepOutcome } from '../plan/step.ts';

export interface ExecuteOptions {
  /** The topology that the plan was made for. */
  readonly topology: Topology;
  readonly steps: readonly Step[];
  readonly connect: (node: TopologyNode) => Promise<Outcome<Instance>>;
  /** For each wait. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Told before each step is run, so that it is known should this process die in it. */
  readonly onBegin?: (step: Step) => void;
  readonly onStep: (report: StepReport) => void;
  /** Told while a full copy is waited for. */
  readonly onCopy?: (progress: CopyProgress) => void;
  /** Asks to stop: before the next step, but never while nobody could take writes. */
  readonly signal?: AbortSignal;
}

/** Told after each step. */
export interface StepReport {
  readonly step: Step;
  readonly outcome: StepOutcome;
  readonly tookMs: number;
}

export type Executed =
  | {
      readonly kind: 'done';
      readonly pending: readonly StepReport[];
      /** From holding the old master's writes until the new one took them. */
      readonly writeGapMs: number | undefined;
    }
  | {
      readonly kind: 'stopped';
      readonly at: Step;
      readonly message: string;
      readonly done: readonly Step[];
      readonly next: string;
      /** Stopped because it was asked to; `at` was not run. */
      readonly interrupted: boolean;
    };

/** Runs the steps. Never rejects for what servers do. */
export async function executeSteps(options: ExecuteOptions): Promise<Executed> {
  const instances = new Map<NodeId, Instance>();
  const { timeoutMs, clock, onCopy = () => {} } = options;
  const instanceOf = (id: NodeId): Instance | undefined => instances.get(id);
  const runner = new StepRunner({ instanceOf, timeoutMs, clock, onCopy });
  try {
    return (await connectAll(options, instances)) ?? (await runAll(options, runner));
  } finally {
    await runner.releaseAll();
    for (const instance of instances.values()) instance.close();
  }
}

/** Reaches every node before any is touched; undefined when all could be reached. */
async function connectAll(
  { steps, topology, connect }: ExecuteOptions,
  instances: Map<NodeId, Instance>,
): Promise<Executed | undefined> {
  const involved = [...steps].reverse().flatMap((step) => {
    return nodesOfStep(step).map((id): [NodeId, Step] => [id, step]);
  });
  const firstStepOf = new Map(involved);
  const attempts = [...firstStepOf].map(async ([id, step]) => {
    const node = nodeOf(topology, id);
    const outcome = node ? await connect(node) : failed('unreachable', 'is not known');
    if (outcome.kind === 'ok') instances.set(id, outcome.value);
    return { id, step, outcome };
  });
  const lost = (await Promise.all(attempts)).find(({ outcome }) => outcome.kind === 'failed');
  if (lost?.outcome.kind !== 'failed') return undefined;
  const message = `${nameOf(topology, lost.id)}: ${lost.outcome.failure.message}`;
  const next = 'repl status';
  return { kind: 'stopped', at: lost.step, message, done: [], next, interrupted: false };
}

async function runAll(options: ExecuteOptions, runner: StepRunner): Promise<Executed> {
  const { steps, clock, onBegin, onStep, signal } = options;
  const reports: StepReport[] = [];
  for (const step of steps) {
    const done = reports.map((each) => each.step);
    if (signal?.aborted === true && !isBetweenMasters(done)) {
      return stopped(options, { at: step, done, message: 'it was asked to stop' }, true);
    }
    onBegin?.(step);
    const startedAt = clock.monotonic();
    const outcome = await runner.run(step);
    const report = { step, outcome, tookMs: clock.monotonic() - startedAt };
    onStep(report);
    if (outcome.kind === 'failed') {
      return stopped(options, { at: step, done, message: outcome.message }, false);
    }
    reports.push(report);
  }
  const pending = reports.filter(({ outcome }) => outcome.kind === 'pending');
  return { kind: 'done', pending, writeGapMs: runner.writeGapMs };
}

function stopped(
  { topology, steps }: ExecuteOptions,
  where: { at: Step; done: readonly Step[]; message: string },
  interrupted: boolean,
): Executed {
  const next = nextCommand(topology, { steps, ...where });
  return { kind: 'stopped', ...where, next, interrupted };
}

/** The old master was demoted and nobody promoted yet: the moment to go on, not to stop. */
function isBetweenMasters(done: readonly Step[]): boolean {
  const isDemotion = (step: Step): boolean => step.kind === 'follow' && step.as === 'demotion';
  const demotedAt = done.findLastIndex(isDemotion);
  return demotedAt > done.findLastIndex(makesMaster);
}

/** What to type after a stop; once somebody was promoted that is `repl resume`, as the caller knows. */
function nextCommand(
  topology: Topology,
  { steps, at, done }: { steps: readonly Step[]; at: Step; done: readonly Step[] },
): string {
  const promotion = steps.find(({ kind }) => kind === 'follow-no-one');
  const touched = done.some(({ kind }) => kind === 'follow' || kind === 'follow-no-one');
  if (!touched && at.kind !== 'follow' && at.kind !== 'follow-no-one') return 'repl status';
  if (promotion === undefined) return 'repl status';
  return `repl promote ${nameOf(topology, promotion.node)}`;
}

function nameOf(topology: Topology, id: NodeId): string {
  return nodeOf(topology, id)?.name ?? id;
}
