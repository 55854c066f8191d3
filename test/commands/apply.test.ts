import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChangeDocument } from '../../src/cli/change/change-document.ts';
import type { HistoryDocument } from '../../src/cli/views/history-view.ts';
import { jsonOf, runRepl, type ReplRun } from '../cli/run-repl.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { edgesOf, linkUp, look, startTree } from '../topology/live.ts';

const use = useResources();

interface Setup {
  readonly a: TestServer;
  readonly b: TestServer;
  readonly c: TestServer;
  readonly cwd: string;
  run(...args: readonly string[]): Promise<ReplRun>;
  /** Writes the inventory anew: who follows whom. */
  write(upstreams: Record<'a' | 'b' | 'c', string | undefined>): Promise<void>;
}

/** Three servers and an inventory of them that asks for a star around `a`, as they stand. */
async function setUp(): Promise<Setup> {
  const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
  const cwd = await use.tempDir();
  const servers = { a, b, c };
  const write: Setup['write'] = (upstreams) =>
    writeFile(
      join(cwd, 'repl.yaml'),
      `version: 1\nengine: redis\nnodes:\n${Object.entries(upstreams)
        .map(([name, upstream]) => nodeText(name, servers[name as 'a'].port, upstream))
        .join('')}`,
    );
  await write({ a: undefined, b: 'a', c: 'a' });
  return { ...servers, cwd, write, run: (...args) => runRepl(args, { cwd }) };
}

function nodeText(name: string, port: number, upstream: string | undefined): string {
  const follows = upstream === undefined ? '' : `    replicaof: ${upstream}\n`;
  return `  - name: ${name}\n    port: ${port}\n${follows}`;
}

describe('apply with an inventory', () => {
  it('makes the live tree what is written, and then has nothing to do', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c, run, write } = await setUp();
    expect(await run('apply', '--dry-run')).toMatchObject({ code: 0, stderr: '' });
    await write({ a: 'b', b: undefined, c: 'a' });
    expect(await run('apply', '--dry-run')).toMatchObject({ code: 4, stderr: '' });
    const applied = await run('apply', '--yes', '--json');
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    const document = jsonOf<ChangeDocument>(applied);
    expect(document.cost).toMatchObject({ lostWrites: 0, fullResyncs: 0 });
    await linkUp(c);
    expect(edgesOf(await look(b))).toEqual(
      [`${a.port} -> ${b.port}`, `${c.port} -> ${a.port}`].sort(),
    );
    const again = await run('apply', '--yes');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('nothing to do');
  });
});

describe('apply where a node has data of another history', () => {
  it('clears it only with --discard-data', async (context) => {
    needServer(context, 'redis7');
    const { a, c, run } = await setUp();
    await c.cli('REPLICAOF', 'NO', 'ONE');
    await c.cli('DEBUG', 'CHANGE-REPL-ID');
    await c.cli('SET', 'own', 'data');
    const refused = await run('apply', '--yes');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/data of c \(1 key\)[^]*next: .*repl apply --discard-data/);
    expect(await c.cli('GET', 'own')).toBe('data');
    const applied = await run('apply', '--discard-data', '--yes');
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toContain('The data of c (1 key) is cleared and replaced by that of a.');
    expect(await c.cli('EXISTS', 'own')).toBe('0');
    expect(edgesOf(await look(a))).toContain(`${c.port} -> ${a.port}`);
    const plan = await run('apply', 'plan.json', '--discard-data');
    expect(plan).toMatchObject({ code: 2 });
  });
});

describe('apply with a plan', () => {
  it('runs it when nothing has drifted, and refuses it afterwards', async (context) => {
    needServer(context, 'redis7');
    const { a, b, run } = await setUp();
    expect(await run('promote', 'b', '--out', 'plan.json')).toMatchObject({ code: 4, stderr: '' });
    expect(await a.info('role')).toBe('master');
    expect(await run('apply', 'plan.json', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(await b.info('role')).toBe('master');
    const again = await run('apply', 'plan.json', '--yes');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('a followed nobody and follows b');
  });

  it('refuses one whose nodes were set otherwise or restarted since', async (context) => {
    needServer(context, 'redis7');
    const { b, c, run } = await setUp();
    await run('promote', 'b', '--out', 'plan.json');
    await c.cli('CONFIG', 'SET', 'replica-priority', 7);
    expect((await run('apply', 'plan.json', '--yes')).stderr).toContain('settings of c');
    await c.cli('CONFIG', 'SET', 'replica-priority', 100);
    await c.restart();
    await linkUp(c);
    expect((await run('apply', 'plan.json', '--yes')).stderr).toContain('c was restarted');
    expect(await b.info('role')).toBe('slave');
  });
});

describe('the history', () => {
  it('lists what was done, and nothing that was only planned', async (context) => {
    needServer(context, 'redis7');
    const { cwd, run } = await setUp();
    expect((await run('history')).stdout).toBe('no change was made yet\n');
    await run('promote', 'b', '--dry-run');
    await run('promote', 'b', '--yes');
    const { changes } = jsonOf<HistoryDocument>(await run('history', '--json'));
    expect(changes).toMatchObject([
      { command: 'repl promote b --yes', outcome: 'done', cost: { lostWrites: 0 } },
    ]);
    const [{ id }] = changes;
    expect(await readdir(join(cwd, '.repl', 'changes'))).toEqual([`${id}.jsonl`]);
    const one = await run('history', id.slice(0, 8));
    expect(one.stdout).toMatch(/ok {6}a: hold writes[^]*ok {6}b: become a master/);
    expect(await run('resume')).toMatchObject({ code: 1 });
    expect(await run('rollback', id)).toMatchObject({ code: 1 });
    expect(await run('history', 'nonsense')).toMatchObject({ code: 2 });
  });
});
