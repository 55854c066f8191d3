// Comparisons of live servers under writes: what was damaged is found, and nothing else.
// `npm run bench -- verify` does the same with a million keys.
import { describe, expect, it, type TestContext } from 'vitest';
import type { VerifyCheckpoint } from '../../../src/topology/verify/verify-pair.ts';
import { waitForSync } from '../../support/digest.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, serverKinds, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import { linkUp, startTree } from '../live.ts';
import { compareServers, foundBy, sortedLines } from './compare-servers.ts';
import { damage, fill, startWriter } from './seeded-data.ts';

const use = useResources();
const seed = 4242;

async function startPair(
  context: TestContext,
  master: ServerKind,
  replica: ServerKind = master,
): Promise<{ a: TestServer; b: TestServer }> {
  needServer(context, master, replica);
  const a = await use.server(master);
  const b = await use.server(replica, { args: ['--replicaof', `127.0.0.1 ${a.port}`] });
  await linkUp(b);
  return { a, b };
}

/** Damages the replica, compares under writes, and says what was found beside what was damaged. */
async function checkDamage(
  { a, b }: { a: TestServer; b: TestServer },
  options: { keys: number; count: number; compareBy: 'auto' | 'elements' },
): Promise<void> {
  const { keys, count, compareBy } = options;
  await fill(a, keys, seed);
  await waitForSync(a, b);
  const expected = await damage(b, { keys, count, seed });
  const writer = await startWriter(a, { keys, writesPerSecond: 500, seed });
  use.defer(() => writer.stop());
  const result = await compareServers(a, b, { compareBy });
  expect(result.comparedBy).toBe(compareBy === 'auto' ? 'digest' : 'elements');
  expect(sortedLines(foundBy(result))).toEqual(sortedLines(expected));
  expect(expected.size).toBe(count);
  expect({ unsettled: result.unsettled, end: result.end }).toEqual({
    unsettled: [],
    end: { kind: 'complete' },
  });
}

describe.each(serverKinds)('a comparison on %s', (kind) => {
  const isFull = kind === 'bundled' || kind === 'redis7';

  for (const compareBy of ['auto', 'elements'] as const) {
    // oxlint-disable-next-line vitest/expect-expect -- checkDamage expects
    it(`finds all damage and no more under writes, by ${compareBy}`, async (context) => {
      const size = isFull ? { keys: 20_000, count: 30 } : { keys: 2000, count: 30 };
      await checkDamage(await startPair(context, kind), { ...size, compareBy });
    }, 90_000);
  }
});

describe('versions beside each other', () => {
  const versions = [
    ['redis7', 'redis8'],
    ['redis7', 'valkey8'],
    ['redis7', 'bundled'],
    ['bundled', 'redis7'],
    ['bundled', 'redis8'],
  ] as const;
  for (const [master, replica] of versions) {
    // oxlint-disable-next-line vitest/expect-expect -- checkDamage expects
    it(`have the same digests: ${master} and ${replica}`, async (context) => {
      const pair = await startPair(context, master, replica);
      await checkDamage(pair, { keys: 2000, count: 30, compareBy: 'auto' });
    }, 60_000);
  }

  // oxlint-disable-next-line vitest/expect-expect -- checkDamage expects
  it('print elements alike', async (context) => {
    const pair = await startPair(context, 'redis7', 'redis8');
    await checkDamage(pair, { keys: 2000, count: 30, compareBy: 'elements' });
  }, 60_000);
});

