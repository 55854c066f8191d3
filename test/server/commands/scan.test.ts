/**
 * What SCAN promises: a key that is there from the first call to the last is returned, whatever
 * else comes and goes; a key that never was there is not.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { openReplicationStream } from '../../support/replication-stream.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';

const use = useResources();
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

async function newClient(): Promise<RespClient> {
  return (await use.server('bundled')).connect();
}

/** One SCAN call. */
async function scan(
  client: RespClient,
  cursor: string,
  ...options: (string | number)[]
): Promise<{ cursor: string; keys: string[] }> {
  const [next, keys] = (await client.must('SCAN', cursor, ...options)) as [string, string[]];
  return { cursor: next, keys };
}

test('returns every key that stays while the table grows and shrinks', async () => {
  const client = await newClient();
  const random = seededRandom(seed);
  const staying = Array.from({ length: 3000 }, (_, n) => `stays${n}`);
  await client.pipeline(staying.map((key) => ['SET', key, 'v']));
  let coming = 0;
  let going = 0;
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const reply = await scan(client, cursor, 'COUNT', 1 + Math.floor(random.float() * 100));
    reply.keys.forEach((key) => seen.add(key));
    cursor = reply.cursor;
    // The table doubles a few times, then is emptied of all that came.
    const grows = seen.size < 1500;
    const changes = Array.from({ length: 400 }, () =>
      grows ? ['SET', `comes${coming++}`, 'v'] : ['DEL', `comes${going++}`],
    );
    await client.pipeline(changes);
  } while (cursor !== '0');
  const missed = staying.filter((key) => !seen.has(key));
  expect(missed, `FUZZ_SEED=${seed}`).toEqual([]);
  expect([...seen].filter((key) => !/^(stays|comes)\d+$/.test(key))).toEqual([]);
});

test('returns each key once while nothing changes, and about COUNT at a time', async () => {
  const client = await newClient();
  await client.must('DEBUG', 'POPULATE', 5000, 'key', 10);
  const all: string[] = [];
  let calls = 0;
  let cursor = '0';
  do {
    const reply = await scan(client, cursor, 'COUNT', 50);
    expect(reply.keys.length).toBeLessThan(70);
    all.push(...reply.keys);
    cursor = reply.cursor;
    calls++;
  } while (cursor !== '0');
  expect(all).toHaveLength(5000);
  expect(new Set(all).size).toBe(5000);
  expect(calls).toBeLessThanOrEqual(101);
  expect(await client.must('KEYS', 'key:1?')).toHaveLength(10);
});

test('does not return keys past their time, and deletes them', async () => {
  const client = await newClient();
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await client.pipeline([
    ['SET', 'a', '1', 'PXAT', '1'],
    ['SET', 'b', '1'],
    ['SET', 'c', '1', 'PXAT', '1'],
  ]);
  expect(await client.must('DBSIZE')).toBe(3);
  expect(await client.must('KEYS', '*')).toEqual(['b']);
  expect(await client.must('DBSIZE')).toBe(3);
  expect(await scan(client, '0')).toEqual({ cursor: '0', keys: ['b'] });
  expect(await client.must('DBSIZE')).toBe(1);
  expect(await client.must('RANDOMKEY')).toBe('b');
});

test('what expires on the way is no unit of its own, unless in a transaction', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  const stream = await openReplicationStream(server);
  const sentBy = async (...requests: string[][]): Promise<string[]> => {
    for (const key of ['a', 'b']) await client.must('SET', key, '1', 'PXAT', '1');
    for (const request of requests) await client.command(...request);
    await client.must('SET', 'end', '1');
    const sent = (await stream.readUntilSet('end')).map(([verb]) => verb);
    return sent.slice(sent.lastIndexOf('SET') + 1);
  };
  expect(await sentBy(['SCAN', '0'])).toEqual(['DEL', 'DEL']);
  expect(await sentBy(['MULTI'], ['SCAN', '0'], ['EXEC'])).toEqual(['MULTI', 'DEL', 'DEL', 'EXEC']);
});

test('RANDOMKEY comes by every key', async () => {
  const client = await newClient();
  await client.must('MSET', 'a', 1, 'b', 2, 'c', 3, 'd', 4);
  const replies = await client.pipeline(Array.from({ length: 300 }, () => ['RANDOMKEY']));
  expect(new Set(replies)).toEqual(new Set(['a', 'b', 'c', 'd']));
});

test('any cursor is taken without harm', async () => {
  const client = await newClient();
  await client.must('MSET', 'a', 1, 'b', 2);
  for (const cursor of ['1', '12345', '4294967295', '4294967296', '18446744073709551615', '-7']) {
    const reply = await scan(client, cursor);
    expect(reply.cursor).toBe('0');
  }
});
