// The built command as a process: flags, exit codes, what goes to stdout, what a broken-off run leaves.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VerifyDocument } from '../../src/cli/views/verify-json.ts';
import { jsonOf, replScript, runRepl } from '../cli/run-repl.ts';
import { waitForSync } from '../support/digest.ts';
import { freePort } from '../support/free-port.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTree } from '../topology/live.ts';
import { fill } from '../topology/verify/seeded-data.ts';

const use = useResources();

function inventoryText({ a, b }: Record<'a' | 'b', TestServer>): string {
  const nodes = `- {name: a, port: ${a.port}}\n- {name: b, port: ${b.port}, replicaof: a}\n`;
  return `version: 1\nengine: redis\nnodes:\n${nodes}`;
}

describe('repl verify', () => {
  it('exits 0 for equal nodes, 6 for different ones, and lists the keys', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const env = { REPL_PASSWORD: 'pw', XDG_STATE_HOME: cwd };
    const tree = { a: undefined, b: 'a' } as const;
    const { a, b } = await startTree(use, 'redis7', tree, { password: 'pw' });
    await a.cli('MSET', 'key:1', 'aaa', 'key:2', 'bbb');
    await waitForSync(a, b);
    const address = `127.0.0.1:${b.port}`;
    const equal = await runRepl(['verify', address], { cwd, env });
    expect(equal).toMatchObject({ code: 0, stderr: '' });
    expect(equal.stdout).toMatch(/^equal, in /);
    await b.cli('CONFIG', 'SET', 'replica-read-only', 'no');
    await b.cli('SET', 'key:2', 'bBb');
    for (const more of [[], ['--no-digest']]) {
      const different = await runRepl(['verify', address, ...more], { cwd, env });
      expect(different).toMatchObject({ code: 6, stderr: '' });
      expect(different.stdout).toMatch(/key:2 +value +string +string/);
    }
    const json = await runRepl(['verify', address, '--json'], { cwd, env });
    const document = jsonOf<VerifyDocument>(json);
    expect(document).toMatchObject({
      schema: 'redis-repl/verify',
      version: 1,
      verdict: 'different',
    });
    expect(document.pairs[0].differences).toMatchObject([{ key: 'key:2', difference: 'value' }]);
    expect(JSON.stringify(document)).not.toContain('bBb');
  });

  it('exits 1 when it could not tell', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const { a } = await startTree(use, 'redis7', { a: undefined });
    const dead = `127.0.0.1:${await freePort()}`;
    const run = await runRepl(['verify', `127.0.0.1:${a.port}`, dead], { cwd });
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(run.stdout).toContain('nobody listens there');
    const alone = await runRepl(['verify', `127.0.0.1:${a.port}`], { cwd });
    expect(alone).toMatchObject({ code: 1, stdout: '' });
    expect(alone.stderr).toContain('there is nothing to compare: no node here follows another');
    const gone = await runRepl(['verify', dead], { cwd });
    expect(gone.stderr).toContain(
      `there is nothing to compare: ${dead} cannot be asked\nwhy:  nobody`,
    );
  });

  it.for([
    ['in a lab', '.repl'],
    ['without one', 'redis-repl'],
  ])(
    'goes on with --resume after Ctrl-C, %s',
    { timeout: 60_000 },
    async ([where, state], context) => {
      needServer(context, 'redis7');
      const cwd = await use.tempDir();
      const env = { ...process.env, XDG_STATE_HOME: cwd };
      const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
      await fill(a, 5000, 1);
      await waitForSync(a, b);
      const address = `127.0.0.1:${b.port}`;
      if (where === 'in a lab') await writeFile(join(cwd, 'repl.yaml'), inventoryText({ a, b }));
      const slow = spawn(process.execPath, [replScript, 'verify', address, '--rate', '500'], {
        cwd,
        env,
      });
      use.defer(() => slow.kill('SIGKILL'));
      let printed = '';
      slow.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      const ended = new Promise((resolve) => slow.once('close', resolve));
      const dir = join(cwd, state, 'verify');
      const file = await waitFor(() => readdirSync(dir).find((name) => name.endsWith('.json')));
      slow.kill('SIGINT');
      expect(await ended).toBe(130);
      expect(printed).toContain('--resume goes on from here');
      const path = join(dir, file);
      expect(statSync(path).mode & 0o077).toBe(0);
      const saved = JSON.parse(readFileSync(path, 'utf8')) as {
        checkpoint: { masterKeys: number };
      };
      expect(saved.checkpoint.masterKeys).toBeGreaterThan(0);
      const rest = await runRepl(['verify', address, '--resume', '--json'], { cwd, env });
      expect(rest.code).toBe(0);
      // Keys are in the sums of both runs; the second began where the first had ended.
      expect(jsonOf<VerifyDocument>(rest).pairs[0].masterKeys).toBeLessThan(2 * 5000);
      expect(readdirSync(dir)).toEqual([]);
    },
  );

  it('exits 2 for a wrong command line', async () => {
    const cwd = await use.tempDir();
    for (const args of [['nobody'], ['--wait', 'x', '1'], ['--rate', '0', '1']]) {
      expect(await runRepl(['verify', ...args], { cwd })).toMatchObject({ code: 2 });
    }
  });

  it('prints its schema', async () => {
    const run = await runRepl(['verify', '--schema'], { cwd: await use.tempDir() });
    expect(jsonOf<{ title: string }>(run).title).toBe('redis-repl/verify version 1');
  });
});
