/**
 * The part of a change that touches servers: lock → look whether all is still as planned → write it
 * down → run the steps → look again. Used by run-change.ts for new changes and by resume-change.ts for
 * those that were left in the middle.
 */
import { hostname, userInfo } from 'node:os';
import { carryOut, outcomeOf, type CarriedOut } from '../../topology/change/carry-out.ts';
import type { RecordOutcome } from '../../topology/change/change-record.ts';
import {
  driftBetween,
  fingerprintOf,
  type Fingerprint,
  type FingerprintField,
} from '../../topology/change/fingerprint.ts';
import type { Journal } from '../../topology/change/journal.ts';
import { lockTopology, type ChangeLock } from '../../topology/change/lock.ts';
import type { Topology } from '../../topology/model.ts';
import { planShape } from '../../topology/plan/plan-shape.ts';
import { shapeOf } from '../../topology/plan/planned.ts';
import { makesMaster, type Step } from '../../topology/plan/step.ts';
import { OperatorError } from '../../util/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Observation } from '../observe.ts';
import type { Paint } from '../views/paint.ts';
import { copyLine } from '../copy-line.ts';
import {
  changeCost,
  renderCopy,
  renderStep,
  stepText,
  type ChangeCost,
} from '../views/plan-view.ts';
import { secondsText } from '../views/units.ts';
import { recordCost, type ChangeStop } from './change-document.ts';

export interface PerformOptions {
  readonly before: Observation;
  readonly steps: readonly Step[];
  /** The change's, for lock and journal. */
  readonly id: string;
  readonly openJournal: () => Journal;
  /** What the plan was made from; the default is `before`. */
  readonly fingerprint?: Fingerprint;
  /** What changes by itself meanwhile, and does not make the plan stale. */
  readonly moving?: readonly FingerprintField[];
  /** A step that fails is undone, where that loses nothing. Not when a change is taken up again. */
  readonly undoes: boolean;
  readonly locks: boolean;
  /** Whether writes may be lost by design: the old master is dead. */
  readonly mayLose: boolean;
  /** How the record ends when all went well: `rolled-back` for the way back. */
  readonly doneAs?: RecordOutcome;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly paint: Paint;
}

export interface Performed {
  readonly carried: CarriedOut;
  readonly outcome: RecordOutcome;
  readonly after: Topology;
  /** Undefined when it was not done. */
  readonly cost: ChangeCost | undefined;
}

/** Throws an OperatorError when it is refused before anything was touched. */
export async function performChange(options: PerformOptions): Promise<Performed> {
  const lock = options.locks ? await lockOrThrow(options) : undefined;
  try {
    const planned = options.fingerprint ?? fingerprintOf(options.before.topology);
    const now = await options.before.again();
    throwIfDrifted(planned, fingerprintOf(now.topology), options.moving);
    return await performLocked(options);
  } finally {
    lock?.release();
  }
}

/** Throws an OperatorError that names everything that is no longer as it was. */
export function throwIfDrifted(
  then: Fingerprint,
  now: Fingerprint,
  moving: readonly FingerprintField[] = [],
): void {
  const drift = driftBetween(then, now, moving);
  if (drift.length === 0) return;
  throw new OperatorError('the setup is not what the plan was made for, so nothing was changed', {
    cause: drift.join('\n'),
    hint: 'repl status, then plan it anew',
  });
}

async function performLocked(options: PerformOptions): Promise<Performed> {
  const { before, write, paint, openJournal, signal } = options;
  const { topology, clock } = before;
  const copies = copyLine(process.stderr);
  const journal = openJournal();
  try {
    const carried = await carryOut({
      ...before,
      steps: options.steps,
      journal,
      who: whoAmI(),
      pid: process.pid,
      before: options.undoes ? shapeOf(topology) : undefined,
      look: async () => (await before.again()).topology,
      planBack: (now, shape) => planShape(now, shape, { persist: false }),
      onCopy: (progress) => copies.show(renderCopy(topology, progress)),
      onStep: (report) => {
        copies.clear();
        write(renderStep(topology, report, paint));
      },
      signal,
    });
    const after = (await before.again()).topology;
    const cost = costOf(options, carried, after);
    const outcome = (carried.kind === 'done' && options.doneAs) || outcomeOf(carried);
    journal.append({
      kind: 'end',
      at: clock.now(),
      outcome,
      message: carried.kind === 'done' ? null : carried.message,
      cost: cost === undefined ? null : recordCost(cost),
    });
    return { carried, outcome, after, cost };
  } finally {
    journal.close();
  }
}

