/**
 * Writes the fixtures of this directory's tests: RDB files and DUMP payloads made by real servers,
 * each with the data it holds as JSON, and what the server's own DEBUG DIGEST said of them; and
 * append-only files, with the digest. Run by
 * hand when the set changes, on a machine that has all the servers:
 *
 *   npx tsx test/rdb/make-fixtures.ts [NAME…]       only those whose names begin so
 *
 * Times to live end in the year 2100, so that nothing in a fixture ever expires.
 */
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { realKinds, startRealServer, type RealKind } from '../support/real-servers.ts';
import { formatReply, type RespClient } from '../support/resp-client.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import type { CollectedValue } from './collect.ts';
import { fieldsThatEnd, sampleCollections, storeCommands } from './sample-collections.ts';

const fixturesDir = new URL('../fixtures/rdb/', import.meta.url).pathname;
const aofFixturesDir = new URL('../fixtures/aof/', import.meta.url).pathname;
const year2100Ms = 4_102_444_800_000;

interface FixtureEntry {
  db: number;
  key: string;
  value: CollectedValue;
  expireAtMs: number;
}

interface Fixture {
  name: string;
  kind: RealKind;
  args?: string[];
  entries: FixtureEntry[];
  /** What the file records per key besides its expiry. */
  records?: 'idle' | 'freq';
  /** Commands beyond the entries. */
  setUp?: (client: RespClient) => Promise<unknown>;
}

const strings = stringEntries();
const inDb0 = strings.filter((entry) => entry.db === 0);
const collections = collectionEntries(sampleCollections());
const volatileHashes = collectionEntries(fieldsThatEnd());

/** Settings that make a server keep the sample collections as large ones. */
const lowLimits = {
  'list-max-listpack-size': '3',
  'set-max-intset-entries': '2',
  'hash-max-listpack-entries': '2',
  'zset-max-listpack-entries': '2',
  'stream-node-max-entries': '2',
};
const lowThresholds = Object.entries(lowLimits).flatMap(([name, limit]) => [`--${name}`, limit]);
const noSetListpacks = ['--set-max-listpack-entries', '2'];

const fixtures: Fixture[] = [
  { name: 'redis7-strings', kind: 'redis7', entries: strings },
  {
    name: 'redis7-uncompressed-without-checksum',
    kind: 'redis7',
    args: ['--rdbcompression', 'no', '--rdbchecksum', 'no'],
    entries: strings,
  },
  {
    name: 'redis7-lru',
    kind: 'redis7',
    args: ['--maxmemory-policy', 'allkeys-lru'],
    entries: strings,
    records: 'idle',
  },
  {
    name: 'redis7-lfu',
    kind: 'redis7',
    args: ['--maxmemory-policy', 'volatile-lfu'],
    entries: strings,
    records: 'freq',
  },
  {
    name: 'redis7-function',
    kind: 'redis7',
    entries: inDb0,
    setUp: (client) => client.must('FUNCTION', 'LOAD', functionLibrary()),
  },
  { name: 'redis8-strings', kind: 'redis8', entries: strings },
  { name: 'redis8-empty', kind: 'redis8', entries: [] },
  ...realKinds.flatMap((kind) => [
    { name: `${kind}-small`, kind, entries: collections, setUp: storePlainNodes },
    {
      name: `${kind}-large`,
      kind,
      args: [...lowThresholds, ...(kind === 'redis7' ? [] : noSetListpacks)],
      entries: collections,
    },
  ]),
  { name: 'redis8-fields-that-end', kind: 'redis8', entries: volatileHashes },
  {
    name: 'redis8-fields-that-end-large',
    kind: 'redis8',
    args: lowThresholds,
    entries: volatileHashes,
  },
  { name: 'valkey8-strings', kind: 'valkey8', entries: strings },
  ...(['redis8', 'valkey8'] as const).map((kind) => ({
    name: `${kind}-cluster`,
    kind,
    args: ['--cluster-enabled', 'yes'],
    entries: inDb0,
    setUp: startCluster,
  })),
];

await mkdir(fixturesDir, { recursive: true });
const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean =>
  wanted.length === 0 || wanted.some((start) => name.startsWith(start));
