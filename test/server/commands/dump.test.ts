/**
 * DUMP and RESTORE of collections, and DEBUG DIGEST-VALUE of what was restored: with payloads that
 * real servers wrote, with real servers that take ours, and with damaged ones.
 */
import { describe, expect, test } from 'vitest';
import { decodeDumpBody, readDumpPayload } from '../../../src/rdb/dump-payload.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { CollectingSink, type CollectedValue } from '../../rdb/collect.ts';
import { readDumpFixtures, sorted } from '../../rdb/fixtures.ts';
import { hasWholeScores, sampleCollections, storeCommands } from '../../rdb/sample-collections.ts';
import { realKinds, type RealKind } from '../../support/real-servers.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();

/** Settings under which no sample is small. */
const lowLimits = [
  ['list-max-listpack-size', 3],
  ['set-max-intset-entries', 2],
  ['hash-max-listpack-entries', 2],
  ['zset-max-listpack-entries', 2],
] as const;

const isHeld = (value: CollectedValue): boolean =>
  typeof value === 'string' ||
  !('hash' in value) ||
  value.hash.every(([, , expireAtMs]) => expireAtMs === undefined);

const hasSameDigest = (kind: RealKind, value: CollectedValue): boolean =>
  kind === 'redis7' || typeof value === 'string' || hasWholeScores(value);

describe.each(realKinds)('payloads of %s', (kind) => {
  const dumps = readDumpFixtures(kind).filter(({ value }) => isHeld(value));

  test.each([false, true])('are restored, with low limits: %s', async (low) => {
    const client = await (await use.server('bundled')).connect();
    if (low) await setLowLimits(client);
    for (const { value, payload, digest } of dumps) {
      expect(await client.command('RESTORE', 'k', 0, payload, 'REPLACE')).toBe('OK');
      if (hasSameDigest(kind, value)) {
        expect(await client.command('DEBUG', 'DIGEST-VALUE', 'k')).toEqual([digest]);
      }
      expect(sorted(read(await dump(client, 'k')))).toEqual(sorted(value));
    }
  });
});

test.for(realKinds)('%s takes ours', async (kind, context) => {
  needServer(context, kind);
  const [ours, theirs] = [await use.server('bundled'), await use.server(kind)];
  const [client, other] = [await ours.connect(), await theirs.connect()];
  for (const low of [false, true]) {
    if (low) await setLowLimits(client);
    for (const [key, value] of Object.entries(sampleCollections())) {
      if (!isHeld(value)) continue;
      await client.must('DEL', key);
      for (const command of storeCommands(Buffer.from(key), value)) await client.must(...command);
      const payload = await dump(client, key);
      expect(await other.command('RESTORE', key, 0, payload, 'REPLACE')).toBe('OK');
      await other.must('DEL', 'wanted');
      for (const command of storeCommands(Buffer.from('wanted'), value))
        await other.must(...command);
      const [digest, wanted] = (await other.must(
        'DEBUG',
        'DIGEST-VALUE',
        key,
        'wanted',
      )) as string[];
      expect(digest).toBe(wanted);
      if (!hasSameDigest(kind, value)) continue;
      expect(await client.command('DEBUG', 'DIGEST-VALUE', key)).toEqual([digest]);
    }
  }
});

test('a damaged payload is refused or restored, and the server serves on', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  await client.must('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', 1);
  const random = seededRandom(3);
  const below = (bound: number): number => random.uint32() % bound;
  const dumps = readDumpFixtures('redis7').filter(({ value }) => isHeld(value));
  const outcomes = { restored: 0, refused: 0 };
  for (let round = 0; round < 1500; round++) {
    const { payload } = dumps[below(dumps.length)];
    const damaged = Buffer.from(payload);
    damaged[below(damaged.length)] = below(256);
    const reply = await client.command('RESTORE', 'k', 0, damaged, 'REPLACE');
    if (reply === 'OK') outcomes.restored++;
    else outcomes.refused++;
    if (reply !== 'OK') {
      expect(reply).toEqual({ error: expect.stringMatching(/^ERR (?:Bad data|DUMP payload)/) });
    } else {
      read(await dump(client, 'k'));
      await client.must('DEBUG', 'DIGEST-VALUE', 'k');
    }
  }
  expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(100);
  expect(server.log()).toMatch(/RESTORE was refused: .* integrity check failed: .* at byte \d+/);
});

async function setLowLimits(client: RespClient): Promise<void> {
  for (const [name, limit] of lowLimits) await client.must('CONFIG', 'SET', name, limit);
}

async function dump(client: RespClient, key: string): Promise<Buffer> {
  client.send('DUMP', key);
  const head = await client.readRawUntil('\r\n');
  const payload = await client.readRaw(Number(head.toString('latin1', 1)));
  await client.readRaw(2);
  return payload;
}

function read(payload: Buffer): CollectedValue {
  const parts = readDumpPayload(payload);
  if (parts.kind === 'error') throw new Error(parts.because);
  const sink = new CollectingSink();
  decodeDumpBody(parts.type, parts.body, Buffer.from('k'), sink);
  return sink.collected.entries[0].value;
}
