/** The hash value against a Map of strings, in both forms and across the change. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashValue } from '../../../src/server/types/hash-value.ts';
import { defaultEncodingLimits } from '../../../src/server/types/value.ts';

const settings = {
  ...defaultEncodingLimits,
  hashMaxListpackEntries: 8,
  hashMaxListpackValue: 20,
  hashSeed: 7,
};

const fields = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 15 }).map((n) => `field:${n}`) },
  { weight: 5, arbitrary: fc.integer({ min: -2, max: 3 }).map(String) },
  fc.constantFrom('', 'f'.repeat(20), 'f'.repeat(21)),
);
const values = fc.oneof(
  { weight: 10, arbitrary: fc.integer().map(String) },
  { weight: 5, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 20 }) },
  fc.constantFrom('v'.repeat(21), 'v'.repeat(17_000)),
);
const steps = fc.record({ field: fields, value: fc.option(values) });

function bytes(text: string): [Buffer, number, number] {
  return [Buffer.from(`<${text}>`, 'latin1'), 1, text.length + 1];
}

function window(hash: HashValue): string {
  return hash.windowBuffer.toString('latin1', hash.windowStart, hash.windowEnd);
}

function all(hash: HashValue): Map<string, string> {
  const found = new Map<string, string>();
  hash.walk(0, (ref) => {
    hash.readField(ref);
    const field = window(hash);
    expect(found.has(field), 'each field once').toBe(false);
    hash.readValue(ref);
    found.set(field, window(hash));
    return true;
  });
  return found;
}

test('holds what a Map of strings holds', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 40 }), (program) => {
      const hash = new HashValue(settings);
      const model = new Map<string, string>();
      let encoding = 'listpack';
      for (const { field, value } of program) {
        expect(hash.has(...bytes(field))).toBe(model.has(field));
        if (value === null) {
          expect(hash.remove(...bytes(field))).toBe(model.delete(field));
        } else {
          expect(hash.set(...bytes(field), ...bytes(value))).toBe(!model.has(field));
          model.set(field, value);
          if (Math.max(field.length, value.length) > 20 || model.size > 8) encoding = 'hashtable';
        }
        expect(hash.size).toBe(model.size);
        expect(hash.encoding).toBe(encoding);
      }
      expect(all(hash)).toEqual(model);
      expect(all(hash.copy())).toEqual(model);
    }),
    { numRuns: 300 },
  );
});

test('a copy does not change with the original', () => {
  const hash = new HashValue(settings);
  hash.set(...bytes('f'), ...bytes('1'));
  const copy = hash.copy();
  hash.set(...bytes('f'), ...bytes('2'));
  expect([all(hash), all(copy)]).toEqual([new Map([['f', '2']]), new Map([['f', '1']])]);
});

test.each([6, 30])('comes by each of %d fields when sampled', (count) => {
  const hash = new HashValue(settings);
  for (let n = 0; n < count; n++) hash.set(...bytes(`${n}`), ...bytes('v'));
  const seen = new Set<string>();
  for (let n = 0; n < count * 20; n++) {
    hash.readField(hash.sample(Math.random));
    seen.add(window(hash));
  }
  expect(seen.size).toBe(count);
});
