// The built command as a process: flags, exit codes, what goes to stdout.
import { describe, expect, it } from 'vitest';
import { jsonOf, runRepl } from '../cli/run-repl.ts';
import type { LagDocument } from '../../src/cli/views/lag-json.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { startTree } from '../topology/live.ts';

const use = useResources();

describe('repl lag', () => {
  it('prints the lag of each replica, or of those that are named', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const tree = { a: undefined, b: 'a', c: 'b', d: 'a' } as const;
    const { a, b, c } = await startTree(use, 'redis7', tree);
    const run = await runRepl(['lag', `127.0.0.1:${a.port}`], { cwd });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/LAG +BEHIND +LAG TOP/);
    const named = await runRepl(['lag', `127.0.0.1:${b.port}`, '--json'], { cwd });
    const document = jsonOf<LagDocument>(named);
    expect(document).toMatchObject({ schema: 'redis-repl/lag', version: 1 });
    expect(document.nodes.map(({ address }) => address).sort()).toEqual(
      [a, b, c].map(({ port }) => `127.0.0.1:${port}`).sort(),
    );
    const byAddress = document.nodes.find(({ address }) => address.endsWith(String(b.port)));
    expect(byAddress?.hop).toMatchObject({ isAtLeast: false, unknownBecause: null });
    await c.stop();
    const broken = await runRepl(['lag', `127.0.0.1:${a.port}`, `127.0.0.1:${c.port}`], { cwd });
    expect(broken.code).toBe(1);
  });

  it('exits 2 for a wrong command line', async () => {
    const cwd = await use.tempDir();
    for (const args of [['nobody'], ['--wait', 'x', '1'], ['--watch', '--json', '1']]) {
      expect(await runRepl(['lag', ...args], { cwd })).toMatchObject({ code: 2 });
    }
  });

  it('prints its schema', async () => {
    const run = await runRepl(['lag', '--schema'], { cwd: await use.tempDir() });
    expect(jsonOf<{ title: string }>(run).title).toBe('redis-repl/lag version 1');
  });
});
