import { expect, it } from 'vitest';
import { ObjectTable } from '../../../src/server/types/object-table.ts';

it('keeps objects under numbers that are reused', () => {
  const table = new ObjectTable<string>();
  const numbers = Array.from({ length: 3000 }, (_, n) => table.add(`object ${n}`));
  expect(new Set(numbers).size).toBe(3000);
  expect(numbers.map((number) => table.get(number))).toEqual(numbers.map((_, n) => `object ${n}`));
  expect(table.remove(numbers[1500])).toBe('object 1500');
  expect(() => table.get(numbers[1500])).toThrow('in use');
  expect(table.add('another')).toBe(numbers[1500]);
  table.replace(numbers[0], 'first');
  expect(table.get(numbers[0])).toBe('first');
  expect(table.get(numbers[1500])).toBe('another');
});
