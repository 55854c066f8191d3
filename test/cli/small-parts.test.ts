/** The small pure parts of the CLI: suggestions, the program's name, passwords, refusals. */
import { describe, expect, test } from 'vitest';
import { judgePassword, makePassword } from '../../src/cli/password.ts';
import { programName } from '../../src/cli/program-name.ts';
import { throwRefusals } from '../../src/cli/refusals.ts';
import { suggest } from '../../src/cli/suggest.ts';
import type { RefusalKind } from '../../src/lab/refusal.ts';
import { OperatorError } from '../../src/util/errors.ts';
import { seededRandom } from '../../src/util/random.ts';

test.each([
  ['statsu', 'status'],
  ['stat', 'start'],
  ['status', 'status'],
  ['x', undefined],
  ['', undefined],
])('%s was probably %s', (word, meant) => {
  expect(suggest(word, ['start', 'status', 'replicaof'])).toBe(meant);
});

test.each([
  ['/usr/local/bin/repl', '/home/me', 'repl'],
  ['/home/me/redis-repl/bin/repl.js', '/home/me/redis-repl', './bin/repl.js'],
  ['/home/me/redis-repl/bin/repl.js', '/srv/lab', '/home/me/redis-repl/bin/repl.js'],
  [undefined, '/', 'repl'],
])('called as %s in %s: %s', (script, cwd, name) => {
  expect(programName(script, cwd)).toBe(name);
});

test('a made password is 128 bits of letters and digits, and another each time', () => {
  const random = seededRandom(1);
  const made = makePassword(random).reveal();
  expect(made).toMatch(/^[0-9a-f]{32}$/);
  expect(makePassword(random).reveal()).not.toBe(made);
});

test.each([
  ['', 'is empty'],
  ['a\nb', 'contains a line end or a NUL'],
  ['a\0b', 'contains a line end or a NUL'],
  ['x'.repeat(513), 'is longer than 512 characters'],
  ['with "quotes" and é', undefined],
])('the password %j: %s', (password, verdict) => {
  expect(judgePassword(password)).toBe(verdict);
});

describe('refusals', () => {
  const refuse = (...kinds: RefusalKind[]): OperatorError => {
    try {
      throwRefusals(kinds.map((kind) => ({ kind, message: `no: ${kind}`, hint: 'mend it' })));
    } catch (error) {
      if (error instanceof OperatorError) return error;
    }
    throw new Error('nothing was refused');
  };

  test('all are said, a hint only once', () => {
    const { message, hint } = refuse('port-taken', 'engine-missing');
    expect({ message, hint }).toEqual({
      message: 'no: port-taken\nno: engine-missing',
      hint: 'mend it',
    });
  });

  test('the command line is at fault, or the world', () => {
    expect(refuse('cycle').exitCode).toBe(2);
    expect(refuse('port-taken').exitCode).toBe(1);
  });

  test('none is fine', () => {
    expect(() => throwRefusals([])).not.toThrow();
  });
});
