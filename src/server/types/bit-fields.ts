/**
 * Whole numbers of any width up to 64 bits at any bit of a string, as BITFIELD reads and changes
 * them. Up to 32 bits they are numbers, beyond bigints; positions are counted from the highest bit
 * of the first byte, as in bits.ts.
 */

export interface FieldType {
  readonly signed: boolean;
  /** 1 … 64, or 63 when unsigned: the wire has no unsigned 64-bit integers. */
  readonly bits: number;
}

/** What becomes of a result that its field cannot hold. */
export type OverflowRule = 'wrap' | 'sat' | 'fail';

/** The field's value; what lies beyond `bytes[start … end)` counts as zeros. */
export function readField(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  { signed, bits }: FieldType,
): number | bigint {
  if (bits <= 32) {
    const value = readBits(bytes, start, end, offset, bits);
    return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const high = readBits(bytes, start, end, offset, bits - 32);
  const low = readBits(bytes, start, end, offset + bits - 32, 32);
  const value = (BigInt(high) << 32n) | BigInt(low);
  return signed ? BigInt.asIntN(bits, value) : value;
}

/** Writes the lowest bits of `value`; the string must reach that far. */
export function writeField(
  bytes: Uint8Array,
  start: number,
  offset: number,
  bits: number,
  value: number | bigint,
): void {
  if (typeof value === 'number') {
    // Of up to 32 bits: the lowest ones, whatever the sign.
    writeBits(bytes, start, offset, bits, value >>> 0);
    return;
  }
  const low = Number(BigInt.asUintN(32, value));
  if (bits <= 32) {
    writeBits(bytes, start, offset, bits, low);
    return;
  }
  writeBits(bytes, start, offset, bits - 32, Number(BigInt.asUintN(32, value >> 32n)));
  writeBits(bytes, start, offset + bits - 32, 32, low);
}

/**
 * The same sum where field and increment are small enough for numbers to be exact, and the field has
 * room for it; NaN otherwise, for `addToField` to tell.
 */
export function addSmall(value: number, increment: number, { signed, bits }: FieldType): number {
  const sum = value + increment;
  const max = 2 ** (signed ? bits - 1 : bits) - 1;
  const min = signed ? -max - 1 : 0;
  return sum <= max && sum >= min ? sum : NaN;
}

/** `value + increment` as the field can hold it; null where the rule refuses. */
export function addToField(
  value: bigint,
  increment: bigint,
  type: FieldType,
  rule: OverflowRule,
): bigint | null {
  const sum = value + increment;
  return fitted(sum, sum > maxOf(type), type, rule);
}

/** A 64-bit integer as the field can hold it; null where the rule refuses. */
export function toField(value: bigint, type: FieldType, rule: OverflowRule): bigint | null {
  const max = maxOf(type);
  // Redis takes a negative value for an unsigned field as one that is too large, and measures how
  // far a signed one lies below the greatest with 64 bits, which can turn the sign. [bitops.c, 7.0]
  if (!type.signed) {
    const unsigned = BigInt.asUintN(64, value);
    return fitted(unsigned, unsigned > max, type, rule);
  }
  const tooLarge = value > max || (type.bits < 64 && BigInt.asIntN(64, max - value) < 0n);
  return fitted(value, tooLarge, type, rule);
}

function fitted(
  value: bigint,
  tooLarge: boolean,
  type: FieldType,
  rule: OverflowRule,
): bigint | null {
  const { signed, bits } = type;
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  if (!tooLarge && value >= min) return value;
  if (rule === 'fail') return null;
  if (rule === 'sat') return tooLarge ? maxOf(type) : min;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

function maxOf({ signed, bits }: FieldType): bigint {
  return (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
}

/** Up to 32 bits, unsigned. They span at most five bytes, whose 40 bits a double holds exactly. */
function readBits(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  count: number,
): number {
  let at = start + Math.floor(offset / 8);
  let left = (offset % 8) + count;
  let value = 0;
  for (; left > 0; left -= 8) {
    value = value * 256 + (at < end ? bytes[at] : 0);
    at++;
  }
  return Math.floor(value / 2 ** -left) % 2 ** count;
}

/** The same range written, from its last byte to its first. */
function writeBits(
  bytes: Uint8Array,
  start: number,
  offset: number,
  count: number,
  value: number,
): void {
  let at = start + Math.floor((offset + count - 1) / 8);
  let left = count;
  let rest = value;
  // How many bits of the byte at hand lie behind the field.
  let behind = 7 - ((offset + count - 1) % 8);
  while (left > 0) {
    const taken = Math.min(left, 8 - behind);
    const mask = ((1 << taken) - 1) << behind;
    bytes[at] = (bytes[at] & ~mask) | ((rest << behind) & mask);
    rest = Math.floor(rest / 2 ** taken);
    left -= taken;
    behind = 0;
    at--;
  }
}
