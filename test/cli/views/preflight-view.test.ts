import { describe, expect, it } from 'vitest';
import { throwRefusedChecks } from '../../../src/cli/change/check-plan.ts';
import { plain } from '../../../src/cli/views/paint.ts';
import { renderPreflight } from '../../../src/cli/views/preflight-view.ts';
import type { CheckResult } from '../../../src/topology/plan/preflight.ts';
import { expectGolden } from '../../support/golden.ts';

const next = 'redis-cli -h 127.0.0.1 -p 6379 CONFIG SET masterauth <the password of 6380>';
const results: CheckResult[] = [
  { check: 'reach', about: '6379', answer: 'yes', found: 'answers', next: undefined },
  { check: 'reach', about: '6380', answer: 'yes', found: 'answers', next: undefined },
  {
    check: 'login',
    about: '6379 → 6380',
    answer: 'no',
    found: '6380 does not accept our password',
    next,
  },
  {
    check: 'login',
    about: '6381 → 6380',
    answer: 'yes',
    found: 'is let in with its masterauth',
    next: undefined,
  },
  {
    check: 'rewrite',
    about: '6379',
    answer: 'unknown',
    found: 'its configuration file is on another machine',
    next: undefined,
  },
];

describe('the preflight on the screen', () => {
  it('shows what is in order in one row, and everything else with the next command', () => {
    expectGolden(renderPreflight(results, plain), new URL('golden/preflight.txt', import.meta.url));
  });

  it('ends in an error that names every no, what to type, and how to go on in spite of it', () => {
    expect(() => throwRefusedChecks(results)).toThrow(
      expect.objectContaining({
        exitCode: 1,
        cause: 'login: 6379 → 6380: 6380 does not accept our password',
        hint: `${next}\nwhat is known and accepted: --skip-check login`,
      }),
    );
    expect(() => throwRefusedChecks(results.filter(({ answer }) => answer !== 'no'))).not.toThrow();
  });
});
