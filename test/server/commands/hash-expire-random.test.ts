/**
 * Random requests on hashes with fields that end, to our server and to Redis 8: every reply must be
 * the same to the byte, and so must the data in the end. What servers need not agree on is left out:
 * the order of a hash's fields, what is left of a time, and how a hash is kept of which a HEXPIRE has
 * let no field end (Redis 8 changes its form all the same). `FUZZ_SEED=n` replays a run.
 */
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../../src/util/random.ts';
import { expectSameAnswers } from '../../support/compare-answers.ts';
import { digestOf } from '../../support/digest.ts';
import type { RandomRequest } from '../../support/random-requests.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();
const requestCount = Number(process.env.FUZZ_REQUESTS ?? 3000);
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

const keys = ['h', 'i', 'j', 'a string'];
const fields = ['a', 'b', 'c', '1', '-7', '', 'a longer field name', '\xff\x00', 'x'.repeat(70)];
const values = ['1', '2.5', '-3', 'text', '', 'v'.repeat(70)];
const pasts = ['0', '1', '1000'];
const futures = ['33177117420', '33177117421', '4102444800'];
const senseless = ['x', '-1', '9223372036854775807', '99999999999999', ''];

for (const protocol of [2, 3] as const) {
  test(`fields end as in Redis 8, in RESP${protocol} (FUZZ_SEED=${seed})`, async (context) => {
    needServer(context, 'redis8');
    const servers = await Promise.all([use.server('redis8'), use.server('bundled')]);
    const clients = await Promise.all(servers.map((server) => server.connect({ protocol })));
    const requests = fieldRequests(seededRandom(seed + protocol));
    await expectSameAnswers(clients, requests, { count: requestCount, run: `FUZZ_SEED=${seed}` });
    const [theirs, ours] = await Promise.all(servers.map(digestOf));
    expect(ours, `FUZZ_SEED=${seed}, the digest in the end`).toBe(theirs);
  });
}

function fieldRequests(random: Random): { next(): RandomRequest } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  const chance = (share: number): boolean => random.float() < share;
  const key = (): string => pick(keys);
  const field = (): string => pick(fields);
  const several = (): string[] => Array.from({ length: pick([1, 1, 2, 4]) }, field);
  const count = (of: readonly string[]): string =>
    chance(0.03) ? pick(['0', '-1', 'x', '9']) : String(of.length);
  const named = (): string[] => {
    const list = several();
    return [chance(0.02) ? 'FIELDZ' : 'FIELDS', count(list), ...list];
  };
  const pairs = (): string[] => several().flatMap((each) => [each, pick(values)]);
  const namedPairs = (): string[] => {
    const list = several();
    return ['FIELDS', count(list), ...list.flatMap((each) => [each, pick(values)])];
  };
  const time = (): string =>
    chance(0.05) ? pick(senseless) : chance(0.2) ? pick(pasts) : pick(futures);
  const condition = (): string[] => pick([[], [], ['NX'], ['XX'], ['gt'], ['LT'], ['ZZ']]);
  const lifetime = (): string[] => {
    const word = pick(['EXAT', 'PXAT', 'exat', 'EX', 'PX']);
    if (/^[EP]X$/.test(word)) return [word, chance(0.5) ? '0' : pick(senseless)];
    return [word, `${time()}${word === 'PXAT' ? '000' : ''}`];
  };
  const options = (): string[] => [
    ...pick([[], [], ['FNX'], ['fxx'], ['FXX', 'FNX']]),
    ...pick([() => [], () => ['KEEPTTL'], lifetime, lifetime])(),
  ];
  const makers: readonly (() => string[])[] = [
    () => ['HSET', key(), ...pairs()],
    () => ['HSET', key(), ...pairs()],
    () => ['HSETNX', key(), field(), pick(values)],
    () => ['HDEL', key(), ...several()],
    () => ['HMGET', key(), ...fields],
    () => ['HGET', key(), field()],
    () => ['HLEN', key()],
    () => ['HSTRLEN', key(), field()],
    () => ['HEXISTS', key(), field()],
    () => ['HINCRBY', key(), field(), pick(values)],
    () => ['HINCRBYFLOAT', key(), field(), pick(values)],
    () => ['HPEXPIRETIME', key(), ...named()],
    () => ['HEXPIRETIME', key(), ...named()],
    () => ['HPEXPIRETIME', key(), 'FIELDS', String(fields.length), ...fields],
    () => ['HEXPIREAT', key(), time(), ...condition(), ...named()],
    () => ['HEXPIREAT', key(), time(), ...condition(), ...named()],
    () => ['HPEXPIREAT', key(), `${time()}001`, ...condition(), ...named()],
    () => ['HEXPIRE', key(), pick(['0', '-1', 'x', '']), ...condition(), ...named()],
    () => ['HPERSIST', key(), ...named()],
    () => ['HGETDEL', key(), ...named()],
    () => ['HGETEX', key(), ...pick([() => [], () => ['PERSIST'], lifetime])(), ...named()],
    () => ['HSETEX', key(), ...options(), ...namedPairs()],
    () => ['HSETEX', key(), ...options(), ...namedPairs()],
    () => ['DEBUG', 'DIGEST-VALUE', key()],
    () => ['EXISTS', ...keys],
    () => ['RENAME', key(), key()],
    () => ['COPY', key(), key(), ...pick([[], ['REPLACE']])],
    () => ['DEL', key()],
    () => ['SET', 'a string', 'v'],
    () => ['MULTI'],
    () => ['EXEC'],
    () => ['EXEC'],
  ];
  return { next: () => pick(makers)() };
}
