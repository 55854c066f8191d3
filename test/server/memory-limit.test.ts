/** maxmemory as clients and replicas see it. Which key goes is tested in keyspace/evict.test.ts. */
import { expect, test } from 'vitest';
import { openReplicationStream } from '../support/replication-stream.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useResources } from '../support/resources.ts';
import { testTranscript } from '../support/transcripts.ts';
import { waitFor } from '../support/wait-for.ts';

testTranscript(new URL('../transcripts/commands/maxmemory.txt', import.meta.url));

const use = useResources();
const smallBacklog = ['--repl-backlog-size', '16kb'];

async function fill(client: RespClient, keys: number): Promise<void> {
  for (let key = 0; key < keys; key++) await client.must('SET', `k${key}`, 'v'.repeat(1000));
}

async function infoOf(client: RespClient, field: string): Promise<number> {
  const text = (await client.must('INFO', 'everything')) as string;
  return Number(new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)?.[1]);
}

test('data that grows stays within the limit, and replicas hear of every key that goes', async () => {
  const server = await use.server('bundled', {
    // The backlog counts, too.
    args: ['--maxmemory-policy', 'allkeys-lru', '--maxmemory', '700kb', ...smallBacklog],
  });
  const client = await server.connect();
  const stream = await openReplicationStream(server);
  await fill(client, 1000);
  const used = await infoOf(client, 'used_memory');
  expect(used - (await infoOf(client, 'mem_not_counted_for_evict'))).toBeLessThan(702 * 1024);
  const evicted = await infoOf(client, 'evicted_keys');
  expect(evicted).toBe(1000 - Number(await client.must('DBSIZE')));
  expect(evicted).toBeGreaterThan(300);
  await client.must('SET', 'end', '1');
  const commands = await stream.readUntilSet('end');
  expect(commands.filter(([verb]) => verb === 'DEL')).toHaveLength(evicted);
});

test('a lower limit takes effect without a command, some keys in each turn', async () => {
  const client = await (await use.server('bundled')).connect();
  await fill(client, 2000);
  await client.must('CONFIG', 'SET', 'maxmemory-eviction-tenacity', 0);
  await client.must('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random', 'maxmemory', '100kb');
  await waitFor(async () => Number(await client.must('DBSIZE')) < 100);
  expect(await infoOf(client, 'total_eviction_exceeded_time')).toBeGreaterThan(0);
  await client.must('CONFIG', 'RESETSTAT');
  expect(await infoOf(client, 'evicted_keys')).toBe(0);
});

test('a request that does not end counts', async () => {
  const server = await use.server('bundled', { args: ['--maxmemory-policy', 'allkeys-lru'] });
  const client = await server.connect();
  await fill(client, 500);
  const limit = (await infoOf(client, 'used_memory')) + 300_000;
  await client.must('CONFIG', 'SET', 'maxmemory', limit);
  const slow = await server.connect();
  slow.sendRaw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000\r\n${'x'.repeat(490_000)}`);
  await waitFor(async () => (await infoOf(client, 'evicted_keys')) > 0);
  slow.close();
  expect(await client.must('DBSIZE')).toBeGreaterThan(100);
});

test('a replica leaves eviction to its master, unless told to care for itself', async () => {
  const master = await use.server('bundled');
  const replica = await use.server('bundled', { args: ['--maxmemory-policy', 'allkeys-lru'] });
  const [writing, reading] = [await master.connect(), await replica.connect()];
  await reading.must('REPLICAOF', '127.0.0.1', master.port);
  await fill(writing, 300);
  expect(await writing.must('WAIT', 1, 10_000)).toBe(1);
  await reading.must('CONFIG', 'SET', 'maxmemory', '50kb');
  await writing.must('SET', 'one more', '1');
  expect(await writing.must('WAIT', 1, 10_000)).toBe(1);
  expect(await reading.must('DBSIZE')).toBe(301);
  await reading.must('CONFIG', 'SET', 'replica-ignore-maxmemory', 'no');
  await writing.must('SET', 'and one', '1');
  await waitFor(async () => Number(await reading.must('DBSIZE')) < 60);
  expect(await writing.must('DBSIZE')).toBe(302);
});
