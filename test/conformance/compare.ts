/**
 * The verdict on one file: its results against the list of tests that must pass. Pure; run.ts
 * prints it.
 */
import { isListed, type ListedTest } from './lists.ts';
import type { FileResult } from './run-file.ts';
import type { TestResult } from './suite-output.ts';

export interface Verdict {
  file: string;
  seconds: number;
  /** How many tests ran well; a name that the suite uses twice counts twice. */
  passed: number;
  failed: TestResult[];
  /** Failures that say nothing yet: the tests want scripts, functions or ACL users. */
  needsScripting: TestResult[];
  excluded: number;
  /** Recorded tests that did not pass, or did not run at all. */
  lost: string[];
  /** Names under which all passed and that are not recorded yet. */
  fresh: string[];
  /** Why the file was not run to its end. */
  cutShort: string | undefined;
}

/** An error outside the tests has this for a name, and its cause after it. */
const scriptingSetUp = /^set-up: ERR unknown command '(eval|evalsha|script|fcall|function|acl)'/i;

export function judge(result: FileResult, recorded: readonly string[]): Verdict {
  const { tests, end } = result;
  const failures = tests.filter(({ outcome }) => outcome === 'err');
  const needs = ({ name }: TestResult): boolean =>
    result.needsScripting.has(name) || scriptingSetUp.test(name);
  const passedTests = tests.filter(({ outcome }) => outcome === 'ok');
  const passing = new Set(passedTests.map(({ name }) => name));
  for (const { name } of failures) passing.delete(name);
  return {
    file: result.file,
    seconds: result.seconds,
    passed: passedTests.length,
    failed: failures.filter((test) => !needs(test)),
    needsScripting: failures.filter(needs),
    excluded: tests.filter(({ outcome }) => outcome === 'skip').length,
    lost: recorded.filter((name) => !passing.has(name)),
    fresh: [...passing].filter((name) => !recorded.includes(name)),
    cutShort: end.kind === 'whole' ? undefined : end.kind === 'hung' ? 'it hung' : end.because,
  };
}

/** Of those that ran and count. 100 of nothing. */
export function percent({ passed, failed }: Pick<Verdict, 'passed' | 'failed'>): number {
  const ran = passed + failed.length;
  return ran === 0 ? 100 : (100 * passed) / ran;
}

/** The failures that no list explains. */
export function unexpected(verdict: Verdict, known: readonly ListedTest[]): TestResult[] {
  return verdict.failed.filter(({ name }) => !isListed(known, verdict.file, name));
}

/** After a second try: a recorded test is lost when it passed in neither. */
export function lostInBoth(first: Verdict, second: Verdict): string[] {
  return first.lost.filter((name) => second.lost.includes(name));
}
