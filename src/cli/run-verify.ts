/**
 * Runs the comparisons that `repl verify` was asked for, one pair after the other, and keeps what a
 * later run needs to go on. It does not print.
 */
import type { Topology, TopologyNode } from '../topology/model.ts';
import { choosePairs, type RefusedPair, type VerifyPair } from '../topology/verify/pairs.ts';
import {
  verifyPair,
  type PairResult,
  type VerifyOptions,
  type VerifyProgress,
} from '../topology/verify/verify-pair.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import type { Observation } from './observe.ts';
import type { VerifyState } from './verify-state.ts';

export interface RunVerifyOptions extends Pick<
  VerifyOptions,
  'keysPerSecond' | 'ttlToleranceMs' | 'waitMs' | 'differencesLimit' | 'compareBy' | 'signal'
> {
  readonly words: readonly string[];
  /** For one answer. */
  readonly timeoutMs: number;
  /** Go on where a run that was broken off had come to. */
  readonly resume: boolean;
  readonly state: VerifyState;
  readonly onProgress: (pair: VerifyPair, progress: VerifyProgress) => void;
}

export interface VerifyOutcome {
  readonly results: readonly PairResult[];
  readonly refused: readonly RefusedPair[];
  readonly verdict: VerifyVerdict;
  /** Stopped by the user before the end. */
  readonly isStopped: boolean;
}

export type VerifyVerdict = 'equal' | 'different' | 'unknown';

/** Throws an OperatorError where there is nothing to compare. */
export async function runVerify(
  seen: Observation,
  options: RunVerifyOptions,
): Promise<VerifyOutcome> {
  const named = uniqueNodes(options.words.map((word) => seen.find(word)));
  const { pairs, refused } = choosePairs(seen.topology, named);
  if (pairs.length + refused.length === 0) throwNothingToCompare(seen.topology);
  const results: PairResult[] = [];
  for (const pair of pairs) {
    if (options.signal.aborted) break;
    results.push(await verifyOne(seen, pair, options));
  }
  const isStopped = options.signal.aborted;
  if (!isStopped) for (const { pair, end } of results) if (isFinal(end)) options.state.clear(pair);
  return { results, refused, verdict: verdictOf(results, refused, isStopped), isStopped };
}

export function exitCodeOfVerify({ verdict, isStopped }: VerifyOutcome): ExitCode {
  if (isStopped) return exitCodes.interrupted;
  const codes = { equal: exitCodes.ok, different: exitCodes.different, unknown: exitCodes.failed };
  return codes[verdict];
}

function verifyOne(
  seen: Observation,
  pair: VerifyPair,
  options: RunVerifyOptions,
): Promise<PairResult> {
  return verifyPair(pair, {
    ...options,
    clock: seen.clock,
    connect: (node) => seen.connectInBulk(node, options.timeoutMs),
    resumeFrom: options.resume ? options.state.load(pair) : undefined,
    onProgress: (progress) => options.onProgress(pair, progress),
    onCheckpoint: (checkpoint) => options.state.save(checkpoint),
  });
}

/** Nothing is left to go on with; a lost node may come back. */
function isFinal({ kind }: PairResult['end']): boolean {
  return kind === 'complete' || kind === 'too-many';
}

function verdictOf(
  results: readonly PairResult[],
  refused: readonly RefusedPair[],
  isStopped: boolean,
): VerifyVerdict {
  if (results.some(({ differences }) => differences.length > 0)) return 'different';
  const isSure = ({ end, unsettled, uncomparedTypes }: PairResult): boolean =>
    end.kind === 'complete' && unsettled.length === 0 && uncomparedTypes.length === 0;
  return refused.length === 0 && !isStopped && results.every(isSure) ? 'equal' : 'unknown';
}

function uniqueNodes(nodes: readonly TopologyNode[]): TopologyNode[] {
  return nodes.filter((node, at) => nodes.findIndex(({ id }) => id === node.id) === at);
}

function throwNothingToCompare({ nodes }: Topology): never {
  const dead = nodes.find(({ state }) => state.kind === 'down');
  if (dead?.state.kind === 'down') {
    const { name, state } = dead;
    throw new OperatorError(`there is nothing to compare: ${name} cannot be asked`, {
      cause: state.failure.message,
      hint: `repl status ${name}`,
    });
  }
  throw new OperatorError('there is nothing to compare: no node here follows another', {
    hint: 'repl status shows what there is; repl verify NODE NODE compares any two',
  });
}
