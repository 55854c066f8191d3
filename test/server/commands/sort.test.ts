/** SORT's replies, random sorts against redis-server's, and large ones against a naive model. */
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../../src/util/random.ts';
import { expectSameAnswers } from '../../support/compare-answers.ts';
import { digestOf } from '../../support/digest.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/sort.txt', import.meta.url));

const use = useResources();
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** Left out is what may come out in any order: a set as it is, elements of one text, cut by LIMIT. */
function randomSorts(random: Random): { next(): string[] } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  const elements = ['1', '2', '10', '-3', '2.5', '1e2', 'a', 'b', 'aa', '', ' 4', 'x->y'];
  const limits = ['0', '1', '3', '-1', '20', 'x'];
  const keys = ['list', 'zset', 'set', 'string', 'none'];
  const patterns = ['w_*', 'h_*->f', '*', 'h_*->', 'w_*->f', 'h_*->none', '*x'];
  const key = (): string => pick(keys);
  const several = (most: number, make: () => string[]): string[] =>
    Array.from({ length: Math.floor(random.float() * (most + 1)) }, make).flat();
  const makers: readonly (() => string[])[] = [
    () => ['RPUSH', 'list', pick(elements), pick(elements)],
    () => ['SADD', 'set', pick(elements), pick(elements)],
    () => ['ZADD', 'zset', String(random.uint32() % 5), pick(elements)],
    () => ['SET', `w_${pick(elements)}`, pick(elements)],
    () => ['HSET', `h_${pick(elements)}`, 'f', pick(elements)],
    () => ['SET', 'string', '1'],
    () => ['DEL', key()],
    () => ['LRANGE', 'stored', '0', '-1'],
    () => ['TYPE', 'stored'],
    () => [
      'SORT',
      pick(['list', 'zset']),
      'BY',
      pick(['nosort', '#']),
      ...sortOptions(),
      ...limit(),
    ],
    () => ['SORT', key(), 'BY', pick(patterns), ...sortOptions(), ...pick([[], limit()])],
    () => ['SORT', key(), ...sortOptions(), ...limit()],
    () => ['SORT', key(), 'ALPHA', ...sortOptions(), ...limit()],
    () => ['SORT', key(), ...sortOptions(), ...limit(), 'STORE', pick(['stored', ...keys])],
    () => ['SORT_RO', key(), ...sortOptions(), ...several(1, () => ['WHAT'])],
  ];
  const limit = (): string[] => (random.float() < 0.3 ? ['LIMIT', pick(limits), pick(limits)] : []);
  const sortOptions = (): string[] => [
    ...several(2, () => ['GET', pick([...patterns, '#', 'none'])]),
    ...several(1, () => [pick(['ASC', 'DESC', 'desc'])]),
  ];
  return { next: () => pick(makers)() };
}

test(`random sorts are answered as redis-server does (FUZZ_SEED=${seed})`, async (context) => {
  needServer(context, 'redis7');
  const servers = await Promise.all([use.server('redis7'), use.server('bundled')]);
  const clients = await Promise.all(servers.map((server) => server.connect()));
  const run = `FUZZ_SEED=${seed}`;
  await expectSameAnswers(clients, randomSorts(seededRandom(seed)), { count: 3000, run });
  const [theirs, ours] = await Promise.all(servers.map(digestOf));
  expect(ours, `${run}, the digest in the end`).toBe(theirs);
});

test('many elements come out as a naive sort has them', async () => {
  const client = await (await use.server('bundled')).connect();
  const random = seededRandom(11);
  const numbers = Array.from({ length: 5000 }, () => random.uint32() % 3000);
  const texts = numbers.map(String);
  await client.must('RPUSH', 'list', ...texts);
  await client.must('SADD', 'set', ...texts);
  await client.must('ZADD', 'zset', ...texts.flatMap((text) => [random.uint32(), text]));
  await client.must('MSET', ...texts.flatMap((text) => [`w${text}`, -Number(text)]));

  const sorted = numbers.toSorted((a, b) => a - b).map(String);
  const distinct = [...new Set(sorted)];
  expect(await client.must('SORT', 'list')).toEqual(sorted);
  expect(await client.must('SORT', 'list', 'BY', 'w*')).toEqual(sorted.toReversed());
  expect(await client.must('SORT', 'list', 'ALPHA')).toEqual(texts.toSorted());
  expect(await client.must('SORT', 'set', 'LIMIT', 100, 50)).toEqual(distinct.slice(100, 150));
  expect(await client.must('SORT', 'zset', 'DESC')).toEqual(distinct.toReversed());
  expect(await client.must('SORT', 'list', 'BY', 'nosort', 'LIMIT', 4000, 3)).toEqual(
    texts.slice(4000, 4003),
  );
  expect(await client.must('SORT', 'set', 'STORE', 'stored')).toBe(distinct.length);
  expect(await client.must('LRANGE', 'stored', 0, -1)).toEqual(distinct);
});
