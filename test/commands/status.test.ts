// The built commands as processes: flags, exit codes, what goes to stdout. What they show is tested
// in test/cli/views, what they do in test/topology.
import { describe, expect, it } from 'vitest';
import { jsonOf, runRepl } from '../cli/run-repl.ts';
import type { StatusDocument } from '../../src/cli/views/status-json.ts';
import { makeLabOnDisk } from '../lab/lab-on-disk.ts';
import { freePort } from '../support/free-port.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { startTree } from '../topology/live.ts';

const use = useResources();

describe('repl status', () => {
  it('prints the tree of a live setup, and 0 for healthy', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' }, { password: 'pw' });
    const env = { REPL_PASSWORD: 'pw' };
    const run = await runRepl(['status', `127.0.0.1:${b.port}`], { cwd, env });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain(`writes to   127.0.0.1:${a.port}`);
    const json = await runRepl(['status', `127.0.0.1:${b.port}`, '--json'], { cwd, env });
    const document = jsonOf<StatusDocument>(json);
    expect(document).toMatchObject({ schema: 'redis-repl/status', version: 1, verdict: 'healthy' });
    await a.kill9();
    expect(await runRepl(['status', `127.0.0.1:${b.port}`], { cwd, env })).toMatchObject({
      code: 3,
    });
  });

  it('exits 1 when it could not tell', async () => {
    const cwd = await use.tempDir();
    const run = await runRepl(['status', `127.0.0.1:${await freePort()}`], { cwd });
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(run.stdout).toContain('could not tell');
  });

  it('exits 2 for a wrong command line', async () => {
    const cwd = await use.tempDir();
    for (const args of [['nobody'], ['--timeout', 'x', '1'], ['--watch', '--json', '1']]) {
      expect(await runRepl(['status', ...args], { cwd })).toMatchObject({ code: 2 });
    }
  });

  it('prints its schema', async () => {
    const run = await runRepl(['status', '--schema'], { cwd: await use.tempDir() });
    expect(jsonOf<{ title: string }>(run).title).toBe('redis-repl/status version 1');
  });
});

describe('repl info', () => {
  it('explains the fields of a node', async (context) => {
    needServer(context, 'redis7');
    const { a } = await startTree(use, 'redis7', { a: undefined });
    const run = await runRepl(['info', `127.0.0.1:${a.port}`], { cwd: await use.tempDir() });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('role: master\n    This node takes writes');
  });

  it('says why a node cannot be asked', async () => {
    const port = await freePort();
    const run = await runRepl(['info', `127.0.0.1:${port}`], { cwd: await use.tempDir() });
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('nobody listens there');
  });

  it('says how a node of the lab is started', async () => {
    const { dir: cwd, spec } = await makeLabOnDisk(use, { kind: 'bundled' });
    const [{ name, port }] = spec.nodes;
    const run = await runRepl(['info', port], { cwd });
    expect(run.stderr).toContain(`repl: ${name} cannot be asked\n`);
    expect(run.stderr).toContain(`next: repl start ${name}\n`);
  });
});
