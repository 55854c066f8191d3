/**
 * The last lines of a test run: why tests were skipped, which were
 * tried again, and one line of counts that a CI can read,
 * `N passed, N failed, N skipped`. A vitest reporter, named after 'default' in its configuration.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const lines = closingLines(modules, unhandledErrors.length);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

/** A module that could not be loaded, and an error outside of all tests, count as failed. */
function closingLines(modules: readonly TestModule[], unhandledErrors: number): string[] {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const count = (state: string): number =>
    tests.filter((test) => test.result().state === state).length;
  const brokenSuites = modules.flatMap((module) => [
    ...module.errors(),
    ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
  ]).length;
  const failed = count('failed') + brokenSuites + unhandledErrors;
  return [
    ...skipLines(tests),
    ...flakyLines(tests),
    `${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`,
  ];
}

/** One line per test that did not pass at once: it has a fault that shows at times. */
function flakyLines(tests: readonly TestCase[]): string[] {
  return tests.flatMap((test) => {
    const diagnostic = test.diagnostic();
    if (diagnostic?.flaky !== true) return [];
    return [`flaky: ${test.fullName} (passed at try ${diagnostic.retryCount + 1})`];
  });
}

/** One line per reason: `skipped: no redis-server (12 tests)`. */
function skipLines(tests: readonly TestCase[]): string[] {
  const reasons = new Map<string, number>();
  for (const test of tests) {
    const result = test.result();
    if (result.state !== 'skipped') continue;
    const reason = result.note ?? 'no reason given';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].map(
    ([reason, count]) => `skipped: ${reason} (${count} ${count === 1 ? 'test' : 'tests'})`,
  );
}
