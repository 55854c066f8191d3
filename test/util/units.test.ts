import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesText, formatMemory, keysText, parseMemory } from '../../src/util/units.ts';

test.each<[string, bigint | null]>([
  ['0', 0n],
  ['512', 512n],
  ['1b', 1n],
  ['1k', 1000n],
  ['1kb', 1024n],
  ['1M', 1000000n],
  ['1Mb', 1048576n],
  ['3g', 3000000000n],
  ['1GB', 1073741824n],
  ['00012k', 12000n],
  ['', 0n],
  ['b', 0n],
  ['-1', null],
  ['+1', null],
  ['1.5mb', null],
  ['1kk', null],
  ['1tb', null],
  [' 1', null],
  ['1m ', null],
  ['1\n', null],
  ['18446744073709551615', 18446744073709551615n],
  // What the real server answers to amounts that do not fit.
  ['99999999999999999999gb', 18446744072635809792n],
  ['9223372036854775807k', 18446744073709550616n],
])('%j is %s bytes', (text, bytes) => {
  expect(parseMemory(text)).toBe(bytes);
});

test('the printed form says the same amount', () => {
  expect(formatMemory(2097152n)).toBe('2mb');
  expect(formatMemory(2000000000n)).toBe('1953125kb');
  expect(formatMemory(0n)).toBe('0');
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 63n), (bytes) => {
      expect(parseMemory(formatMemory(bytes))).toBe(bytes);
    }),
  );
});

test('bytes are exact while they are few', () => {
  expect([0, 1023, 1024, 1_572_864, undefined].map(bytesText)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 MiB',
    'unknown',
  ]);
});

test('keys are counted', () => {
  expect([0, 1, 999, 1234567].map(keysText)).toEqual([
    '0 keys',
    '1 key',
    '999 keys',
    '1,234,567 keys',
  ]);
});
