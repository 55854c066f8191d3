import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changeCost } from '../../../src/cli/views/plan-view.ts';
import type { Observation } from '../../../src/cli/observe.ts';
import type { CopyProgress } from '../../../src/topology/change/await-link.ts';
import {
  executeSteps,
  type Executed,
  type StepReport,
} from '../../../src/topology/change/execute.ts';
import { planChange, type Wanted } from '../../../src/topology/plan/plan.ts';
import type { PlanOptions } from '../../../src/topology/plan/planned.ts';
import type { Step } from '../../../src/topology/plan/step.ts';
import { findRealServer } from '../../support/real-servers.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { edgesOf, linkUp, liveKinds, look, startTree } from '../live.ts';

const use = useResources();
const host = '127.0.0.1';

/** What the verbs do, without the words. */
async function change(
  before: Observation,
  wanted: Wanted,
  options: Partial<PlanOptions> & {
    onStep?: (report: StepReport) => void;
    onCopy?: (progress: CopyProgress) => void;
    timeoutMs?: number;
  } = {},
): Promise<Executed> {
  const { onStep = () => {} } = options;
  return executeSteps({
    ...before,
    steps: plannedSteps(before, wanted, options),
    onStep,
    onCopy: options.onCopy ?? (() => {}),
    timeoutMs: options.timeoutMs ?? before.timeoutMs,
  });
}

function plannedSteps(
  { topology }: Observation,
  wanted: Wanted,
  options: Partial<PlanOptions> = {},
): readonly Step[] {
  const planned = planChange(topology, wanted, { persist: false, ...options });
  if (planned.kind === 'refused') throw new Error(planned.message);
  return planned.steps;
}

/** Commands, a line each, before anything else of this process goes on. */
function cliAtOnce({ port }: TestServer, lines: string): void {
  const cli = findRealServer('redis7')?.cli ?? '';
  execFileSync(cli, ['-p', String(port)], { input: lines });
}

function idOf(before: Observation, server: TestServer): string {
  return before.find(`${host}:${server.port}`).id;
}

/** The replica follows through a proxy from now on. */
async function behindProxy(
  master: TestServer,
  replica: TestServer,
): Promise<{ before: Observation; proxy: TcpProxy }> {
  const proxy = await use.proxy({ port: master.port });
  await replica.cli('REPLICAOF', host, proxy.port);
  await linkUp(replica);
  return { before: await look(master), proxy };
}

describe.each(liveKinds)('promote on %s', (kind) => {
  it('moves everybody, with no full copy and no lost write', async (context) => {
    needServer(context, kind);
    const { a, b, c, d } = await startTree(
      use,
      kind,
      { a: undefined, b: 'a', c: 'a', d: 'c' },
      { password: 'pw' },
    );
    for (let n = 0; n < 100; n++) await a.cli('SET', `key:${n}`, n);
    const before = await look(a, { password: 'pw' });
    const executed = await change(before, { kind: 'promote', node: idOf(before, b) });
    expect(executed).toMatchObject({ kind: 'done', pending: [] });
    const after = await before.again();
    expect(edgesOf(after)).toEqual(
      [`${a.port} -> ${b.port}`, `${c.port} -> ${b.port}`, `${d.port} -> ${c.port}`].sort(),
    );
    if (executed.kind !== 'done') return;
    const { writeGapMs } = executed;
    const cost = changeCost(before.topology, after.topology, { writeGapMs, mayLose: false });
    expect(cost).toEqual({ fullResyncs: 0, lostWrites: 0, writeGapMs: expect.any(Number) });

    await b.cli('SET', 'after', 'yes');
    for (const server of [a, c, d]) {
      await waitFor(async () => (await server.cli('GET', 'after')).includes('yes'));
      expect(await server.cli('DBSIZE')).toContain('101');
    }
  });
});

