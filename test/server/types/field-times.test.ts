/** The times of a hash's fields against a Map, few and many of them and across the change. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FieldTimes } from '../../../src/server/types/field-times.ts';

const fields = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => `field:${n}`) },
  { weight: 5, arbitrary: fc.integer({ min: -2, max: 40 }).map(String) },
  fc.constantFrom('', 'f'.repeat(700), 'f'.repeat(20_000)),
);
const times = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.nat(2 ** 31 - 1).map((n) => n * 20_000),
);
const steps = fc.record({ field: fields, atMs: fc.option(times, { freq: 4 }) });

test('holds what a Map of times holds', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 120 }), fc.nat(30), (program, nowMs) => {
      const held = new FieldTimes(5);
      const model = new Map<string, number>();
      for (const { field, atMs } of program) {
        if (atMs === null) expect(held.remove(...bytes(field))).toBe(model.delete(field));
        else held.set(...bytes(field), atMs);
        if (atMs !== null) model.set(field, atMs);
        expect(held.at(...bytes(field))).toBe(model.get(field) ?? -1);
        expect(held.size).toBe(model.size);
        expect(held.nextMs).toBe(Math.min(...model.values()));
      }
      expect(all(held)).toEqual(model);
      expect(all(held.copy(6))).toEqual(model);
      const due = [...model].filter(([, atMs]) => atMs <= nowMs).map(([field]) => field);
      const found = held.due(nowMs, 1000).map((field) => field.toString('latin1'));
      expect(found.toSorted()).toEqual(due.toSorted());
      expect(held.countDue(nowMs)).toBe(due.length);
      expect(held.due(nowMs, 2)).toHaveLength(Math.min(2, due.length));
    }),
    { numRuns: 200 },
  );
});

test('of many, a walk can be broken off and goes on where it was', () => {
  const held = new FieldTimes(5);
  for (let n = 0; n < 1000; n++) held.set(...bytes(`field:${n}`), n);
  const seen = new Set<number>();
  let position = 0;
  let turns = 0;
  do {
    let left = 10;
    position = held.walk(position, (_, atMs) => {
      seen.add(atMs);
      return --left > 0;
    });
    turns++;
  } while (position !== 0);
  expect(seen.size).toBe(1000);
  expect(turns).toBeGreaterThan(50);
});

function bytes(text: string): [Buffer, number, number] {
  return [Buffer.from(`<${text}>`, 'latin1'), 1, text.length + 1];
}

function all(held: FieldTimes): Map<string, number> {
  const found = new Map<string, number>();
  held.walk(0, ({ windowBuffer, windowStart, windowEnd }, atMs) => {
    const field = windowBuffer.toString('latin1', windowStart, windowEnd);
    expect(found.has(field), 'each field once').toBe(false);
    found.set(field, atMs);
    return true;
  });
  return found;
}
