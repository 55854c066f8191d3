/**
 * Fields past their time: what clients see of them before they are deleted, on a master and on a
 * replica, and how their deletion is propagated.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { openReplicationStream, type ReplicationStream } from '../../support/replication-stream.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();
const useOnce = useResources('file');

/** A server that deletes nothing by itself, and a client of it. */
async function start(): Promise<RespClient> {
  const client = await (await use.server('bundled')).connect();
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  return client;
}

/** Lets fields end, and waits until they have. */
async function end(client: RespClient, key: string, ...fields: string[]): Promise<void> {
  const named = ['FIELDS', fields.length, ...fields];
  await client.must('HPEXPIRE', key, 1, ...named);
  const none = fields.map(() => -2);
  await waitFor(async () => isDeepStrictEqual(await client.must('HTTL', key, ...named), none));
}

test('reads do not see them, whatever the form of the hash', async () => {
  const client = await start();
  const many = Array.from({ length: 600 }, (_, n) => [`f${n}`, 'v']).flat();
  await client.must('HSET', 'small', 'a', 1, 'b', 2, 'c', 3);
  await client.must('HSET', 'large', 'a', 1, 'b', 2, 'c', 3, ...many);
  await client.must('HDEL', 'large', ...many.filter((word) => word !== 'v'));
  for (const key of ['small', 'large']) {
    await end(client, key, 'a', 'b');
    expect(await client.must('HGETALL', key)).toEqual(['c', '3']);
    expect(await client.must('HKEYS', key)).toEqual(['c']);
    expect(await client.must('HVALS', key)).toEqual(['3']);
    expect(await client.must('HLEN', key)).toBe(1);
    expect(await client.must('HSCAN', key, 0, 'COUNT', 100)).toEqual(['0', ['c', '3']]);
    for (let draw = 0; draw < 20; draw++) expect(await client.must('HRANDFIELD', key)).toBe('c');
    expect(await client.must('HRANDFIELD', key, 5)).toEqual(['c']);
    expect(await client.must('HRANDFIELD', key, -2)).toEqual(['c', 'c']);
    expect(await client.must('HEXPIRETIME', key, 'FIELDS', 2, 'a', 'c')).toEqual([-2, -1]);
    await client.must('RPUSH', 'list', key);
    expect(await client.must('SORT', 'list', 'BY', 'nosort', 'GET', '*->a', 'GET', '*->c')).toEqual(
      [null, '3'],
    );
    await client.must('DEL', 'list');
  }
});

test('a hash of which all have ended shows none until it goes', async () => {
  const client = await start();
  await client.must('HSET', 'h', 'a', 1, 'b', 2);
  await end(client, 'h', 'a', 'b');
  expect(await client.must('HGETALL', 'h')).toEqual([]);
  expect(await client.must('HRANDFIELD', 'h')).toBeNull();
  expect(await client.must('HRANDFIELD', 'h', -3)).toEqual([]);
  expect(await client.must('EXISTS', 'h')).toBe(1);
  expect(await client.must('HGET', 'h', 'a')).toBeNull();
  expect(await client.must('EXISTS', 'h')).toBe(1);
  expect(await client.must('HGET', 'h', 'b')).toBeNull();
  expect(await client.must('EXISTS', 'h')).toBe(0);
});

const naming: [request: string, reply: unknown, propagated: string[]][] = [
  ['HGET h a', null, ['HDEL h a']],
  ['HMGET h a c', [null, '3'], ['HDEL h a']],
  ['HSTRLEN h a', 0, ['HDEL h a']],
  ['HEXISTS h a', 0, ['HDEL h a']],
  ['HSET h a 5', 1, ['MULTI', 'HDEL h a', 'HSET h a 5', 'EXEC']],
  ['HSETNX h a 5', 1, ['MULTI', 'HDEL h a', 'HSETNX h a 5', 'EXEC']],
  ['HINCRBY h a 5', 5, ['MULTI', 'HDEL h a', 'HINCRBY h a 5', 'EXEC']],
  ['HINCRBYFLOAT h a 5', '5', ['HDEL h a', 'HSET h a 5']],
  ['HDEL h a', 0, ['HDEL h a']],
  ['HGETDEL h FIELDS 1 a', [null], ['HDEL h a']],
  ['HGETEX h PERSIST FIELDS 1 a', [null], ['HDEL h a']],
  ['HPERSIST h FIELDS 1 a', [-2], ['HDEL h a']],
  ['HPEXPIREAT h 33177117420000 FIELDS 1 a', [-2], ['HDEL h a']],
  ['HSETEX h FXX FIELDS 1 a 5', 0, ['HDEL h a']],
  ['HSETEX h FNX FIELDS 1 a 5', 1, ['HDEL h a', 'HSET h a 5']],
  ['HGETALL h', ['c', '3'], []],
];

