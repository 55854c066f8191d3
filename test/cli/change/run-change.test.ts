import { describe, expect, it } from 'vitest';
import { parseUpstream } from '../../../src/cli/parse-upstream.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { edgesOf, look, startTree } from '../../topology/live.ts';
import { changing } from './changing.ts';

const use = useResources();

describe('a change', () => {
  it('shows the tree before and after, and what it cost', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    const node = before.find(String(b.port)).id;
    const { run, text } = changing({
      before,
      stateDir: await use.tempDir(),
      wanted: { kind: 'promote', node },
    });
    const { exitCode, document, error } = await run();
    expect([exitCode, document.outcome, error]).toEqual([0, 'done', undefined]);
    expect(document.cost).toMatchObject({ fullResyncs: 0, lostWrites: 0 });
    expect(document.resyncs.counted).toMatchObject({ forecast: { full: 0 }, holds: true });
    expect(document.checks.map(({ answer }) => answer)).not.toContain('no');
    expect(document.after?.writesTo).toEqual([`127.0.0.1:${b.port}`]);
    expect(text()).toMatch(
      /^before\n[^]*plan\n1\. [^]*done [^]*after\n[^]*lost writes: none, full resyncs: 0/,
    );
    expect(edgesOf(await before.again())).toEqual([`${a.port} -> ${b.port}`]);
  });

  it('is not made on a dry run, without a yes, or with nobody to ask', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    const wanted = { kind: 'promote', node: before.find(String(b.port)).id } as const;
    const dry = changing({ before, stateDir: await use.tempDir(), wanted, dryRun: true });
    expect((await dry.run()).document).toMatchObject({ outcome: 'planned', after: null });
    const declined = changing({
      before,
      stateDir: await use.tempDir(),
      wanted,
      confirm: () => Promise.resolve(false),
    });
    await expect(declined.run()).rejects.toMatchObject({ exitCode: 1 });
    const alone = changing({ before, stateDir: await use.tempDir(), wanted, confirm: undefined });
    await expect(alone.run()).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('--yes'),
    });
    expect(await a.info('role')).toBe('master');
  });

  it('says that it is so already', async (context) => {
    needServer(context, 'redis7');
    const { a } = await startTree(use, 'redis7', { a: undefined });
    const before = await look(a);
    const same = changing({
      before,
      stateDir: await use.tempDir(),
      wanted: { kind: 'promote', node: before.find(String(a.port)).id },
      confirm: undefined,
    });
    expect((await same.run()).document.outcome).toBe('nothing-to-do');
  });

  it('is refused as an error with a hint', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    const [node, upstream] = [a, b].map(({ port }) => before.find(String(port)).id);
    const { run } = changing({
      before,
      stateDir: await use.tempDir(),
      wanted: { kind: 'reparent', nodes: [node], upstream },
    });
    await expect(run()).rejects.toMatchObject({
      exitCode: 1,
      hint: expect.stringContaining('promote'),
    });
  });
});

describe('the words after replicaof', () => {
  it('are an address or "no one"', () => {
    expect(parseUpstream('NO', 'One')).toBe('no-one');
    expect(parseUpstream('::1', '6379')).toEqual({ host: '::1', port: 6379 });
    expect(() => parseUpstream('no', '1x')).toThrow('neither');
  });
});
