import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseCommandLine, usageText } from '../../src/redis-conf/command-line.ts';
import { ConfError } from '../../src/redis-conf/conf-error.ts';
import { loadSettings } from '../../src/redis-conf/settings.ts';

const fixture = new URL('../fixtures/redis-conf/argv-7.0.15.json', import.meta.url);
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as [argv: string[], stderr: string][];

/** The text of the file that the cases call base.conf. */
const baseConf = 'hz 7\n';

/** Where we differ on purpose. */
const differs = new Map([
  ['["--user","--port","99999"]', 'user lines are refused as a whole by validateForBundledServer'],
]);

describe('command lines that the real server refused, in its words', () => {
  test.each(cases)('%j', (argv, stderr) => {
    if (differs.has(JSON.stringify(argv))) return;
    expect(refusalOf(argv)).toBe(stderr);
  });
});

test('the file, standard input and options are told apart', () => {
  expect(parseCommandLine([])).toEqual({
    kind: 'run',
    confFile: null,
    confFromStdin: false,
    optionsText: '',
  });
  expect(parseCommandLine(['a.conf', '--port', '1', '-'])).toEqual({
    kind: 'run',
    confFile: 'a.conf',
    confFromStdin: true,
    optionsText: 'port "1"',
  });
  expect(parseCommandLine(['-', '--port', '1'])).toMatchObject({
    confFile: null,
    confFromStdin: true,
    optionsText: 'port "1"',
  });
});

test('a value is quoted, and its bytes are UTF-8', () => {
  expect(parseCommandLine(['--requirepass', 'é"'])).toMatchObject({
    optionsText: 'requirepass "\\xc3\\xa9\\""',
  });
});

test('save without a value means no save points, also as the last word', () => {
  expect(parseCommandLine(['--port', '1', '--save'])).toMatchObject({
    optionsText: 'port "1"\nsave ""',
  });
});

test('the verbs', () => {
  expect(parseCommandLine(['-v'])).toEqual({ kind: 'version' });
  expect(parseCommandLine(['--version', '--port', '1'])).toEqual({ kind: 'version' });
  expect(parseCommandLine(['-h'])).toEqual({ kind: 'help' });
  expect(parseCommandLine(['--help'])).toEqual({ kind: 'help' });
  for (const argv of [['--test-memory', '10'], ['--check-system'], ['a.conf', '--sentinel']]) {
    expect(parseCommandLine(argv)).toMatchObject({ kind: 'refused' });
  }
  expect(usageText()).toContain('Usage: repl-server');
});

function refusalOf(argv: string[]): string {
  const run = parseCommandLine(argv);
  if (run.kind !== 'run') throw new Error(`not a run: ${run.kind}`);
  const reader = { read: () => ({ error: 'none' }), list: () => [] };
  const { confFile, optionsText } = run;
  const sources = { file: confFile, fileText: confFile === null ? '' : baseConf, optionsText };
  try {
    loadSettings(sources, { cwd: '/', reader });
  } catch (error) {
    if (error instanceof ConfError) return error.block().replace(/\(.*\)\n$/, '');
    throw error;
  }
  return 'accepted';
}
