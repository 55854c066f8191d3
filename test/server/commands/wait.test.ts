/** WAITAOF as Redis 8.0 answers it (7.0 has none), alone and between every two kinds of server. */
import { expect, test } from 'vitest';
import type { RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();

const withFile = ['--appendonly', 'yes'];

const refused = [
  ['2', '0', '0'],
  ['-1', '0', '0'],
  ['x', '0', '0'],
  ['1', 'x', '0'],
  ['1', '-1', '0'],
  ['0', '0', 'x'],
  ['0', '0', '-1'],
  ['0', '1'],
];

async function refusals(kind: ServerKind): Promise<unknown[]> {
  const server = await use.server(kind);
  const client = await server.connect();
  const replies = await client.pipeline(refused.map((words) => ['WAITAOF', ...words]));
  replies.push(await client.command('WAITAOF', 1, 0, 0), await client.command('WAITAOF', 0, 0, 0));
  await client.must('REPLICAOF', '127.0.0.1', 1);
  replies.push(await client.command('WAITAOF', 0, 0, 0));
  return replies;
}

test('WAITAOF refuses what Redis 8.0 refuses, in its words', async (context) => {
  needServer(context, 'redis8');
  const theirs = await refusals('redis8');
  expect(theirs.filter((reply) => typeof reply === 'object').length).toBeGreaterThan(8);
  expect(await refusals('bundled')).toEqual(theirs);
});

async function attach(kind: ServerKind, master: TestServer, args: string[]): Promise<TestServer> {
  const replica = await use.server(kind, {
    args: ['--replicaof', `127.0.0.1 ${master.port}`, ...args],
  });
  await waitFor(async () => (await replica.info('master_link_status')) === 'up');
  // A file is of use once it holds what the full sync has brought.
  await waitFor(async () => (await replica.info('aof_rewrite_in_progress')) === '0');
  await waitFor(async () => (await replica.info('aof_rewrite_scheduled')) === '0');
  return replica;
}

const setAndWait = async (client: RespClient, ...args: number[]): Promise<unknown> => {
  await client.must('SET', 'key', 'value');
  return client.command('WAITAOF', ...args);
};

test('a write is safe here within the second of appendfsync everysec, at once with always', async () => {
  const server = await use.server('bundled', { args: withFile });
  const client = await server.connect();
  expect(await setAndWait(client, 1, 0, 0)).toEqual([1, 0]);
  expect(await setAndWait(client, 1, 1, 50)).toEqual([expect.any(Number), 0]);
  await client.must('CONFIG', 'SET', 'appendfsync', 'always');
  expect(await setAndWait(client, 1, 0, 1)).toEqual([1, 0]);
  await client.must('CONFIG', 'SET', 'appendfsync', 'no');
  expect(await setAndWait(client, 1, 0, 50)).toEqual([0, 0]);
});

test('a rewrite in between loses no sync', async () => {
  const server = await use.server('bundled', { args: withFile });
  const client = await server.connect();
  for (let round = 0; round < 5; round++) {
    await client.must('SET', `key:${round}`, 'v'.repeat(1000));
    await client.must('BGREWRITEAOF');
    expect(await client.must('WAITAOF', 1, 0, 10_000)).toEqual([1, 0]);
    await waitFor(async () => (await server.info('aof_rewrite_in_progress')) === '0');
  }
});

test('the file that is switched off meanwhile ends the wait with an error', async () => {
  const server = await use.server('bundled', { args: [...withFile, '--appendfsync', 'no'] });
  const [client, other] = [await server.connect(), await server.connect()];
  await client.must('SET', 'key', 'value');
  client.send('WAITAOF', 1, 0, 0);
  await waitFor(async () => (await server.info('blocked_clients')) === '1');
  await other.must('CONFIG', 'SET', 'appendonly', 'no');
  await expect(client.read()).resolves.toEqual({
    error: 'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
  });
});

test.for([
  ['bundled', 'bundled'],
  ['bundled', 'redis8'],
  ['bundled', 'valkey8'],
  ['redis8', 'bundled'],
  ['valkey8', 'bundled'],
] as const)('%s counts the disk of a %s', async ([masterKind, replicaKind], context) => {
  needServer(context, masterKind, replicaKind);
  const master = await use.server(masterKind);
  await attach(replicaKind, master, withFile);
  const client = await master.connect();
  await client.must('SET', 'key', 'value');
  expect(await client.must('WAITAOF', 0, 1, 20_000)).toEqual([0, 1]);
});

test('a replica without a file counts for WAIT alone', async () => {
  const master = await use.server('bundled', { args: withFile });
  await attach('bundled', master, []);
  const client = await master.connect();
  expect(await setAndWait(client, 1, 1, 1500)).toEqual([1, 0]);
  expect(await client.must('WAIT', 1, 10_000)).toBe(1);
});
