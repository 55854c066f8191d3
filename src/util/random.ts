/**
 * Randomness as a parameter: replication ids and hash seeds come from the system, the simulator's
 * come from its seed, so that a failing run can be replayed.
 */
import { randomBytes } from 'node:crypto';

export interface Random {
  /** `count` random bytes. */
  bytes(count: number): Buffer;
  /** An integer in 0 … 2^32 − 1. */
  uint32(): number;
  /** A number in [0, 1). */
  float(): number;
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uint32: () => (Math.random() * 0x1_0000_0000) >>> 0,
  float: () => Math.random(),
};

/** A deterministic generator (mulberry32) for tests and the simulator; not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    uint32,
    float: () => uint32() / 0x1_0000_0000,
    bytes(count) {
      const out = Buffer.allocUnsafe(count);
      for (let index = 0; index < count; index++) out[index] = uint32() & 0xff;
      return out;
    },
  };
}

/** A lower-case hexadecimal id such as a run id or a replication id: 40 characters by default. */
export function hexId(random: Random, chars = 40): string {
  return random.bytes(chars / 2).toString('hex');
}
