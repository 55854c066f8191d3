/**
 * How many different elements a HyperLogLog's registers have seen, after O. Ertl, "New cardinality
 * estimation algorithms for HyperLogLog sketches" (2017). The order of operations is Redis's, so
 * that the estimates are equal to the last digit.
 */
import { hllRegisters } from './hll-hash.ts';

/** The highest rank is one above the bits that are searched for a one: 50. */
const searchedBits = 50;
/** 1 / (2 ln 2). */
const alpha = 0.7213475204444817;

/** `histogram[r]` is how many registers hold r. */
export function estimateCardinality(histogram: Int32Array): number {
  const m = hllRegisters;
  let z = m * tau((m - histogram[searchedBits + 1]) / m);
  for (let rank = searchedBits; rank >= 1; rank--) {
    z += histogram[rank];
    z *= 0.5;
  }
  z += m * sigma(histogram[0] / m);
  return Math.round((alpha * m * m) / z);
}

/** The part of the registers that hold the highest rank. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (;;) {
    x = Math.sqrt(x);
    const before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
    if (z === before) return z / 3;
  }
}

/** The part of the registers that are still 0. */
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let y = 1;
  let z = x;
  for (;;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}
