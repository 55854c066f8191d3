/**
 * The numbers of INCRBYFLOAT. Redis computes them as C's `long double`, on x86 a float with 64 bits
 * of mantissa, and prints 17 places after the point: a JavaScript number, with 53 bits, would give
 * other digits. Here the same arithmetic is done on bigints: read, add and print each round once,
 * to the nearest, ties to even, as the processor does. [Redis on ARM has 113 bits and may differ.]
 */
import { decimalForm, hexForm, infiniteForm } from '../../util/double.ts';

/** `mantissa × 2^exponent`, with at most 64 bits of mantissa. */
export interface Extended {
  readonly mantissa: bigint;
  readonly exponent: number;
}

export const zero: Extended = { mantissa: 0n, exponent: 0 };

const mantissaBits = 64;
/** The smallest exponent of a subnormal number's last bit. */
const minExponent = -16445;
/** Values from 2^16384 on are infinite. */
const maxMagnitudeBits = 16384;
/** Decimal exponents beyond this are out of range whatever the digits. [5120 is Redis's limit.] */
const maxTextLength = 5 * 1024 - 1;
const maxDecimalExponent = 20_000;
const printedPlaces = 17n;

/** Reads what C's strtold reads, without white space before it; latin1 text. */
export function parseExtended(text: string): Extended | 'infinite' | 'invalid' {
  if (text.length > maxTextLength) return 'invalid';
  if (infiniteForm.test(text)) return 'infinite';
  const decimal = decimalForm.exec(text);
  const match = decimal ?? hexForm.exec(text);
  if (match === null) return 'invalid';
  const [, sign, whole, fraction = '', power = '0'] = match;
  if (whole.length + fraction.length === 0) return 'invalid';
  const digits = BigInt((decimal === null ? '0x' : '') + whole + fraction);
  if (digits === 0n) return zero;
  const exponent = Number(power) - fraction.length * (decimal === null ? 4 : 1);
  if (Math.abs(exponent) > maxDecimalExponent) return 'invalid';
  const size = decimal === null ? scaleBinary(digits, exponent) : scaleDecimal(digits, exponent);
  // Too large or too small for the format is an error, not infinity or zero.
  if (size === 'infinite' || size.mantissa === 0n) return 'invalid';
  return sign === '-' ? { ...size, mantissa: -size.mantissa } : size;
}

export function addExtended(a: Extended, b: Extended): Extended | 'infinite' {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum =
    (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  const size = roundQuotient(sum < 0n ? -sum : sum, 1n, exponent);
  if (size === 'infinite' || sum >= 0n) return size;
  return { ...size, mantissa: -size.mantissa };
}

/** Without exponent, at most 17 places after the point, and no zeros at their end. */
export function formatExtended({ mantissa, exponent }: Extended): string {
  const size = mantissa < 0n ? -mantissa : mantissa;
  const scaled = size * 10n ** printedPlaces;
  const rounded =
    exponent >= 0 ? scaled << BigInt(exponent) : divideToNearest(scaled, 1n << BigInt(-exponent));
  const digits = rounded.toString().padStart(Number(printedPlaces) + 1, '0');
  const point = digits.length - Number(printedPlaces);
  const fraction = digits.slice(point).replace(/0+$/, '');
  const text = fraction === '' ? digits.slice(0, point) : `${digits.slice(0, point)}.${fraction}`;
  return mantissa < 0n && text !== '0' ? `-${text}` : text;
}

function scaleDecimal(digits: bigint, exponent: number): Extended | 'infinite' {
  if (exponent >= 0) return roundQuotient(digits * 10n ** BigInt(exponent), 1n, 0);
  return roundQuotient(digits, 10n ** BigInt(-exponent), 0);
}

function scaleBinary(digits: bigint, exponent: number): Extended | 'infinite' {
  return roundQuotient(digits, 1n, exponent);
}

/** The float nearest to `numerator / denominator × 2^exponent`; both are at least zero. */
function roundQuotient(
  numerator: bigint,
  denominator: bigint,
  exponent: number,
): Extended | 'infinite' {
  if (numerator === 0n) return zero;
  const lastBit = Math.max(
    exponent + quotientBits(numerator, denominator) - mantissaBits,
    minExponent,
  );
  const mantissa = quotientAt(numerator, denominator, exponent - lastBit);
  return bitLength(mantissa) + lastBit > maxMagnitudeBits
    ? 'infinite'
    : { mantissa, exponent: lastBit };
}

/** How many bits the quotient has before its point; negative for zeros behind it. */
function quotientBits(numerator: bigint, denominator: bigint): number {
  const bits = bitLength(numerator) - bitLength(denominator);
  const reaches =
    bits >= 0
      ? numerator >= denominator << BigInt(bits)
      : numerator << BigInt(-bits) >= denominator;
  return reaches ? bits + 1 : bits;
}

function quotientAt(numerator: bigint, denominator: bigint, shift: number): bigint {
  return shift >= 0
    ? divideToNearest(numerator << BigInt(shift), denominator)
    : divideToNearest(numerator, denominator << BigInt(-shift));
}

function divideToNearest(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
