/**
 * Random requests on sorted sets and places, for comparing servers: every command and option, mostly
 * with sensible arguments. Sorted sets of many members are in order too, so that replies can be
 * compared whatever the size. Left out is what is picked at random, and distances as scores, whose
 * last digit depends on the machine's sine.
 */
import type { Random } from '../../src/util/random.ts';
import type { RandomRequest } from './random-requests.ts';

const keys = ['a', 'b', 'c', 'd'];
/** Sorted sets whose members all have one score: ranges by name mean nothing in others. */
const namedKeys = ['names:1', 'names:2'];
/** Made first, and never overwritten. */
const otherKeys = ['a set', 'a string'];
const first: readonly RandomRequest[] = [
  ['SET', 'a string', 'x'],
  ['SADD', 'a set', 'member:1', 'member:2', '7'],
];
const oddMembers = ['', '0', '7', '-12', '007', '9223372036854775807', '1.5', 'm\xff\0\r\n'];
const members = [
  ...Array.from({ length: 30 }, (_, n) => `member:${n}`),
  ...oddMembers,
  'long'.repeat(20),
];
const scores = ['0', '1', '2', '3', '-1', '2.5', '-0', '0.1', '1e20', '-7.25e-9', 'inf', '-inf'];
const wrongScores = ['nan', 'x', '', ' 1', '1e400', '0x10', '(1'];
const ranks = ['0', '1', '-1', '2', '-3', '10', '-20', '100', 'x', '1.5'];
const counts = ['0', '1', '2', '5', '-1', '1000', 'x'];
const units = ['m', 'km', 'FT', 'mi', 'parsec'];

