/** bin/repl.js as a process: version, help, mistakes, exit codes. */
import { copyFile, mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodeTable } from '../../src/cli/exit-codes.ts';
import { useResources } from '../support/resources.ts';
import { jsonOf, replScript, runRepl } from './run-repl.ts';

const use = useResources();
const cwd = '/';

test('--version says what a bug report needs', async () => {
  const { name, version } = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { name: string; version: string };
  const run = await runRepl(['--version'], { cwd });
  expect(run).toEqual({
    code: 0,
    stdout: `${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`,
    stderr: '',
  });
});

describe('help', () => {
  test('lists every command and every exit code', async () => {
    const { code, stdout, stderr } = await runRepl(['--help'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const files = await readdir(new URL('../../src/commands/', import.meta.url));
    for (const file of files) expect(stdout).toMatch(new RegExp(`^  ${file.slice(0, -3)}\\b`, 'm'));
    for (const row of exitCodeTable) expect(stdout).toContain(`${row.code}  ${row.meaning}`);
    expect(stdout).not.toContain('\u001b');
  });

  test.each([[[]], [['help']], [['--help']]])('%j shows it', async (args) => {
    expect((await runRepl(args, { cwd })).stdout).toContain('EXIT CODES');
  });

  test.each([[['help', 'init']], [['init', '--help']]])('%j shows one command', async (args) => {
    const { code, stdout } = await runRepl(args, { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('$ repl init [PORT...]');
    expect(stdout).toContain('REPL_PASSWORD');
  });

  test('says what a command is for once', async () => {
    const { stdout } = await runRepl(['promote', '--help'], { cwd });
    expect(stdout.split('Make a replica the master')).toHaveLength(2);
    expect(stdout).toContain('print one JSON document');
  });
});

describe('mistakes', () => {
  test('a command that is not there', async () => {
    expect(await runRepl(['strat'], { cwd })).toEqual({
      code: 2,
      stdout: '',
      stderr: 'repl: there is no command "strat"\nnext: did you mean: repl start\n',
    });
  });

  test('a flag that is not there, as JSON', async () => {
    const run = await runRepl(['start', '--nope', '--json'], { cwd });
    expect(run).toMatchObject({ code: 2, stderr: '' });
    expect(jsonOf(run)).toEqual({
      error: { message: 'nonexistent flag: --nope', hint: 'repl start --help', exitCode: 2 },
    });
  });

  test.each(['start', 'stop', 'restart'])('%s without a lab', async (command) => {
    const dir = await use.tempDir();
    const run = await runRepl([command], { cwd: dir });
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/^repl: there is no lab in .*\nwhy: .*\nnext: repl init 6379/);
  });
});

test('a tree that was not built says how to build it', async () => {
  const root = await use.tempDir();
  const script = join(root, 'bin', 'repl.js');
  await mkdir(join(root, 'bin'));
  await copyFile(replScript, script);
  // Node must know that the copy is a module, as package.json says of the original.
  await copyFile(new URL('../../package.json', import.meta.url), join(root, 'package.json'));
  expect(await runRepl(['status'], { cwd: root, script })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'repl: this tree has not been built yet\nnext: npm ci\n',
  });
});
