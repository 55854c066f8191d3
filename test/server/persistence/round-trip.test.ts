/**
 * What a snapshot saves, the loader makes again: random values of every type, whatever the limits
 * were on either side, in slices and pieces of any size.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { datasetDigest } from '../../../src/server/digest.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { HashValue } from '../../../src/server/types/hash-value.ts';
import { ListValue } from '../../../src/server/types/list-value.ts';
import { SetValue } from '../../../src/server/types/set-value.ts';
import type { EncodingLimits, Value, ValueSettings } from '../../../src/server/types/value.ts';
import { ZsetValue } from '../../../src/server/types/zset-value.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { cut } from '../../rdb/collect.ts';
import { loadRdb, rdbOf } from './support/rdb-bytes.ts';

const element = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 4, arbitrary: fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(text) },
  { weight: 2, arbitrary: fc.integer({ min: -200, max: 200 }).map(text) },
  { weight: 1, arbitrary: fc.nat(9000).map((length) => Buffer.alloc(length, 'ab')) },
);
const elements = fc.array(element, { minLength: 1, maxLength: 40 });
const score = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -5, max: 5 }));

const values = {
  list: elements.map((list) => (settings: ValueSettings) => {
    const value = new ListValue(settings);
    for (const [at, each] of list.entries())
      value.push(at % 3 === 0 ? 'head' : 'tail', ...all(each));
    return value;
  }),
  set: elements.map((list) => (settings: ValueSettings) => {
    const value = new SetValue(settings);
    for (const each of list) value.add(...all(each));
    return value;
  }),
  hash: fc
    .uniqueArray(fc.tuple(element, element), {
      minLength: 1,
      maxLength: 20,
      selector: ([field]) => field.toString('latin1'),
    })
    .map((pairs) => (settings: ValueSettings) => {
      const value = new HashValue(settings);
      for (const [field, content] of pairs) value.set(...all(field), ...all(content));
      return value;
    }),
  zset: fc
    .array(fc.tuple(element, score), { minLength: 1, maxLength: 20 })
    .map((pairs) => (settings: ValueSettings) => {
      const value = new ZsetValue(settings);
      for (const [member, each] of pairs) value.add(...all(member), each);
      return value;
    }),
};

const limits: fc.Arbitrary<Partial<EncodingLimits>> = fc.record({
  listMaxListpackSize: fc.constantFrom(-5, -2, -1, 1, 3, 100),
  setMaxIntsetEntries: fc.constantFrom(0, 5, 512),
  hashMaxListpackEntries: fc.constantFrom(0, 3, 512),
  hashMaxListpackValue: fc.constantFrom(1, 10, 64),
  zsetMaxListpackEntries: fc.constantFrom(0, 3, 128),
  zsetMaxListpackValue: fc.constantFrom(1, 10, 64),
});

type Make = (settings: ValueSettings) => Value;

test('any data set comes back the same', () => {
  const value: fc.Arbitrary<Make> = fc.oneof(values.list, values.set, values.hash, values.zset);
  const dataSet = fc.dictionary(
    fc.string({ maxLength: 5 }),
    fc.record({ make: value, expireAt: fc.constantFrom(-1, 4_102_444_800_000) }),
    { maxKeys: 8 },
  );
  const how = fc.record({ before: limits, after: limits, compress: fc.boolean() });
  const cuts = fc.array(fc.nat(), { maxLength: 30 });
  fc.assert(
    fc.property(dataSet, how, cuts, (data, { before, after, compress }, at) => {
      const [saved, loaded] = [keyspaceWith(before), keyspaceWith(after)];
      for (const [key, { make, expireAt }] of Object.entries(data)) {
        put(saved, key, make(saved.valueSettings), expireAt);
      }
      loadRdb(loaded, cut(rdbOf(saved, compress), at));
      expect(datasetDigest(loaded)).toBe(datasetDigest(saved));
      for (const [key, { make }] of Object.entries(data)) {
        expect(valueAt(loaded, key).encoding).toBe(make(loaded.valueSettings).encoding);
      }
    }),
    { numRuns: 200 },
  );
});

function keyspaceWith(limits: Partial<EncodingLimits>): Keyspace {
  const keyspace = new Keyspace({
    databases: 1,
    random: seededRandom(7),
    onExpired: () => undefined,
  });
  Object.assign(keyspace.valueSettings, limits);
  return keyspace;
}

function put(
  { databases: [{ dict }] }: Keyspace,
  key: string,
  value: Value,
  expireAt: number,
): void {
  const bytes = text(key);
  dict.find(...all(bytes));
  const ref = dict.insertValue(...all(bytes), value);
  if (expireAt >= 0) dict.setExpireAt(ref, expireAt);
}

function valueAt({ databases: [{ dict }] }: Keyspace, key: string): Value {
  return dict.value(dict.find(...all(text(key))));
}

function text(value: string | number | bigint): Buffer {
  return Buffer.from(String(value));
}

function all(bytes: Buffer): [bytes: Buffer, start: number, end: number] {
  return [bytes, 0, bytes.length];
}
