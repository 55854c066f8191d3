import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addSmall,
  addToField,
  readField,
  toField,
  writeField,
  type FieldType,
} from '../../../src/server/types/bit-fields.ts';

const type = fc
  .tuple(fc.boolean(), fc.integer({ min: 1, max: 64 }))
  .map(([signed, bits]): FieldType => ({ signed, bits: signed ? bits : Math.min(bits, 63) }));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

test('a field reads as its digits in the string do, zeros beyond the end', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 20 }),
      fc.nat(7),
      fc.nat(200),
      type,
      (bytes, start, offset, field) => {
        fc.pre(start <= bytes.length);
        const digits = digitsOf(bytes.subarray(start)).padEnd(300, '0');
        const unsigned = BigInt(`0b${digits.slice(offset, offset + field.bits)}`);
        const expected = field.signed ? BigInt.asIntN(field.bits, unsigned) : unsigned;
        expect(BigInt(readField(bytes, start, bytes.length, offset, field))).toBe(expected);
      },
    ),
  );
});

test('what is written reads back, and the bits around it stay', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      fc.nat(96),
      type,
      int64,
      (bytes, offset, { signed, bits }, value) => {
        const before = digitsOf(bytes);
        writeField(bytes, 0, offset, bits, value);
        const digits = BigInt.asUintN(bits, value).toString(2).padStart(bits, '0');
        expect(digitsOf(bytes)).toBe(
          before.slice(0, offset) + digits + before.slice(offset + bits),
        );
        const cut = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
        expect(BigInt(readField(bytes, 0, 20, offset, { signed, bits }))).toBe(cut);
      },
    ),
  );
});

test('small sums and writes are what exact ones are', () => {
  const small = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer(), fc.maxSafeInteger());
  fc.assert(
    fc.property(type, small, small, fc.nat(96), (field, seed, increment, offset) => {
      fc.pre(field.bits <= 32 && Math.abs(increment) < 1e15);
      const [min, max] = boundsOf(field);
      const value = Number(min + (BigInt.asUintN(64, BigInt(seed)) % (max - min + 1n)));
      const sum = addSmall(value, increment, field);
      const exact = addToField(BigInt(value), BigInt(increment), field, 'fail');
      expect(Number.isNaN(sum) ? null : BigInt(sum)).toBe(exact);
      if (Number.isNaN(sum)) return;
      const [written, expected] = [new Uint8Array(20).fill(0xa5), new Uint8Array(20).fill(0xa5)];
      writeField(written, 0, offset, field.bits, sum);
      writeField(expected, 0, offset, field.bits, BigInt(sum));
      expect(written).toEqual(expected);
    }),
  );
});

test('sums wrap, stop at the bounds, or are refused', () => {
  fc.assert(
    fc.property(type, int64, int64, (field, seed, increment) => {
      const [min, max] = boundsOf(field);
      const value = min + (BigInt.asUintN(64, seed) % (max - min + 1n));
      const sum = value + increment;
      const clamped = sum > max ? max : sum < min ? min : sum;
      const wrapped =
        min + ((((sum - min) % (max - min + 1n)) + max - min + 1n) % (max - min + 1n));
      expect(addToField(value, increment, field, 'sat')).toBe(clamped);
      expect(addToField(value, increment, field, 'wrap')).toBe(wrapped);
      expect(addToField(value, increment, field, 'fail')).toBe(sum === clamped ? sum : null);
    }),
  );
});

test('a value that does not fit counts as too large where Redis has it so', () => {
  const i8 = { signed: true, bits: 8 };
  const u8 = { signed: false, bits: 8 };
  expect(toField(-129n, i8, 'sat')).toBe(-128n);
  expect(toField(-(2n ** 63n) + 128n, i8, 'sat')).toBe(-128n);
  expect(toField(-(2n ** 63n) + 127n, i8, 'sat')).toBe(127n);
  expect(toField(-1n, u8, 'sat')).toBe(255n);
  expect(toField(-1n, u8, 'wrap')).toBe(255n);
  expect(toField(-1n, u8, 'fail')).toBe(null);
  expect(toField(-(2n ** 63n), { signed: true, bits: 64 }, 'fail')).toBe(-(2n ** 63n));
});

function boundsOf({ signed, bits }: FieldType): [bigint, bigint] {
  return signed
    ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n]
    : [0n, (1n << BigInt(bits)) - 1n];
}

function digitsOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}
