/**
 * Scores of sorted sets as decimal text: in a ziplist or listpack, and in the oldest form of RDB.
 * Hot while data sets are loaded: the short numbers that most scores are take no string.
 */

/** With so many digits, and a power of ten of at most 22, one division or product is exact. */
const maxExactDigits = 15;
const powersOfTen = Array.from({ length: 23 }, (_, power) => 10 ** power);

const decimalForm = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const infiniteForm = /^([+-]?)inf(?:inity)?$/i;

/** The number that `bytes[start … end)` spells, infinities included; NaN when it is none. */
export function parseScore(bytes: Buffer, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  let digits = 0;
  let places = -1;
  let mantissa = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte === 0x2e && places < 0 && digits > 0) {
      places = 0;
      continue;
    }
    if (byte < 0x30 || byte > 0x39 || digits === maxExactDigits) break;
    mantissa = mantissa * 10 + byte - 0x30;
    digits++;
    if (places >= 0) places++;
  }
  if (at < end || digits === 0) return parseLong(bytes.toString('latin1', start, end));
  const size = places > 0 ? mantissa / powersOfTen[places] : mantissa;
  return negative ? -size : size;
}

function parseLong(text: string): number {
  if (decimalForm.test(text)) return Number(text);
  const [, sign] = infiniteForm.exec(text) ?? [];
  if (sign === undefined) return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
