/**
 * Integers of up to 32 bits as decimal text and back, for the integer encodings of RDB strings.
 * A string may be stored as a number only if printing that number gives the same bytes again:
 * no leading zero or plus, no "-0". Hot: no strings, no objects.
 */

/** The length of "-2147483648". */
export const maxInt32Chars = 11;

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
