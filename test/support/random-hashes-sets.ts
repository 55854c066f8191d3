/**
 * Random requests on hashes and sets, for random-collections.ts. What servers answer in an order of
 * their own is left out: sets hold integers, hashes stay short, so that both keep theirs.
 */

/** What a type's requests are made with; keys are mostly those that hold the type. */
export interface RequestTools {
  pick<T>(list: readonly T[]): T;
  chance(share: number): boolean;
  key(): string;
  /** Some of the words, mostly none. */
  some(...words: string[]): string[];
}

export type Maker = () => string[];

const fields = ['f', 'g', 'h', '1', '-7', '1000000', '', 'a longer field name', '\xff\x00'];
const integers = [
  '0',
  '1',
  '-1',
  '7',
  '-30',
  '9999',
  '123456789012',
  '999999999999999',
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
const shortTexts = ['', 'x', 'text', ' 1', '01', '\x00\xff', '0123456789'.repeat(6)];
/** All of them make 600 elements at most: more than any collection of these requests has. */
const all = '600';

export function hashRequests(tools: RequestTools): Maker[] {
  const { pick, chance, key, some } = tools;
  const integer = (): string => pick(integers);
  const float = (): string => pick(floats);
  const field = (): string => pick(fields);
  const value = (): string => pick([integer, float, () => pick(shortTexts)])();
  const fieldList = (): string[] => Array.from({ length: pick([1, 1, 2, 4]) }, field);
  const pairs = (): string[] => fieldList().flatMap((each) => [each, value()]);
  return [
    () => ['HSET', key(), ...pairs()],
    () => ['HSET', key(), ...pairs()],
    () => ['HSET', key(), ...pairs(), ...some('x')],
    () => ['HMSET', key(), ...pairs()],
    () => ['HSETNX', key(), field(), value()],
    () => ['HGET', key(), field()],
    () => ['HMGET', key(), ...fieldList()],
    () => ['HDEL', key(), ...fieldList()],
    () => ['HLEN', key()],
    () => ['HSTRLEN', key(), field()],
    () => ['HEXISTS', key(), field()],
    () => ['HKEYS', key()],
    () => ['HVALS', key()],
    () => ['HGETALL', key()],
    () => ['HINCRBY', key(), field(), chance(0.1) ? value() : integer()],
    () => ['HINCRBYFLOAT', key(), field(), chance(0.2) ? value() : float()],
    () => ['HRANDFIELD', key(), pick([all, all, '0', 'x']), ...some('WITHVALUES')],
    () => [
      'HSCAN',
      key(),
      '0',
      ...pick([[], ['MATCH', '*1*'], ['COUNT', chance(0.5) ? '3' : 'x']]),
    ],
  ];
}

export function setRequests(tools: RequestTools): Maker[] {
  const { pick, chance, key, some } = tools;
  const member = (): string => (chance(0.2) ? pick(largeMembers) : pick(smallMembers));
  const asked = (): string => (chance(0.2) ? pick(shortTexts) : member());
  const list = (of: () => string): string[] => Array.from({ length: pick([1, 2, 3, 8]) }, of);
  return [
    () => ['SADD', key(), ...list(member)],
    () => ['SADD', key(), ...list(member)],
    () => ['SADD', key(), ...list(member)],
    () => ['SREM', key(), ...list(asked)],
    () => ['SMOVE', key(), key(), asked()],
    () => ['SISMEMBER', key(), asked()],
    () => ['SMISMEMBER', key(), ...list(asked)],
    () => ['SCARD', key()],
    () => ['SMEMBERS', key()],
    () => ['SPOP', key(), pick([all, '0', '0', '-1', 'x'])],
    () => ['SRANDMEMBER', key(), pick([all, all, '0', 'x'])],
    () => ['SSCAN', key(), '0', ...pick([[], ['MATCH', '1*'], ['COUNT', '3']])],
    () => ['SINTER', ...list(key)],
    () => ['SINTERCARD', pick(['1', '2', '3']), ...list(key), ...some('LIMIT'), ...some('2')],
    () => ['SINTERSTORE', key(), ...list(key)],
    () => ['SUNION', ...list(key)],
    () => ['SUNIONSTORE', key(), ...list(key)],
    () => ['SDIFF', ...list(key)],
    () => ['SDIFFSTORE', key(), ...list(key)],
  ];
}

const largeMembers = ['-32769', '70000', '9007199254740993', '-9223372036854775808'];
const smallMembers = Array.from({ length: 20 }, (_, n) => String(n - 3));
