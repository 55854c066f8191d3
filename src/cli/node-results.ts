/**
 * What came of starting or stopping nodes: as a table, as JSON, and as one error for those that
 * failed. Pure; used by start, stop, restart and init.
 */
import type { NodeResult } from '../lab/lab.ts';
import type { StartOutcome, StopOutcome } from '../lab/process.ts';
import { nodeOf, type Link, type Topology } from '../topology/model.ts';
import type { NodeSpec } from '../topology/spec.ts';
import { formatAddress } from '../instance/address.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { Paint } from './views/paint.ts';

export type AnyResult = NodeResult<StartOutcome | StopOutcome>;

/** What `--json` shows of start, stop and restart. A field is added without a new version. */
export interface NodeResultsDocument {
  readonly schema: 'redis-repl/node-results';
  readonly version: 1;
  /** The lab's directory. */
  readonly lab: string;
  readonly nodes: readonly NodeResultDocument[];
}

export interface NodeResultDocument {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly outcome: (StartOutcome | StopOutcome)['kind'];
  /** Milliseconds until it answered, or was gone; absent where nothing had to be done. */
  readonly tookMs?: number;
  readonly pid?: number;
  /** Of a failure: the reason, and the end of its log. */
  readonly why?: string;
  readonly lastLines?: readonly string[];
  readonly next?: string;
}

/** One line per node: name, address, what happened. Ends with a line end. */
export function renderNodeResults(results: readonly AnyResult[], paint: Paint): string {
  const rows = results.map(({ node, outcome }) => {
    const { state, note } = describeOutcome(outcome);
    return {
      name: node.name,
      address: formatAddress(node),
      state,
      note,
      failed: isFailed(outcome),
    };
  });
  const width = (key: 'name' | 'address' | 'state'): number =>
    Math.max(...rows.map((row) => row[key].length));
  return rows
    .map((row) => {
      const state = row.state.padEnd(width('state'));
      const shown = row.failed ? paint('red', state) : state;
      const name = row.name.padEnd(width('name'));
      const address = row.address.padEnd(width('address'));
      return `${name}  ${address}  ${shown}  ${paint('dim', row.note)}\n`;
    })
    .join('');
}

/** A line for each link that is not up yet; empty when all are. */
export function renderPendingLinks(topology: Topology, links: readonly Link[]): string {
  const nameOf = (id: string): string => nodeOf(topology, id)?.name ?? id;
  return links
    .map(({ replica, upstream, state }) => {
      const what = state === 'syncing' ? 'is still copying' : 'has no link yet to';
      return `${nameOf(replica)} ${what} ${nameOf(upstream)}; next: repl status\n`;
    })
    .join('');
}

export function nodeResultsDocument(
  lab: string,
  results: readonly AnyResult[],
): NodeResultsDocument {
  const nodes = results.map(({ node, outcome }) => {
    const { kind, ...facts } = outcome;
    const { name, host, port } = node;
    const rounded = 'tookMs' in facts ? { ...facts, tookMs: Math.round(facts.tookMs) } : facts;
    return { name, host, port, outcome: kind, ...rounded };
  });
  return { schema: 'redis-repl/node-results', version: 1, lab, nodes };
}

/** One error about all nodes that failed, with the ends of their logs; undefined for none. */
export function failureOf(
  verb: 'start' | 'stop',
  results: readonly AnyResult[],
): OperatorError | undefined {
  const failures = results.flatMap(({ node, outcome }) =>
    outcome.kind === 'failed' ? [{ node, outcome }] : [],
  );
  if (failures.length === 0) return undefined;
  const names = failures.map(({ node }) => node.name).join(', ');
  const reasons = failures.map(({ node, outcome }) =>
    [`${node.name}: ${outcome.why}`, ...outcome.lastLines.map((line) => `  ${line}`)].join('\n'),
  );
  return new OperatorError(`${names} did not ${verb}`, {
    cause: reasons.join('\n'),
    hint: failures[0].outcome.next,
    exitCode: exitCodes.failed,
  });
}

/** What Ctrl-C left undone, as an error; undefined when all was done before it. */
export function interruptionOf(
  nodes: readonly NodeSpec[],
  results: readonly AnyResult[],
): OperatorError | undefined {
  const ended = results.filter(({ outcome }) => outcome.kind !== 'interrupted');
  const left = nodes.filter((node) => !ended.some((result) => result.node === node));
  if (left.length === 0) return undefined;
  return new OperatorError('stopped by Ctrl-C', {
    cause: `not done, or not waited for: ${left.map(({ name }) => name).join(', ')}`,
    hint: 'repl status',
    exitCode: exitCodes.interrupted,
  });
}

function isFailed(outcome: StartOutcome | StopOutcome): boolean {
  return outcome.kind === 'failed';
}

function describeOutcome(outcome: StartOutcome | StopOutcome): { state: string; note: string } {
  switch (outcome.kind) {
    case 'started':
      return { state: 'started', note: `pid ${outcome.pid}, ready after ${ms(outcome.tookMs)}` };
    case 'already-running':
      return { state: 'running', note: `pid ${outcome.pid}, was running already` };
    case 'stopped':
      return { state: 'stopped', note: `pid ${outcome.pid}, gone after ${ms(outcome.tookMs)}` };
    case 'not-running':
      return { state: 'stopped', note: stoppedNote(outcome.stalePidfile) };
    case 'interrupted':
      return { state: 'unknown', note: 'not waited for' };
    case 'failed':
      break;
  }
  return { state: 'failed', note: outcome.why };
}

function stoppedNote(stalePidfile: boolean): string {
  return stalePidfile ? 'was not running (it left its pidfile behind)' : 'was not running';
}

function ms(tookMs: number): string {
  return tookMs < 10_000 ? `${Math.round(tookMs)} ms` : `${Math.round(tookMs / 1000)} s`;
}
