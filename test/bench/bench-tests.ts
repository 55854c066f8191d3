/**
 * What the server bench measures: the load of each test, what it needs to find in the server before
 * each of its runs, and the ratios we want to reach.
 */
import type { RespClient } from '../support/resp-client.ts';

export interface BenchTest {
  name: string;
  load: string | readonly string[];
  /** Makes the same beginning for every run of so many requests. */
  prepare?: (client: RespClient, requests: number) => Promise<void>;
  /** What is left in the server afterwards, to be removed when the test is through. */
  keys?: readonly string[];
  /** At -P 1, at 16, at 64 and above, without replicas. */
  goals?: readonly [number, number, number?];
}

/** For single values, and for those within collections. */
const stringGoals = [1.0, 1.3, 1.5] as const;
const elementGoals = [0.9, 1.0] as const;

/** Elements that one command brings when a collection is filled. */
const batchSize = 500;
const valueBytes = 100;
const value = 'x'.repeat(valueBytes);

const benchTests: readonly BenchTest[] = [
  { name: 'get', load: 'get', goals: stringGoals },
  { name: 'set', load: 'set', goals: stringGoals },
  { name: 'incr', load: 'incr', goals: stringGoals },
  { name: 'mset', load: 'mset', goals: stringGoals },
  element('lpush', 'mylist', empty('mylist')),
  element(
    'rpop',
    'mylist',
    fill('mylist', 'RPUSH', () => [value]),
  ),
  element('sadd', 'myset'),
  element(
    'spop',
    'myset',
    fill('myset', 'SADD', (at) => [memberName(at)]),
  ),
  element('hset', 'myhash'),
  element('zadd', 'myzset'),
  element(
    'zpopmin',
    'myzset',
    fill('myzset', 'ZADD', (at) => [String((at * 7919) % 1_000_003), memberName(at)]),
  ),
  {
    ...element('xadd', 'mystream', empty('mystream')),
    load: ['XADD', 'mystream', '*', 'field', value],
  },
  element(
    'lrange_100',
    'mylist',
    fill('mylist', 'RPUSH', () => [value], 1000),
  ),
];

/** `get,lpush`, or `all` of the table; a name that is not in it is one of redis-benchmark's own. */
export function findTests(names: string): readonly BenchTest[] {
  if (names === 'all') return benchTests;
  return names
    .toLowerCase()
    .split(',')
    .map((name) => benchTests.find((test) => test.name === name) ?? { name, load: name });
}

function element(name: string, key: string, prepare?: BenchTest['prepare']): BenchTest {
  const base = { name, load: name, keys: [key], goals: elementGoals };
  return prepare === undefined ? base : { ...base, prepare };
}

function empty(key: string): NonNullable<BenchTest['prepare']> {
  return async (client) => void (await client.must('UNLINK', key));
}

/** As many elements as there will be requests, or `count`. */
function fill(
  key: string,
  verb: string,
  words: (at: number) => string[],
  count?: number,
): NonNullable<BenchTest['prepare']> {
  return async (client, requests) => {
    await client.must('UNLINK', key);
    const wanted = count ?? requests;
    for (let first = 0; first < wanted; first += batchSize) {
      const size = Math.min(batchSize, wanted - first);
      const elements = Array.from({ length: size }, (_, at) => words(first + at)).flat();
      await client.must(verb, key, ...elements);
    }
  };
}

/** As redis-benchmark calls them. */
function memberName(at: number): string {
  return `element:${String(at).padStart(12, '0')}`;
}
