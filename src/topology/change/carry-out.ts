/**
 * Carries a plan out so that its end is known whatever happens: each step is written down before it
 * is run; when one fails while the old master can still take its writes back, what was done is
 * undone; otherwise the record stays open for `repl resume` or `repl rollback`. Used by the change
 * engine in cli/. It prints nothing.
 */
import type { RecordOutcome } from './change-record.ts';
import { executeSteps, type Executed, type ExecuteOptions } from './execute.ts';
import type { Journal } from './journal.ts';
import type { NodeId, Topology } from '../model.ts';
import type { Planned, Shape } from '../plan/planned.ts';
import { makesMaster, type Step } from '../plan/step.ts';
import { nodeToday } from './take-up.ts';

export interface CarryOutOptions extends ExecuteOptions {
  readonly journal: Journal;
  readonly who: string;
  readonly pid: number;
  /** Whom each node followed before anything was done; undefined when nothing is to be undone. */
  readonly before: Shape | undefined;
  /** The live topology, once more. */
  readonly look: () => Promise<Topology>;
  /** The way from an observed topology to a shape. */
  readonly planBack: (topology: Topology, shape: Shape) => Planned;
}

type Stopped = Extract<Executed, { kind: 'stopped' }>;

export type CarriedOut =
  | Extract<Executed, { kind: 'done' }>
  /** It stopped, and everything is as it was before. */
  | (Omit<Stopped, 'kind'> & { readonly kind: 'rolled-back' })
  /** It stopped in the middle; `undoing` says why it was not undone, where that was tried. */
  | (Omit<Stopped, 'kind'> & {
      readonly kind: 'incomplete';
      readonly undoing: string | undefined;
    });

/** Runs the plan and closes nothing: the caller ends the journal with what it says. */
export async function carryOut(options: CarryOutOptions): Promise<CarriedOut> {
  const executed = await executeSteps(journaled(options));
  if (executed.kind === 'done') return executed;
  // The new master may have taken writes, or may yet become it when it hears us at last: going back
  // is a change of its own, and not ours to begin.
  const { before } = options;
  const run = executed.interrupted ? executed.done : [...executed.done, executed.at];
  if (before === undefined || run.some(makesMaster)) {
    return { ...executed, kind: 'incomplete', undoing: undefined };
  }
  const touched = run.filter(movesNode).map(({ node }) => node);
  const undoing = touched.length === 0 ? undefined : await undo(options, placesOf(touched, before));
  return undoing === undefined
    ? { ...executed, kind: 'rolled-back' }
    : { ...executed, kind: 'incomplete', undoing };
}

/** How a record ends. A change that goes on by itself is `pending`. */
export function outcomeOf(carried: CarriedOut): RecordOutcome {
  if (carried.kind !== 'done') return carried.kind;
  return carried.pending.length > 0 ? 'pending' : 'done';
}

/** Why it could not be undone; undefined when all is as it was. */
async function undo(options: CarryOutOptions, places: Shape): Promise<string | undefined> {
  const { journal, look, planBack, clock, who, pid } = options;
  const topology = await look();
  const planned = planBack(topology, idsNow(places, options.topology, topology));
  if (planned.kind === 'refused') return planned.message;
  const { steps } = planned;
  if (steps.length === 0) return undefined;
  journal.append({ kind: 'again', at: clock.now(), who, pid, direction: 'rollback', steps });
  const { signal: _, ...rest } = options;
  const executed = await executeSteps(journaled({ ...rest, topology, steps }));
  return executed.kind === 'done' ? undefined : executed.message;
}

/** What was held is released anyway: only who follows whom has to be brought back. */
function movesNode({ kind }: Step): boolean {
  return kind === 'follow' || kind === 'follow-no-one' || kind === 'detach';
}

function placesOf(nodes: readonly NodeId[], shape: Shape): Shape {
  return new Map(nodes.map((id) => [id, shape.get(id)]));
}

/** A node that does not answer any more goes by its address. */
function idsNow(shape: Shape, then: Topology, now: Topology): Shape {
  const idOf = (id: NodeId): NodeId => nodeToday(then, now, id)?.id ?? id;
  const pairs = [...shape].map(([id, upstream]): [NodeId, NodeId | undefined] => [
    idOf(id),
    upstream === undefined ? undefined : idOf(upstream),
  ]);
  return new Map(pairs);
}

/** Every step is written down before it is run and after. */
function journaled(options: ExecuteOptions & Pick<CarryOutOptions, 'journal'>): ExecuteOptions {
  const { journal, clock, onBegin, onStep } = options;
  return {
    ...options,
    onBegin: (step: Step) => {
      journal.append({ kind: 'step-begin', at: clock.now(), step });
      onBegin?.(step);
    },
    onStep: (report) => {
      const { step, outcome } = report;
      journal.append({ kind: 'step-end', at: clock.now(), step, outcome });
      onStep(report);
    },
  };
}
