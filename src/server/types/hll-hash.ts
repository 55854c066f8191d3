/**
 * Where an element goes in a HyperLogLog. The hash is MurmurHash64A with Redis's seed, so that the
 * same elements make the same string here and there. 64-bit words are kept as two halves: there
 * are no such numbers, and bigints would be objects.
 */

export const hllRegisters = 1 << 14;
/** How many bits of the hash pick the register. */
const indexBits = 14;
const seed = 0xadc83b19;
/** The hash's multiplier, 0xc6a4a7935bd1e995. */
const factorHigh = 0xc6a4a793 | 0;
const factorLow = 0x5bd1e995;

/** The element's register in the lowest 14 bits, and above them its rank, 1 … 51. */
export function hllPlace(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let low = seed ^ Math.imul(length, factorLow);
  let high = multiplyHigh(length, 0);
  let at = start;
  for (const last = end - 7; at < last; at += 8) {
    const wordLow = wordAt(bytes, at);
    const wordHigh = wordAt(bytes, at + 4);
    const mixedLow = Math.imul(wordLow, factorLow);
    const mixedHigh = multiplyHigh(wordLow, wordHigh);
    // `x ^= x >> 47` moves only bits of the high half, into the low one.
    const shiftedLow = mixedLow ^ (mixedHigh >>> 15);
    const xoredLow = low ^ Math.imul(shiftedLow, factorLow);
    const xoredHigh = high ^ multiplyHigh(shiftedLow, mixedHigh);
    low = Math.imul(xoredLow, factorLow);
    high = multiplyHigh(xoredLow, xoredHigh);
  }
  if (at < end) {
    low ^= partAt(bytes, at, end);
    high ^= partAt(bytes, at + 4, end);
    high = multiplyHigh(low, high);
    low = Math.imul(low, factorLow);
  }
  low ^= high >>> 15;
  high = multiplyHigh(low, high);
  low = Math.imul(low, factorLow);
  low ^= high >>> 15;
  return (low & (hllRegisters - 1)) | (rankOf(low, high) << indexBits);
}

/** Zeros below the lowest one of the 50 bits above the index, plus one. */
function rankOf(low: number, high: number): number {
  const lower = (low >>> indexBits) | (high << (32 - indexBits));
  if (lower !== 0) return 32 - Math.clz32(lower & -lower);
  // A one right above the 50 bits ends the search.
  const upper = (high >>> indexBits) | (1 << (32 - indexBits));
  return 64 - Math.clz32(upper & -upper);
}

/** The high half of the 64-bit product with the factor. */
function multiplyHigh(low: number, high: number): number {
  const a = low & 0xffff;
  const b = low >>> 16;
  const middle = Math.imul(b, factorLow & 0xffff) >>> 0;
  const carried = middle + (Math.imul(a, factorLow & 0xffff) >>> 16);
  const crossed = (Math.imul(a, factorLow >>> 16) >>> 0) + (carried & 0xffff);
  const top = Math.imul(b, factorLow >>> 16) + (carried >>> 16) + (crossed >>> 16);
  return (top + Math.imul(low, factorHigh) + Math.imul(high, factorLow)) | 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** The same where the bytes may end before. */
function partAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let index = Math.min(at + 4, end) - 1; index >= at; index--) {
    word = (word << 8) | bytes[index];
  }
  return word;
}
