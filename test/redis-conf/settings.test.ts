/**
 * Loading: the lines that a real 7.0.15 refused and its very words, defaults, includes, and the
 * directives whose lines add up.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfError } from '../../src/redis-conf/conf-error.ts';
import type { ConfSources, IncludeReader } from '../../src/redis-conf/conf-source.ts';
import { directiveNames } from '../../src/redis-conf/directives.ts';
import { loadSettings } from '../../src/redis-conf/settings.ts';

const fixture = new URL('../fixtures/redis-conf/bad-lines-7.0.15.json', import.meta.url);
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as [line: string, stderr: string][];

/** Where we differ on purpose: lines that only the bundled server judges, and later than here. */
const differs: Readonly<Record<string, string>> = {
  'sentinel monitor a b c': 'refused by validateForBundledServer, in the same words',
  'rename-command foo bar': 'rename-command is refused as a whole by validateForBundledServer',
  'rename-command get set': 'the same',
  'user a b c': 'user lines are refused as a whole by validateForBundledServer',
  'user foo on\nuser foo on': 'the same',
};

describe('the lines of a file, as the real server judged them', () => {
  test.each(cases)('%j', (line, stderr) => {
    if (line in differs) return;
    const block = failureOf({ file: 'redis.conf', fileText: `${line}\nzzz\n` }).block();
    expect(withoutPlace(block)).toBe(stderr);
  });
});

test('the block also names the file, and the message is a sentence of its own', () => {
  const error = failureOf({ file: '/etc/redis.conf', fileText: '\nport x\n' });
  expect(error.block()).toBe(
    '\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n' +
      'Reading the configuration file, at line 2\n' +
      ">>> 'port x'\n" +
      "argument couldn't be parsed into an integer\n" +
      '(/etc/redis.conf, line 2)\n',
  );
  expect(error.message).toBe(
    "/etc/redis.conf, line 2: 'port x': argument couldn't be parsed into an integer",
  );
});

test('an error in an option names the command line, with the line number of Redis', () => {
  const error = failureOf({ file: 'a.conf', fileText: 'hz 7\n', optionsText: 'port "99999"' });
  expect(error.origin).toMatchObject({ file: null, line: 1, redisLine: 3 });
  expect(error.message).toContain('on the command line');
});

test('a secret is never part of an error', () => {
  for (const line of ['requirepass hush hush', 'masterauth "hush', 'user hush']) {
    const error = failureOf({ file: 'a.conf', fileText: `${line}\nzzz` });
    expect(`${error.message}${error.block()}`).not.toContain('hush');
  }
});

test('lines that add up', () => {
  expect(textsOf('save 60 1\nsave 30 2\nsave "20 3 10 4"')).toMatchObject({
    save: '60 1 30 2 20 3 10 4',
  });
  expect(textsOf('save 60 1\nsave ""')).toMatchObject({ save: '' });
  expect(textsOf('save 60 1\nsave ""\nsave 5 6')).toMatchObject({ save: '5 6' });
  const limits = 'client-output-buffer-limit';
  expect(textsOf(`${limits} slave 1mb 2mb 3\n${limits} normal 1 2 3`)).toMatchObject({
    [limits]: 'normal 1 2 3 slave 1048576 2097152 3 pubsub 33554432 8388608 60',
  });
  expect(textsOf('slaveof a 1\nreplicaof b 2')).toMatchObject({ replicaof: 'b 2' });
  expect(textsOf('replicaof a 1\nREPLICAOF no ONE')).toMatchObject({ replicaof: '' });
});

test('dir is absolute, and relative to the one before', () => {
  expect(textsOf('')).toMatchObject({ dir: '/home/lab' });
  expect(textsOf('dir ./a\ndir b')).toMatchObject({ dir: '/home/lab/a/b' });
});

test('include reads other files where it stands, patterns in order', () => {
  const files = {
    '/home/lab/a.conf': 'port 1\ninclude sub/*.conf\nhz 20',
    '/home/lab/sub/1.conf': 'port 2\ntimeout 3',
    '/home/lab/sub/2.conf': 'port 4',
    '/home/lab/sub/.hidden.conf': 'zzz',
  };
  expect(textsOf('include a.conf\nhz 21', files)).toMatchObject({
    port: '4',
    timeout: '3',
    hz: '21',
  });
  expect(() => textsOf('include none/*.conf', files)).not.toThrow();
  expect(() => textsOf('include gone.conf', files)).toThrow(
    "can't open config file '/home/lab/gone.conf': No such file or directory",
  );
  expect(() => textsOf('include me.conf', { '/home/lab/me.conf': 'include me.conf' })).toThrow(
    'nested too deeply',
  );
  const wrong = { '/home/lab/a.conf': '\n\nport x' };
  expect(() => textsOf('include a.conf', wrong)).toThrow('/home/lab/a.conf, line 3');
});

test('every row has a default that it accepts itself', () => {
  const { settings } = load({ file: null, fileText: '' });
  expect(settings.size).toBe(directiveNames.length);
  for (const state of settings.values()) {
    expect(state.row.defaults.length === 1 || state.row.multiArg).toBe(true);
  }
});

function load(sources: ConfSources, files: Readonly<Record<string, string>> = {}) {
  const reader: IncludeReader = {
    read: (path) =>
      path in files ? { text: files[path] } : { error: 'No such file or directory' },
    list: (dir) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${dir}/`))
        .map((path) => path.slice(dir.length + 1)),
  };
  const checkDir = (path: string): string | null =>
    path === '/' || path.startsWith('/home/lab/') ? null : 'No such file or directory';
  const checked = Object.keys(files).length === 0 ? checkDir : () => null;
  return loadSettings(sources, { cwd: '/home/lab', reader, checkDir: checked });
}

function textsOf(fileText: string, files?: Record<string, string>): Record<string, string> {
  const { settings } = load({ file: 'test.conf', fileText }, files);
  return Object.fromEntries([...settings].map(([name, { text }]) => [name, text]));
}

function failureOf(sources: ConfSources): ConfError {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ConfError) return error;
    throw error;
  }
  throw new Error('this configuration should have been refused');
}

function withoutPlace(block: string): string {
  return block.replace(/\(.*\)\n$/, '');
}
