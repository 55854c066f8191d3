// The built command as a process: flags, exit codes, what goes to stdout.
import { describe, expect, it } from 'vitest';
import { jsonOf, runRepl } from '../cli/run-repl.ts';
import type { CheckDocument } from '../../src/cli/views/check-view.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { startTree } from '../topology/live.ts';

const use = useResources();

describe('repl check', () => {
  it('prints what is wrong, all of it or by code', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const [at, other] = [a, b].map(({ port }) => `127.0.0.1:${port}`);
    const fine = await runRepl(['check', at, '--sample', '0.1'], { cwd });
    expect(fine).toMatchObject({ code: 0, stdout: '2 nodes: no problem\n', stderr: '' });
    await b.cli('CONFIG', 'SET', 'replica-read-only', 'no');
    const found = await runRepl(['check', at, other, '--sample', '0.1'], { cwd });
    expect(found.code).toBe(3);
    expect(found.stdout).toContain(`writable-replica  warning  ${other}\n`);
    const json = await runRepl(['check', at, '--code', 'cycle', '--json'], { cwd });
    expect(json.code).toBe(0);
    expect(jsonOf<CheckDocument>(json)).toMatchObject({ outcome: 'none', findings: [] });
  });

  it('exits 2 for a wrong command line', async () => {
    const cwd = await use.tempDir();
    for (const args of [['nobody'], ['--code', 'illness', '1'], ['--sample', 'x', '1']]) {
      expect(await runRepl(['check', ...args], { cwd })).toMatchObject({ code: 2 });
    }
  });

  it('prints its codes and its schema', async () => {
    const cwd = await use.tempDir();
    const codes = await runRepl(['check', '--codes', '--json'], { cwd });
    expect(jsonOf<{ codes: { code: string }[] }>(codes).codes[0].code).toBe('no-master');
    const schema = await runRepl(['check', '--schema'], { cwd });
    expect(jsonOf<{ title: string }>(schema).title).toBe('redis-repl/check version 1');
  });
});
