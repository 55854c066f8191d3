/**
 * Integers as decimal text and back, for the integer encodings of RDB strings (32 bits) and of the
 * elements of listpacks and intsets (64 bits, as two halves: a double would not be exact).
 * A string may be stored as a number only if printing that number gives the same bytes again:
 * no leading zero or plus, no "-0". Hot: no strings, no objects.
 */

/** The length of "-2147483648". */
export const maxInt32Chars = 11;

/** The length of "-9223372036854775808". */
export const maxInt64Chars = 20;

/** What `parseInt32` returns for anything that is not a canonical int32. */
export const notAnInt32 = 2 ** 40;

/** The int32 that `src[start … end)` spells canonically, or `notAnInt32`. */
export function parseInt32(src: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > maxInt32Chars) return notAnInt32;
  const negative = src[start] === 0x2d;
  let at = negative ? start + 1 : start;
  // A zero may only stand alone, and a minus needs a digit other than zero after it.
  if (at === end || (src[at] === 0x30 && length > 1)) return notAnInt32;
  let value = 0;
  for (; at < end; at++) {
    const digit = src[at] - 0x30;
    if (digit < 0 || digit > 9) return notAnInt32;
    value = value * 10 + digit;
  }
  if (negative) value = -value;
  return value === (value | 0) ? value : notAnInt32;
}

/** Writes an int32 as decimal text at `dst[at]`; returns the position after it. */
export function writeInt32Text(dst: Uint8Array, at: number, value: number): number {
  let rest = value < 0 ? -value : value;
  if (value < 0) dst[at++] = 0x2d;
  let end = at + 1;
  for (let bound = 10; rest >= bound; bound *= 10) end++;
  for (let index = end - 1; index >= at; index--) {
    const quotient = Math.floor(rest / 10);
    dst[index] = 0x30 + rest - quotient * 10;
    rest = quotient;
  }
  return end;
}

/**
 * Puts the int64 that `src[start … end)` spells canonically into `halves`, low and high; false when
 * it spells none.
 */
export function parseInt64(
  src: Uint8Array,
  start: number,
  end: number,
  halves: Int32Array,
): boolean {
  const small = parseInt32(src, start, end);
  if (small !== notAnInt32) {
    halves[0] = small;
    halves[1] = small >> 31;
    return true;
  }
  const negative = src[start] === 0x2d;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits < 10 || digits > 19 || src[first] === 0x30) return false;
  let upper = 0;
  let lower = 0;
  for (let at = first; at < end; at++) {
    const digit = src[at] - 0x30;
    if (digit < 0 || digit > 9) return false;
    if (end - at > 9) upper = upper * 10 + digit;
    else lower = lower * 10 + digit;
  }
  return combine(upper, lower, negative, halves);
}

/** `upper × 10^9 + lower` in halves of 32 bits; no product in here is beyond 2^53. */
function combine(upper: number, lower: number, negative: boolean, halves: Int32Array): boolean {
  const shifted = Math.floor(upper / 2 ** 16) * 1e9;
  const rest = (shifted % 2 ** 16) * 2 ** 16 + (upper % 2 ** 16) * 1e9 + lower;
  const high = Math.floor(shifted / 2 ** 16) + Math.floor(rest / 2 ** 32);
  const low = rest >>> 0;
  if (high >= 2 ** 31 && !(negative && high === 2 ** 31 && low === 0)) return false;
  halves[0] = negative ? -low : low;
  halves[1] = !negative ? high : low === 0 ? -high : -high - 1;
  return true;
}

/** Writes the int64 of two halves as decimal text at `dst[at]`; returns the position after it. */
export function writeInt64Text(dst: Uint8Array, at: number, high: number, low: number): number {
  if ((high | 0) === low >> 31) return writeInt32Text(dst, at, low | 0);
  const rounded = (high | 0) * 2 ** 32 + (low >>> 0);
  const text = String(Number.isSafeInteger(rounded) ? rounded : int64OfHalves(high, low));
  for (let index = 0; index < text.length; index++) dst[at + index] = text.charCodeAt(index);
  return at + text.length;
}

export function int64OfHalves(high: number, low: number): bigint {
  return (BigInt(high | 0) << 32n) | BigInt(low >>> 0);
}
