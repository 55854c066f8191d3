/**
 * Random requests on a few long lists, for comparing servers: elements of all encodings and sizes,
 * changes in the middle, node limits that change on the way. DUMP shows how the elements lie in
 * nodes, which must be as in Redis. What short lists do among other types is in
 * `random-collections.ts`.
 */
import type { Random } from '../../src/util/random.ts';
import type { RandomRequest } from './random-requests.ts';

const keys = ['l', 'm'];
const nodeSizes = ['-2', '-2', '-1', '-5', '0', '1', '3', '16', '128', '100000'];
const thresholds = ['0', '0', '0', '2kb', '100b', '5b'];
const counts = ['0', '1', '1', '2', '5', '-1', '-3', '40'];

/** Makes `next()` give one request after the other. */
export function randomListRequests(random: Random): { next(): RandomRequest } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  const below = (bound: number): number => Math.floor(random.float() * bound);
  const key = (): string => pick(keys);
  const element = pickMaker(pick, [
    () => pick(['a', 'b', 'c', '']),
    () => pick(['a', 'b', 'c', 'd', 'e']),
    () => String(below(200) - 100),
    () => String(below(10_000) - 5000),
    () => String(below(2 ** 33) - 2 ** 32),
    () => `${below(2 ** 31)}${below(2 ** 31)}`,
    () => 'x'.repeat(below(150)),
    () => 'y'.repeat(1000 + below(3500)),
    () => 'z'.repeat(pick([8180, 8190, 9000, 66_000])),
  ]);
  const several = (most: number): string[] => Array.from({ length: 1 + below(most) }, element);
  const index = (): string => String(below(80) - 40);
  const end = (): string => pick(['LEFT', 'RIGHT']);
  const makers: readonly (() => string[])[] = [
    () => ['RPUSH', key(), ...several(10)],
    () => ['LPUSH', key(), ...several(10)],
    () => [pick(['LPUSH', 'RPUSH']), key(), element()],
    () => [pick(['LPOP', 'RPOP']), key()],
    () => [pick(['LPOP', 'RPOP']), key(), pick(counts)],
    () => ['LINSERT', key(), pick(['BEFORE', 'AFTER']), element(), element()],
    () => ['LINSERT', key(), pick(['BEFORE', 'AFTER']), pick(['a', 'b', 'c']), element()],
    () => ['LINSERT', key(), pick(['BEFORE', 'AFTER']), pick(['a', 'b', 'c']), element()],
    () => ['LSET', key(), index(), element()],
    () => ['LSET', key(), index(), element()],
    () => ['LREM', key(), pick(counts), element()],
    () => ['LPOS', key(), element(), 'RANK', pick(['1', '-1', '2', '-2']), 'COUNT', '0'],
    () => ['LINDEX', key(), index()],
    () => ['LRANGE', key(), index(), index()],
    () => ['LMOVE', key(), key(), end(), end()],
    () => ['LMPOP', '2', key(), key(), end(), 'COUNT', pick(['1', '3'])],
    () => ['COPY', key(), key(), 'REPLACE'],
    () => ['DUMP', key()],
    () => ['DUMP', key()],
  ];
  const rareMakers: readonly (() => string[])[] = [
    () => ['LTRIM', key(), index(), index()],
    () => ['DEL', key()],
    () => ['CONFIG', 'SET', 'list-max-listpack-size', pick(nodeSizes)],
    () => ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', pick(thresholds)],
    () => ['DEBUG', 'RELOAD'],
  ];
  return { next: () => pick(random.float() < 0.03 ? rareMakers : makers)() };
}

function pickMaker(
  pick: <T>(list: readonly T[]) => T,
  makers: readonly (() => string)[],
): () => string {
  return () => pick(makers)();
}
