import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../src/cli/observe.ts';
import { runAgain } from '../../../src/cli/change/resume-change.ts';
import type { Instance } from '../../../src/instance/connection.ts';
import { failed, ok } from '../../../src/instance/failure.ts';
import { isOpen } from '../../../src/topology/change/change-record.ts';
import { readRecords } from '../../../src/topology/change/journal.ts';
import { unattendedChange } from '../../support/unattended-change.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { edgesOf, linkUp, look, startTree } from '../../topology/live.ts';
import { changing } from './changing.ts';

const use = useResources();
const timeoutMs = 700;

/** A connection that carries everything but the order to follow who is at that port. */
function deafTo(port: number, instance: Instance): Instance {
  const call: Instance['call'] = (args, options) =>
    args[0] === 'REPLICAOF' && args[2] === port
      ? Promise.resolve(failed('timeout', 'cut off'))
      : instance.call(args, options);
  return new Proxy(instance, {
    get: (target, name) => {
      if (name === 'call') return call;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('a change that fails', () => {
  it('is undone while the old master can take its writes back', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a, { timeoutMs });
    const stateDir = await use.tempDir();
    const { run } = changing({
      before,
      stateDir,
      wanted: { kind: 'promote', node: before.find(String(b.port)).id },
      write: (line) => void (/^done .*hold writes/.test(line) && b.freeze()),
    });
    const { exitCode, document, error } = await run();
    b.thaw();
    expect([exitCode, document.outcome]).toEqual([1, 'rolled-back']);
    expect(error?.message).toContain('everything is as it was before');
    expect((await readRecords(stateDir)).map(isOpen)).toEqual([false]);
    expect(await a.cli('SET', 'k', 'v')).toBe('OK');
    expect(edgesOf(await look(a))).toEqual([`${b.port} -> ${a.port}`]);
  });

  it('is undone when the old master stands still and does not hear whom to follow', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    const connect: Observation['connect'] = async (node) => {
      const connected = await before.connect(node);
      return connected.kind === 'failed' ? connected : ok(deafTo(b.port, connected.value));
    };
    const { run } = changing({
      before: { ...before, connect },
      stateDir: await use.tempDir(),
      wanted: { kind: 'promote', node: before.find(String(b.port)).id },
    });
    const result = await run();
    expect(result.error?.cause).toBe('cut off');
    expect(result.document.outcome).toBe('rolled-back');
    expect([await a.info('role'), await a.cli('SET', 'k', 'v')]).toEqual(['master', 'OK']);
    expect(edgesOf(await look(a))).toEqual([`${b.port} -> ${a.port}`]);
  });

  it('stays open when nobody can tell whether there is a new master, and is resumed', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a, { timeoutMs });
    const stateDir = await use.tempDir();
    const wanted = { kind: 'promote', node: before.find(String(b.port)).id } as const;
    const failing = changing({
      before,
      stateDir,
      wanted,
      write: (line) => void (/^done .*no longer a master/.test(line) && b.freeze()),
    });
    const { exitCode, document, error } = await failing.run();
    expect([exitCode, document.outcome]).toEqual([5, 'incomplete']);
    expect(error?.hint).toContain(`repl resume ${document.id}`);
    expect(await a.info('role')).toBe('slave');
    b.thaw();
    await expect(changing({ before: await look(a), stateDir, wanted }).run()).rejects.toMatchObject(
      {
        exitCode: 5,
        hint: expect.stringContaining('repl rollback'),
      },
    );
    const [record] = await readRecords(stateDir);
    const seen = await look(a, { extra: [a, b] });
    const resumed = await runAgain({
      ...unattendedChange,
      record,
      direction: 'resume',
      before: seen,
      stateDir,
    });
    expect(resumed).toMatchObject({ exitCode: 0, document: { outcome: 'done' } });
    await linkUp(a);
    expect(edgesOf(await look(a))).toEqual([`${a.port} -> ${b.port}`]);
  });

  it('is ended where it is when nobody can tell the way back', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a, { timeoutMs });
    const stateDir = await use.tempDir();
    const wanted = { kind: 'promote', node: before.find(String(b.port)).id } as const;
    const write = (line: string) => void (/^done .*no longer a master/.test(line) && b.freeze());
    await changing({ before, stateDir, wanted, write }).run();
    b.thaw();
    await b.kill9();
    const open = async () => (await readRecords(stateDir)).filter(isOpen);
    const again = { ...unattendedChange, before: await look(a, { extra: [a, b], timeoutMs }) };
    const [record] = await open();
    const taken = { ...again, record, stateDir };
    // It may have become the master before it died, for all that anybody can tell.
    await expect(runAgain({ ...taken, direction: 'rollback' })).rejects.toMatchObject({
      hint: expect.stringMatching(/repl rollback \S+ --as-is\n.*repl promote .* --force/),
    });
    const left = await runAgain({ ...taken, direction: 'leave' });
    expect(left).toMatchObject({ exitCode: 0, document: { outcome: 'left' } });
    expect([await open(), (await readRecords(stateDir))[0].outcome]).toEqual([[], 'left']);
    expect(await a.info('role')).toBe('slave');
  });

  it('is refused when the setup changed while it was thought about', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    const { run } = changing({
      before,
      stateDir: await use.tempDir(),
      wanted: { kind: 'promote', node: before.find(String(b.port)).id },
      confirm: async () => (await a.cli('CONFIG', 'SET', 'repl-timeout', 7)) === 'OK',
    });
    await expect(run()).rejects.toMatchObject({ cause: expect.stringContaining('settings') });
    expect(await a.info('role')).toBe('master');
  });

  it('stops at a safe point when it is asked to', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    const stop = new AbortController();
    const wanted = { kind: 'promote', node: before.find(String(b.port)).id } as const;
    const early = changing({
      before,
      wanted,
      stateDir: await use.tempDir(),
      signal: stop.signal,
      write: (line) => void (/^done .*hold writes/.test(line) && stop.abort()),
    });
    expect(await early.run()).toMatchObject({
      exitCode: 130,
      document: { outcome: 'rolled-back' },
    });
    expect([await a.info('role'), await a.cli('SET', 'k', 'v')]).toEqual(['master', 'OK']);
    const late = new AbortController();
    const stateDir = await use.tempDir();
    const between = changing({
      before: await look(a),
      wanted,
      stateDir,
      signal: late.signal,
      write: (line) => void (/^done .*no longer a master/.test(line) && late.abort()),
    });
    // It goes on until somebody takes writes again.
    expect(await between.run()).toMatchObject({ exitCode: 5, document: { outcome: 'incomplete' } });
    expect(await b.info('role')).toBe('master');
  });
});
