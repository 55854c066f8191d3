/**
 * Takes up a change that was left in the middle: forward to what it wanted, or back to what was
 * before. Either way the steps are planned anew from what is there now, since the tool that died may
 * have done more than it could write down. Or nowhere: then only what is held is
 * released. Used by `repl resume` and `repl rollback`.
 */
import { outcomeOf } from '../../topology/change/carry-out.ts';
import type { ChangeRecord, Direction } from '../../topology/change/change-record.ts';
import { continueJournal, type Journal } from '../../topology/change/journal.ts';
import { nodeOf, type Topology } from '../../topology/model.ts';
import { planShape } from '../../topology/plan/plan-shape.ts';
import { mayDiscard } from '../../topology/plan/plan-refusals.ts';
import type { Move, Plan, Planned } from '../../topology/plan/planned.ts';
import type { Step } from '../../topology/plan/step.ts';
import { isSettling } from '../../topology/change/settling.ts';
import {
  allowances,
  leftOpenSteps,
  movedNodes,
  releaseSteps,
  replacedMasters,
  shapeToday,
  takenOver,
  withRecordedSettings,
} from '../../topology/change/take-up.ts';
import { OperatorError } from '../../util/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderPlan, stepText } from '../views/plan-view.ts';
import { changeResult, type ChangeEnd, type ChangeResult } from './change-document.ts';
import { settleFences } from './change-fences.ts';
import { performChange, stopOf, whoAmI } from './perform-change.ts';
import { settled } from './settled.ts';
import {
  confirmOrThrow,
  persisted,
  planOrThrow,
  renderSeen,
  showEnd,
  type ChangeOptions,
} from './run-change.ts';

export interface AgainOptions extends Pick<
  ChangeOptions,
  'before' | 'locks' | 'stateDir' | 'signal' | 'confirm' | 'write' | 'paint'
> {
  readonly record: ChangeRecord;
  readonly direction: Direction;
}

/** Throws an OperatorError when it is refused before anything was touched. */
export async function runAgain(options: AgainOptions): Promise<ChangeResult> {
  return runSettled({ ...options, before: await settled(options.before, isSettling) });
}

async function runSettled(options: AgainOptions): Promise<ChangeResult> {
  const { before, record, direction, write, paint } = options;
  const { command, id } = record.begin;
  const topology = withRecordedSettings(record, before.topology);
  const shape = shapeToday(record, topology, direction);
  if (direction === 'rollback') throwIfTakenOver(record, topology);
  const planned = planShape(topology, shape, allowances(record, topology, direction));
  const plan = planOrThrow(otherWays(planned, { id, direction }));
  const steps = [
    ...releaseSteps(record, before.topology, plan.steps),
    ...plan.steps,
    ...leftOpenSteps(record, before.topology, { direction, planned: plan.steps }),
  ];
  const replaced = direction === 'resume' ? replacedMasters(record) : [];
  const warnings = [
    ...plan.warnings,
    ...replaced.map(
      ({ name }) => `${name} was dead: what it acknowledged last may be lost with it.`,
    ),
  ];
  const outline = { id, steps: steps.map((step) => stepText(topology, step)), warnings };
  write(`${directionWords[direction]} ${command}   (${id})\n\n`);
  write(`before\n${renderSeen(before, topology, paint)}\n`);
  write(`plan\n${steps.length === 0 ? 'nothing is left to do\n' : renderPlan(topology, steps)}`);
  for (const warning of warnings) write(`${paint('yellow', 'warning')}: ${warning}\n`);
  await confirmOrThrow({ ...options, askWhen: steps.length === 0 ? 'warned' : 'always' }, plan);
  write('\n');
  return finish(options, { plan, steps, outline });
}

const directionWords: Readonly<Record<Direction, string>> = {
  resume: 'resuming',
  rollback: 'rolling back',
  leave: 'leaving as it is now:',
};

/** What was written to the new master since is not with the old one, which is dead or was. */
function throwIfTakenOver(record: ChangeRecord, topology: Topology): void {
  const taken = takenOver(record, topology);
  if (taken === undefined) return;
  const { by, from } = taken;
  const { id } = record.begin;
  const message = `${by.name} has taken over from ${from}, which was dead, and may have taken writes since: going back would lose them`;
  throw new OperatorError(message, { hint: `repl resume ${id}`, exitCode: exitCodes.failed });
}

/** Nothing else can be changed before this change has an end: what would help has to wait for it. */
function otherWays(
  planned: Planned,
  { id, direction }: { id: string; direction: Direction },
): Planned {
  if (planned.kind === 'plan') return planned;
  const other = direction === 'resume' ? `repl rollback ${id}` : `repl resume ${id}`;
  const end = `to end it with everybody where they are now: repl rollback ${id} --as-is`;
  return { ...planned, hint: `${other}\n${end}\nand only then: ${planned.hint}` };
}

async function finish(
  options: AgainOptions,
  {
    plan,
    steps,
    outline,
  }: {
    plan: Plan;
    steps: readonly Step[];
    outline: Pick<ChangeEnd, 'steps' | 'warnings'> & { id: string };
  },
): Promise<ChangeResult> {
  const { before, record, direction } = options;
  const replacesDead = direction === 'resume' && replacedMasters(record).length > 0;
  const { id } = outline;
  const taken = await performChange({
    ...options,
    steps,
    id,
    openJournal: () => again(options, steps),
    // Links and histories are finding their places again; the steps wait for them.
    moving: ['link', 'replid'],
    undoes: false,
    mayLose: replacesDead || mayDiscard(before.topology, plan.moves),
    ...(direction === 'resume' ? {} : { doneAs: doneAs[direction] }),
  });
  const isPersisted = direction === 'resume' && record.begin.persist;
  const moves = movesOf(record, before.topology);
  const performed = isPersisted ? await persisted(before, moves, taken) : taken;
  const { carried, after, cost } = performed;
  if (carried.kind === 'done') await settleFences(options, after);
  showEnd(options, performed);
  const stop = stopOf(before.topology, carried, { id, count: steps.length });
  const isLeft = carried.kind === 'done' && direction === 'leave';
  const outcome = isLeft ? 'left' : outcomeOf(carried);
  const end: ChangeEnd = { ...outline, outcome, after, ...(cost && { cost }) };
  if (stop === undefined) return changeResult(before, end);
  const { error, interrupted } = stop;
  return changeResult(before, { ...end, stopped: stop.stop, error, interrupted });
}

const doneAs = { rollback: 'rolled-back', leave: 'left' } as const;

function again(
  { before, record, direction, stateDir }: AgainOptions,
  steps: readonly Step[],
): Journal {
  const at = before.clock.now();
  const line = { kind: 'again', at, who: whoAmI(), pid: process.pid, direction, steps } as const;
  return continueJournal(stateDir, record.begin.id, line);
}

/** For the inventory: whoever the change moved. */
function movesOf(record: ChangeRecord, topology: Topology): Move[] {
  const shape = shapeToday(record, topology, 'resume');
  return movedNodes(record, topology).map((node) => {
    const above = shape.get(node);
    return {
      node,
      upstream: above === undefined ? undefined : nodeOf(topology, above)?.dialAddress,
    };
  });
}
