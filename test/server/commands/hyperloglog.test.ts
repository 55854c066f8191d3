/** The HyperLogLog commands; the strings they make must be redis-server's to the byte. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/hyperloglog.txt', import.meta.url));

const use = useResources();
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

test(`the strings are those of redis-server (FUZZ_SEED=${seed})`, async (context) => {
  needServer(context, 'redis7');
  const clients = await Promise.all(
    (['redis7', 'bundled'] as const).map(async (kind) => (await use.server(kind)).connect()),
  );
  const both = async (...words: (string | number)[]): Promise<unknown> => {
    const [theirs, ours] = await Promise.all(clients.map((client) => client.command(...words)));
    expect(ours, `FUZZ_SEED=${seed}: ${words.join(' ').slice(0, 200)}`).toEqual(theirs);
    return ours;
  };
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const sizes = [1, 1, 3, 20, 300];
  for (let round = 0; round < 400; round++) {
    const [key, other, third] = [0, 0, 0].map(() => `k${below(6)}`);
    const elements = Array.from({ length: sizes[below(sizes.length)] }, () => below(10_000));
    const kind = below(12);
    if (kind < 7) await both('PFADD', key, ...elements);
    else if (kind < 9) await both('PFCOUNT', key, ...(below(2) === 0 ? [] : [other]));
    else if (kind === 9) await both('PFMERGE', key, other, third);
    else if (kind === 10) await both('CONFIG', 'SET', 'hll-sparse-max-bytes', below(4000));
    else await both('DEL', key);
    for (let key = 0; key < 6; key++) await both('GET', `k${key}`);
    if (round % 50 === 0) await both('PFDEBUG', 'GETREG', other);
  }
  for (let key = 0; key < 6; key++) await both('GET', `k${key}`);
});

test('a replica answers PFCOUNT, and keeps the estimate in its own copy', async () => {
  const master = await use.server('bundled');
  const replica = await use.server('bundled');
  const [writing, reading] = [await master.connect(), await replica.connect()];
  await reading.must('REPLICAOF', '127.0.0.1', master.port);
  await writing.must('PFADD', 'k', 'a', 'b', 'c');
  expect(await writing.must('PFCOUNT', 'k')).toBe(3);
  expect(await writing.must('WAIT', 1, 10_000)).toBe(1);
  expect(await reading.must('PFCOUNT', 'k')).toBe(3);
  expect(await reading.must('GET', 'k')).toBe(await writing.must('GET', 'k'));
});
