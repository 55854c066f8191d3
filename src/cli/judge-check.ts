/** From a diagnosis to what `repl check` shows, and to its exit code. Used by commands/check.ts. */
import {
  diagnose,
  isTrouble,
  judge,
  problemCodes,
  type ProblemCode,
} from '../topology/findings/diagnose.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import type { Observation } from './observe.ts';
import type { CheckInput } from './views/check-view.ts';

/** The codes that were typed; none means all. Throws an OperatorError for a word that is none. */
export function parseCodes(words: readonly string[]): ProblemCode[] {
  return words.map((word) => {
    const code = problemCodes.find((each) => each === word);
    if (code !== undefined) return code;
    throw new OperatorError(`there is no problem code ${word}`, {
      hint: 'repl check --codes lists them',
      exitCode: exitCodes.usage,
    });
  });
}

/** `found` also where only advice was found, if it was asked for by its code. */
export function judgeCheck(
  { topology }: Pick<Observation, 'topology'>,
  codes: readonly ProblemCode[],
): CheckInput {
  const problems = diagnose(topology);
  const findings = problems.filter(({ code }) => codes.length === 0 || codes.includes(code));
  const isAsked = codes.length > 0;
  const isFound = findings.some((finding) => isAsked || isTrouble(finding));
  const isBlind = judge(topology, problems) === 'unknown';
  return { topology, findings, codes, outcome: outcomeOf({ isAsked, isFound, isBlind }) };
}

/** Blind, we cannot say that there is nothing; but what was asked for, and seen, is there. */
function outcomeOf(judged: {
  isAsked: boolean;
  isFound: boolean;
  isBlind: boolean;
}): CheckInput['outcome'] {
  const { isAsked, isFound, isBlind } = judged;
  if (isFound && (isAsked || !isBlind)) return 'found';
  return isBlind ? 'unknown' : 'none';
}

export function exitCodeOfCheck({ outcome }: CheckInput): ExitCode {
  const codes = { none: exitCodes.ok, found: exitCodes.degraded, unknown: exitCodes.failed };
  return codes[outcome];
}
