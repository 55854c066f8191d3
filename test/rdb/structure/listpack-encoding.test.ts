/** Elements of listpacks: known forms, and round trips of any 64-bit integer and of lengths. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  backlenBytes,
  bigIntegerElement,
  elementBytes,
  integerElement,
  integerElementLow,
  isIntegerElement,
  previousElement,
  stringElementStart,
  writeBacklen,
  writeInteger,
  writeIntegerElementText,
  writeIntegerText,
  writeStringPrefix,
} from '../../../src/rdb/structure/listpack-encoding.ts';

function encodeText(text: string): Buffer {
  const src = Buffer.from(`x${text}x`, 'latin1');
  const bytes = Buffer.alloc(9);
  return bytes.subarray(0, writeIntegerText(src, 1, src.length - 1, bytes, 0));
}

function printed(bytes: Buffer): string {
  const text = Buffer.alloc(20);
  return text.toString('latin1', 0, writeIntegerElementText(bytes, 0, text, 0));
}

describe('integers', () => {
  const forms: [text: string, hex: string][] = [
    ['0', '00'],
    ['127', '7f'],
    ['128', 'c080'],
    ['-1', 'dfff'],
    ['4095', 'cfff'],
    ['-4096', 'd000'],
    ['4096', 'f10010'],
    ['-32768', 'f10080'],
    ['32768', 'f2008000'],
    ['-8388608', 'f2000080'],
    ['8388608', 'f300008000'],
    ['-2147483648', 'f300000080'],
    ['2147483648', 'f40000008000000000'],
    ['-2147483649', 'f4ffffff7fffffffff'],
    ['9223372036854775807', 'f4ffffffffffffff7f'],
    ['-9223372036854775808', 'f40000000000000080'],
    ['-4294967296', 'f400000000ffffffff'],
  ];
  test.each(forms)('%s is %s', (text, hex) => {
    const bytes = encodeText(text);
    expect(bytes.toString('hex')).toBe(hex);
    expect(elementBytes(bytes, 0)).toBe(bytes.length);
    expect(printed(bytes)).toBe(text);
  });

  const strings = ['', '-', '-0', '00', '01', '+1', ' 1', '1 ', '1.0', '1e3', '12345678901x'];
  const tooLarge = ['9223372036854775808', '-9223372036854775809', '99999999999999999999'];
  test.each([...strings, ...tooLarge, '-09223372036854775'])('"%s" is no integer', (text) => {
    expect(encodeText(text)).toHaveLength(0);
  });

  test('any 64-bit integer comes back, and so do its rounded value and low half', () => {
    const narrow = fc
      .tuple(fc.nat(63), fc.bigInt({ min: -3n, max: 3n }), fc.constantFrom(1n, -1n))
      .map(([bits, delta, sign]) => BigInt.asIntN(64, sign * (1n << BigInt(bits)) + delta));
    const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(fc.oneof(narrow, wide), (value) => {
        const bytes = encodeText(String(value));
        expect(isIntegerElement(bytes, 0)).toBe(true);
        expect(printed(bytes)).toBe(String(value));
        expect(bigIntegerElement(bytes, 0)).toBe(value);
        expect(integerElement(bytes, 0)).toBe(Number(value));
        expect(integerElementLow(bytes, 0)).toBe(Number(BigInt.asIntN(32, value)));
        if (!Number.isSafeInteger(Number(value))) return;
        const direct = Buffer.alloc(9);
        expect(direct.subarray(0, writeInteger(direct, 0, Number(value)))).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('strings and backlens', () => {
  const prefixes: [length: number, hex: string][] = [
    [0, '80'],
    [63, 'bf'],
    [64, 'e040'],
    [4095, 'efff'],
    [4096, 'f000100000'],
    [70_000, 'f070110100'],
  ];
  test.each(prefixes)('a string of %d bytes begins with %s', (length, hex) => {
    const bytes = Buffer.alloc(9);
    const start = writeStringPrefix(bytes, 0, length);
    expect(bytes.toString('hex', 0, start)).toBe(hex);
    expect(isIntegerElement(bytes, 0)).toBe(false);
    expect(stringElementStart(bytes, 0)).toBe(start);
    expect(elementBytes(bytes, 0)).toBe(start + length);
  });

  const bounds: [length: number, size: number][] = [
    [127, 1],
    [128, 2],
    [16_382, 2],
    [16_383, 3],
    [2_097_150, 3],
    [2_097_151, 4],
    [268_435_454, 4],
    [268_435_455, 5],
  ];
  test.each(bounds)('the backlen of %d takes %d bytes and leads back', (length, size) => {
    expect(backlenBytes(length)).toBe(size);
    const bytes = Buffer.alloc(5);
    expect(writeBacklen(bytes, 0, length)).toBe(size);
    expect(previousElement(bytes, size)).toBe(-length);
  });
});
