import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { hllPlace } from '../../../src/server/types/hll-hash.ts';
import { selfTest } from '../../../src/server/types/hll-self-test.ts';
import {
  countRegisters,
  Hyperloglog,
  isHyperloglog,
  newRegisters,
} from '../../../src/server/types/hyperloglog.ts';

const mask64 = 2n ** 64n - 1n;

describe('where an element goes', () => {
  test('is as the hash computed with bigints says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(7), (bytes, start) => {
        fc.pre(start <= bytes.length);
        const hash = murmurNaively(bytes.subarray(start));
        let rank = 1;
        for (let rest = (hash >> 14n) | (1n << 50n); (rest & 1n) === 0n; rest >>= 1n) rank++;
        const place = hllPlace(bytes, start, bytes.length);
        expect([place & 0x3fff, place >>> 14]).toEqual([Number(hash & 0x3fffn), rank]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('registers', () => {
  const change = fc.record({
    index: fc.oneof(fc.nat(40), fc.integer({ min: 16_340, max: 16_383 }), fc.nat(16_383)),
    value: fc.oneof(fc.constantFrom(1, 2, 3), fc.integer({ min: 1, max: 51 })),
  });

  test('hold the highest value, sparse or dense, and whichever comes first', () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 300 }),
        fc.constantFrom(18, 60, 3000),
        (changes, sparseMaxBytes) => {
          const wanted = newRegisters();
          const hll = Hyperloglog.empty();
          for (const { index, value } of changes) {
            const grows = value > wanted[index];
            expect(hll.raise(index, value, sparseMaxBytes)).toBe(grows ? 'changed' : 'same');
            wanted[index] = Math.max(wanted[index], value);
          }
          const reopened = Hyperloglog.over(hll.string, 0, hll.string.length);
          expect(registersOf(reopened).equals(wanted)).toBe(true);
          expect(hll.count()).toBe(countRegisters(wanted));
          if (hll.encoding === 'sparse') {
            expect(hll.string.length).toBeLessThanOrEqual(sparseMaxBytes);
            expect(runsOf(hll.describeRuns())).toBe(16_384);
          }
          expect(hll.toDense()).toBe(true);
          expect(registersOf(hll).equals(wanted)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of several are merged by the highest', () => {
    const [a, b, both] = [Hyperloglog.empty(), Hyperloglog.empty(), Hyperloglog.empty()];
    for (let count = 0; count < 5000; count++) {
      const element = Buffer.from(`element:${count}`);
      (count % 3 === 0 ? a : b).add(element, 0, element.length, 3000);
      both.add(element, 0, element.length, 3000);
    }
    expect([a.encoding, b.encoding]).toEqual(['sparse', 'dense']);
    const merged = newRegisters();
    for (const part of [a, b]) expect(part.mergeInto(merged)).toBe(true);
    expect(registersOf(both).equals(merged)).toBe(true);
    expect(countRegisters(merged)).toBe(both.count());
  });
});

test('the estimate is kept in the header until a register changes', () => {
  const hll = Hyperloglog.empty();
  expect(hll.cachedCardinality).toBe(0n);
  expect(hll.add(Buffer.from('a'), 0, 1, 3000)).toBe('changed');
  expect(hll.cachedCardinality).toBe(null);
  expect(hll.count()).toBe(1);
  expect(hll.cachedCardinality).toBe(1n);
  expect(hll.add(Buffer.from('a'), 0, 1, 3000)).toBe('same');
  expect(hll.cachedCardinality).toBe(1n);
});

describe('strings that are none', () => {
  const sound = Hyperloglog.empty().string;

  test('are told by their head', () => {
    expect(isHyperloglog(sound, 0, sound.length)).toBe(true);
    expect(isHyperloglog(sound, 0, 15)).toBe(false);
    for (const at of [0, 1, 2, 3]) {
      const other = Uint8Array.from(sound);
      other[at] ^= 0x20;
      expect(isHyperloglog(other, 0, other.length)).toBe(false);
    }
    const dense = Uint8Array.from(sound);
    dense[4] = 0;
    expect(isHyperloglog(dense, 0, dense.length)).toBe(false);
    dense[4] = 2;
    expect(isHyperloglog(dense, 0, dense.length)).toBe(false);
  });

  test('with any runs neither break anything nor count', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(16_383)), (runs, indexes) => {
        const string = new Uint8Array([...sound.subarray(0, 16), ...runs]);
        const hll = Hyperloglog.over(string, 0, string.length);
        for (const index of indexes) hll.raise(index, 1 + (index % 50), 300);
        const count = hll.count();
        const merges = hll.mergeInto(newRegisters());
        expect(merges).toBe(count !== null);
        if (runsOf(hll.encoding === 'sparse' ? hll.describeRuns() : 'z:16384') !== 16_384) {
          expect(count).toBe(null);
          expect(hll.toDense()).toBe(false);
        }
      }),
    );
  });
});

test('the self test passes', () => {
  expect(selfTest(seededRandom(1))).toBe(null);
});

function registersOf(hll: Hyperloglog): Buffer {
  const registers = Buffer.from(newRegisters());
  expect(hll.mergeInto(registers)).toBe(true);
  return registers;
}

/** How many registers the described runs are. */
function runsOf(description: string): number {
  const runs = description.split(' ').map((run) => Number(/(\d+)$/.exec(run)?.[1] ?? 0));
  return runs.reduce((sum, run) => sum + run, 0);
}

function murmurNaively(bytes: Uint8Array): bigint {
  const m = 0xc6a4a7935bd1e995n;
  const times = (a: bigint): bigint => (a * m) & mask64;
  let hash = 0xadc83b19n ^ times(BigInt(bytes.length));
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let word = times(littleEndian(bytes.subarray(at, at + 8)));
    word = times(word ^ (word >> 47n));
    hash = times(hash ^ word);
  }
  if (at < bytes.length) hash = times(hash ^ littleEndian(bytes.subarray(at)));
  hash = times(hash ^ (hash >> 47n));
  return hash ^ (hash >> 47n);
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
