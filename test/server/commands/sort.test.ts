/** SORT's replies, and large sorts against a naive model. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { useResources } from '../../support/resources.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/sort.txt', import.meta.url));

const use = useResources();

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
