import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDouble, parseDouble, parseLenientDouble } from '../../src/util/double.ts';

function parse(text: string): number {
  const bytes = Buffer.from(`x${text}y`, 'latin1');
  return parseDouble(bytes, 1, bytes.length - 1);
}

function parseLenient(text: string): number {
  const bytes = Buffer.from(`x${text}y`, 'latin1');
  return parseLenientDouble(bytes, 1, bytes.length - 1);
}

it('prints as %.17g does', () => {
  // What C printed.
  const printed: readonly (readonly [number, string])[] = [
    [0, '0'],
    [-0, '-0'],
    [-7, '-7'],
    [0.1, '0.10000000000000001'],
    [-2.5, '-2.5'],
    [1e-4, '0.0001'],
    [1e-5, '1.0000000000000001e-05'],
    [1.234e-5, '1.234e-05'],
    [123456.789, '123456.789'],
    [99999.9990234375, '99999.9990234375'],
    [-0.0009765625, '-0.0009765625'],
    [2 ** -60, '8.6736173798840355e-19'],
    [12345678901.0625, '12345678901.0625'],
    [1234567890123456.5, '1234567890123456.5'],
    [123456789012.000030517578125, '123456789012.00003'],
    [1.00000762939453125, '1.0000076293945312'],
    [1.00002288818359375, '1.0000228881835938'],
    [2 ** 53 + 2, '9007199254740994'],
    [36028797018963968, '36028797018963968'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [Number('123456789012345678'), '1.2345678901234568e+17'],
    [2 ** -25, '2.9802322387695312e-08'],
    [3 * 2 ** -25, '8.9406967163085938e-08'],
    [1e22, '1e+22'],
    [1e100, '1e+100'],
    [5e-324, '4.9406564584124654e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
  ];
  for (const [value, text] of printed) expect(formatDouble(value)).toBe(text);
});

it('reads back what it prints', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      expect(parse(formatDouble(value))).toBe(value);
    }),
  );
});

it('reads decimals as the nearest double', () => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.constantFrom('', '-', '+'), digits, digits, (sign, whole, fraction) => {
      const text = `${sign}${whole.join('')}.${fraction.join('')}`;
      expect(parse(text)).toBe(/\d/.test(text) ? Number(text) : NaN);
    }),
  );
});

it('reads hexadecimals as the nearest double', () => {
  const mantissas = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(mantissas, fc.integer({ min: -1000, max: 900 }), (mantissa, exponent) => {
      expect(parse(`-0x${mantissa.toString(16)}p${exponent}`)).toBe(-mantissa * 2 ** exponent);
    }),
  );
  expect(parse('0x.8')).toBe(0.5);
  expect(parse('0x1.8p1')).toBe(3);
  expect(parse('0x20000000000001p0')).toBe(2 ** 53);
  expect(parse('0x20000000000003p0')).toBe(2 ** 53 + 4);
  expect(parse('0x1p-1074')).toBe(5e-324);
  expect(parse('0x1p-1075')).toBeNaN();
  expect(parse('0x3p-1075')).toBe(1e-323);
  expect(parse('0x1p1024')).toBeNaN();
});

it('reads infinity in any case, and refuses what is no number as a whole', () => {
  for (const text of ['inf', '+INF', 'Infinity']) expect(parse(text)).toBe(Infinity);
  expect(parse('-inf')).toBe(-Infinity);
  expect(parse('-0')).toBe(-0);
  const refused = ['', ' 1', '1 ', '.', 'e5', '1e', '0x', '0xg', 'nan', '-nan', '1_0', '1\0'];
  expect(refused.map(parse)).toEqual(refused.map(() => NaN));
  expect(parse('1e400')).toBeNaN();
  expect(parse('-1e-400')).toBeNaN();
});

it('reads the borders of ranges as strtod does: leniently', () => {
  expect(parseLenient('')).toBe(0);
  expect(parseLenient(' \t\n1.5')).toBe(1.5);
  expect(parseLenient('1\0junk')).toBe(1);
  expect(parseLenient('1e400')).toBe(Infinity);
  expect(parseLenient('-1e-400')).toBe(-0);
  expect(['1 ', '(1', 'nan', ' ', 'abc'].map(parseLenient)).toEqual([NaN, NaN, NaN, NaN, NaN]);
});
