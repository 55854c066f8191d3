/**
 * Small collections with something of everything in them, by key, and the commands that make them:
 * for the fixtures, and for tests that have one server take what another wrote.
 */
import type { CollectedValue } from './collect.ts';
import type { StreamContents, StreamEntry } from './stream-contents.ts';

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
    ...sampleStreams(elements),
  };
}

/** Streams long enough for several nodes, with fields that repeat and fields that do not. */
function sampleStreams(elements: readonly string[]): Record<string, Collection> {
  const end = '18446744073709551615';
  const entries = Array.from({ length: 150 }, (_, index): StreamEntry => {
    const value = elements[index % elements.length];
    const words = index % 7 === 3 ? [value, 'v', 'other', String(index)] : ['field', value];
    return [`${1_600_000_000_000 + Math.floor(index / 3)}-${index * 1000}`, words];
  });
  const nothing = {
    entries: [],
    lastId: '0-0',
    maxDeletedId: '0-0',
    entriesAdded: '0',
    groups: [],
  };
  return {
    stream: {
      stream: { ...nothing, entries, lastId: '1600000000049-149000', entriesAdded: '150' },
    },
    'stream:empty': { stream: nothing },
    'stream:emptied': {
      stream: { ...nothing, lastId: `${end}-${end}`, maxDeletedId: '7-7', entriesAdded: '12' },
    },
    'stream:extreme ids': {
      stream: {
        ...nothing,
        entries: ['0-1', `0-${end}`, '9007199254740993-9007199254740993', `${end}-0`].map(
          (id): StreamEntry => [id, ['f', id]],
        ),
        lastId: `${end}-5`,
        maxDeletedId: `${end}-5`,
        entriesAdded: '9007199254740993',
      },
    },
    'stream:groups': { stream: groupsSample() },
  };
}

function groupsSample(): StreamContents {
  const ids = Array.from({ length: 9 }, (_, index) => `${index + 1}-0`);
  const atMs = 1_600_000_000_000;
  const group = { lastId: '9-0', entriesRead: '9', pending: [], consumers: [] };
  return {
    entries: ids.map((id): StreamEntry => [id, ['f', `value of ${id}`]]),
    lastId: '9-0',
    maxDeletedId: '0-0',
    entriesAdded: '9',
    groups: [
      { ...group, name: '', lastId: '0-0', entriesRead: '-1' },
      { ...group, name: 'a', consumers: ['idle', 'one'] },
      {
        ...group,
        name: 'busy \xff\0',
        pending: ids.map((id, index) => {
          return [id, ['one', 'two', '\0'][index % 3], atMs + index, `${index * 2 ** 30}`];
        }),
        consumers: ['\0', 'none', 'one', 'two'],
      },
      { ...group, name: 'unknown', lastId: '4-4', entriesRead: '-1' },
    ],
  };
}

/**
 * Those whose DEBUG DIGEST is the same in every server: Redis 7.2 and what came from it print scores
 * with fewer digits, and sum up these.
 */
export function comparableCollections(): Record<string, Collection> {
  const all = Object.entries(sampleCollections());
  return Object.fromEntries(all.filter(([, value]) => hasWholeScores(value)));
}

export function hasWholeScores(value: Collection): boolean {
  return !('zset' in value) || value.zset.every(([, score]) => Number.isSafeInteger(score));
}

/** More elements than any of them has while it is small. */
export function largeCollections(): Record<string, Collection> {
  const numbers = Array.from({ length: 1500 }, (_, index) => index);
  return {
    'list:large': { list: numbers.map((number) => `element ${number}`) },
    'set:large': { set: numbers.map((number) => `member ${number}`) },
    'set:integers': { set: numbers.map((number) => String(number * 7919)) },
    'hash:large': { hash: numbers.map((number) => [`field ${number}`, `${number ** 2}`]) },
    'zset:large': { zset: numbers.map((number) => [`member ${number}`, number % 100]) },
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
  if ('stream' in value) return streamCommands(key, value.stream);
  const fields = value.hash.flatMap(([field, content]) => [bytes(field), bytes(content)]);
  const expiries = value.hash.flatMap(([field, , atMs]): Command[] =>
    atMs === undefined ? [] : [['HPEXPIREAT', key, atMs, 'FIELDS', 1, bytes(field)]],
  );
  return [['HSET', key, ...fields], ...expiries];
}

/** Made with its groups; then what is known of deleted entries is set. */
function streamCommands(key: Buffer, stream: StreamContents): Command[] {
  const { entries, lastId, maxDeletedId, entriesAdded } = stream;
  return [
    ['XGROUP', 'CREATE', key, 'to make the stream', 0, 'MKSTREAM'],
    ['XGROUP', 'DESTROY', key, 'to make the stream'],
    ...entries.map(([id, words]): Command => ['XADD', key, id, ...words.map(bytes)]),
    ['XSETID', key, lastId, 'ENTRIESADDED', entriesAdded, 'MAXDELETEDID', maxDeletedId],
    ...stream.groups.flatMap((group) => groupCommands(key, group)),
  ];
}

function groupCommands(key: Buffer, group: StreamContents['groups'][number]): Command[] {
  const name = bytes(group.name);
  return [
    ['XGROUP', 'CREATE', key, name, group.lastId, 'ENTRIESREAD', group.entriesRead],
    ...group.consumers.map((consumer): Command => [
      'XGROUP',
      'CREATECONSUMER',
      key,
      name,
      bytes(consumer),
    ]),
    ...group.pending.map(([id, consumer, atMs, count]): Command => {
      const facts = ['TIME', atMs, 'RETRYCOUNT', count, 'FORCE', 'JUSTID'];
      return ['XCLAIM', key, name, bytes(consumer), 0, id, ...facts];
    }),
  ];
}

/** JSON has no infinities, and neither have the fixtures: they stand there as text. */
function scoreText(score: number | string): string {
  return String(score).replace('Infinity', 'inf');
}

function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}
