/**
 * Data files that real servers wrote (see test/rdb/make-fixtures.ts), loaded by ours: the digest is
 * what the server that wrote them said. No real server is needed here.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datasetDigest } from '../../src/server/digest.ts';
import { Keyspace } from '../../src/server/keyspace/keyspace.ts';
import { loadRdbFile } from '../../src/server/persistence/rdb-file.ts';
import { KeyspaceLoader } from '../../src/server/persistence/rdb-load.ts';
import { SkippedItems } from '../../src/server/persistence/skipped-items.ts';
import { formatDouble } from '../../src/util/double.ts';
import { seededRandom } from '../../src/util/random.ts';
import { fixtureNames, rdbFixture, readFixture } from '../rdb/fixtures.ts';
import { useResources } from '../support/resources.ts';

const use = useResources();
const aofFixtures = new URL('../fixtures/aof/', import.meta.url).pathname;
const aofNames = readdirSync(aofFixtures);

test('the fixtures are there', () => {
  expect(fixtureNames.length).toBeGreaterThanOrEqual(18);
  expect(aofNames).toEqual(
    ['redis7', 'redis8', 'valkey8'].flatMap((kind) => [
      `${kind}-preamble-no`,
      `${kind}-preamble-yes`,
    ]),
  );
});

test.each(fixtureNames)('the RDB %s gives the digest of the server that wrote it', (name) => {
  expect(digestOf(rdbFixture(name).pathname, name)).toBe(readFixture(name).digest);
});

describe('the append-only file', () => {
  test.each(aofNames)('%s gives the digest of the server that wrote it', async (name) => {
    const server = await use.server('bundled');
    await server.stop();
    const directory = join(server.dir, 'appendonlydir');
    mkdirSync(directory);
    for (const file of readdirSync(join(aofFixtures, name))) {
      if (!file.endsWith('.bin')) continue;
      copyFileSync(join(aofFixtures, name, file), join(directory, file.slice(0, -'.bin'.length)));
    }
    await server.restart({ args: ['--appendonly', 'yes'] });
    await server.cli('SAVE');
    const wanted = readFileSync(join(aofFixtures, name, 'digest.txt'), 'utf8').trim();
    expect(digestOf(join(server.dir, 'dump.rdb'), name)).toBe(wanted);
    expect(server.log()).not.toContain('Truncating the AOF');
  });
});

/** As the kind of server in a fixture's name reckons it. */
function digestOf(path: string, name: string): string {
  const keyspace = new Keyspace({
    databases: 16,
    random: seededRandom(1),
    onExpired: () => undefined,
  });
  const loader = new KeyspaceLoader({
    dict: (dbId) => keyspace.databases[dbId].dict,
    dropExpiredBefore: -1,
    valueSettings: keyspace.valueSettings,
    skipped: new SkippedItems(),
  });
  for (const _ of loadRdbFile(path, loader, { verifyChecksum: true, sliceBytes: 1 << 16 }));
  return name.startsWith('redis7')
    ? datasetDigest(keyspace)
    : datasetDigest(keyspace, shortestScore);
}

function shortestScore(score: number): string {
  const [digits, shortest] = [formatDouble(score), String(score)];
  return digits.length > shortest.length ? shortest : digits;
}
