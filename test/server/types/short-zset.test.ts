/** The short sorted set against a Map of scores. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShortZset } from '../../../src/server/types/short-zset.ts';

const members = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 3 }),
  fc.constantFrom('', 'long '.repeat(200)),
);
const scores = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ noNaN: true }));

test('holds what a Map of scores holds, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(members, scores), { maxLength: 60 }), (entries) => {
      const held = new ShortZset();
      const model = new Map<string, number>();
      for (const [at, [member, score]] of entries.entries()) {
        const ref = held.find(...bytes(member));
        expect(ref !== 0).toBe(model.has(member));
        if (ref !== 0) expect(held.scoreOf(ref)).toBe(model.get(member));
        if (at % 2 === 0) held.add(...bytes(member), score);
        else if (ref === 0) held.insert(score, ...bytes(member));
        else held.rescore(ref, score);
        model.set(member, score);
        expect(held.size).toBe(model.size);
      }
      const expected = [...model].toSorted(
        ([a, x], [b, y]) => Number(x > y) - Number(x < y) || Buffer.from(a).compare(Buffer.from(b)),
      );
      expect(held.inOrder().map((ref) => [memberOf(held, ref), held.scoreOf(ref)])).toEqual(
        expected,
      );
    }),
  );
});

function memberOf(held: ShortZset, ref: number): string {
  held.readMember(ref);
  return held.windowBuffer.toString('latin1', held.windowStart, held.windowEnd);
}

function bytes(text: string): [Buffer, number, number] {
  return [Buffer.from(`<${text}>`, 'latin1'), 1, text.length + 1];
}
