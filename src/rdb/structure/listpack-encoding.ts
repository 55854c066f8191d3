/**
 * The elements of a listpack, the list in one block of memory in which Redis keeps small hashes,
 * sorted sets, lists and stream entries. Pure functions over bytes for those who read one (the RDB
 * decoders) and those who edit one (the server's Listpack).
 *
 *     listpack   bytes:4 count:2 element… 0xff       little endian; count 65535: more, or unknown
 *     element    encoding [data] backlen
 *
 *     0nnnnnnn                       integer 0 … 127
 *     110nnnnn n:1                   integer of 13 bits, signed, high bits first
 *     11110001 n:2                   integer of 16 bits, little endian
 *     11110010 n:3                   integer of 24 bits
 *     11110011 n:4                   integer of 32 bits
 *     11110100 n:8                   integer of 64 bits
 *     10llllll data                  string of up to 63 bytes
 *     1110llll l:1 data              string of up to 4095 bytes, high bits of the length first
 *     11110000 l:4 data              string of any length, little endian
 *
 *     backlen    the length of encoding and data in groups of 7 bits, to be read from its end:
 *                the last byte holds the lowest; a set top bit says that one more stands before it
 *
 * What prints as a 64-bit integer is stored as one, in the shortest form. Integers beyond 2^53 are
 * held as a rounded number and their low 32 bits, which together are exact: doubles of that size
 * are never more than 2^11 apart.
 */
import { copyBytes } from '../../util/copy-bytes.ts';
import {
  int64OfHalves,
  maxInt64Chars,
  notAnInt32,
  parseInt32,
  parseInt64,
  writeInt32Text,
  writeInt64Text,
} from '../integer-text.ts';

/** Size and count; the first element stands behind them. */
export const listpackHeaderBytes = 6;
export const listpackEnd = 0xff;
/** The count in the header of a listpack with at least as many elements. */
export const unknownCount = 0xffff;

/** The longest encoding of an integer, and of what stands before a string's bytes. */
export const maxIntegerBytes = 9;
/** What the longest encoding and the longest backlen of a string take besides its bytes. */
export const maxStringOverheadBytes = 5 + 5;

/** Where a 64-bit integer is between text and bytes; meaningless between calls. */
const halves = new Int32Array(2);

const form = { string32: 0xf0, int16: 0xf1, int24: 0xf2, int32: 0xf3, int64: 0xf4 } as const;

// ---- reading ----

/** The length of the encoding and data of the element at `at`, without its backlen. */
export function elementBytes(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 0x3f);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 2 + (((first & 0x0f) << 8) | bytes[at + 1]);
  if (first === form.string32) return 5 + readUint32(bytes, at + 1);
  return first === form.int64 ? 9 : first - form.int16 + 3;
}

