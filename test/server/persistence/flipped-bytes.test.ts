/**
 * RDB files with one byte changed, a small one of ours at every place, those of real servers at random:
 * with the checksum on each is refused; with it off the load ends soon, in an error or in a data set
 * that can be read and saved, and takes no memory for what a length promises. FLIP_RUNS=100000 makes
 * the long run of it.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbError } from '../../../src/rdb/rdb-error.ts';
import { RdbReader } from '../../../src/rdb/rdb-reader.ts';
import { StreamId } from '../../../src/rdb/structure/stream-id.ts';
import { datasetDigest } from '../../../src/server/digest.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { KeyspaceLoader } from '../../../src/server/persistence/rdb-load.ts';
import { SkippedItems } from '../../../src/server/persistence/skipped-items.ts';
import { HashValue } from '../../../src/server/types/hash-value.ts';
import { ListValue } from '../../../src/server/types/list-value.ts';
import { SetValue } from '../../../src/server/types/set-value.ts';
import { StreamValue } from '../../../src/server/types/stream-value.ts';
import { ZsetValue } from '../../../src/server/types/zset-value.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { fixtureNames, rdbFixture } from '../../rdb/fixtures.ts';
import { rdbNow } from './support/rdb-bytes.ts';

const numRuns = Number(process.env['FLIP_RUNS'] ?? 100);
const timeoutMs = 20_000 + numRuns * 100;
/** Far more than a kilobyte takes. */
const longestLoadMs = 2000;
/** Much more than any of the files. */
const maxBytes = 32 * 1024 * 1024;
const names = fixtureNames.filter((name) => !name.includes('without-checksum'));

const flip = fc.record({
  name: fc.constantFrom(...names),
  place: fc.nat(),
  mask: fc.integer({ min: 1, max: 255 }),
});
type Flip = typeof flip extends fc.Arbitrary<infer T> ? T : never;

function damaged({ name, place, mask }: Flip): Buffer {
  const bytes = readFileSync(rdbFixture(name));
  bytes[place % bytes.length] ^= mask;
  return bytes;
}

test(
  'with the checksum on, each is refused',
  () => {
    const run = fc.property(flip, (each) => {
      expect(() => load(damaged(each), true)).toThrow(RdbError);
    });
    fc.assert(run, { numRuns });
  },
  timeoutMs,
);

test(
  'with it off, the load ends, and what it leaves is sound',
  () => {
    const run = fc.property(flip, (each) => {
      const before = process.memoryUsage().arrayBuffers;
      const loaded = loadOrRefuse(damaged(each));
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(maxBytes);
      if (loaded === null) return;
      expect(datasetDigest(load(rdbNow(loaded), true))).toBe(datasetDigest(loaded));
    });
    fc.assert(run, { numRuns });
  },
  timeoutMs,
);