describe('a comparison', () => {
  it('does not take lag for a difference', async (context) => {
    needServer(context, 'redis7');
    const a = await use.server('redis7');
    const proxy = await use.proxy(a);
    const b = await use.server('redis7', { args: ['--replicaof', `127.0.0.1 ${proxy.port}`] });
    await linkUp(b);
    await fill(a, 1000, seed);
    await waitForSync(a, b);
    proxy.delay(400, 'toClient');
    const writer = await startWriter(a, { keys: 1000, writesPerSecond: 2000, seed });
    use.defer(() => writer.stop());
    await waitFor(() => writer.writes > 1000);
    const result = await compareServers(a, b);
    expect(result.differences).toEqual([]);
    expect(result).toMatchObject({ unsettled: [], end: { kind: 'complete' } });
  }, 60_000);

  it('is fair to replicas that are ahead of each other', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a' });
    await fill(a, 1000, seed);
    await waitForSync(a, b, c);
    const writer = await startWriter(a, { keys: 1000, writesPerSecond: 1000, seed });
    use.defer(() => writer.stop());
    const result = await compareServers(b, c);
    expect(result).toMatchObject({ differences: [], unsettled: [], end: { kind: 'complete' } });
    expect(result.pair.hasFence).toBe(true);
  });

  it('settles a key that is written all the time', async (context) => {
    const { a, b } = await startPair(context, 'redis7');
    const client = await use.client(a);
    const over = new AbortController();
    const writing = (async () => {
      while (!over.signal.aborted) await client.command('INCR', 'hot');
    })();
    const result = await compareServers(a, b);
    over.abort();
    await writing;
    expect(result).toMatchObject({ differences: [], unsettled: [] });
  }, 60_000);

  it('compares nodes that have no history in common, and says so', async (context) => {
    needServer(context, 'redis7');
    const [a, b] = [await use.server('redis7'), await use.server('redis7')];
    for (const server of [a, b]) await server.cli('SET', 'same', 'x');
    await a.cli('SET', 'only:here', 'x');
    await b.cli('SET', 'other\u00ff', 'x');
    const result = await compareServers(a, b);
    expect(result.pair.hasFence).toBe(false);
    expect(sortedLines(foundBy(result))).toEqual(['0 only:here: missing', '0 other\u00ff: extra']);
  });

  it('goes on where it was broken off, and keeps what it had found', async (context) => {
    const { a, b } = await startPair(context, 'redis7');
    const keys = 5000;
    await fill(a, keys, seed);
    await waitForSync(a, b);
    const expected = await damage(b, { keys, count: 30, seed });
    const stop = new AbortController();
    let checkpoint: VerifyCheckpoint | undefined;
    const stopped = await compareServers(a, b, {
      signal: stop.signal,
      onProgress: ({ doneKeys }) => void (doneKeys > keys && stop.abort()),
      onCheckpoint: (last) => void (checkpoint = last),
    });
    expect(stopped.end).toEqual({ kind: 'stopped' });
    expect(stopped.masterKeys).toBeLessThan(keys);
    const saved = JSON.stringify(checkpoint);
    expect(saved).not.toContain('other value!');
    const resumeFrom = JSON.parse(saved) as VerifyCheckpoint;
    const result = await compareServers(a, b, { resumeFrom });
    expect(sortedLines(foundBy(result))).toEqual(sortedLines(expected));
    // All keys were looked at once, but for the pages that were under way at the stop.
    expect(result.masterKeys).toBeGreaterThanOrEqual(keys);
    expect(result.masterKeys).toBeLessThan(keys * 1.5);
  }, 60_000);

  it('keeps to its rate', async (context) => {
    const { a, b } = await startPair(context, 'redis7');
    await fill(a, 500, seed);
    await waitForSync(a, b);
    const result = await compareServers(a, b, { keysPerSecond: 1000 });
    expect(result).toMatchObject({ differences: [], end: { kind: 'complete' } });
    expect(result.elapsedMs).toBeGreaterThan(700);
  });

  it('ends when a node is lost, and says which', async (context) => {
    const { a, b } = await startPair(context, 'redis7');
    await fill(a, 2000, seed);
    await waitForSync(a, b);
    let isKilled = false;
    const result = await compareServers(a, b, {
      keysPerSecond: 1000,
      onProgress: () => {
        if (!isKilled) void b.kill9();
        isKilled = true;
      },
    });
    expect(result.end).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    expect(result.end.kind === 'failed' && result.end.node.address.port).toBe(b.port);
  });

  it('looks no further than it was told to', async (context) => {
    const { a, b } = await startPair(context, 'redis7');
    await fill(a, 20_000, seed);
    await waitForSync(a, b);
    await b.cli('CONFIG', 'SET', 'replica-read-only', 'no');
    await b.cli('FLUSHALL');
    const result = await compareServers(a, b, { differencesLimit: 100 });
    expect(result.end).toEqual({ kind: 'too-many' });
    expect(result.differences.length).toBeGreaterThanOrEqual(100);
    expect(result.masterKeys).toBeLessThan(20_000);
  });
});

describe('a node that allows less', () => {
  it('is read by elements where DEBUG is closed, and its keys are read twice without WATCH', async (context) => {
    const { a, b } = await startPair(context, 'redis7');
    await fill(a, 1000, seed);
    await waitForSync(a, b);
    const expected = await damage(b, { keys: 1000, count: 30, seed });
    for (const server of [a, b]) {
      await server.cli('ACL', 'SETUSER', 'default', '-debug', '-watch', '-pexpiretime');
    }
    const result = await compareServers(a, b);
    expect(result.comparedBy).toBe('elements');
    expect(sortedLines(foundBy(result))).toEqual(sortedLines(expected));
  }, 60_000);
});
