/**
 * Strings as arrays of bits: counting ones, finding a bit, combining several strings. Bit 0 is the
 * highest bit of the first byte. BITCOUNT, BITPOS and BITOP use it; it knows nothing of keys.
 *
 * Strings may have hundreds of megabytes, so the bulk of each goes a 32-bit word at a time. Bit
 * positions pass 2^31 there: they are divided, not shifted.
 */

/** How many bits are set in `bytes[start … end)`. */
export function countOnes(bytes: Uint8Array, start: number, end: number): number {
  const aligned = Math.min(end, start + bytesToAlignment(bytes, start));
  const words = wordsOf(bytes, aligned, end);
  const wordsEnd = aligned + words.length * 4;
  return (
    countOnesByByte(bytes, start, aligned) +
    countOnesByWord(words) +
    countOnesByByte(bytes, wordsEnd, end)
  );
}

/** How many of the bits `first … last` of the string that begins at `bytes[start]` are set. */
export function countOnesInBits(
  bytes: Uint8Array,
  start: number,
  first: number,
  last: number,
): number {
  const firstByte = start + Math.floor(first / 8);
  const lastByte = start + Math.floor(last / 8);
  const before = bytes[firstByte] & ~headMask(first);
  const after = bytes[lastByte] & ~tailMask(last);
  return countOnes(bytes, firstByte, lastByte + 1) - onesIn(before) - onesIn(after);
}

/**
 * The first of the bits `first … last` of the string that begins at `bytes[start]` that is `bit`;
 * −1 when none is.
 */
export function findBit(
  bytes: Uint8Array,
  start: number,
  { bit, first, last }: { bit: 0 | 1; first: number; last: number },
): number {
  // With all bits turned over for a 0, what is looked for is always a 1.
  const flip = bit === 1 ? 0x00 : 0xff;
  const firstByte = start + Math.floor(first / 8);
  const lastByte = start + Math.floor(last / 8);
  let at = firstByte;
  while (at <= lastByte) {
    let found = bytes[at] ^ flip;
    if (at === firstByte) found &= headMask(first);
    if (at === lastByte) found &= tailMask(last);
    if (found !== 0) return (at - start) * 8 + Math.clz32(found) - 24;
    at = skipEqualBytes(bytes, at + 1, lastByte, flip);
  }
  return -1;
}

/** The first position in `bytes[start … end)` that may hold another byte than `byte` (0 or 255). */
function skipEqualBytes(bytes: Uint8Array, start: number, end: number, byte: number): number {
  // At a run of equal bytes only: bits are mostly found within a byte or two.
  if (end - start < 16 || bytes[start] !== byte) return start;
  const aligned = start + bytesToAlignment(bytes, start);
  for (let at = start; at < aligned; at++) if (bytes[at] !== byte) return at;
  const words = wordsOf(bytes, aligned, end);
  const word = byte === 0 ? 0 : -1;
  let index = 0;
  while (index < words.length && words[index] === word) index++;
  return aligned + index * 4;
}

/** The bits of a string's first byte from `first` on. */
function headMask(first: number): number {
  return 0xff >> (first % 8);
}

/** The bits of a string's last byte up to `last`. */
function tailMask(last: number): number {
  return (0xff << (7 - (last % 8))) & 0xff;
}

function bytesToAlignment(bytes: Uint8Array, start: number): number {
  return -(bytes.byteOffset + start) & 3;
}

/** As many whole words as `bytes[start … end)` has; `start` is aligned, or there are none. */
function wordsOf(bytes: Uint8Array, start: number, end: number): Int32Array {
  const count = (end - start) >>> 2;
  if (count === 0) return new Int32Array(0);
  return new Int32Array(bytes.buffer, bytes.byteOffset + start, count);
}

function countOnesByByte(bytes: Uint8Array, start: number, end: number): number {
  let ones = 0;
  for (let at = start; at < end; at++) ones += onesIn(bytes[at]);
  return ones;
}

/** Four words' bytes hold at most 32 ones each: they are added up before the lanes are. */
function countOnesByWord(words: Int32Array): number {
  let ones = 0;
  let index = 0;
  for (const last = words.length - 3; index < last; index += 4) {
    const lanes =
      onesByByte(words[index]) +
      onesByByte(words[index + 1]) +
      onesByByte(words[index + 2]) +
      onesByByte(words[index + 3]);
    ones += Math.imul(lanes, 0x01010101) >>> 24;
  }
  for (; index < words.length; index++) ones += onesIn(words[index]);
  return ones;
}

function onesIn(word: number): number {
  return Math.imul(onesByByte(word), 0x01010101) >>> 24;
}

/** The number of ones in each byte of a word, in that byte. */
function onesByByte(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (nibbles + (nibbles >>> 4)) & 0x0f0f0f0f;
}

export type BitOperation = 'and' | 'or' | 'xor' | 'not';

/** A string's window. */
export interface BitOperand {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Strings are combined by blocks of so many bytes, which stay in the cache meanwhile. */
const blockBytes = 16 * 1024;

/**
 * Writes `operation` of the operands to `target[at … at + length)`; shorter operands count as
 * followed by zeros. The target may be one of the operands, if it begins where that does: of each
 * block everything is read before it is written.
 */
export function combineBits(
  operation: BitOperation,
  operands: readonly BitOperand[],
  target: Uint8Array,
  at: number,
  length: number,
): void {
  const capacity = Math.min(blockBytes, (length + 3) & ~3);
  const result = new Uint8Array(capacity);
  const operand = new Uint8Array(capacity);
  const resultWords = new Int32Array(result.buffer);
  const operandWords = new Int32Array(operand.buffer);
  for (let offset = 0; offset < length; offset += capacity) {
    loadBlock(result, operands[0], offset);
    if (operation === 'not') invertWords(resultWords);
    for (let index = 1; index < operands.length; index++) {
      loadBlock(operand, operands[index], offset);
      combineWords(operation, resultWords, operandWords);
    }
    const size = Math.min(capacity, length - offset);
    target.set(size === capacity ? result : result.subarray(0, size), at + offset);
  }
}

function loadBlock(block: Uint8Array, { bytes, start, end }: BitOperand, offset: number): void {
  const from = Math.min(start + offset, end);
  const to = Math.min(from + block.length, end);
  block.set(bytes.subarray(from, to));
  block.fill(0, to - from);
}

function combineWords(operation: BitOperation, result: Int32Array, operand: Int32Array): void {
  if (operation === 'and') {
    for (let index = 0; index < result.length; index++) result[index] &= operand[index];
  } else if (operation === 'or') {
    for (let index = 0; index < result.length; index++) result[index] |= operand[index];
  } else {
    for (let index = 0; index < result.length; index++) result[index] ^= operand[index];
  }
}

function invertWords(words: Int32Array): void {
  for (let index = 0; index < words.length; index++) words[index] = ~words[index];
}
