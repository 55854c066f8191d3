/** What users read when something goes wrong, as text and as JSON, and the exit code. */
import { describe, expect, test } from 'vitest';
import { exitCodes, exitCodeTable } from '../../src/cli/exit-codes.ts';
import { reportError } from '../../src/cli/report-error.ts';
import { OperatorError } from '../../src/util/errors.ts';

const commands = (): string[] => ['start', 'status', 'stop'];
const report = (error: unknown, ...argv: string[]): ReturnType<typeof reportError> =>
  reportError(error, { argv, commands });

/** As oclif throws about a command line. */
const usageError = (message: string): Error =>
  Object.assign(new Error(message), { oclif: { exit: 2 } });

describe('what the user can mend', () => {
  const error = new OperatorError('the lab is on fire', {
    cause: 'two lines\nof reasons',
    hint: 'repl stop',
    exitCode: 3,
  });

  test('as text: what happened, why, what to type', () => {
    expect(report(error, 'status')).toEqual({
      stdout: '',
      stderr: 'repl: the lab is on fire\nwhy:  two lines\n      of reasons\nnext: repl stop\n',
      exitCode: 3,
    });
  });

  test('as JSON: on stdout, and nothing else anywhere', () => {
    const { stdout, stderr, exitCode } = report(error, 'status', '--json');
    expect(JSON.parse(stdout)).toEqual({
      error: {
        message: 'the lab is on fire',
        why: 'two lines\nof reasons',
        hint: 'repl stop',
        exitCode: 3,
      },
    });
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 3 });
  });

  test('the message of a cause says why', () => {
    const { stderr } = report(new OperatorError('no', { cause: new Error('EACCES') }));
    expect(stderr).toBe('repl: no\nwhy:  EACCES\n');
  });

  test('--json behind -- is an argument', () => {
    expect(report(error, 'stop', '--', '--json').stdout).toBe('');
  });
});

describe('a wrong command line', () => {
  test('points to the help of its command', () => {
    const error = usageError('Nonexistent flag: --foo\nSee more help with --help');
    expect(report(error, 'start', '--foo')).toMatchObject({
      stderr: 'repl: nonexistent flag: --foo\nnext: repl start --help\n',
      exitCode: exitCodes.usage,
    });
  });

  test.each([
    ['statsu', 'did you mean: repl status'],
    ['stp', 'did you mean: repl stop'],
    ['frobnicate', 'repl --help'],
  ])('a command that is not there: %s', (word, hint) => {
    expect(report(usageError(`command ${word}:x not found`), word, 'x')).toMatchObject({
      stderr: `repl: there is no command "${word}"\nnext: ${hint}\n`,
      exitCode: exitCodes.usage,
    });
  });
});

test('a bug keeps its stack', () => {
  const { stderr, exitCode } = report(new TypeError('x is not a function'), 'status');
  expect(exitCode).toBe(exitCodes.bug);
  expect(stderr).toMatch(/^repl: this is a bug.*\nTypeError: x is not a function\n +at /);
});

test('a bug under --json is JSON, too', () => {
  const { stdout, exitCode } = report(new TypeError('x is not a function'), '--json');
  expect(JSON.parse(stdout)).toMatchObject({ error: { message: 'x is not a function' } });
  expect(exitCode).toBe(exitCodes.bug);
});

test('what is thrown and is no error is a bug', () => {
  expect(report({ some: 'thing' })).toMatchObject({ exitCode: exitCodes.bug });
  expect(report(undefined)).toMatchObject({ exitCode: exitCodes.bug });
});

test('Ctrl-C at a question is no failure of ours', () => {
  const error = Object.assign(new Error('User force closed'), { name: 'ExitPromptError' });
  expect(report(error)).toMatchObject({
    stderr: 'repl: stopped, nothing was changed\n',
    exitCode: exitCodes.interrupted,
  });
});

test('a command that ends by itself has said all', () => {
  const error = Object.assign(new Error('EEXIT: 3'), { code: 'EEXIT', oclif: { exit: 3 } });
  expect(report(error)).toEqual({ stdout: '', stderr: '', exitCode: 3 });
});

test('the table of exit codes names each number once, in order', () => {
  const codes = exitCodeTable.map(({ code }) => code);
  expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b));
  expect(codes).toEqual(Object.values(exitCodes));
});
