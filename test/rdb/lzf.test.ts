/** LZF: round trips of all kinds of text, and decompression of what nobody compressed. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LzfCompressor, lzfDecompress, maxDecompressedBytes } from '../../src/rdb/lzf.ts';
import { seededRandom } from '../../src/util/random.ts';

/** Bytes around the windows under test, which must stay as they are. */
const margin = 16;

const repetitive = fc
  .array(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 })),
    { maxLength: 12 },
  )
  .map((runs) => Buffer.concat(runs.flatMap(([bytes, times]) => Array(times).fill(bytes))));

describe('round trip', () => {
  const lzf = new LzfCompressor();
  const bytesOf: Record<string, fc.Arbitrary<Uint8Array>> = {
    'random bytes': fc.uint8Array({ maxLength: 3000 }),
    'repeating bytes': repetitive,
    'bytes of a small alphabet': fc.uint8Array({ max: 2, maxLength: 2000 }),
  };

  test.each(Object.entries(bytesOf))('%s', (_what, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (bytes) => {
        expect(roundTrip(lzf, bytes)).toBe(asText(bytes));
      }),
      { numRuns: 300 },
    );
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 32, 33, 263, 264, 265, 8191, 8192, 8193, 100_000])(
    '%i equal bytes',
    (length) => {
      const bytes = Buffer.alloc(length, 'x');
      expect(roundTrip(lzf, bytes)).toBe(asText(bytes));
    },
  );

  test('a repeat at the farthest distance, and one beyond', () => {
    for (const distance of [8191, 8192, 8193]) {
      const start = noise(distance);
      const bytes = Buffer.concat([start, start.subarray(0, 300)]);
      expect(roundTrip(lzf, bytes)).toBe(asText(bytes));
    }
  });
});

test('compresses what repeats, and says no to what does not pay', () => {
  const lzf = new LzfCompressor();
  const dst = Buffer.alloc(2000);
  expect(lzf.compress(Buffer.alloc(1000, 'ab'), 0, 1000, dst, 0)).toBeLessThan(30);
  expect(lzf.compress(noise(1000), 0, 1000, dst, 0)).toBe(0);
});

test('positions of earlier strings are not taken for the current one', () => {
  const lzf = new LzfCompressor();
  const text = Buffer.from('the same words again and again, the same words');
  for (let start = 0; start < 15; start += 5) {
    const bytes = Buffer.concat([Buffer.alloc(start), text]);
    expect(roundTrip(lzf, bytes, start)).toBe(asText(text));
  }
});

describe('decompression of corrupt input', () => {
  test('stays inside its windows and tells', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(2000), (input, room) => {
      const src = Buffer.concat([Buffer.alloc(margin, 7), input, Buffer.alloc(margin, 7)]);
      const dst = Buffer.alloc(margin + room + margin, 0xee);
      const end = margin + input.length;
      const written = lzfDecompress(src, margin, end, dst, margin, margin + room);
      expect(written).toBeGreaterThanOrEqual(-1);
      expect(written).toBeLessThanOrEqual(room);
      expect(written).toBeLessThanOrEqual(maxDecompressedBytes(input.length));
      expectUntouched(dst, margin + room);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  const corrupt: [what: string, bytes: number[]][] = [
    ['literals cut short', [3, 1, 2]],
    ['a match without its distance', [0, 1, 0x20]],
    ['a long match without its length', [0, 1, 0xe0]],
    ['a long match without its distance', [0, 1, 0xe0, 1]],
    ['a match before the beginning', [0, 1, 0x20, 1]],
    ['more output than there is room', [0, 1, 0xe0, 255, 0]],
  ];
  test.each(corrupt)('%s', (_what, bytes) => {
    expect(lzfDecompress(Buffer.from(bytes), 0, bytes.length, Buffer.alloc(100), 0, 100)).toBe(-1);
  });
});

/** What comes back of `bytes` from `start` on; the bytes themselves when they do not compress. */
function roundTrip(lzf: LzfCompressor, bytes: Uint8Array, start = 0): string {
  const length = bytes.length - start;
  const room = Math.max(length - 4, 0);
  const compressed = Buffer.alloc(margin + room + margin, 0xee);
  const size = lzf.compress(bytes, start, bytes.length, compressed, margin);
  expectUntouched(compressed, margin + room);
  if (size === 0) return asText(bytes.subarray(start));
  expect(size).toBeLessThanOrEqual(length - 4);
  expect(length).toBeLessThanOrEqual(maxDecompressedBytes(size));
  const back = Buffer.alloc(margin + length + margin, 0xee);
  const end = margin + length;
  expect(lzfDecompress(compressed, margin, margin + size, back, margin, end)).toBe(length);
  expectUntouched(back, end);
  return back.toString('latin1', margin, end);
}

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function noise(length: number): Buffer {
  return seededRandom(length).bytes(length);
}

function expectUntouched(dst: Buffer, end: number): void {
  expect([...dst.subarray(0, margin), ...dst.subarray(end)]).toEqual(Array(2 * margin).fill(0xee));
}
