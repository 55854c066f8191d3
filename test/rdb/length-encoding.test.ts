/** RDB lengths, and integers as text: known forms, and round trips of any number. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { notAnInt32, parseInt32, writeInt32Text } from '../../src/rdb/integer-text.ts';
import { lengthSize, readLength, writeLength } from '../../src/rdb/length-encoding.ts';

describe('length', () => {
  const forms: [length: number, hex: string][] = [
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16383, '7fff'],
    [16384, '8000004000'],
    [0xffff_ffff, '80ffffffff'],
    [0x1_0000_0000, '810000000100000000'],
    [Number.MAX_SAFE_INTEGER, '81001fffffffffffff'],
  ];
  test.each(forms)('%d is %s', (length, hex) => {
    const bytes = Buffer.alloc(9);
    expect(bytes.toString('hex', 0, writeLength(bytes, 0, length))).toBe(hex);
    expect(readLength(bytes, 0)).toBe(length);
  });

  test('round trip', () => {
    const lengths = fc.oneof(fc.maxSafeNat(), fc.nat(100_000), fc.nat(0xffff_ffff));
    fc.assert(
      fc.property(lengths, fc.nat(20), (length, at) => {
        const bytes = Buffer.alloc(40, 0xee);
        const end = writeLength(bytes, at, length);
        expect(lengthSize(bytes[at])).toBe(end - at);
        expect(readLength(bytes, at)).toBe(length);
        expect(bytes[end]).toBe(0xee);
      }),
    );
  });

  test('special encodings are told apart, malformed first bytes too', () => {
    expect([0xc0, 0xc1, 0xc2, 0xc3].map((byte) => readLength(Buffer.from([byte]), 0))).toEqual([
      -1, -2, -3, -4,
    ]);
    expect([0x82, 0xbf].map(lengthSize)).toEqual([0, 0]);
  });
});

describe('integer text', () => {
  test('round trip of any int32', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(5), (value, at) => {
        const bytes = Buffer.alloc(20, 'x');
        const end = writeInt32Text(bytes, at, value);
        expect(bytes.toString('latin1', at, end)).toBe(String(value));
        expect(parseInt32(bytes, at, end)).toBe(value);
      }),
    );
  });

  test('only what prints the same again is an integer', () => {
    const alphabet = fc.constantFrom('0', '1', '9', '2', '-', '+', ' ', '.', 'a');
    const texts = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 12 }),
      fc.integer({ min: -(2 ** 34), max: 2 ** 34 }).map(String),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const value = Number(text) | 0;
        const expected = String(value) === text ? value : notAnInt32;
        expect(parseInt32(Buffer.from(text), 0, text.length)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
