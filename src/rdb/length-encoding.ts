/**
 * Lengths as RDB writes them: the two top bits of the first byte choose the form.
 *
 *   00nnnnnn                       0 … 63
 *   01nnnnnn n:1                   0 … 16383, big endian
 *   10000000 n:4                   32 bits, big endian
 *   10000001 n:8                   64 bits, big endian
 *   11eeeeee                       not a length: a string in a special encoding
 *
 * A string is a length and that many bytes, or one of the special encodings:
 *
 *   e = 0, 1, 2   a decimal integer as int8, int16 or int32, little endian
 *   e = 3         LZF: compressed length, length, compressed bytes
 *
 * Pure functions over bytes; used by the RDB output and input.
 */

/** The longest form, for whoever reserves room. */
export const maxLengthBytes = 9;

/** Values of e above. */
export const stringEncoding = { int8: 0, int16: 1, int32: 2, lzf: 3 } as const;

/** First byte of a string in a special encoding. */
export const specialString = 0xc0;

/** Writes `length` (a safe integer, not negative) at `dst[at]`; returns the position after it. */
export function writeLength(dst: Uint8Array, at: number, length: number): number {
  if (length < 1 << 6) {
    dst[at] = length;
    return at + 1;
  }
  if (length < 1 << 14) {
    dst[at] = 0x40 | (length >>> 8);
    dst[at + 1] = length & 0xff;
    return at + 2;
  }
  if (length < 2 ** 32) {
    dst[at] = 0x80;
    return writeUint32(dst, at + 1, length);
  }
  dst[at] = 0x81;
  return writeUint32(dst, writeUint32(dst, at + 1, Math.floor(length / 2 ** 32)), length);
}

/** The same for a number of up to 64 bits, a bigint where a number is not exact. */
export function writeExactLength(dst: Uint8Array, at: number, length: number | bigint): number {
  if (typeof length === 'number') return writeLength(dst, at, length);
  dst[at] = 0x81;
  const low = writeUint32(dst, at + 1, Number(length >> 32n));
  return writeUint32(dst, low, Number(length & 0xffff_ffffn));
}

/** How many bytes a length takes, told from its first byte; 0 when no form begins so. */
export function lengthSize(first: number): number {
  if (first < 0x40) return 1;
  if (first < 0x80) return 2;
  if (first >= specialString) return 1;
  return first === 0x80 ? 5 : first === 0x81 ? 9 : 0;
}

/**
 * Reads the length at `src[at]`, whose bytes (see `lengthSize`) must all be there.
 * Returns -1 - e for the special encoding e. Above 2^53 the result is rounded: callers have
 * limits far below.
 */
export function readLength(src: Uint8Array, at: number): number {
  const first = src[at];
  if (first < 0x40) return first;
  if (first < 0x80) return ((first & 0x3f) << 8) | src[at + 1];
  if (first >= specialString) return -1 - (first & 0x3f);
  const upper = readUint32(src, at + 1);
  return first === 0x80 ? upper : upper * 2 ** 32 + readUint32(src, at + 5);
}

/** The same for a number of up to 64 bits, a bigint where a number is not exact. */
export function readExactLength(src: Uint8Array, at: number): number | bigint {
  const length = readLength(src, at);
  if (Number.isSafeInteger(length)) return length;
  return (BigInt(readUint32(src, at + 1)) << 32n) | BigInt(readUint32(src, at + 5));
}

/** Big endian; takes the value modulo 2^32. Returns the position after it. */
function writeUint32(dst: Uint8Array, at: number, value: number): number {
  dst[at] = value >>> 24;
  dst[at + 1] = (value >>> 16) & 0xff;
  dst[at + 2] = (value >>> 8) & 0xff;
  dst[at + 3] = value & 0xff;
  return at + 4;
}

function readUint32(src: Uint8Array, at: number): number {
  return ((src[at] << 24) | (src[at + 1] << 16) | (src[at + 2] << 8) | src[at + 3]) >>> 0;
}
