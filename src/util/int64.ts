/**
 * Integers as the wire writes them: decimal, a minus sign at most, no plus, no leading zeros, no
 * spaces, within 64 bits. Small ones are numbers; those past 2^53 need bigint to stay exact.
 */

export const int64Max = 2n ** 63n - 1n;
export const int64Min = -(2n ** 63n);

const MINUS = 45;
const ZERO = 48;
/** 15 digits always fit a double exactly. */
const maxFastDigits = 15;

/** The integer in a window of bytes, NaN when it is none; exact only up to ±10^15. */
export function parseSmallInteger(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  const digits = end - at;
  if (digits < 1 || digits > maxFastDigits) return NaN;
  if (bytes[at] === ZERO) return digits === 1 && !negative ? 0 : NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** The 64-bit integer in a window of bytes, null when it is none or out of range. */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const length = end - start;
  if (length < 1 || length > 20) return null;
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text)) return null;
  const value = BigInt(text);
  return value > int64Max || value < int64Min ? null : value;
}

/** Whether a string value counts as an integer: OBJECT ENCODING int, RDB's integer encodings. */
export function isInt64(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 20 || end === start) return false;
  return (
    !Number.isNaN(parseSmallInteger(bytes, start, end)) || parseInt64(bytes, start, end) !== null
  );
}

/** The sum of whole numbers that are bigints where they are not safe integers; so is the sum. */
export function addExact(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return shortest(BigInt(a) + BigInt(b));
}

export function subtractExact(a: number | bigint, b: number | bigint): number | bigint {
  return addExact(a, typeof b === 'number' ? -b : shortest(-b));
}

/** A number where it is exact. */
export function shortest(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
