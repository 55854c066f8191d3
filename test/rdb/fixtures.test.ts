/** Files that real servers wrote (see make-fixtures.ts), against the data that was in them. */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readAll, readPieces, singleBytes, type CollectedEntry } from './collect.ts';

const fixturesDir = new URL('../fixtures/rdb/', import.meta.url);
const files = readdirSync(fixturesDir).filter((name) => name.endsWith('.rdb.bin'));

interface Expected {
  records?: 'idle' | 'freq';
  entries: Pick<CollectedEntry, 'db' | 'key' | 'value' | 'expireAtMs'>[];
}

test('the fixtures are there', () => {
  expect(files.length).toBeGreaterThanOrEqual(10);
});

test.each(files)('%s', (name) => {
  const file = readFileSync(new URL(name, fixturesDir));
  const expected = readExpected(name);
  const collected = readAll(file);
  expect(collected.entries.map(withoutRecords).sort(byKey)).toEqual(expected.entries.sort(byKey));
  for (const { idleSeconds, freq } of collected.entries) {
    expect([idleSeconds >= 0, freq >= 0]).toEqual([
      expected.records === 'idle',
      expected.records === 'freq',
    ]);
  }
  expect(collected.aux['redis-bits']).toBe('64');
  const counted = collected.sizes.reduce((sum, [, keys]) => sum + keys, 0);
  expect(counted).toBe(expected.entries.length);
  expect(readPieces(singleBytes(file)).collected).toEqual(collected);
});

test('what a strings-only server skips is told', () => {
  const skipped = (name: string): Set<string> =>
    new Set(readAll(readFileSync(new URL(name, fixturesDir))).skipped);
  expect(skipped('redis7-function.rdb.bin')).toEqual(new Set(['function-library']));
  expect(skipped('redis8-cluster.rdb.bin')).toEqual(new Set(['slot-info']));
  // Valkey 8 writes the slots' sizes as an auxiliary field instead.
  const valkey = readAll(readFileSync(new URL('valkey8-cluster.rdb.bin', fixturesDir)));
  expect(valkey.aux['slot-info']).toMatch(/^\d+,1,0$/);
});

function readExpected(name: string): Expected {
  const json = new URL(name.replace('.rdb.bin', '.json'), fixturesDir);
  return JSON.parse(readFileSync(json, 'utf8')) as Expected;
}

function withoutRecords(entry: CollectedEntry): Expected['entries'][number] {
  const { db, key, value, expireAtMs } = entry;
  return { db, key, value, expireAtMs };
}

function byKey(a: { db: number; key: string }, b: { db: number; key: string }): number {
  return a.db - b.db || Number(a.key > b.key) - Number(a.key < b.key);
}
