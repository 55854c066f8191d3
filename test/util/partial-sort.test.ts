import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partialSort } from '../../src/util/partial-sort.ts';

it('puts the first places in order and loses nothing', () => {
  const lists = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 300, size: 'max' });
  fc.assert(
    fc.property(lists, fc.nat(300), (list, wanted) => {
      const sorted = [...list];
      const places = Math.min(wanted, list.length);
      partialSort(sorted, places, (a, b) => a - b);
      const expected = list.toSorted((a, b) => a - b);
      expect(sorted.slice(0, places)).toEqual(expected.slice(0, places));
      expect(sorted.toSorted((a, b) => a - b)).toEqual(expected);
    }),
  );
});