/** Makes `next()` give one request after the other. */
export function randomZsetRequests(random: Random): { next(): RandomRequest } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  const chance = (share: number): boolean => random.float() < share;
  const several = (most: number, make: () => string[]): string[] =>
    Array.from({ length: 1 + Math.floor(random.float() * most) }, make).flat();
  const some = (...words: string[]): string[] => words.filter(() => chance(0.2));
  const maybe = (share: number, make: () => string[]): string[] => (chance(share) ? make() : []);
  const between = (low: number, high: number): number => low + random.float() * (high - low);

  const target = (): string => pick(keys);
  const key = (): string => (chance(0.05) ? pick(otherKeys) : pick(keys));
  const named = (): string => (chance(0.05) ? pick(otherKeys) : pick(namedKeys));
  const member = (): string => pick(members);
  const score = (): string => {
    if (chance(0.02)) return pick(wrongScores);
    return chance(0.3) ? String(between(-5, 5)) : pick(scores);
  };
  const border = (): string => `${chance(0.3) ? '(' : ''}${score()}`;
  const nameBorder = (): string =>
    chance(0.3) ? pick(['-', '+', '[', '(', 'x', '']) : `${pick(['[', '('])}${member()}`;
  const limit = (): string[] => maybe(0.3, () => ['LIMIT', pick(ranks), pick(counts)]);
  const flags = (): string[] => some('NX', 'XX', 'GT', 'LT', 'CH');
  const withScores = (): string[] => some('WITHSCORES');
  const range = (): string[] =>
    pick([
      () => [pick(ranks), pick(ranks)],
      () => [border(), border(), 'BYSCORE'],
      () => [border(), border(), 'REV', 'BYSCORE'],
    ])();
  const sources = (): string[] => {
    const list = several(3, () => [chance(0.1) ? named() : key()]);
    return [chance(0.03) ? pick(counts) : String(list.length), ...list];
  };
  const weighed = (): string[] => {
    const list = sources();
    const weights = (): string[] => ['WEIGHTS', ...list.slice(1).map(score)];
    const aggregate = (): string[] => ['AGGREGATE', pick(['SUM', 'min', 'MAX', 'AVG'])];
    return [...list, ...maybe(0.3, weights), ...maybe(0.4, aggregate)];
  };

  const place = (): string[] => [String(between(-20, 20)), String(between(40, 70))];
  const anywhere = (): string[] =>
    chance(0.2) ? [String(between(-181, 181)), String(between(-86, 86))] : place();
  const size = (): string => String(between(0, 2000));
  const shape = (): string[] =>
    chance(0.5)
      ? ['BYRADIUS', size(), pick(units)]
      : ['BYBOX', size(), size(), chance(0.9) ? 'km' : pick(units)];
  const centre = (): string[] =>
    chance(0.3) ? ['FROMMEMBER', member()] : ['FROMLONLAT', ...anywhere()];
  const found = (): string[] => [
    ...some('ASC', 'DESC'),
    ...maybe(0.3, () => ['COUNT', pick(counts), ...some('ANY')]),
  ];
  const shown = (): string[] => some('WITHDIST', 'WITHCOORD', 'WITHHASH');
  const geoKey = (): string => (chance(0.1) ? key() : 'places');

  const makers: readonly (() => string[])[] = [
    () => ['ZADD', key(), ...several(4, () => [score(), member()])],
    () => ['ZADD', key(), ...several(4, () => [score(), member()])],
    () => ['ZADD', key(), ...flags(), ...several(3, () => [score(), member()])],
    () => ['ZADD', key(), ...flags(), 'INCR', score(), member()],
    () => ['ZADD', named(), ...several(6, () => ['0', member()])],
    () => ['ZINCRBY', key(), score(), member()],
    () => ['ZREM', pick([key, named])(), ...several(3, () => [member()])],
    () => [pick(['ZCARD', 'TYPE', 'EXISTS']), key()],
    () => ['OBJECT', 'ENCODING', key()],
    () => [pick(['ZSCORE', 'ZRANK', 'ZREVRANK']), key(), member()],
    () => ['ZMSCORE', key(), ...several(4, () => [member()])],
    () => ['ZCOUNT', key(), border(), border()],
    () => ['ZLEXCOUNT', named(), nameBorder(), nameBorder()],
    () => ['ZRANGE', key(), '0', '-1', 'WITHSCORES'],
    () => ['ZRANGE', key(), ...range(), ...some('REV'), ...limit(), ...withScores()],
    () => ['ZRANGE', named(), nameBorder(), nameBorder(), 'BYLEX', ...some('REV'), ...limit()],
    () => ['ZREVRANGE', key(), pick(ranks), pick(ranks), ...withScores()],
    () => [
      pick(['ZRANGEBYSCORE', 'ZREVRANGEBYSCORE']),
      key(),
      border(),
      border(),
      ...withScores(),
      ...limit(),
    ],
    () => [
      pick(['ZRANGEBYLEX', 'ZREVRANGEBYLEX']),
      named(),
      nameBorder(),
      nameBorder(),
      ...limit(),
    ],
    () => ['ZRANGESTORE', target(), key(), ...range(), ...some('REV'), ...limit()],
    () => ['ZREMRANGEBYRANK', key(), pick(ranks), pick(ranks)],
    () => ['ZREMRANGEBYSCORE', key(), border(), border()],
    () => ['ZREMRANGEBYLEX', named(), nameBorder(), nameBorder()],
    () => [pick(['ZPOPMIN', 'ZPOPMAX']), key(), ...maybe(0.5, () => [pick(counts)])],
    () => [
      'ZMPOP',
      ...sources(),
      pick(['MIN', 'max']),
      ...maybe(0.3, () => ['COUNT', pick(counts)]),
    ],
    () => ['BZPOPMIN', key(), key(), '0.001'],
    () => [pick(['ZUNION', 'ZINTER']), ...weighed(), ...withScores()],
    () => [pick(['ZUNIONSTORE', 'ZINTERSTORE']), target(), ...weighed()],
    () => ['ZDIFF', ...sources(), ...withScores()],
    () => ['ZDIFFSTORE', target(), ...sources()],
    () => ['ZINTERCARD', ...sources(), ...maybe(0.4, () => ['LIMIT', pick(counts)])],
    () => ['ZRANDMEMBER', key(), '1000', ...withScores()],
    () => [
      'GEOADD',
      geoKey(),
      ...some('NX', 'XX', 'CH'),
      ...several(4, () => [...place(), member()]),
    ],
    () => ['GEOADD', geoKey(), ...several(3, () => [...anywhere(), member()])],
    () => [pick(['GEOPOS', 'GEOHASH']), geoKey(), ...several(3, () => [member()])],
    () => ['GEODIST', geoKey(), member(), member(), ...maybe(0.5, () => [pick(units)])],
    () => ['GEOSEARCH', geoKey(), ...centre(), ...shape(), ...found(), ...shown()],
    () => ['GEOSEARCHSTORE', target(), geoKey(), ...centre(), ...shape(), ...found()],
    () => ['GEORADIUS', geoKey(), ...anywhere(), size(), pick(units), ...found(), ...shown()],
    () => [
      'GEORADIUSBYMEMBER',
      geoKey(),
      member(),
      size(),
      'km',
      ...found(),
      ...maybe(0.3, () => ['STORE', target()]),
    ],
    () => ['SADD', 'a set', ...several(3, () => [member()])],
    () => ['COPY', target(), target(), 'REPLACE'],
    () => ['RENAME', target(), target()],
    () => ['DEL', target()],
    () => ['MULTI'],
    () => ['EXEC'],
    () => ['EXEC'],
  ];
  let made = 0;
  return { next: () => (made < first.length ? first[made++] : pick(makers)()) };
}
