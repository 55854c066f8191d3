/**
 * Hashes and sets past their compact forms, which come in an order of each server's own: random
 * requests against redis-server, replies compared without their order; the promises of HSCAN and
 * SSCAN; what SPOP takes and what it tells replicas.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { digestOf } from '../../support/digest.ts';
import { openReplicationStream } from '../../support/replication-stream.ts';
import type { RespClient, RespValue } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const requestCount = Number(process.env.FUZZ_REQUESTS ?? 3000);

test(`random requests are answered as redis-server does, in any order (FUZZ_SEED=${seed})`, async (context) => {
  needServer(context, 'redis7');
  const args = ['--set-max-intset-entries', '20', '--hash-max-listpack-entries', '20'];
  const servers = await Promise.all([
    use.server('redis7', { args }),
    use.server('bundled', { args }),
  ]);
  const clients = await Promise.all(servers.map((server) => server.connect()));
  const next = largeRequests(seed);
  for (let count = 0; count < requestCount; count++) {
    const request = next();
    const [theirs, ours] = await Promise.all(clients.map((client) => client.command(...request)));
    const shown = JSON.stringify(request).slice(0, 300);
    expect(sorted(ours), `FUZZ_SEED=${seed}, request ${count}: ${shown}`).toEqual(sorted(theirs));
  }
  const [theirs, ours] = await Promise.all(servers.map(digestOf));
  expect(ours, `FUZZ_SEED=${seed}, the digest in the end`).toBe(theirs);
});

function sorted(reply: RespValue): RespValue {
  return Array.isArray(reply) ? reply.map((each) => JSON.stringify(sorted(each))).sort() : reply;
}

/** Words of every length and number: some hundred members or fields in a few keys. */
function largeRequests(from: number): () => string[] {
  const random = seededRandom(from);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  const word = (): string => {
    const number = Math.floor(random.float() * 300);
    return pick([String(number), `member:${number}`, 'x'.repeat(number)]);
  };
  const words = (): string[] => Array.from({ length: 1 + Math.floor(random.float() * 20) }, word);
  const pairs = (): string[] => words().flatMap((each) => [each, word()]);
  const set = (): string => pick(['set', 'set2', 'set3']);
  const hash = (): string => pick(['hash', 'hash2']);
  const makers: readonly (() => string[])[] = [
    () => ['SADD', set(), ...words()],
    () => ['SADD', set(), ...words()],
    () => ['SREM', set(), ...words()],
    () => ['SMOVE', set(), set(), word()],
    () => ['SMISMEMBER', set(), ...words()],
    () => ['SCARD', set()],
    () => ['SMEMBERS', set()],
    () => ['SRANDMEMBER', set(), '1000'],
    () => ['SINTER', set(), set()],
    () => ['SINTERCARD', '2', set(), set(), 'LIMIT', pick(['0', '3', '500'])],
    () => ['SINTERSTORE', pick(['set3', 'set4']), set(), set()],
    () => ['SUNION', set(), set(), 'nothing'],
    () => ['SUNIONSTORE', pick(['set4', 'set3']), set(), set()],
    () => ['SDIFF', set(), set(), set()],
    () => ['SDIFFSTORE', pick(['set4', 'set3']), set(), set()],
    () => ['HSET', hash(), ...pairs()],
    () => ['HSET', hash(), ...pairs()],
    () => ['HDEL', hash(), ...words()],
    () => ['HMGET', hash(), ...words()],
    () => ['HLEN', hash()],
    () => ['HGETALL', hash()],
    () => ['HKEYS', hash()],
    () => ['HVALS', hash()],
    () => ['HINCRBY', hash(), word(), '1'],
    () => ['OBJECT', 'ENCODING', pick([set, hash])()],
    () => ['COPY', pick(['set', 'hash']), 'copied', 'REPLACE'],
    () => ['SMEMBERS', 'copied'],
    () => ['HGETALL', 'copied'],
    () => (random.float() < 0.1 ? ['DEL', pick([set, hash])()] : ['PING']),
  ];
  return () => pick(makers)();
}

test.each([
  ['SSCAN', 'SADD', 'SREM'],
  ['HSCAN', 'HSET', 'HDEL'],
])('%s returns every element that stays while others come and go', async (scan, add, remove) => {
  const client = await (await use.server('bundled')).connect();
  const adding = (element: string): string[] =>
    add === 'HSET' ? [add, 'k', element, element] : [add, 'k', element];
  const staying = Array.from({ length: 1000 }, (_, n) => `stays${n}`);
  await client.pipeline(staying.map(adding));
  const seen = new Set<string>();
  let [coming, going] = [0, 0];
  let cursor = '0';
  do {
    const [next, found] = (await client.must(scan, 'k', cursor, 'COUNT', 30)) as [string, string[]];
    for (const element of found) seen.add(element);
    cursor = next;
    // The table doubles a few times, then is emptied of all that came.
    const grows = seen.size < 500;
    const changes = Array.from({ length: 200 }, () =>
      grows ? adding(`comes${coming++}`) : [remove, 'k', `comes${going++}`],
    );
    await client.pipeline(changes);
  } while (cursor !== '0');
  expect(staying.filter((element) => !seen.has(element))).toEqual([]);
  expect([...seen].filter((element) => !/^(stays|comes)\d+$/.test(element))).toEqual([]);
});

test('SSCAN returns each member once while nothing changes, about COUNT at a time', async () => {
  const client = await (await use.server('bundled')).connect();
  await client.must('SADD', 'k', ...Array.from({ length: 2000 }, (_, n) => `m${n}`));
  const all: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = (await client.must('SSCAN', 'k', cursor, 'COUNT', 50)) as [
      string,
      string[],
    ];
    expect(found.length).toBeLessThan(70);
    all.push(...found);
    cursor = next;
  } while (cursor !== '0');
  expect(all).toHaveLength(2000);
  expect(new Set(all).size).toBe(2000);
});

test.each(['integer', 'text'])('SPOP takes each %s member once and says so', async (kind) => {
  const server = await use.server('bundled');
  const client = await server.connect();
  const members = Array.from({ length: 300 }, (_, n) => (kind === 'text' ? `m${n}` : `${n}`));
  await client.must('SADD', 's', ...members);
  const stream = await openReplicationStream(server);
  const popped: string[] = [];
  for (const count of [1, 7, 250, 1]) popped.push(...(await pop(client, count)));
  popped.push((await client.must('SPOP', 's')) as string);
  const rest = (await client.must('SMEMBERS', 's')) as string[];
  expect([...popped, ...rest].sort()).toEqual(members.sort());
  await client.must('SET', 'marker', '');
  const commands = await stream.readUntilSet('marker');
  const removals = commands.filter(([name]) => name === 'SREM');
  expect(removals.map(([, , member]) => member)).toEqual(popped);
  expect(removals.every(([, key]) => key === 's')).toBe(true);
});

async function pop(client: RespClient, count: number): Promise<string[]> {
  const members = (await client.must('SPOP', 's', count)) as string[];
  expect(members).toHaveLength(count);
  return members;
}
