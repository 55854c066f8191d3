/**
 * RDB files of real servers with one byte changed: with the checksum on each is refused; with it off
 * the load ends, in an error or in a data set that can be read and saved, and takes no memory for
 * what a length promises. FLIP_RUNS=100000 makes the long run of it.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RdbError } from '../../../src/rdb/rdb-error.ts';
import { RdbReader } from '../../../src/rdb/rdb-reader.ts';
import { RdbWriter } from '../../../src/rdb/rdb-writer.ts';
import { datasetDigest } from '../../../src/server/digest.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { KeyspaceLoader } from '../../../src/server/persistence/rdb-load.ts';
import { SkippedItems } from '../../../src/server/persistence/skipped-items.ts';
import { Snapshot } from '../../../src/server/persistence/snapshot.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { fixtureNames, rdbFixture } from '../../rdb/fixtures.ts';

const numRuns = Number(process.env['FLIP_RUNS'] ?? 100);
const timeoutMs = 20_000 + numRuns * 100;
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
      expect(datasetDigest(load(saved(loaded), true))).toBe(datasetDigest(loaded));
    });
    fc.assert(run, { numRuns });
  },
  timeoutMs,
);

/** Null when it is refused in the words that an operator gets. */
function loadOrRefuse(bytes: Buffer): Keyspace | null {
  try {
    return load(bytes, false);
  } catch (error) {
    if (error instanceof RdbError || /no such database/.test((error as Error).message)) return null;
    throw error;
  }
}

function load(bytes: Buffer, verifyChecksum: boolean): Keyspace {
  const keyspace = new Keyspace({
    databases: 16,
    random: seededRandom(1),
    onExpired: () => undefined,
  });
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

function saved(keyspace: Keyspace): Buffer {
  const blocks: Buffer[] = [];
  const writer = new RdbWriter({ sink: (block) => void blocks.push(Buffer.from(block)) });
  const snapshot = new Snapshot({ keyspace, writer, aux: [], monotonicMs: () => 0 });
  snapshot.step(Number.POSITIVE_INFINITY);
  return Buffer.concat(blocks);
}