for (const fixture of fixtures) if (isWanted(fixture.name)) await makeFixture(fixture);
for (const kind of realKinds) {
  if (isWanted(`${kind}-dumps`)) await makeDumps(kind);
  for (const preamble of ['yes', 'no'] as const) {
    if (isWanted(`${kind}-aof-preamble-${preamble}`)) await makeAof(kind, preamble);
  }
}

async function makeFixture(fixture: Fixture): Promise<void> {
  const { name, kind, args = [], records } = fixture;
  await withServer(kind, args, async (server, client) => {
    await fixture.setUp?.(client);
    for (const entry of fixture.entries) await store(client, entry);
    await client.must('SAVE');
    const file = `${name}.rdb.bin`;
    await copyFile(join(server.dir, 'dump.rdb'), join(fixturesDir, file));
    const version = await server.info(kind === 'valkey8' ? 'valkey_version' : 'redis_version');
    const digest = await client.must('DEBUG', 'DIGEST');
    const facts = { server: `${kind} ${version}`, args, digest, records: records ?? null };
    await writeJson(`${name}.json`, facts, fixture.entries);
  });
}

/** `[value, payload in base64, digest of the value]` of DUMP, small and large where they differ. */
async function makeDumps(kind: RealKind): Promise<void> {
  await withServer(kind, [], async (_server, client) => {
    const dumps: [CollectedValue, string, string][] = [];
    const values = [...sampleValues(), ...Object.values(sampleCollections())];
    if (kind === 'redis8') values.push(...Object.values(fieldsThatEnd()));
    for (const value of values) dumps.push(await dumpOf(client, value));
    for (const value of values.filter((each) => typeof each !== 'string')) {
      for (const limit of Object.entries(lowLimits)) await client.must('CONFIG', 'SET', ...limit);
      dumps.push(await dumpOf(client, value));
    }
    await writeJson(`${kind}-dumps.json`, {}, dumps);
  });
}

/** A base that a rewrite made, and an increment: every type and encoding is in both. */
async function makeAof(kind: RealKind, preamble: 'yes' | 'no'): Promise<void> {
  const dir = join(aofFixturesDir, `${kind}-preamble-${preamble}`);
  const args = ['--appendonly', 'yes', '--aof-use-rdb-preamble', preamble];
  const all = [...strings, ...collections];
  await withServer(kind, [...args, '--aof-timestamp-enabled', 'yes'], async (server, client) => {
    for (const entry of all) await store(client, entry);
    await storeLarge(client, 'base');
    await client.must('BGREWRITEAOF');
    await waitFor(async () => (await server.info('aof_rewrite_in_progress')) === '0', {
      what: 'the rewrite',
    });
    await client.must('FLUSHDB');
    for (const entry of all) await store(client, { ...entry, key: `incr:${entry.key}` });
    await storeLarge(client, 'incr');
    const digest = await client.must('DEBUG', 'DIGEST');
    await server.stop();
    await rm(dir, { recursive: true, force: true });
    await mkdir(dir, { recursive: true });
    const from = join(server.dir, 'appendonlydir');
    for (const name of await readdir(from)) {
      await copyFile(join(from, name), join(dir, `${name}.bin`));
    }
    await writeFile(join(dir, 'digest.txt'), `${formatReply(digest)}\n`);
  });
}

/** The collections again, in the encodings of large ones. */
async function storeLarge(client: RespClient, prefix: string): Promise<void> {
  const before = new Map<string, string>();
  for (const [name, limit] of Object.entries(lowLimits)) {
    const [, value] = (await client.must('CONFIG', 'GET', name)) as string[];
    before.set(name, value);
    await client.must('CONFIG', 'SET', name, limit);
  }
  for (const entry of collections) {
    await store(client, { ...entry, db: 5, key: `${prefix}:large:${entry.key}` });
  }
  for (const setting of before) await client.must('CONFIG', 'SET', ...setting);
}

async function dumpOf(
  client: RespClient,
  value: CollectedValue,
): Promise<[CollectedValue, string, string]> {
  await client.must('DEL', 'k');
  await store(client, { db: 0, key: 'k', value, expireAtMs: -1 });
  client.sendRaw('*2\r\n$4\r\nDUMP\r\n$1\r\nk\r\n');
  const head = await client.readRawUntil('\r\n');
  const payload = await client.readRaw(Number(head.toString('latin1', 1)));
  await client.readRaw(2);
  const [digest] = (await client.must('DEBUG', 'DIGEST-VALUE', 'k')) as string[];
  return [value, payload.toString('base64'), digest];
}

