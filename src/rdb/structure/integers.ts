/**
 * 64-bit integers as the text that they stand for, for the readers of compact structures. A number
 * holds them only up to 2^53, so they come in two halves.
 */
import { writeInt32Text } from '../integer-text.ts';

/** The length of "-9223372036854775808". */
export const maxInt64Chars = 20;

/**
 * Writes `high × 2^32 + low` (`high` signed, `low` not) as decimal text at `dst[at]`; returns the
 * position after it.
 */
export function writeInt64Text(dst: Buffer, at: number, high: number, low: number): number {
  const value = high * 2 ** 32 + low;
  if (value === (value | 0)) return writeInt32Text(dst, at, value);
  const exact = Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) + BigInt(low);
  return at + dst.write(String(exact), at, 'latin1');
}
