/** MEMORY: its figures follow the data, under the names that Redis gives them. */
import { expect, test } from 'vitest';
import type { RespValue } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/memory.txt', import.meta.url));

const use = useResources();

type Stats = Map<string, RespValue>;

async function statsOf(server: TestServer): Promise<Stats> {
  const client = await server.connect({ protocol: 3 });
  await client.must('SET', 'k', 'v', 'EX', 1000);
  const stats = (await client.must('MEMORY', 'STATS')) as Stats;
  client.close();
  return stats;
}

test('STATS has the fields of redis-server in its order, and their types', async (context) => {
  needServer(context, 'redis7');
  const [theirs, ours] = [
    await statsOf(await use.server('redis7')),
    await statsOf(await use.server('bundled')),
  ];
  expect(shapeOf(ours)).toEqual(shapeOf(theirs));
});

function shapeOf(stats: Stats): unknown[] {
  return [...stats].map(([name, value]) => [
    name,
    value instanceof Map ? shapeOf(value as Stats) : Array.isArray(value) ? 'array' : typeof value,
  ]);
}

test('a key costs what it holds, and the server holds what the keys cost', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  const before = Number(await server.info('used_memory'));
  await client.must('SET', 'small', 'v');
  await client.must('SET', 'large', 'v'.repeat(1_000_000));
  await client.must('SADD', 'set', ...Array.from({ length: 10_000 }, (_, at) => `member ${at}`));
  const usage = async (key: string): Promise<number> =>
    Number(await client.must('MEMORY', 'USAGE', key));
  const [small, large, set] = [await usage('small'), await usage('large'), await usage('set')];
  expect(small).toBeLessThan(100);
  expect(large).toBeGreaterThan(1_000_000);
  expect(set).toBeGreaterThan(10_000 * 10);
  expect(set).toBeLessThan(10_000 * 150);
  const grown = Number(await server.info('used_memory')) - before;
  expect(grown).toBeGreaterThan(large + set);
  await client.must('DEL', 'large', 'set');
  expect(Number(await server.info('used_memory')) - before).toBeLessThan(500_000);
});

test('DOCTOR and MALLOC-STATS say something', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  expect(await client.must('MEMORY', 'DOCTOR')).toContain('so little data');
  await client.must('DEBUG', 'POPULATE', 100_000, 'key', 100);
  expect(await client.must('MEMORY', 'DOCTOR')).not.toContain('so little data');
  await client.must('FLUSHALL');
  await client.must('DEBUG', 'POPULATE', 60_000, 'key', 100);
  expect(await client.must('MEMORY', 'DOCTOR')).toContain('At its peak');
  expect(await client.must('MEMORY', 'MALLOC-STATS')).toContain('total_heap_size');
});
