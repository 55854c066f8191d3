/**
 * What a change prints under `--json`, and the exit code that goes with it. One document for every
 * verb. Pure.
 */
import type { RecordCost } from '../../topology/change/change-record.ts';
import type { ResyncComparison } from '../../topology/plan/forecast.ts';
import type { Topology } from '../../topology/model.ts';
import type { CheckResult } from '../../topology/plan/preflight.ts';
import type { OperatorError } from '../../util/errors.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { judgeStatus } from '../judge-status.ts';
import type { Observation } from '../observe.ts';
import type { ChangeCost } from '../views/plan-view.ts';
import { statusDocument, type StatusDocument } from '../views/status-json.ts';

export type ChangeOutcome =
  | 'planned'
  | 'nothing-to-do'
  | 'done'
  /** All steps were run; a link or a copy is on its way. */
  | 'pending'
  /** It failed, and all is as it was before. */
  | 'rolled-back'
  /** It was ended half-way, with everything where it was found. */
  | 'left'
  /** It stopped in the middle: `repl resume` or `repl rollback`. */
  | 'incomplete';

export interface ChangeDocument {
  readonly schema: 'redis-repl/change';
  readonly version: 1;
  /** What resume, rollback and history call it; null when nothing was begun. */
  readonly id: string | null;
  readonly outcome: ChangeOutcome;
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
  /** What the preflight found; empty where none was made. */
  readonly checks: readonly CheckResult[];
  readonly resyncs: ResyncsDocument;
  /** Why it stopped, and what to type next. */
  readonly stopped: ChangeStop | null;
  /** Null until it was done. */
  readonly cost: RecordCost | null;
  readonly before: StatusDocument;
  readonly after: StatusDocument | null;
}

export interface ResyncsDocument {
  /** One clause for each resync, as the plan shows them. */
  readonly forecast: readonly string[];
  /** How many were forecast, and how many there were; null until it was done. */
  readonly counted: ResyncComparison | null;
}

export interface ChangeStop {
  readonly at: string;
  readonly message: string;
  readonly next: string;
}

export interface ChangeResult {
  readonly exitCode: ExitCode;
  readonly document: ChangeDocument;
  /** To be thrown after the document was printed or not; undefined when all went well. */
  readonly error: OperatorError | undefined;
}

/** What is known of a change when it is over. */
export interface ChangeEnd {
  readonly outcome: ChangeOutcome;
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
  readonly checks?: readonly CheckResult[];
  readonly forecast?: readonly string[];
  readonly counted?: ResyncComparison | undefined;
  readonly id?: string;
  readonly stopped?: ChangeStop;
  readonly cost?: ChangeCost;
  readonly after?: Topology;
  readonly error?: OperatorError;
  /** By Ctrl-C. */
  readonly interrupted?: boolean;
}

export function changeResult({ topology, clock }: Observation, end: ChangeEnd): ChangeResult {
  const { id, outcome, steps, warnings, stopped, cost, after, error } = end;
  const { checks = [], forecast = [], counted = null } = end;
  const document: ChangeDocument = {
    schema: 'redis-repl/change',
    version: 1,
    id: id ?? null,
    outcome,
    steps,
    warnings,
    checks,
    resyncs: { forecast, counted },
    stopped: stopped ?? null,
    cost: cost === undefined ? null : recordCost(cost),
    before: statusDocument(judgeStatus({ topology, clock })),
    after: after === undefined ? null : statusDocument(judgeStatus({ topology: after, clock })),
  };
  return { exitCode: exitCodeOf(end), document, error };
}

export function recordCost({ fullResyncs, writeGapMs, lostWrites }: ChangeCost): RecordCost {
  return { fullResyncs, writeGapMs: writeGapMs ?? null, lostWrites: lostWrites ?? null };
}

function exitCodeOf({ outcome, interrupted = false }: ChangeEnd): ExitCode {
  if (outcome === 'rolled-back' && interrupted) return exitCodes.interrupted;
  const codes = {
    planned: exitCodes.pending,
    'nothing-to-do': exitCodes.ok,
    done: exitCodes.ok,
    left: exitCodes.ok,
    pending: exitCodes.degraded,
    'rolled-back': exitCodes.failed,
    incomplete: exitCodes.incomplete,
  };
  return codes[outcome];
}
