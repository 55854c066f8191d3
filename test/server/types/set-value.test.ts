/** The set value against a Set of strings, in both forms and across the change. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SetValue } from '../../../src/server/types/set-value.ts';
import { defaultEncodingLimits } from '../../../src/server/types/value.ts';
import { seededRandom } from '../../../src/util/random.ts';

const settings = { ...defaultEncodingLimits, setMaxIntsetEntries: 12, hashSeed: 7 };

const integers = fc.oneof(
  fc.integer({ min: -3, max: 30 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const members = fc.oneof(
  { weight: 30, arbitrary: integers.map(String) },
  fc.string({ unit: 'binary-ascii', maxLength: 6 }),
);
const steps = fc.record({ member: members, removes: fc.boolean() });

function bytes(text: string): [Buffer, number, number] {
  return [Buffer.from(`<${text}>`, 'latin1'), 1, text.length + 1];
}

function text(set: SetValue, ref: number): string {
  set.read(ref);
  return set.windowBuffer.toString('latin1', set.windowStart, set.windowEnd);
}

function all(set: SetValue): string[] {
  const found: string[] = [];
  set.walk(0, (ref) => found.push(text(set, ref)) > 0);
  return found.sort();
}

test('holds what a Set of strings holds', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (program) => {
      const set = new SetValue(settings);
      const model = new Set<string>();
      let encoding = 'intset';
      for (const { member, removes } of program) {
        expect(set.has(...bytes(member))).toBe(model.has(member));
        if (removes) {
          expect(set.remove(...bytes(member))).toBe(model.delete(member));
        } else {
          expect(set.add(...bytes(member))).toBe(!model.has(member));
          model.add(member);
          if (!isInteger(member) || model.size > settings.setMaxIntsetEntries)
            encoding = 'hashtable';
        }
        expect(set.size).toBe(model.size);
        expect(set.encoding).toBe(encoding);
      }
      expect(all(set)).toEqual([...model].sort());
      expect(all(set.copy())).toEqual([...model].sort());
    }),
    { numRuns: 300 },
  );
});

test('a copy does not change with the original', () => {
  const set = new SetValue(settings);
  set.add(...bytes('1'));
  const copy = set.copy();
  set.remove(...bytes('1'));
  set.add(...bytes('x'));
  expect([all(set), all(copy), copy.encoding]).toEqual([['x'], ['1'], 'intset']);
});

test.each([5, 100, 5000])('each of %d members is sampled as often as any other', (count) => {
  const random = seededRandom(count);
  const set = new SetValue(settings);
  for (let n = 0; n < count; n++) set.add(...bytes(String(n)));
  // Gaps in the table must not make their neighbours more likely.
  for (let n = 0; n < count; n += 3) set.remove(...bytes(String(n)));
  const times = new Map<string, number>();
  const samples = set.size * 200;
  for (let n = 0; n < samples; n++) {
    const member = text(set, set.sample(random.float));
    times.set(member, (times.get(member) ?? 0) + 1);
  }
  expect(times.size).toBe(set.size);
  const chiSquare = [...times.values()].reduce((sum, n) => sum + (n - 200) ** 2 / 200, 0);
  // Mean size − 1, standard deviation its root twice: five of them are one in a million. Members of
  // segments that are equally full but for a few percent are drawn as if they were equally full.
  const unevenness = set.size >= 1024 ? 0.05 : 0;
  const expected = set.size * (1 + 200 * unevenness ** 2);
  expect(chiSquare).toBeLessThan(expected + 5 * Math.sqrt(2 * expected));
});

function isInteger(member: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(member) && BigInt.asIntN(64, BigInt(member)) === BigInt(member);
}

test('no two sets have one order, or filling one from another would crowd its table', () => {
  const order = (set: SetValue): string[] => {
    const found: string[] = [];
    set.walk(0, (ref) => found.push(text(set, ref)) > 0);
    return found;
  };
  const [one, other] = [new SetValue(settings), new SetValue(settings)];
  for (let number = 0; number < 100; number++) {
    for (const set of [one, other]) set.add(...bytes(`member ${number}`));
  }
  const orders = [one, other, one.copy()].map(order);
  expect(new Set(orders.map((members) => members.toSorted().join())).size).toBe(1);
  expect(new Set(orders.map((members) => members.join())).size).toBe(3);
});