describe('promote', () => {
  it('loses no acknowledged write while somebody writes', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    const writer = startWriter(a, b);
    await waitFor(() => writer.acknowledged.length > 200);
    const before = await look(a);
    const executed = await change(before, { kind: 'promote', node: idOf(before, b) });
    const writtenBefore = writer.acknowledged.length;
    await waitFor(() => writer.acknowledged.length > writtenBefore + 200);
    await writer.stop();
    expect(executed).toMatchObject({ kind: 'done', pending: [] });
    const client = await b.connect();
    const values = await client.pipeline(writer.acknowledged.map((key) => ['EXISTS', key]));
    expect(values.filter((exists) => exists !== 1)).toEqual([]);
  });

  it('hands over to and fro without a full copy while nobody writes and PINGs go on', async (context) => {
    needServer(context, 'redis7');
    const conf = 'repl-ping-replica-period 1\n';
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'b' }, { conf });
    const before = await look(a);
    for (const target of [b, c, a, c, a]) {
      const now = await before.again();
      const executed = await change(now, { kind: 'promote', node: idOf(now, target) });
      expect(executed).toMatchObject({ kind: 'done', pending: [] });
      expect(await target.info('role')).toBe('master');
    }
    const copies = await Promise.all([a, b, c].map((server) => server.info('sync_full')));
    expect(copies).toEqual(['1', '1', '0']);
    expect(await a.cli('CONFIG', 'GET', 'repl-ping-replica-period')).toContain('\n1');
  });

  it('lets the server hand over where our user may not hold writes', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    const before = await look(a);
    const unable = { pauseWrites: false, failover: true, setConfig: true };
    const abilities = new Map([[idOf(before, a), unable]]);
    const executed = await change(
      before,
      { kind: 'promote', node: idOf(before, b) },
      { abilities },
    );
    expect(executed).toMatchObject({ kind: 'done', pending: [] });
    expect(edgesOf(await before.again())).toEqual(
      [`${a.port} -> ${b.port}`, `${c.port} -> ${b.port}`].sort(),
    );
  });

  it('releases the writes when the replica does not get in step', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const { before, proxy } = await behindProxy(a, b);
    const client = await a.connect();
    const executed = await change(
      before,
      { kind: 'promote', node: idOf(before, b) },
      {
        timeoutMs: 200,
        // In the last moment: it is on its way before the order to hold writes is.
        onStep: ({ step }) => {
          if (step.kind !== 'await-nearly-in-step') return;
          proxy.stall('toClient');
          void client.command('SET', 'k', 'v');
        },
      },
    );
    expect(executed).toMatchObject({
      kind: 'stopped',
      at: { kind: 'await-in-step' },
      next: 'repl status',
    });
    expect(await a.cli('SET', 'k', 'w')).toContain('OK');
    expect(await a.info('role')).toBe('master');
  });

  it.for([
    ['is passed on', false],
    ['makes the old master one again where its replica does not get it', true],
  ] as const)('a write that slips in %s', async ([, isStalled], context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const { before, proxy } = await behindProxy(a, b);
    const executed = await change(
      before,
      { kind: 'promote', node: idOf(before, b) },
      {
        onStep: ({ step }) => {
          if (step.kind !== 'await-in-step') return;
          if (isStalled) proxy.stall('toClient');
          // Nothing of ours runs before it is done, no renewal of the pause either.
          cliAtOnce(a, 'CLIENT UNPAUSE\nSET k slipped\n');
        },
      },
    );
    if (!isStalled) {
      expect(executed.kind).toBe('done');
      expect([await b.info('role'), await b.cli('GET', 'k')]).toEqual(['master', 'slipped']);
      return;
    }
    expect(executed).toMatchObject({
      kind: 'stopped',
      at: { kind: 'follow', as: 'demotion' },
      message: expect.stringContaining('it stays the master'),
    });
    expect([await a.info('role'), await a.cli('GET', 'k')]).toEqual(['master', 'slipped']);
    expect(await b.info('role')).toBe('slave');
  });

  it('demotes nobody once its hold on writes may be over', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    let stoppedMs = 0;
    const executed = await executeSteps({
      ...before,
      // As after Ctrl-Z and fg.
      clock: { ...before.clock, monotonic: () => before.clock.monotonic() + stoppedMs },
      steps: plannedSteps(before, { kind: 'promote', node: idOf(before, b) }),
      onStep: ({ step }) => void (step.kind === 'await-in-step' && (stoppedMs = 60_000)),
    });
    expect(executed).toMatchObject({
      kind: 'stopped',
      at: { kind: 'follow', as: 'demotion' },
      message: expect.stringContaining('may not be held any more'),
    });
    expect([await a.info('role'), await a.cli('SET', 'k', 'v')]).toEqual(['master', 'OK']);
  });

  it('holds no writes for a replica that gets nothing, however little it misses', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const { before, proxy } = await behindProxy(a, b);
    proxy.stall('toClient');
    await a.cli('SET', 'k', 'v');
    const executed = await change(
      before,
      { kind: 'promote', node: idOf(before, b) },
      { timeoutMs: 200 },
    );
    expect(executed).toMatchObject({ kind: 'stopped', at: { kind: 'await-nearly-in-step' } });
  });

  it('takes over from a dead master', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    await a.cli('SET', 'k', 'v');
    for (const server of [b, c])
      await waitFor(async () => (await server.cli('GET', 'k')).includes('v'));
    await a.kill9();
    await waitFor(async () =>
      (await look(b)).topology.links.every(({ state }) => state === 'down'),
    );
    const before = await look(b, { words: [b, c].map(({ port }) => `${host}:${port}`) });
    const forced = { force: true, acceptHidden: true };
    const executed = await change(before, { kind: 'promote', node: idOf(before, b), ...forced });
    expect(executed).toMatchObject({ kind: 'done', pending: [] });
    expect(edgesOf(await before.again())).toEqual([`${c.port} -> ${b.port}`]);
    expect(await c.cli('GET', 'k')).toContain('v');
    expect(await b.info('sync_full')).toBe('0');
  });

  it('stops before anything is touched when a node has died since it was seen', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    const before = await look(a);
    await c.kill9();
    const reports: Step[] = [];
    const executed = await change(
      before,
      { kind: 'promote', node: idOf(before, b) },
      { onStep: ({ step }) => void reports.push(step) },
    );
    expect(executed).toMatchObject({ kind: 'stopped', done: [] });
    expect(reports).toEqual([]);
    expect(await a.info('role')).toBe('master');
  });

  it('writes the configuration files with persist', async (context) => {
    needServer(context, 'redis7');
    const a = await use.server('redis7', { conf: 'appendonly no\n' });
    const b = await use.server('redis7', { conf: `replicaof ${host} ${a.port}\n` });
    await linkUp(b);
    const before = await look(a);
    expect(
      await change(before, { kind: 'promote', node: idOf(before, b) }, { persist: true }),
    ).toMatchObject({ kind: 'done' });
    const [confOfA, confOfB] = [a, b].map(({ dir }) =>
      readFileSync(join(dir, 'server.conf'), 'utf8'),
    );
    expect(confOfA).toContain(`\nreplicaof ${host} ${b.port}\n`);
    expect(confOfB).not.toContain('replicaof');
  });
});