let shared: ReturnType<typeof startShared> | undefined;

async function startShared(): Promise<{ client: RespClient; stream: ReplicationStream }> {
  const server = await useOnce.server('bundled');
  const client = await server.connect();
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  return { client, stream: await openReplicationStream(server) };
}

test.each(naming)('%s deletes the field that it names first, and no other', async (...row) => {
  const [request, reply, propagated] = row;
  const { client, stream } = await (shared ??= startShared());
  await client.must('FLUSHALL');
  await client.must('HSET', 'h', 'a', 1, 'b', 2, 'c', 3);
  await end(client, 'h', 'a', 'b');
  await client.must('SET', 'before', '');
  await stream.readUntilSet('before');
  expect(await client.must(...(request.split(' ') as [string]))).toEqual(reply);
  await client.must('SET', 'after', '');
  const commands = await stream.readUntilSet('after');
  expect(commands.map((words) => words.join(' '))).toEqual(propagated);
  expect(await client.must('HMGET', 'h', 'b', 'c')).toEqual([null, '3']);
});

test('HSETEX goes to replicas as what every one of them knows', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  const stream = await openReplicationStream(server);
  const atMs = 33_177_117_420_000;
  await client.must('HSETEX', 'h', 'PXAT', atMs, 'FIELDS', 2, 'a', 1, 'b', 2);
  await client.must('HSETEX', 'h', 'FXX', 'KEEPTTL', 'FIELDS', 1, 'a', 3);
  await client.must('HSETEX', 'h', 'FXX', 'FIELDS', 1, 'b', 3);
  await client.must('HINCRBYFLOAT', 'h', 'a', '0.5');
  await client.must('SET', 'after', '');
  const commands = await stream.readUntilSet('after');
  const ofA = `HPEXPIREAT h ${atMs} FIELDS 1 a`;
  expect(commands.map((words) => words.join(' '))).toEqual([
    'SELECT 0',
    'HSET h a 1 b 2',
    `HPEXPIREAT h ${atMs} FIELDS 2 a b`,
    'HSET h a 3',
    ofA,
    'HSET h b 3',
    'HSET h a 3.5',
    ofA,
  ]);
});

test('active expiry deletes them, says so and counts them', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  const listener = await server.connect();
  await client.must('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
  await client.must('HSET', 'h', 'a', 1, 'b', 2);
  await client.must('HSET', 'i', 'a', 1, 'b', 2);
  const stream = await openReplicationStream(server);
  await listener.must('SUBSCRIBE', '__keyspace@0__:h');
  await client.must('HPEXPIRE', 'h', 1, 'FIELDS', 2, 'a', 'b');
  await client.must('HEXPIRE', 'i', 1000, 'FIELDS', 1, 'a');
  await waitFor(async () => (await client.must('EXISTS', 'h')) === 0);
  const events = [await listener.read(), await listener.read(), await listener.read()];
  expect(events.map((event) => (event as string[]).at(-1))).toEqual(['hexpire', 'hexpired', 'del']);
  await client.must('SET', 'after', '');
  const commands = (await stream.readUntilSet('after')).map((words) => words.join(' '));
  expect(commands.filter((words) => words.startsWith('HDEL')).toSorted(byText)).toEqual([
    'HDEL h a',
    'HDEL h b',
  ]);
  expect(await server.info('expired_subkeys')).toBe('2');
  expect(await server.info('db0')).toMatch(/^keys=2,.*,subexpiry=1$/);
});

test('a replica hides them and deletes none, until its master says so', async () => {
  const master = await use.server('bundled');
  const replica = await use.server('bundled', {
    args: ['--replicaof', `127.0.0.1 ${master.port}`],
  });
  const [onMaster, onReplica] = [await master.connect(), await replica.connect()];
  await onMaster.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await onMaster.must('HSET', 'h', 'a', 1, 'b', 2, 'c', 3);
  await end(onMaster, 'h', 'a', 'b');
  await waitFor(async () => (await onReplica.must('HLEN', 'h')) === 1);
  expect(await onReplica.must('HMGET', 'h', 'a', 'b', 'c')).toEqual([null, null, '3']);
  expect(await replica.info('expired_subkeys')).toBe('0');
  expect(await onReplica.must('DEBUG', 'DIGEST')).toBe(await onMaster.must('DEBUG', 'DIGEST'));
  await onMaster.must('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
  await waitFor(async () => (await master.info('expired_subkeys')) === '2');
  await waitFor(
    async () =>
      (await onReplica.must('DEBUG', 'DIGEST')) === (await onMaster.must('DEBUG', 'DIGEST')),
  );
  expect(await replica.info('db0')).not.toContain('subexpiry');
});

function byText(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
