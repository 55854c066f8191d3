/**
 * Doubles as C's library reads and prints them, which is how Redis shows the scores of sorted sets:
 * `strtod` and `%.17g`. JavaScript's own texts are shorter and have other exponents.
 */
import { parseSmallInteger } from './int64.ts';

/** What strtod and strtold read, white space before it aside; latin1 text. */
export const decimalForm = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
export const hexForm = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?$/i;
export const infiniteForm = /^([+-]?)inf(?:inity)?$/i;

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const LETTER_E = 101;
/** An integer of 15 digits and a power of ten up to 10^15 are exact: their quotient is rounded once. */
const maxFastDigits = 15;
const powersOfTen = Array.from({ length: maxFastDigits + 1 }, (_, power) => 10 ** power);

const mantissaBits = 53;
/** The exponent of the last bit of subnormal numbers. */
const minExponent = -1074;
/** Longer hexadecimal texts are refused, where C would read them. */
const maxHexLength = 10_000;
/** Hexadecimal exponents beyond this give infinity or zero whatever the digits. */
const maxHexExponent = 1_000_000;

/** Numbers with ten binary places, of at most 15 decimal digits in all. */
const shortDivisor = 1024;
const maxShort = 1e5;

const printedDigits = 17;
/** So many exact digits tell a tie. */
const exactDigits = 100;

/**
 * A whole argument as a double, NaN when it is none: no white space, no nan, neither too large nor
 * too small for the format. Infinity can be written out.
 */
export function parseDouble(bytes: Buffer, start: number, end: number): number {
  const fast = parsePlain(bytes, start, end);
  if (!Number.isNaN(fast)) return fast;
  const text = bytes.toString('latin1', start, end);
  const value = isDecimal(bytes, start, end) ? Number(text) : readDouble(text);
  if (Math.abs(value) === Infinity && !infiniteForm.test(text)) return NaN;
  return value === 0 && hasNonzeroDigit(text) ? NaN : value;
}

/**
 * What strtod makes of a C string, NaN when anything but a number stands before its end. Nothing at
 * all is 0; too large is infinite, too small 0.
 */
export function parseLenientDouble(bytes: Buffer, start: number, end: number): number {
  const fast = parsePlain(bytes, start, end);
  if (!Number.isNaN(fast)) return fast;
  const text = bytes.toString('latin1', start, end).replace(/\0[^]*$/, '');
  return text === '' ? 0 : readDouble(text.replace(/^[ \t-\r]+/, ''));
}

/** As `%.17g` prints it. */
export function formatDouble(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  // No digits are lost, nor needed: the shortest text is the exact one.
  if (Number.isInteger(value * shortDivisor) && Math.abs(value) < maxShort) return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (Math.abs(value) === Infinity) return value < 0 ? '-inf' : 'inf';
  const [digits, exponent] = roundedDigits(Math.abs(value));
  return (value < 0 ? '-' : '') + layOut(withoutZeros(digits), exponent);
}

/** With so many places after the point, as `%.4f` prints it for 4; below 10^21. */
export function formatFixed(value: number, places: number): string {
  const text = value.toFixed(places);
  const last = Number(text.at(-1));
  // A tie again, see `roundedDigits`.
  if (last % 2 === 0 || !/^50*$/.test(value.toFixed(exactDigits).slice(text.length))) return text;
  return text.slice(0, -1) + String(last - 1);
}

/** With up to 17 places after the point, and no zeros at their end. */
export function formatPlaces(value: number): string {
  return formatFixed(value, printedDigits).replace(/\.?0+$/, '');
}

/** Digits with at most one point, few enough to need one rounding; NaN for anything else. */
function parsePlain(bytes: Uint8Array, start: number, end: number): number {
  const integer = parseSmallInteger(bytes, start, end);
  if (!Number.isNaN(integer)) return integer;
  if (end - start > maxFastDigits + 2) return NaN;
  const negative = bytes[start] === MINUS;
  let value = 0;
  let digits = 0;
  let places = -1;
  for (let at = negative ? start + 1 : start; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
      if (places >= 0) places++;
    } else if (bytes[at] === POINT && places < 0) {
      places = 0;
    } else {
      return NaN;
    }
  }
  if (digits === 0 || digits > maxFastDigits) return NaN;
  const size = places > 0 ? value / powersOfTen[places] : value;
  return negative ? -size : size;
}

/** Whether there is nothing but what decimals are made of: such text is a number to C if it is one here. */
function isDecimal(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    const isDigit = byte >= ZERO && byte <= NINE;
    if (
      !isDigit &&
      byte !== POINT &&
      byte !== MINUS &&
      byte !== PLUS &&
      (byte | 0x20) !== LETTER_E
    ) {
      return false;
    }
  }
  return end > start;
}

/** NaN for text that is no number as a whole, and for nan. */
function readDouble(text: string): number {
  const infinite = infiniteForm.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const decimal = decimalForm.exec(text);
  if (decimal !== null) {
    return decimal[2] === '' && (decimal[3] ?? '') === '' ? NaN : Number(text);
  }
  const hex = hexForm.exec(text);
  if (hex === null || text.length > maxHexLength) return NaN;
  const [, sign, whole, fraction = '', power = '0'] = hex;
  if (whole.length + fraction.length === 0) return NaN;
  const size = scaleBinary(BigInt(`0x${whole}${fraction}`), Number(power) - fraction.length * 4);
  return sign === '-' ? -size : size;
}

/** The double nearest to `mantissa × 2^exponent`, ties to even. */
function scaleBinary(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n || exponent < -maxHexExponent) return 0;
  if (exponent > maxHexExponent) return Infinity;
  const bits = mantissa.toString(2).length;
  const dropped = Math.max(bits - mantissaBits, minExponent - exponent, 0);
  if (dropped > bits + 1) return 0;
  const unit = 1n << BigInt(dropped);
  const rest = mantissa % unit;
  let kept = mantissa / unit;
  if (rest * 2n > unit || (rest * 2n === unit && kept % 2n === 1n)) kept++;
  // In two steps, since 2^exponent alone may be out of range.
  const power = exponent + dropped;
  const half = Math.trunc(power / 2);
  return Number(kept) * 2 ** half * 2 ** (power - half);
}

function hasNonzeroDigit(text: string): boolean {
  return /^[+-]?(?:0x[0.]*[1-9a-f]|[0.]*[1-9])/i.test(text);
}

/** The 17 digits of a positive number, and the power of ten of the first. */
function roundedDigits(value: number): [digits: string, exponent: number] {
  const text = value.toExponential(printedDigits - 1);
  const digits = text[0] + text.slice(2, printedDigits + 1);
  const exponent = Number(text.slice(printedDigits + 2));
  const last = digits.charCodeAt(printedDigits - 1) - ZERO;
  // JavaScript rounds a tie up, C to the even digit.
  if (last % 2 === 0 || !isTie(value, exponent)) return [digits, exponent];
  return [digits.slice(0, -1) + String(last - 1), exponent];
}

/** Whether the exact digits end in a single 5 behind the printed ones. */
function isTie(value: number, exponent: number): boolean {
  // Only so many binary places end at that decimal one.
  if (!Number.isInteger(value * 2 ** (printedDigits - exponent))) return false;
  const digits = value.toExponential(exactDigits).replace(/e.*$/, '').replace('.', '');
  return /^50*$/.test(digits.slice(printedDigits));
}

function withoutZeros(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end--;
  return digits.slice(0, end);
}

function layOut(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= printedDigits) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