function costOf(
  { before, mayLose }: PerformOptions,
  carried: CarriedOut,
  after: Topology,
): ChangeCost | undefined {
  if (carried.kind !== 'done') return undefined;
  const { writeGapMs } = carried;
  return changeCost(before.topology, after, { writeGapMs, mayLose });
}

/** Why and where it stopped; undefined when it was done. */
export function stopOf(
  before: Topology,
  carried: CarriedOut,
  { id, count }: { id: string; count: number },
): { stop: ChangeStop; error: OperatorError; interrupted: boolean } | undefined {
  if (carried.kind === 'done') return undefined;
  const { done, interrupted } = carried;
  const at = stepText(before, carried.at);
  const where = interrupted
    ? `stopped by Ctrl-C before step ${done.length + 1} of ${count}: ${at}`
    : `stopped at step ${done.length + 1} of ${count}: ${at}`;
  const isBack = carried.kind === 'rolled-back';
  const state = isBack ? 'everything is as it was before' : stateWords(carried.done);
  const undoing =
    carried.kind === 'incomplete' && carried.undoing !== undefined
      ? [`It could not be undone: ${carried.undoing}`]
      : [];
  const message = [...(interrupted ? [] : [carried.message]), ...undoing].join('\n');
  const next = isBack ? carried.next : `repl resume ${id}   or   repl rollback ${id}`;
  const error = new OperatorError(`${where}; ${state}`, {
    ...(message === '' ? {} : { cause: message }),
    hint: next,
    exitCode: exitCodeOfStop({ isBack, interrupted }),
  });
  return { stop: { at, message: carried.message, next }, error, interrupted };
}

function exitCodeOfStop({
  isBack,
  interrupted,
}: {
  isBack: boolean;
  interrupted: boolean;
}): number {
  if (!isBack) return exitCodes.incomplete;
  return interrupted ? exitCodes.interrupted : exitCodes.failed;
}

/** Who takes writes, as far as the steps that were done tell. */
function stateWords(done: readonly Step[]): string {
  const promoted = done.some(makesMaster);
  const demoted = done.some((step) => step.kind === 'follow' && step.as === 'demotion');
  if (promoted) return 'the new master takes writes, the rest is not done';
  return demoted ? 'nobody takes writes' : 'the change is half done';
}

async function lockOrThrow(options: PerformOptions): Promise<ChangeLock> {
  const { before, id } = options;
  const locked = await lockTopology({ ...before, id, who: whoAmI() });
  if (locked.kind === 'locked') return locked.lock;
  const { name } = locked.node;
  if (locked.kind === 'failed') {
    throw new OperatorError(`${name} could not be locked for the change`, {
      cause: locked.failure.message,
      hint: 'allow the user CLIENT SETNAME and CLIENT LIST, or add --no-lock if nobody else changes anything',
    });
  }
  const { who, changeId, sinceSeconds } = locked.by;
  const since = sinceSeconds === undefined ? '' : ` for ${secondsText(sinceSeconds)}`;
  throw new OperatorError(`another change is under way: ${who} has locked ${name}${since}`, {
    cause: `it is the change ${changeId}; the lock ends with the command that holds it`,
    hint: 'wait until it has ended, then look: repl status',
  });
}

/** `user@host`: what others read in the lock and in the history. */
export function whoAmI(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody'; // A user without a name: some containers have them.
  }
}