/** How many bytes the backlen of an element takes whose encoding and data are this long. */
export function backlenBytes(length: number): number {
  // The bounds above the first are one lower than 7-bit groups would allow [Redis].
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

/** Where the element behind the one at `at` starts, or the end byte stands. */
export function nextElement(bytes: Uint8Array, at: number): number {
  const length = elementBytes(bytes, at);
  return at + length + (length <= 127 ? 1 : backlenBytes(length));
}

/** Where the element that ends before `at` starts; `at` must not be the first element. */
export function previousElement(bytes: Uint8Array, at: number): number {
  let from = at - 1;
  let length = bytes[from] & 0x7f;
  for (let scale = 128; bytes[from] >= 0x80; scale *= 128) {
    from--;
    length += (bytes[from] & 0x7f) * scale;
  }
  return from - length;
}

/** Whether the element is stored as an integer. */
export function isIntegerElement(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  return first < 0x80 || (first >= 0xc0 && first < 0xe0) || first > form.string32;
}

/** Where the bytes of a string element start; they reach to `at + elementBytes(bytes, at)`. */
export function stringElementStart(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  return at + (first < 0xc0 ? 1 : first < 0xf0 ? 2 : 5);
}

/** The value of an integer element, rounded where it is beyond 2^53. */
export function integerElement(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return first;
  if (first < 0xe0) return (((first << 8) | bytes[at + 1]) << 19) >> 19;
  if (first === form.int16) return ((bytes[at + 1] | (bytes[at + 2] << 8)) << 16) >> 16;
  if (first === form.int24) return readInt24(bytes, at + 1);
  if (first === form.int32) return readUint32(bytes, at + 1) | 0;
  return (readUint32(bytes, at + 5) | 0) * 2 ** 32 + readUint32(bytes, at + 1);
}

/** The lowest 32 bits of an integer element, as an int32. */
export function integerElementLow(bytes: Uint8Array, at: number): number {
  return bytes[at] === form.int64 ? readUint32(bytes, at + 1) | 0 : integerElement(bytes, at) | 0;
}

/** The exact value of an integer element. */
export function bigIntegerElement(bytes: Uint8Array, at: number): bigint {
  if (bytes[at] !== form.int64) return BigInt(integerElement(bytes, at));
  return int64OfHalves(readUint32(bytes, at + 5), readUint32(bytes, at + 1));
}

/** Writes an integer element as decimal text at `dst[to]`; returns the position after it. */
export function writeIntegerElementText(
  bytes: Uint8Array,
  at: number,
  dst: Uint8Array,
  to: number,
): number {
  if (bytes[at] !== form.int64) return writeInt32Text(dst, to, integerElement(bytes, at));
  return writeInt64Text(dst, to, readUint32(bytes, at + 5), readUint32(bytes, at + 1));
}

// ---- writing ----

/** Writes the encoding of a safe integer at `dst[at]`; returns the position after it. */
export function writeInteger(dst: Uint8Array, at: number, value: number): number {
  if (value === (value | 0)) return writeInt32(dst, at, value);
  return writeInt64(dst, at, Math.floor(value / 2 ** 32), value | 0);
}

/** The same for a 64-bit integer as two halves, where 32 bits do not suffice. */
function writeInt64(dst: Uint8Array, at: number, high: number, low: number): number {
  dst[at] = form.int64;
  writeUint32(dst, at + 1, low);
  writeUint32(dst, at + 5, high);
  return at + 9;
}

/**
 * Writes `src[start … end)` as an integer element if it is the canonical text of a 64-bit integer;
 * returns the position after it, or `at` when it has to be stored as a string.
 */
export function writeIntegerText(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  at: number,
): number {
  const length = end - start;
  // Most strings are told from numbers by their first byte.
  if (length === 0 || length > maxInt64Chars || src[start] > 0x39) return at;
  const value = parseInt32(src, start, end);
  if (value !== notAnInt32) return writeInt32(dst, at, value);
  if (!parseInt64(src, start, end, halves)) return at;
  return writeInt64(dst, at, halves[1], halves[0]);
}

/** Writes a whole element, `src[start … end)` as an integer where it is one; returns its end. */
export function writeElement(
  dst: Uint8Array,
  at: number,
  src: Uint8Array,
  start: number,
  end: number,
): number {
  const integerEnd = writeIntegerText(src, start, end, dst, at);
  if (integerEnd !== at) {
    dst[integerEnd] = integerEnd - at;
    return integerEnd + 1;
  }
  const dataEnd = copyBytes(src, start, end, dst, writeStringPrefix(dst, at, end - start));
  return writeBacklen(dst, dataEnd, dataEnd - at);
}

/** Writes a whole element with a safe integer; returns its end. */
export function writeIntegerElement(dst: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value <= 127) {
    dst[at] = value;
    dst[at + 1] = 1;
    return at + 2;
  }
  const end = writeInteger(dst, at, value);
  dst[end] = end - at;
  return end + 1;
}

/** Writes what stands before a string's bytes at `dst[at]`; returns the position after it. */
export function writeStringPrefix(dst: Uint8Array, at: number, length: number): number {
  if (length < 64) {
    dst[at] = 0x80 | length;
    return at + 1;
  }
  if (length < 4096) {
    dst[at] = 0xe0 | (length >>> 8);
    dst[at + 1] = length & 0xff;
    return at + 2;
  }
  dst[at] = form.string32;
  writeUint32(dst, at + 1, length);
  return at + 5;
}

/** Writes the backlen of an element whose encoding and data are `length` bytes. */
export function writeBacklen(dst: Uint8Array, at: number, length: number): number {
  const end = at + backlenBytes(length);
  let rest = length;
  for (let place = end - 1; place >= at; place--) {
    dst[place] = (rest & 0x7f) | (place === at ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return end;
}

function writeInt32(dst: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value <= 127) {
    dst[at] = value;
    return at + 1;
  }
  if (value >= -4096 && value <= 4095) {
    dst[at] = 0xc0 | ((value >>> 8) & 0x1f);
    dst[at + 1] = value & 0xff;
    return at + 2;
  }
  const size = value === (value << 16) >> 16 ? 2 : value === (value << 8) >> 8 ? 3 : 4;
  dst[at] = form.int16 + size - 2;
  for (let index = 0; index < size; index++) dst[at + 1 + index] = (value >>> (index * 8)) & 0xff;
  return at + 1 + size;
}

function readInt24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 8) | (bytes[at + 1] << 16) | (bytes[at + 2] << 24)) >> 8;
}

/** Little endian. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** Little endian; takes the value modulo 2^32. */
export function writeUint32(dst: Uint8Array, at: number, value: number): void {
  dst[at] = value & 0xff;
  dst[at + 1] = (value >>> 8) & 0xff;
  dst[at + 2] = (value >>> 16) & 0xff;
  dst[at + 3] = value >>> 24;
}