async function store(client: RespClient, entry: FixtureEntry): Promise<void> {
  const { db, value, expireAtMs } = entry;
  const key = Buffer.from(entry.key, 'latin1');
  await client.must('SELECT', db);
  if (typeof value === 'string') {
    await client.must('SET', key, Buffer.from(value, 'latin1'));
  } else {
    for (const command of storeCommands(key, value)) await client.must(...command);
  }
  if (expireAtMs !== -1) await client.must('PEXPIREAT', key, expireAtMs);
  await client.must('SELECT', 0);
}

/** A list with elements that have a node each. Redis does so only with those of 1 GB. */
async function storePlainNodes(client: RespClient): Promise<void> {
  await client.must('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '50b');
}

async function withServer(
  kind: RealKind,
  args: string[],
  use: (server: TestServer, client: RespClient) => Promise<void>,
): Promise<void> {
  const server = await startRealServer(kind, { args });
  try {
    await use(server, await server.connect());
  } finally {
    await server.close();
  }
}

/** A line for each row. Infinite scores, which JSON does not know, become text. */
function writeJson(
  name: string,
  facts: Record<string, unknown>,
  rows: readonly unknown[],
): Promise<void> {
  const infinite = (_name: string, value: unknown): unknown =>
    Math.abs(Number(value)) === Number.POSITIVE_INFINITY ? String(value) : value;
  const head = Object.entries(facts).map(
    ([fact, value]) => `"${fact}": ${JSON.stringify(value)},\n`,
  );
  const lines = rows.map((row) => JSON.stringify(row, infinite)).join(',\n');
  return writeFile(join(fixturesDir, name), `{${head.join('')}"rows": [\n${lines}\n]}\n`);
}

async function startCluster(client: RespClient): Promise<void> {
  await client.must('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
  await waitFor(
    async () => formatReply(await client.must('CLUSTER', 'INFO')).includes('cluster_state:ok'),
    { what: 'the cluster of one to be up' },
  );
}

function stringEntries(): FixtureEntry[] {
  const entry = (key: string, value: string, expireAtMs = -1, db = 0): FixtureEntry => ({
    db,
    key,
    value,
    expireAtMs,
  });
  return [
    ...sampleValues().map((value, index) => entry(`value:${index}`, value)),
    entry('1234', 'a key that is an integer'),
    entry('-40000', 'another'),
    entry('', 'the empty key'),
    entry(allBytes(), 'a key of all bytes'),
    entry('key:'.repeat(40), 'a key that compresses'),
    entry('expires', 'in the year 2100', year2100Ms),
    entry('expires:odd', '7', year2100Ms + 123),
    ...[1, 9, 15].map((db) => entry('same key', `database ${db}`, year2100Ms + db, db)),
  ];
}

function collectionEntries(values: Readonly<Record<string, CollectedValue>>): FixtureEntry[] {
  return Object.entries(values).map(([key, value], index) => ({
    db: 0,
    key,
    value,
    expireAtMs: index % 4 === 3 ? year2100Ms + index : -1,
  }));
}

function sampleValues(): string[] {
  const integers = [0, 1, -1, 127, 128, -128, -129, 32767, 32768, -32768, -32769];
  const wide = ['2147483647', '2147483648', '-2147483648', '-2147483649', '9223372036854775807'];
  const almostIntegers = ['', '-', '-0', '+1', '01', '1.0', ' 1', '12345678901', '99999999999'];
  const lengths = [20, 21, 63, 64, 255, 1000].map((length) => pattern(length));
  const repeats = [21, 300, 17000].map((length) => 'x'.repeat(length));
  return [...integers.map(String), ...wide, ...almostIntegers, ...lengths, ...repeats, allBytes()];
}

/** Text with some repetition, the same at every run. */
function pattern(length: number): string {
  const words = Array.from({ length: Math.ceil(length / 4) }, (_, index) => (index * index) % 9973);
  return words.join(',').slice(0, length);
}

function allBytes(): string {
  return Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1');
}

function functionLibrary(): string {
  return `#!lua name=lib\nredis.register_function('one', function() return 1 end)`;
}
