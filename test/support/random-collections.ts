/**
 * Random requests on lists, sets, hashes, sorted sets and streams for `random-requests.ts`: every command,
 * mostly with sensible arguments. Sets hold integers alone, and no collection grows past what Redis
 * keeps in one piece: the order of a larger one's elements need not be the same in two servers.
 * Left out for the same reason is whatever picks at random.
 */
import type { Random } from '../../src/util/random.ts';
import { hashRequests, setRequests, type RequestTools } from './random-hashes-sets.ts';
import { streamRequests } from './random-streams.ts';

const elements = ['a', 'b', 'c', '1', '2', '-7', '300', '', 'x'.repeat(70), '70000', '1e3'];
const scores = ['0', '1', '-1', '2.5', 'inf', '-inf', '1e20', '0.1', 'nan', 'x', '3'];
const counts = ['0', '1', '2', '-1', '-2', '10', '100', 'x'];
const indexes = ['0', '1', '-1', '2', '-3', '100', '-100', 'x'];
const scoreBounds = ['-inf', '+inf', '0', '(0', '1', '(2.5', '-1', '3', 'x', '(x'];
const ends = ['LEFT', 'RIGHT', 'left', 'UP'];
/** Long enough to be noticed, short enough to wait for. */
const waits = ['0.01', '0.02', '-1', 'x'];

const hashKeys = ['hash', 'hash2', 'hash3'];
const setKeys = ['set', 'set2', 'set3'];
const streamKeys = ['stream', 'stream2', 'stream3'];
/** Keys of one type mostly, for requests that make sense only when they meet their own type. */
export const collectionKeys: readonly string[] = [...hashKeys, ...setKeys, ...streamKeys];

/** Each gives a request on keys of `key`, or on those of its type. */
export function collectionMakers(random: Random, key: () => string): (() => string[])[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  const chance = (share: number): boolean => random.float() < share;
  const upTo = (most: number): number => 1 + Math.floor(random.float() * most);
  const several = (most: number, make: () => string): string[] =>
    Array.from({ length: upTo(most) }, make);
  const some = (...words: string[]): string[] => words.filter(() => chance(0.2));
  const pairs = (make: () => string[]): string[] => several(3, () => '').flatMap(make);
  const count = (): string => pick(counts);
  const index = (): string => pick(indexes);
  const element = (): string => pick(elements);
  const keys = (): string[] => several(3, key);
  const numbered = (): string[] => {
    const list = keys();
    return [chance(0.05) ? count() : String(list.length), ...list];
  };
  const end = (): string => pick(ends);
  const limit = (): string[] => (chance(0.2) ? ['LIMIT', index(), count()] : []);

  const lists: (() => string[])[] = [
    () => ['LPUSH', key(), ...several(4, element)],
    () => ['RPUSH', key(), ...several(4, element)],
    () => [pick(['LPUSHX', 'RPUSHX']), key(), element()],
    () => [pick(['LPOP', 'RPOP']), key(), ...pick([[], [], [count()]])],
    () => ['LLEN', key()],
    () => ['LRANGE', key(), index(), index()],
    () => ['LINDEX', key(), index()],
    () => ['LSET', key(), index(), element()],
    () => ['LINSERT', key(), pick(['BEFORE', 'after', 'x']), element(), element()],
    () => ['LREM', key(), count(), element()],
    () => ['LTRIM', key(), index(), index()],
    () => ['LPOS', key(), element(), ...pick([[], ['RANK', count()], ['COUNT', count()]])],
    () => ['LMOVE', key(), key(), end(), end()],
    () => ['RPOPLPUSH', key(), key()],
    () => ['LMPOP', ...numbered(), end(), ...pick([[], ['COUNT', count()]])],
    () => [pick(['BLPOP', 'BRPOP']), ...keys(), pick(waits)],
    () => ['BLMOVE', key(), key(), end(), end(), pick(waits)],
    () => ['BRPOPLPUSH', key(), key(), pick(waits)],
    () => ['BLMPOP', pick(waits), ...numbered(), end()],
  ];
  const scored = (): string[] => [pick(scores), element()];
  const aggregates = (): string[] => pick([[], ['AGGREGATE', pick(['SUM', 'MIN', 'max', 'x'])]]);
  // Ranges by name mean nothing among members of different scores: random-zsets.ts has them.
  const sortedSets: (() => string[])[] = [
    () => ['ZADD', key(), ...pairs(scored)],
    () => ['ZADD', key(), ...pairs(scored)],
    () => ['ZADD', key(), ...some('NX', 'XX', 'GT', 'LT', 'CH', 'INCR'), ...scored()],
    () => ['ZINCRBY', key(), ...scored()],
    () => ['ZREM', key(), ...several(3, element)],
    () => ['ZCARD', key()],
    () => [pick(['ZSCORE', 'ZRANK', 'ZREVRANK']), key(), element()],
    () => ['ZMSCORE', key(), ...several(3, element)],
    () => ['ZCOUNT', key(), pick(scoreBounds), pick(scoreBounds)],
    () => [pick(['ZRANGE', 'ZREVRANGE']), key(), index(), index(), ...some('WITHSCORES')],
    () => ['ZRANGEBYSCORE', key(), pick(scoreBounds), pick(scoreBounds), ...limit()],
    () => ['ZRANGESTORE', key(), key(), index(), index(), ...some('REV')],
    () => [
      'ZRANGESTORE',
      key(),
      key(),
      pick(scoreBounds),
      pick(scoreBounds),
      'BYSCORE',
      ...limit(),
    ],
    () => ['ZREMRANGEBYRANK', key(), index(), index()],
    () => ['ZREMRANGEBYSCORE', key(), pick(scoreBounds), pick(scoreBounds)],
    () => [pick(['ZPOPMIN', 'ZPOPMAX']), key(), ...pick([[], [count()]])],
    () => ['ZMPOP', ...numbered(), pick(['MIN', 'MAX', 'x']), ...pick([[], ['COUNT', count()]])],
    () => [pick(['BZPOPMIN', 'BZPOPMAX']), ...keys(), pick(waits)],
    () => ['BZMPOP', pick(waits), ...numbered(), pick(['MIN', 'MAX'])],
    () => [pick(['ZUNIONSTORE', 'ZINTERSTORE']), key(), ...numbered(), ...aggregates()],
    () => ['ZDIFFSTORE', key(), ...numbered()],
    () => [pick(['ZUNION', 'ZINTER', 'ZDIFF']), ...numbered(), ...some('WITHSCORES')],
    () => ['ZINTERCARD', ...numbered(), ...pick([[], ['LIMIT', count()]])],
  ];
  const toolsFor = (own: readonly string[]): RequestTools => ({
    pick,
    chance,
    key: () => (chance(0.1) ? key() : pick(own)),
    some,
  });
  const hashes = hashRequests(toolsFor(hashKeys));
  const sets = setRequests(toolsFor(setKeys));
  const streams = streamRequests(toolsFor(streamKeys));
  return [...lists, ...sets, ...hashes, ...sortedSets, ...streams];
}
