/** Active expiry of the fields of hashes, and what a dict knows of its hashes with such fields. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpireCycle } from '../../../src/server/keyspace/expire.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { HashValue } from '../../../src/server/types/hash-value.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { clockThatSteps } from '../../support/clocks.ts';

const nowMs = 1000;

/** Hashes by key, fields by name: when each ends, −1 for never. */
type Hashes = Record<string, Record<string, number>>;

function keyspaceWith(hashes: Hashes): { keyspace: Keyspace; expired: string[] } {
  const expired: string[] = [];
  const keyspace = new Keyspace({
    databases: 1,
    random: seededRandom(1),
    onExpired: (_, key, fields = []) => {
      for (const field of fields) expired.push(`${String(key)}.${String(field)}`);
    },
  });
  const [{ dict }] = keyspace.databases;
  for (const [key, fields] of Object.entries(hashes)) {
    const hash = new HashValue(keyspace.valueSettings);
    for (const [field, atMs] of Object.entries(fields)) {
      hash.set(...bytes(field), ...bytes('v'), atMs);
    }
    dict.find(...bytes(key));
    dict.insertValue(...bytes(key), hash);
  }
  return { keyspace, expired };
}

function contentOf(keyspace: Keyspace): Hashes {
  const content: Hashes = {};
  const [{ dict }] = keyspace.databases;
  dict.walk(0, (ref) => {
    const hash = dict.value(ref) as HashValue;
    const fields: Record<string, number> = {};
    hash.walk(0, (field) => {
      hash.readField(field);
      const { windowBuffer, windowStart, windowEnd } = hash;
      const name = windowBuffer.toString('latin1', windowStart, windowEnd);
      fields[name] = hash.expireAt(windowBuffer, windowStart, windowEnd);
      return true;
    });
    content[dict.key(ref).toString()] = fields;
    return true;
  });
  return content;
}

const times = fc.constantFrom(-1, 1, 2, 999, 1000, 1001, 5000);
const names = fc.nat(60).map((n) => `f${n}`);
const hashes = fc.dictionary(
  fc.nat(5).map((n) => `k${n}`),
  fc.dictionary(names, times, { minKeys: 1, maxKeys: 60 }),
);

test('deletes exactly the fields past their time, and hashes without any left', () => {
  fc.assert(
    fc.property(hashes, (model) => {
      const { keyspace, expired } = keyspaceWith(model);
      const [{ dict }] = keyspace.databases;
      expect(dict.volatileHashCount).toBe(countVolatile(model));
      const due = Object.entries(model).flatMap(([key, fields]) =>
        Object.entries(fields)
          .filter(([, at]) => at >= 0 && at <= nowMs)
          .map(([field]) => `${key}.${field}`),
      );
      let units = 0;
      const endUnit = (): void => void units++;
      const cycle = new ExpireCycle({ keyspace, clock: clockThatSteps(nowMs, 0), endUnit });

      expect(cycle.run(1)).toBe(false);
      expect(expired.toSorted()).toEqual(due.toSorted());
      expect(units > 0).toBe(due.length > 0);
      expect(keyspace.stats.expiredSubkeys).toBe(due.length);
      const rest = restOf(model);
      expect(contentOf(keyspace)).toEqual(rest);
      expect(dict.volatileHashCount).toBe(countVolatile(rest));
    }),
  );
});

function restOf(model: Hashes): Hashes {
  const rest: Hashes = {};
  for (const [key, fields] of Object.entries(model)) {
    const left = Object.entries(fields).filter(([, at]) => at < 0 || at > nowMs);
    if (left.length > 0) rest[key] = Object.fromEntries(left);
  }
  return rest;
}

function countVolatile(model: Hashes): number {
  return Object.values(model).filter((fields) => Object.values(fields).some((at) => at >= 0))
    .length;
}

test('a hash with many fields due takes several slices, between which clients are served', () => {
  const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`f${n}`, 1]));
  const { keyspace } = keyspaceWith({ large: fields, other: { f: 1, g: -1 } });
  const cycle = new ExpireCycle({
    keyspace,
    clock: clockThatSteps(nowMs, 0.5),
    endUnit: () => undefined,
  });
  let runs = 1;
  while (cycle.run(1)) runs++;
  expect(runs).toBeGreaterThan(5);
  expect(contentOf(keyspace)).toEqual({ other: { g: -1 } });
});

test('times that were cleared meanwhile are found out when they have come', () => {
  const { keyspace, expired } = keyspaceWith({ a: { f: 10, g: 2000 }, b: { f: 10 } });
  const [{ dict }] = keyspace.databases;
  for (const key of ['a', 'b']) {
    const hash = dict.valueForWrite(dict.find(...bytes(key))) as HashValue;
    hash.set(...bytes('f'), ...bytes('w'));
  }
  new ExpireCycle({ keyspace, clock: clockThatSteps(nowMs, 0), endUnit: () => undefined }).run(1);
  expect(expired).toEqual([]);
  expect(dict.volatileHashCount).toBe(1);
  expect(contentOf(keyspace)).toEqual({ a: { f: -1, g: 2000 }, b: { f: -1 } });
});

test('follows a hash whose entry moves, is overwritten, or goes', () => {
  const { keyspace, expired } = keyspaceWith({ a: { f: 10 }, b: { f: 10 }, c: { f: 10 } });
  const [{ dict }] = keyspace.databases;
  dict.clearExpire(dict.setExpireAt(dict.find(...bytes('a')), 5000));
  dict.setExpireAt(dict.find(...bytes('a')), 5000);
  dict.overwriteString(dict.find(...bytes('b')), ...bytes('a string'), false);
  dict.remove(dict.find(...bytes('c')));
  expect(dict.volatileHashCount).toBe(1);
  new ExpireCycle({ keyspace, clock: clockThatSteps(nowMs, 0), endUnit: () => undefined }).run(1);
  expect(expired).toEqual(['a.f']);
  expect(dict.size).toBe(1);
});

function bytes(text: string): [Buffer, number, number] {
  const buffer = Buffer.from(text);
  return [buffer, 0, buffer.length];
}
