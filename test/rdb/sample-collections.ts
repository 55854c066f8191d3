/**
 * Small collections with something of everything in them, by key, and the commands that make them:
 * for the fixtures, and for tests that have one server take what another wrote.
 */
import type { CollectedValue } from './collect.ts';

type Collection = Exclude<CollectedValue, string>;
type Command = [name: string, ...args: (string | number | Buffer)[]];

const year2100Ms = 4_102_444_800_000;
const long = 'long '.repeat(20);
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
const integers = ['0', '12', '13', '127', '128', '-1', '-4096', '4096', '-32769', '8388608'];
const wide = ['2147483648', '-2147483649', '9007199254740993', '9223372036854775807'];
const texts = ['', 'a', 'b b', '-0', '007', '1.5', long, allBytes];

export function sampleCollections(): Record<string, Collection> {
  const elements = [...integers, ...wide, ...texts];
  return {
    list: { list: [...elements, 'a', 'a', long] },
    'list:one': { list: ['x'] },
    'list:long': {
      list: Array.from({ length: 60 }, (_, index) => `element ${index} `.repeat(index % 5)),
    },
    set: { set: elements },
    'set:16': { set: ['-32768', '0', '32767'] },
    'set:32': { set: ['-2147483648', '0', '2147483647'] },
    'set:64': { set: ['-9223372036854775808', '9223372036854775807', '1'] },
    hash: { hash: elements.map((element, index) => [element, `value ${index}`]) },
    'hash:integers': { hash: integers.map((integer, index) => [String(index), integer]) },
    zset: { zset: elements.map((element, index) => [element, (index - 7) * 1.37]) },
    'zset:one score': { zset: texts.map((element) => [element, 5]) },
    'zset:extremes': {
      zset: [
        ['low', Number.NEGATIVE_INFINITY],
        ['tiny', 5e-324],
        ['third', 1 / 3],
        ['integer', 2 ** 53],
        ['huge', 1.7976931348623157e308],
        ['up', Number.POSITIVE_INFINITY],
      ],
    },
  };
}

/** Hashes some fields of which end, for servers that can do so. [Redis 7.4] */
export function fieldsThatEnd(): Record<string, Collection> {
  return {
    'hash:all fields end': {
      hash: texts.map((field, index) => [field, `value ${index}`, year2100Ms + 1000 * index]),
    },
    'hash:one field ends': {
      hash: [
        ['stays', '1'],
        ['ends', '2', year2100Ms],
      ],
    },
  };
}

export function storeCommands(key: Buffer, value: Collection): Command[] {
  if ('list' in value) return [['RPUSH', key, ...value.list.map(bytes)]];
  if ('set' in value) return [['SADD', key, ...value.set.map(bytes)]];
  if ('zset' in value) {
    return [
      ['ZADD', key, ...value.zset.flatMap(([member, score]) => [scoreText(score), bytes(member)])],
    ];
  }
  const fields = value.hash.flatMap(([field, content]) => [bytes(field), bytes(content)]);
  const expiries = value.hash.flatMap(([field, , atMs]): Command[] =>
    atMs === undefined ? [] : [['HPEXPIREAT', key, atMs, 'FIELDS', 1, bytes(field)]],
  );
  return [['HSET', key, ...fields], ...expiries];
}

/** JSON has no infinities, and neither have the fixtures: they stand there as text. */
function scoreText(score: number | string): string {
  return String(score).replace('Infinity', 'inf');
}

function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}