describe('reparent and replicaof', () => {
  it('makes a chain of a star and back, without a full copy', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    await a.cli('SET', 'k', 'v');
    const star = await look(a);
    const [idB, idC] = [idOf(star, b), idOf(star, c)];
    expect(await change(star, { kind: 'reparent', nodes: [idC], upstream: idB })).toMatchObject({
      kind: 'done',
      pending: [],
    });
    const chain = await star.again();
    expect(edgesOf(chain)).toEqual([`${b.port} -> ${a.port}`, `${c.port} -> ${b.port}`].sort());
    expect(
      await change(chain, { kind: 'reparent', nodes: [idC], upstream: idOf(star, a) }),
    ).toMatchObject({ kind: 'done' });
    expect(edgesOf(await star.again())).toEqual(edgesOf(star));
    expect(await b.info('sync_full')).toBe('0');
  });

  it('waits for full copies that take longer than the timeout, one after the other', async (context) => {
    needServer(context, 'redis7');
    const a = await use.server('redis7');
    const [b, c] = [await use.server('redis7'), await use.server('redis7')];
    for (let n = 0; n < 100; n++) await a.cli('SET', `key:${n}`, 'x'.repeat(1000));
    await a.cli('CONFIG', 'SET', 'rdb-key-save-delay', 8000);
    const words = [a, b, c].map(({ port }) => `${host}:${port}`);
    const before = await look(a, { words });
    const [idA, idB, idC] = [a, b, c].map((server) => idOf(before, server));
    const copying: string[] = [];
    const executed = await change(
      before,
      { kind: 'reparent', nodes: [idB, idC], upstream: idA },
      { timeoutMs: 500, onCopy: ({ node }) => void copying.push(node) },
    );
    expect(executed).toMatchObject({ kind: 'done', pending: [] });
    expect(copying.lastIndexOf(idB)).toBeLessThan(copying.indexOf(idC));
    expect(await a.info('sync_full')).toBe('2');
    expect(await c.cli('DBSIZE')).toContain('100');
  });

  it('makes a replica a master that keeps its data, and a master a replica that loses its own', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    await a.cli('SET', 'k', 'v');
    await waitFor(async () => (await b.cli('GET', 'k')).includes('v'));
    const linked = await look(a);
    expect(await change(linked, { kind: 'no-one', node: idOf(linked, b) })).toMatchObject({
      kind: 'done',
    });
    expect(await b.cli('GET', 'k')).toContain('v');
    await b.cli('SET', 'own', 'x');
    await a.cli('FLUSHALL');

    const apart = await look(b, { extra: [{ host, port: a.port }] });
    const wanted = {
      kind: 'replicaof',
      node: idOf(apart, b),
      upstream: idOf(apart, a),
      address: { host, port: a.port },
    } as const;
    expect(await change(apart, wanted)).toMatchObject({ kind: 'done', pending: [] });
    expect(await b.cli('DBSIZE')).toContain('0');
  });

  it('refuses a cycle and leaves all as it was', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const before = await look(a);
    const wanted = {
      kind: 'reparent',
      nodes: [idOf(before, a)],
      upstream: idOf(before, b),
    } as const;
    await expect(change(before, wanted)).rejects.toThrow('cycle');
    expect(await a.info('role')).toBe('master');
  });
});

/** Writes numbered keys, to the other server whenever one refuses; notes what was acknowledged. */
function startWriter(
  first: TestServer,
  second: TestServer,
): { acknowledged: string[]; stop(): Promise<void> } {
  const acknowledged: string[] = [];
  const running = new AbortController();
  const loop = (async () => {
    const clients = [await first.connect(), await second.connect()];
    for (let n = 0, at = 0; !running.signal.aborted; n++) {
      const reply = await clients[at].command('SET', `w:${n}`, n);
      if (reply === 'OK') acknowledged.push(`w:${n}`);
      else at = 1 - at;
    }
  })();
  return {
    acknowledged,
    stop: async () => {
      running.abort();
      await loop;
    },
  };
}
