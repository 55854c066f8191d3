import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  combineBits,
  countOnes,
  countOnesInBits,
  findBit,
  type BitOperation,
} from '../../../src/server/types/bits.ts';

/** Bytes at any alignment; long enough for words, and with the runs that bitmaps have. */
const stretch = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .tuple(fc.constantFrom(0, 0xff), fc.nat(100))
    .map(([byte, size]) => new Uint8Array(size).fill(byte)),
);
const window = fc
  .tuple(fc.nat(7), fc.array(stretch, { maxLength: 4 }))
  .map(([start, stretches]) => {
    const bytes = Buffer.concat([new Uint8Array(start).fill(0xaa), ...stretches, Buffer.from([7])]);
    return { bytes: new Uint8Array(bytes), start, end: bytes.length - 1 };
  });

describe('against strings of digits', () => {
  test('countOnes counts the ones of a window', () => {
    fc.assert(
      fc.property(window, ({ bytes, start, end }) => {
        const expected = digitsOf(bytes, start, end).replaceAll('0', '').length;
        expect(countOnes(bytes, start, end)).toBe(expected);
      }),
    );
  });

  test('countOnesInBits counts those of a range of bits', () => {
    fc.assert(
      fc.property(window, fc.nat(), fc.nat(), ({ bytes, start, end }, a, b) => {
        const digits = digitsOf(bytes, start, end);
        fc.pre(digits !== '');
        const [first, last] = [a % digits.length, b % digits.length].toSorted((x, y) => x - y);
        const expected = digits.slice(first, last + 1).replaceAll('0', '').length;
        expect(countOnesInBits(bytes, start, first, last)).toBe(expected);
      }),
    );
  });

  test('findBit finds the first bit of a range', () => {
    fc.assert(
      fc.property(
        window,
        fc.constantFrom<0 | 1>(0, 1),
        fc.nat(),
        fc.nat(),
        ({ bytes, start, end }, bit, a, b) => {
          const digits = digitsOf(bytes, start, end);
          fc.pre(digits !== '');
          const [first, last] = [a % digits.length, b % digits.length].toSorted((x, y) => x - y);
          const found = digits.slice(0, last + 1).indexOf(String(bit), first);
          expect(findBit(bytes, start, { bit, first, last })).toBe(found);
        },
      ),
    );
  });

  test('combineBits combines byte by byte, also in place', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<BitOperation>('and', 'or', 'xor', 'not'),
        fc.array(window, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (operation, given, inPlace) => {
          const operands = operation === 'not' ? given.slice(0, 1) : given;
          const length = Math.max(...operands.map(({ start, end }) => end - start));
          const expected = Array.from({ length }, (_, at) => {
            const column = operands.map(({ bytes, start, end }) =>
              start + at < end ? bytes[start + at] : 0,
            );
            return combineNaively(operation, column);
          });
          const { bytes, start, end } = operands[0];
          const target = new Uint8Array(length + 9);
          target.set(bytes.subarray(start, end), 5);
          const aliased = { bytes: target, start: 5, end: 5 + end - start };
          const sources = inPlace ? [aliased, ...operands.slice(1), aliased] : operands;
          if (operation === 'not') sources.length = 1;
          combineBits(operation, sources, target, 5, length);
          const twice = inPlace && operation === 'xor';
          const wanted = twice
            ? expected.map((byte, at) => byte ^ (start + at < end ? bytes[start + at] : 0))
            : expected;
          expect([...target.subarray(5, 5 + length)]).toEqual(wanted);
          expect([...target.subarray(5 + length)]).toEqual([0, 0, 0, 0]);
        },
      ),
    );
  });
});

test('combineBits goes through strings longer than its blocks', () => {
  const a = new Uint8Array(50_001).map((_, at) => at * 7);
  const b = new Uint8Array(40_003).map((_, at) => at * 13);
  const target = new Uint8Array(a.length);
  combineBits(
    'xor',
    [a, b].map((bytes) => ({ bytes, start: 0, end: bytes.length })),
    target,
    0,
    target.length,
  );
  expect(target.every((byte, at) => byte === (a[at] ^ (b[at] ?? 0)))).toBe(true);
});

test('positions beyond 2^32 are exact', () => {
  const bytes = Buffer.alloc(2 ** 29 + 2);
  bytes[2 ** 29] = 0x10;
  const last = bytes.length * 8 - 1;
  expect(findBit(bytes, 0, { bit: 1, first: 0, last })).toBe(2 ** 32 + 3);
  expect(countOnesInBits(bytes, 0, 2 ** 32 + 3, last)).toBe(1);
  expect(countOnesInBits(bytes, 0, 2 ** 32 + 4, last)).toBe(0);
});

/** The window's bits as a text of 0 and 1. */
function digitsOf(bytes: Uint8Array, start: number, end: number): string {
  return [...bytes.subarray(start, end)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

function combineNaively(operation: BitOperation, column: readonly number[]): number {
  if (operation === 'not') return ~column[0] & 0xff;
  if (operation === 'and') return column.reduce((a, b) => a & b);
  return operation === 'or' ? column.reduce((a, b) => a | b) : column.reduce((a, b) => a ^ b);
}
