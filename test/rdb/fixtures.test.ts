/** Files that real servers wrote (see make-fixtures.ts), against the data that was in them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readAll, readPieces, singleBytes, type CollectedEntry } from './collect.ts';
import { fixtureNames, readFixture, rdbFixture, sorted } from './fixtures.ts';

test('the fixtures are there', () => {
  expect(fixtureNames.length).toBeGreaterThanOrEqual(18);
});

test.each(fixtureNames)('%s', (name) => {
  const file = readFileSync(rdbFixture(name));
  const expected = readFixture(name);
  const collected = readAll(file);
  expect(collected.entries.map(content).sort(byKey)).toEqual(
    expected.rows.map(content).sort(byKey),
  );
  for (const { idleSeconds, freq } of collected.entries) {
    expect([idleSeconds >= 0, freq >= 0]).toEqual([
      expected.records === 'idle',
      expected.records === 'freq',
    ]);
  }
  expect(collected.aux['redis-bits']).toBe('64');
  const counted = collected.sizes.reduce((sum, [, keys]) => sum + keys, 0);
  expect(counted).toBe(expected.rows.length);
  expect(readPieces(singleBytes(file)).collected).toEqual(collected);
});

test('what means nothing here is told', () => {
  const skipped = (name: string): Set<string> =>
    new Set(readAll(readFileSync(rdbFixture(name))).skipped);
  expect(skipped('redis7-function')).toEqual(new Set(['function-library']));
  expect(skipped('redis8-cluster')).toEqual(new Set(['slot-info']));
  // Valkey 8 writes the slots' sizes as an auxiliary field instead.
  const valkey = readAll(readFileSync(rdbFixture('valkey8-cluster')));
  expect(valkey.aux['slot-info']).toMatch(/^\d+,1,0$/);
});

type Content = Pick<CollectedEntry, 'db' | 'key' | 'value' | 'expireAtMs'>;

function content({ db, key, value, expireAtMs }: Content): Content {
  return { db, key, value: sorted(value), expireAtMs };
}

function byKey(a: Content, b: Content): number {
  return a.db - b.db || Number(a.key > b.key) - Number(a.key < b.key);
}
