/** `repl start`, `stop` and `restart` as users run them, on ours and on redis-server. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { NodeResultsDocument } from '../../src/cli/node-results.ts';
import { jsonOf, runRepl, type ReplRun } from '../cli/run-repl.ts';
import { labKinds, makeLabOnDisk } from '../lab/lab-on-disk.ts';
import { findRealServer } from '../support/real-servers.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';

const use = useResources();

function outcomes(run: ReplRun): string[] {
  const { schema, version, nodes } = jsonOf<NodeResultsDocument>(run);
  expect([schema, version]).toEqual(['redis-repl/node-results', 1]);
  return nodes.map(({ outcome }) => outcome);
}

describe.each(labKinds)('%s', (kind) => {
  test('start, restart one, stop', async (context) => {
    needServer(context, kind);
    const { dir: cwd, spec } = await makeLabOnDisk(use, { kind, nodes: 2 });
    const [master, replica] = spec.nodes;

    const started = await runRepl(['start'], { cwd });
    expect(started).toMatchObject({ code: 0, stderr: '' });
    expect(started.stdout).toMatch(/^redis\d+ {2}127\.0\.0\.1:\d+ {2}started {2}pid \d+, ready/m);
    expect(outcomes(await runRepl(['start', '--json'], { cwd }))).toEqual([
      'already-running',
      'already-running',
    ]);

    const restarted = await runRepl(['restart', replica.port, '--json'], { cwd });
    expect(restarted).toMatchObject({ code: 0, stderr: '' });
    expect(outcomes(restarted)).toEqual(['started']);

    const stopped = await runRepl(['stop', master.name], { cwd: join(cwd, replica.dir) });
    expect(stopped).toMatchObject({ code: 0, stderr: '' });
    expect(stopped.stdout).toMatch(/^redis\d+ .* stopped {2}pid \d+, gone after \d+ ms\n$/);
    expect(outcomes(await runRepl(['stop', '--json', '--lab', cwd], { cwd: '/' }))).toEqual([
      'not-running',
      'stopped',
    ]);
  });
});

test('the same files run on redis-server with --engine', async (context) => {
  needServer(context, 'redis7');
  const { dir: cwd } = await makeLabOnDisk(use, { kind: 'bundled' });
  const engine = findRealServer('redis7')?.binary ?? '';
  expect(outcomes(await runRepl(['start', '--engine', engine, '--json'], { cwd }))).toEqual([
    'started',
  ]);
  expect(outcomes(await runRepl(['stop', '--json'], { cwd }))).toEqual(['stopped']);
});

describe('a node that does not come up', () => {
  test('is a failure with its reason and its last lines; the others start', async () => {
    const { dir: cwd, spec } = await makeLabOnDisk(use, { kind: 'bundled', nodes: 2 });
    const [, replica] = spec.nodes;
    await appendFile(join(cwd, replica.dir, `redis${replica.port}.conf`), 'no-such-directive 1\n');
    const { code, stdout, stderr } = await runRepl(['start'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/ started .*\n.* failed /);
    expect(stderr).toContain(`repl: ${replica.name} did not start\nwhy:  ${replica.name}: `);
    expect(stderr).toContain('no-such-directive');
    expect(stderr).toMatch(/^next: less '.*\.conf'$/m);

    const json = await runRepl(['start', '--json'], { cwd });
    expect(json).toMatchObject({ code: 1, stderr: '' });
    expect(outcomes(json)).toEqual(['already-running', 'failed']);
  });
});

test('a node that the lab does not have is a mistake of the user', async () => {
  const { dir: cwd } = await makeLabOnDisk(use, { kind: 'bundled' });
  for (const command of ['start', 'stop', 'restart']) {
    expect(await runRepl([command, 'nobody'], { cwd })).toMatchObject({ code: 2, stdout: '' });
  }
});

test('an engine that is not there stops nothing', async () => {
  const { dir: cwd } = await makeLabOnDisk(use, { kind: 'bundled' });
  await runRepl(['start'], { cwd });
  expect(await runRepl(['restart', '--engine', './x'], { cwd })).toMatchObject({ code: 1 });
  expect(outcomes(await runRepl(['start', '--json'], { cwd }))).toEqual(['already-running']);
});
