import { expect, test } from 'vitest';
import type { RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();
const words = (count: number): string[] => Array.from({ length: count }, (_, n) => `word${n}`);

/** Requests that make a value, and whether Redis hands it to its other thread. */
const values: readonly (readonly [request: readonly string[], isFreedLazily: boolean])[] = [
  [['SET', 'k', 'v'.repeat(100_000)], false],
  [['RPUSH', 'k', ...words(100)], false],
  [['RPUSH', 'k', ...words(70).map((word) => word.repeat(2000))], true],
  [['SADD', 'k', ...words(64)], false],
  [['SADD', 'k', ...words(65)], true],
  [['SADD', 'k', ...Array.from({ length: 100 }, (_, n) => String(n))], false],
  [['HSET', 'k', ...words(200)], false],
  [['HSET', 'k', ...words(1200)], true],
  [['ZADD', 'k', ...words(100).flatMap((word) => ['1', word])], false],
  [['ZADD', 'k', ...words(200).flatMap((word) => ['1', word])], true],
];

async function freed(client: RespClient): Promise<number> {
  const text = (await client.must('INFO', 'memory')) as string;
  return Number(/^lazyfreed_objects:(\d+)/m.exec(text)?.[1]);
}

test.for(['bundled', 'redis7'] as const)(
  '%s counts what goes without haste',
  async (kind, context) => {
    needServer(context, kind);
    const client = await (await use.server(kind)).connect();
    await client.must('CONFIG', 'RESETSTAT');
    let wanted = 0;
    for (const [request, isFreedLazily] of values) {
      await client.must(...request);
      await client.must('DEL', 'k');
      await client.must(...request);
      await client.must('UNLINK', 'k');
      if (isFreedLazily) wanted++;
      const what = `${wanted} after ${request.join(' ').slice(0, 30)}`;
      await waitFor(async () => (await freed(client)) === wanted, { what });
    }
    await client.must('SET', 'a', '1');
    await client.must('FLUSHALL', 'ASYNC');
    await waitFor(async () => (await freed(client)) === wanted + 1, { what: 'FLUSHALL' });
    expect(wanted).toBe(4);
  },
);
