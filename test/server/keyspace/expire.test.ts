import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpireCycle, isPastExpiry } from '../../../src/server/keyspace/expire.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { clockThatSteps } from '../../support/clocks.ts';

function keyspaceWith(keys: readonly { db: number; key: string; expireAt: number }[]): {
  keyspace: Keyspace;
  expired: string[];
} {
  const expired: string[] = [];
  const keyspace = new Keyspace({
    databases: 4,
    random: seededRandom(1),
    onExpired: (db, key) => void expired.push(`${db.id}:${String(key)}`),
  });
  keyspace.expiryMode = 'ignore';
  for (const { db: id, key, expireAt } of keys) {
    const db = keyspace.databases[id];
    const bytes = Buffer.from(key);
    if (keyspace.lookupWrite(db, bytes, 0, bytes.length) !== 0) continue;
    const ref = db.dict.insertString(bytes, 0, bytes.length, bytes, 0, bytes.length);
    if (expireAt >= 0) db.dict.setExpireAt(ref, expireAt);
  }
  keyspace.expiryMode = 'delete';
  return { keyspace, expired };
}

function leftIn(keyspace: Keyspace): string[] {
  return keyspace.databases.flatMap((db) => {
    const keys: string[] = [];
    db.dict.walk(0, (ref) => {
      keys.push(`${db.id}:${String(db.dict.key(ref))}`);
      return true;
    });
    return keys;
  });
}

const noUnits = (): void => undefined;

describe('the expire cycle', () => {
  test('deletes exactly what is past its time, each in a unit of its own', () => {
    const entry = fc.record({
      db: fc.nat(3),
      key: fc.nat(50).map((n) => `k${n}`),
      expireAt: fc.constantFrom(-1, 0, 1, 999, 1000, 1001, 5000),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
        const first = new Map<string, number>();
        for (const { db, key, expireAt } of entries) {
          if (!first.has(`${db}:${key}`)) first.set(`${db}:${key}`, expireAt);
        }
        const due = [...first].filter(([, at]) => at >= 0 && at <= 1000).map(([key]) => key);
        const rest = [...first.keys()].filter((key) => !due.includes(key));
        const { keyspace, expired } = keyspaceWith(entries);
        let units = 0;
        const endUnit = (): void => {
          units++;
          expect(expired).toHaveLength(units);
        };
        const cycle = new ExpireCycle({ keyspace, clock: clockThatSteps(1000, 0), endUnit });

        expect(cycle.run(1)).toBe(false);
        expect(expired.toSorted()).toEqual(due.toSorted());
        expect(leftIn(keyspace).toSorted()).toEqual(rest.toSorted());
        expect(keyspace.stats.expiredKeys).toBe(due.length);
      }),
    );
  });

  test('expires in the order of time within a database', () => {
    const { keyspace, expired } = keyspaceWith([
      { db: 0, key: 'late', expireAt: 900 },
      { db: 0, key: 'early', expireAt: 100 },
      { db: 0, key: 'never', expireAt: -1 },
    ]);
    new ExpireCycle({ keyspace, clock: clockThatSteps(1000, 0), endUnit: noUnits }).run(1);
    expect(expired).toEqual(['0:early', '0:late']);
  });

  test('breaks off when its time is over, says so, and goes on with the other databases', () => {
    const keys = Array.from({ length: 400 }, (_, n) => ({ db: n % 4, key: `k${n}`, expireAt: 1 }));
    const { keyspace, expired } = keyspaceWith(keys);
    // Two looks at this clock are a budget.
    const cycle = new ExpireCycle({ keyspace, clock: clockThatSteps(1000, 0.5), endUnit: noUnits });
    let runs = 1;
    while (cycle.run(1)) {
      runs++;
      expect(expired.length).toBeLessThanOrEqual(runs * 40);
    }
    expect(runs).toBeGreaterThan(10);
    expect(keyspace.stats.expiredTimeCapReachedCount).toBe(runs - 1);
    expect(leftIn(keyspace)).toEqual([]);
    const databases = expired.slice(0, 200).map((key) => key[0]);
    expect(new Set(databases)).toEqual(new Set(['0', '1', '2', '3']));
  });

  test('is not told to come back when the budget ends with the last key', () => {
    const keys = Array.from({ length: 16 }, (_, n) => ({ db: 0, key: `k${n}`, expireAt: 1 }));
    const { keyspace } = keyspaceWith(keys);
    const cycle = new ExpireCycle({ keyspace, clock: clockThatSteps(1000, 5), endUnit: noUnits });
    expect(cycle.run(1)).toBe(false);
    expect(keyspace.keyCount).toBe(0);
  });

  test('on a replica deletes only what was written there, in turns, and forgets the rest', () => {
    const own = Array.from({ length: 200 }, (_, n) => ({ db: 1, key: `own${n}`, expireAt: 1 }));
    const { keyspace, expired } = keyspaceWith([
      ...own,
      { db: 1, key: 'of the master', expireAt: 1 },
      { db: 1, key: 'later', expireAt: 5000 },
      { db: 1, key: 'lasting', expireAt: -1 },
    ]);
    keyspace.expiryMode = 'hide';
    const [, db] = keyspace.databases;
    for (const key of [...own.map((entry) => entry.key), 'later', 'lasting', 'gone']) {
      keyspace.replicaKeys.note(db, Buffer.from(key), 0, key.length);
    }
    expect(keyspace.replicaKeys.size).toBe(203);
    const cycle = new ExpireCycle({ keyspace, clock: clockThatSteps(1000, 0), endUnit: noUnits });
    expect(cycle.run(1)).toBe(false);
    expect(expired.length).toBeLessThan(100);
    for (let turn = 0; turn < 5; turn++) cycle.run(1);
    expect(expired).toHaveLength(200);
    expect(leftIn(keyspace).toSorted()).toEqual(['1:lasting', '1:later', '1:of the master']);
    expect(keyspace.replicaKeys.size).toBe(1);
    keyspace.replicaKeys.clear();
    expect(keyspace.replicaKeys.size).toBe(0);
  });

  test('does nothing where the master decides', () => {
    for (const mode of ['hide', 'ignore'] as const) {
      const { keyspace } = keyspaceWith([{ db: 0, key: 'k', expireAt: 1 }]);
      keyspace.expiryMode = mode;
      const cycle = new ExpireCycle({ keyspace, clock: clockThatSteps(1000, 0), endUnit: noUnits });
      expect(cycle.run(1)).toBe(false);
      expect(keyspace.keyCount).toBe(1);
    }
  });
});

test('an entry is past its time unless the mode says to ignore that', () => {
  const { keyspace } = keyspaceWith([{ db: 0, key: 'k', expireAt: 500 }]);
  const { dict } = keyspace.databases[0];
  const ref = dict.find(Buffer.from('k'), 0, 1);
  const at = (nowMs: number, mode: 'delete' | 'hide' | 'ignore'): boolean => {
    keyspace.nowMs = nowMs;
    keyspace.expiryMode = mode;
    return isPastExpiry(keyspace, dict, ref);
  };
  expect(at(499, 'delete')).toBe(false);
  expect(at(500, 'delete')).toBe(true);
  expect(at(501, 'hide')).toBe(true);
  expect(at(501, 'ignore')).toBe(false);
  expect(keyspace.keyCount).toBe(1);
});
