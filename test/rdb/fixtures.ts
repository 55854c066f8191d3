/** Finds and reads what make-fixtures.ts has written. */
import { readdirSync, readFileSync } from 'node:fs';
import type { RealKind } from '../support/real-servers.ts';
import type { CollectedEntry, CollectedValue } from './collect.ts';

const fixturesDir = new URL('../fixtures/rdb/', import.meta.url);

/** What is in an RDB file. */
export interface Fixture {
  /** DEBUG DIGEST of the server that wrote it. */
  digest: string;
  /** What the file records per key besides its expiry. */
  records: 'idle' | 'freq' | null;
  rows: Pick<CollectedEntry, 'db' | 'key' | 'value' | 'expireAtMs'>[];
}

export interface DumpFixture {
  value: CollectedValue;
  payload: Buffer;
  /** DEBUG DIGEST-VALUE of the server that wrote it. */
  digest: string;
}

/** Of the RDB files. */
export const fixtureNames: readonly string[] = readdirSync(fixturesDir)
  .filter((name) => name.endsWith('.rdb.bin'))
  .map((name) => name.replace('.rdb.bin', ''));

export function rdbFixture(name: string): URL {
  return new URL(`${name}.rdb.bin`, fixturesDir);
}

export function readFixture(name: string): Fixture {
  return readJson(name) as Fixture;
}

export function readDumpFixtures(kind: RealKind): DumpFixture[] {
  const { rows } = readJson(`${kind}-dumps`) as { rows: [CollectedValue, string, string][] };
  return rows.map(([value, base64, digest]) => {
    return { value, payload: Buffer.from(base64, 'base64'), digest };
  });
}

/** The same for every order in which a server may hold the elements; list elements stay. */
export function sorted(value: CollectedValue): CollectedValue {
  if (typeof value === 'string' || 'list' in value || 'stream' in value) return value;
  if ('set' in value) return { set: value.set.toSorted() };
  if ('hash' in value) return { hash: value.hash.toSorted(byFirst) };
  return { zset: value.zset.map(withNumber).sort(byFirst) };
}

/** Infinite scores are text in the fixtures. */
function withNumber([member, score]: [string, number | string]): [string, number] {
  return [member, Number(score)];
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, fixturesDir), 'utf8'));
}

function byFirst(
  [a]: readonly [string, ...unknown[]],
  [b]: readonly [string, ...unknown[]],
): number {
  return Number(a > b) - Number(a < b);
}
