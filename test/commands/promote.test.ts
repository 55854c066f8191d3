import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChangeDocument } from '../../src/cli/change/change-document.ts';
import { jsonOf, runRepl } from '../cli/run-repl.ts';
import { makeLabOnDisk } from '../lab/lab-on-disk.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { startTree } from '../topology/live.ts';

const use = useResources();
const at = ({ port }: TestServer): string => `127.0.0.1:${port}`;

describe('the commands that change a live setup', () => {
  it('want a yes where there is no terminal', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const { b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const run = await runRepl(['promote', at(b)], { cwd });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('--yes');
    const out = await runRepl(['promote', at(b), '--out', 'plan'], { cwd });
    expect(out).toMatchObject({ code: 2, stderr: expect.stringContaining('--out plan.json') });
  });

  it('move several nodes, pick the successor of a dead master, and take that one back', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    const d = await use.server('redis7');
    await d.cli('SET', 'own', 'x');
    const foreign = await runRepl(['reparent', at(c), at(d), '--to', at(b), '--yes'], { cwd });
    expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining('1 key') });
    const moved = await runRepl(
      ['reparent', at(c), at(d), '--to', at(b), '--discard-data', '--yes'],
      { cwd },
    );
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(await d.cli('DBSIZE')).toContain('0');

    await a.kill9();
    expect(await runRepl(['promote', at(b), '--yes'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--force'),
    });
    const forced = ['promote', at(b), '--force', '--accept-hidden', '--yes'];
    const env = { XDG_STATE_HOME: cwd };
    expect(await runRepl(forced, { cwd, env })).toMatchObject({ code: 0, stderr: '' });
    const note = join(cwd, 'redis-repl', 'fences', `127.0.0.1_${a.port}.json`);
    expect(statSync(note).mode & 0o777).toBe(0o600);
    const away = await runRepl(['status', at(b), '--json'], { cwd, env });
    expect(away.stdout).not.toContain('fenced-master');

    // Nobody lists it; the note knows where it was.
    await a.restart();
    await a.cli('SET', 'late', 'x');
    const found = await runRepl(['check', at(b)], { cwd, env });
    expect(found.stdout).toContain('fenced-master');
    expect(found.stdout).toContain(`repl rejoin ${at(a)}`);
    const back = await runRepl(['rejoin', at(a), '--yes'], { cwd, env });
    expect(back).toMatchObject({ code: 0, stderr: '' });
    expect(back.stdout).toContain(`${at(a)} has`);
    expect(back.stdout).toContain('lost writes: as the warnings say');
    expect(await a.cli('EXISTS', 'late')).toContain('0');
    expect(existsSync(note)).toBe(false);
  });

  it('note in the inventory what they persist, before they show the tree again', async () => {
    const { dir: cwd, spec } = await makeLabOnDisk(use, { kind: 'bundled', nodes: 2 });
    const [master, replica] = spec.nodes;
    await runRepl(['start'], { cwd });
    const run = await runRepl(['promote', replica.name, '--persist', '--yes'], { cwd });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const after = run.stdout.slice(run.stdout.indexOf('\nafter\n'));
    expect(after).toContain(`* ${replica.name}`);
    expect(after).toContain(`+ ${master.name}`);
    expect(after).not.toContain('EXPECTED');
  });

  it('promote, reparent, replicaof and slaveof', async (context) => {
    needServer(context, 'redis7');
    const cwd = await use.tempDir();
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    const promoted = await runRepl(['promote', at(b), '--yes', '--json'], { cwd });
    expect(promoted).toMatchObject({ code: 0, stderr: '' });
    expect(jsonOf<ChangeDocument>(promoted)).toMatchObject({
      outcome: 'done',
      cost: { lostWrites: 0 },
    });
    expect(await runRepl(['reparent', at(c), at(a), '--yes'], { cwd })).toMatchObject({ code: 0 });
    expect(await runRepl(['reparent', at(b), at(c), '--yes'], { cwd })).toMatchObject({ code: 1 });
    const moved = await runRepl(['slaveof', at(c), '127.0.0.1', b.port], { cwd });
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(await runRepl(['replicaof', at(c), 'no', 'one', '--yes'], { cwd })).toMatchObject({
      code: 0,
    });
    expect(await c.info('role')).toBe('master');
  });
});