describe('a file with a bit of everything, at every place', () => {
  const file = rdbNow(everything());
  const bits = [1, 2, 4, 8, 16, 32, 64, 128];
  const masksAt = (at: number): number[] => (numRuns > 100 ? bits : [bits[at % bits.length]]);
  const everywhere = [...file.keys()].flatMap((at) =>
    [...masksAt(at), 255].map((mask) => ({ at, mask })),
  );
  const changed = ({ at, mask }: { at: number; mask: number }): Buffer => {
    const bytes = Buffer.from(file);
    bytes[at] ^= mask;
    return bytes;
  };

  test(
    'with the checksum on, each is refused',
    () => {
      expect(everywhere.length).toBeGreaterThan(1500);
      const taken = everywhere.filter((each) => loadOrRefuse(changed(each), true) !== null);
      expect(taken).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'with it off, the load ends, and what it leaves is sound',
    () => {
      const unsound = everywhere.filter((each) => {
        const startMs = performance.now();
        const loaded = loadOrRefuse(changed(each));
        if (performance.now() - startMs > longestLoadMs) return true;
        return (
          loaded !== null && datasetDigest(load(rdbNow(loaded), true)) !== datasetDigest(loaded)
        );
      });
      expect(unsound).toEqual([]);
    },
    timeoutMs,
  );
});

/** One value of each type and form, in two databases, some with a time to live. */
function everything(): Keyspace {
  const data = newKeyspace();
  const settings = data.valueSettings;
  Object.assign(settings, {
    hashMaxListpackEntries: 3,
    zsetMaxListpackEntries: 3,
    streamNodeMaxEntries: 2,
    listMaxListpackSize: 3,
  });
  const [{ dict }, { dict: other }] = data.databases;
  for (const text of ['12', '-3000', '70000', 'short', 'compressible '.repeat(9)]) {
    const key = window(`s${text.length}`);
    dict.find(...key);
    const ref = dict.insertString(...key, ...window(text));
    if (text === '12') dict.setExpireAt(ref, 2 ** 41);
  }
  for (const count of [2, 5]) {
    const names = Array.from({ length: count }, (_, at) => `n${at}`);
    const list = new ListValue(settings);
    const [hash, ending] = [new HashValue(settings), new HashValue(settings)];
    const [set, numbers] = [new SetValue(settings), new SetValue(settings)];
    const zset = new ZsetValue(settings);
    const stream = new StreamValue(settings);
    for (const [at, name] of names.entries()) {
      list.pushTail(...window(at % 2 === 0 ? name : String(at * 1000)));
      hash.set(...window(name), ...window('v'));
      ending.set(...window(name), ...window('v'), 2 ** 41 + at);
      set.add(...window(name));
      numbers.add(...window(String(at * 100)));
      zset.add(...window(name), at / 3);
      append(stream, at + 1, name);
    }
    const group = stream.createGroup('group');
    group.deliver(idOf(1), group.createConsumer('me', 5), 7);
    for (const value of [list, hash, set, numbers, zset, stream, ending]) {
      const key = `${value.encoding}${value.type}${count}${value === ending ? 'e' : ''}`;
      dict.find(...window(key));
      dict.insertValue(...window(key), value);
    }
  }
  other.find(...window('k'));
  other.insertString(...window('k'), ...window('v'));
  return data;
}

function window(text: string): [Buffer, number, number] {
  const bytes = Buffer.from(text);
  return [bytes, 0, bytes.length];
}

function idOf(ms: number): StreamId {
  const id = new StreamId();
  id.setMs(ms);
  return id;
}

function append(stream: StreamValue, ms: number, value: string): void {
  const buffer = Buffer.from(`f${value}`);
  const [starts, ends] = [Int32Array.of(0, 1), Int32Array.of(1, buffer.length)];
  stream.append(idOf(ms), { buffer, starts, ends, first: 0, count: 1, bytes: buffer.length });
}

/** Null when it is refused in the words that an operator gets. */
function loadOrRefuse(bytes: Buffer, verifyChecksum = false): Keyspace | null {
  try {
    return load(bytes, verifyChecksum);
  } catch (error) {
    if (error instanceof RdbError || /no such database/.test((error as Error).message)) return null;
    throw error;
  }
}

function newKeyspace(): Keyspace {
  return new Keyspace({ databases: 16, random: seededRandom(1), onExpired: () => undefined });
}

function load(bytes: Buffer, verifyChecksum: boolean): Keyspace {
  const keyspace = newKeyspace();
  const loader = new KeyspaceLoader({
    dict: (dbId) => {
      const db = keyspace.databases[dbId];
      if (db === undefined) throw new Error('no such database');
      return db.dict;
    },
    dropExpiredBefore: -1,
    valueSettings: keyspace.valueSettings,
    skipped: new SkippedItems(),
  });
  const reader = new RdbReader({ verifyChecksum });
  reader.feed(bytes);
  if (reader.parse(loader).kind !== 'done') reader.end();
  return keyspace;
}
