import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addExtended,
  formatExtended,
  parseExtended,
} from '../../../src/server/commands/string-float.ts';
import { seededRandom, type Random } from '../../../src/util/random.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** `a + b` as INCRBYFLOAT replies it. */
function sum(a: string, b: string): string {
  const [x, y] = [parseExtended(a), parseExtended(b)];
  if (x === 'invalid' || y === 'invalid') return 'invalid';
  if (x === 'infinite' || y === 'infinite') return 'infinite';
  const total = addExtended(x, y);
  return total === 'infinite' ? total : formatExtended(total);
}

describe('the sum that INCRBYFLOAT replies', () => {
  // What redis-server 7.0.15 answered on x86-64.
  const cases: readonly [a: string, b: string, sum: string][] = [
    ['0.1', '0.2', '0.3'],
    ['3.0', '1.000000000000000005', '4.00000000000000001'],
    ['1e15', '0.001', '1000000000000000.0009765625'],
    ['9223372036854775807', '1', '9223372036854775808'],
    ['-1', '1', '0'],
    ['0', '-1e-30', '0'],
    ['0x10', '0x1p-3', '16.125'],
    ['1', 'inf', 'infinite'],
    ['1', '1e5000', 'invalid'],
    ['1', '1e-5000', 'invalid'],
    ['1', 'nan', 'invalid'],
    ['1', ' 1', 'invalid'],
    ['1', '', 'invalid'],
    ['1', '.', 'invalid'],
  ];
  test.each(cases)('%s + %s = %s', (a, b, expected) => {
    expect(sum(a, b)).toBe(expected);
  });

  test('is exact for integers of 64 bits and for fractions that fit', () => {
    const half = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(half, half, (a, b) => {
        expect(sum(String(a), String(b))).toBe(String(a + b));
      }),
    );
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
        const quarters = (n: number): string => `${BigInt(n) >> 2n}.${(n & 3) * 25}`;
        fc.pre(a >= 0 && b >= 0);
        expect(Number(sum(quarters(a), quarters(b)))).toBe((a + b) / 4);
      }),
    );
  });

  test('does not depend on the order', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(sum(a, b)).toBe(sum(b, a));
      }),
    );
  });

  test('is that of redis-server for random numbers', async (context) => {
    needServer(context, 'redis7');
    const client = await (await use.server('redis7')).connect();
    const random = seededRandom(seed);
    for (let count = 0; count < 3000; count++) {
      const [a, b] = [randomNumber(random), randomNumber(random)];
      await client.must('SET', 'k', a);
      const reply = await client.command('INCRBYFLOAT', 'k', b);
      const theirs = typeof reply === 'string' ? reply : JSON.stringify(reply);
      const ours = sum(a, b)
        .replace(/^invalid$/, '{"error":"ERR value is not a valid float"}')
        .replace(/^infinite$/, '{"error":"ERR increment would produce NaN or Infinity"}');
      expect(ours, `FUZZ_SEED=${seed}: ${a} + ${b}`).toBe(theirs);
    }
  });
});

/** Digits of any length with a point and an exponent anywhere, near and beyond the format's ends. */
function randomNumber(random: Random): string {
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const digits = (count: number): string => Array.from({ length: count }, () => below(10)).join('');
  const sign = ['', '', '-', '+'][below(4)];
  if (below(10) === 0) return `${sign}0x${below(2 ** 31).toString(16)}.8p${below(200) - 100}`;
  const whole = digits(below(22));
  const fraction = below(3) === 0 ? '' : `.${digits(below(25))}`;
  const spread = [30, 30, 400, 10_000][below(4)];
  const exponent = below(2) === 0 ? '' : `e${below(spread) - spread / 2}`;
  return `${sign}${whole}${fraction}${exponent}`;
}
