/**
 * Random requests over a handful of keys, for comparing servers: every command on strings and keys,
 * and on collections if asked (`random-collections.ts`), mostly with sensible arguments, sometimes
 * with senseless ones. The same seed gives the same requests. Left out is what two servers need not agree on: what is left of a time to live, the
 * order of keys, random ones.
 */
import type { Random } from '../../src/util/random.ts';
import { collectionKeys, collectionMakers } from './random-collections.ts';

/** Words as latin1 text. */
export type RandomRequest = readonly string[];

const keys = ['a', 'b', 'c', 'd', '', 'key:with:a:longer:name', '\xff\x00\r\n'];

const integers = ['0', '1', '-1', '7', '100', '-30', '9999', '10000', '123456789012'];
const largeIntegers = [
  '999999999999999',
  '1000000000000000',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
];
const floats = [
  '0.1',
  '-2.5',
  '1e3',
  '3.14159265358979',
  '1e-10',
  '-0',
  '123456789.987654321',
  '0x1f',
];
const texts = [
  '',
  'x',
  'text',
  ' 1',
  '01',
  '\x00\xff',
  '0123456789'.repeat(5),
  'ab'.repeat(12_000),
];
const pasts = ['1', '0', '-5', '-9223372036854775808'];
const bitOffsets = ['0', '1', '7', '8', '31', '63', '100', '777', '4294967296', '-1', 'x'];
const bitRanges = [[], ['0'], ['0', '-1'], ['3', '20', 'BIT'], ['-9', '-2', 'BYTE'], ['9', '2']];
const bitOperations = ['AND', 'OR', 'XOR', 'and', 'NAND'];
const fieldTypes = ['u1', 'u4', 'i8', 'u8', 'i13', 'u31', 'u32', 'i33', 'u63', 'i64', 'u64'];
const futures = ['33177117420', '33177117421', '4102444800'];

/** Makes `next()` give one request after the other. */
export function randomRequests(
  random: Random,
  { collections = false } = {},
): { next(): RandomRequest } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  const chance = (share: number): boolean => random.float() < share;
  const key = (): string => pick(collections && chance(0.2) ? collectionKeys : keys);
  const integer = (): string => (chance(0.2) ? pick(largeIntegers) : pick(integers));
  const value = (): string => pick([integer, integer, () => pick(floats), () => pick(texts)])();
  const number = (): string => (chance(0.1) ? pick(texts) : integer());
  const small = (): string => (chance(0.05) ? pick(texts) : pick(integers.slice(0, 7)));
  const keyList = (): string[] => Array.from({ length: 1 + Math.floor(random.float() * 3) }, key);
  const some = (...words: string[]): string[] => words.filter(() => chance(0.2));
  const time = (): string => (chance(0.2) ? pick(pasts) : chance(0.1) ? value() : pick(futures));
  const lifetime = (): string[] =>
    pick([
      [],
      [],
      [],
      ['EX', '1000'],
      ['PX', '5000000'],
      ['EXAT', time()],
      ['PXAT', `${time()}000`],
    ]);
  const bitOffset = (): string => pick(bitOffsets);
  const fieldOffset = (): string => `${pick(['', '', '#'])}${bitOffset()}`;
  const fieldOperation = (): string[] =>
    pick([
      () => ['GET', pick(fieldTypes), fieldOffset()],
      () => ['GET', pick(fieldTypes), fieldOffset()],
      () => ['SET', pick(fieldTypes), fieldOffset(), number()],
      () => ['INCRBY', pick(fieldTypes), fieldOffset(), number()],
      () => ['OVERFLOW', pick(['WRAP', 'SAT', 'FAIL'])],
    ])();
  const pairs = (): string[] => keyList().flatMap((each) => [each, value()]);

  const makers: readonly (() => string[])[] = [
    () => ['GET', key()],
    () => ['GET', key()],
    () => ['SET', key(), value()],
    () => ['SET', key(), value()],
    () => ['SET', key(), value(), ...lifetime(), ...some('NX', 'XX', 'GET', 'KEEPTTL')],
    () => ['SETNX', key(), value()],
    () => ['SETEX', key(), pick(['1000', '5000', '0', 'x']), value()],
    () => ['PSETEX', key(), pick(['1000000', '-1']), value()],
    () => ['GETSET', key(), value()],
    () => ['GETDEL', key()],
    () => ['GETEX', key(), ...lifetime(), ...some('PERSIST')],
    () => ['MGET', ...keyList()],
    () => ['MSET', ...pairs()],
    () => ['MSETNX', ...pairs()],
    () => ['APPEND', key(), value()],
    () => ['STRLEN', key()],
    () => ['GETRANGE', key(), number(), number()],
    () => ['SUBSTR', key(), small(), small()],
    () => ['SETRANGE', key(), small(), value()],
    () => ['INCR', key()],
    () => ['DECR', key()],
    () => ['INCRBY', key(), number()],
    () => ['DECRBY', key(), number()],
    () => ['INCRBYFLOAT', key(), chance(0.2) ? value() : pick(floats)],
    () => ['SETBIT', key(), bitOffset(), pick(['0', '1', '1', '2'])],
    () => ['GETBIT', key(), bitOffset()],
    () => ['BITCOUNT', key(), ...pick(bitRanges)],
    () => ['BITPOS', key(), pick(['0', '1']), ...pick(bitRanges)],
    () => ['BITOP', pick(bitOperations), key(), ...keyList()],
    () => ['BITOP', 'NOT', key(), key()],
    () => ['BITFIELD', key(), ...Array.from({ length: 3 }, fieldOperation).flat()],
    () => ['BITFIELD_RO', key(), ...fieldOperation()],
    () => ['PFADD', key(), ...keyList()],
    () => ['PFADD', key(), value()],
    () => ['PFCOUNT', ...keyList()],
    () => ['PFMERGE', ...keyList()],
    () => ['DEL', ...keyList()],
    () => ['UNLINK', key()],
    () => ['EXISTS', ...keyList()],
    () => ['TOUCH', ...keyList()],
    () => ['TYPE', key()],
    () => ['RENAME', key(), key()],
    () => ['RENAMENX', key(), key()],
    () => ['COPY', key(), key(), ...some('REPLACE'), ...pick([[], ['DB', '1'], ['DB', '0']])],
    () => ['MOVE', key(), pick(['0', '1', '2', 'x'])],
    () => ['DBSIZE'],
    () => ['EXPIRE', key(), '1000', ...some('NX', 'XX', 'GT', 'LT')],
    () => ['EXPIREAT', key(), time(), ...some('NX', 'XX', 'GT', 'LT')],
    () => ['PEXPIREAT', key(), `${time()}001`, ...some('NX', 'XX', 'GT', 'LT')],
    () => ['PEXPIRE', key(), pick(['10000000', ...pasts.slice(1)]), ...some('NX', 'GT')],
    () => ['PERSIST', key()],
    () => ['SELECT', pick(['0', '0', '1'])],
    () => ['MULTI'],
    () => ['EXEC'],
    () => ['EXEC'],
    () => ['DISCARD'],
    () => ['WATCH', ...keyList()],
    () => ['UNWATCH'],
    () => ['FLUSHDB'],
  ];
  // What DUMP shows of a collection is its own test's business.
  const more = collections ? collectionMakers(random, key) : [() => ['DUMP', key()]];
  const all = [...makers, ...more];
  return { next: () => pick(all)() };
}
