import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueHash } from '../../../src/topology/verify/value-hash.ts';

const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));
const lists = fc.array(bytes, { maxLength: 8 });

function ordered(texts: readonly string[]): string {
  const sum = new ValueHash();
  for (const text of texts) sum.ordered(text);
  return sum.text();
}

function unordered(texts: readonly string[]): string {
  const sum = new ValueHash();
  for (const text of texts) sum.unordered(text);
  return sum.text();
}

function ofString(pieces: readonly string[]): string {
  const sum = new ValueHash();
  for (const piece of pieces) sum.bytes(piece);
  return sum.text();
}

describe('the sum over a value', () => {
  it('is that of the bytes, however they came in pieces', () => {
    fc.assert(
      fc.property(lists, lists, (a, b) => {
        expect(ofString(a) === ofString(b)).toBe(a.join('') === b.join(''));
        expect(ofString(a)).toBe(ofString([a.join('')]));
      }),
    );
  });

  it('keeps elements and their order apart', () => {
    fc.assert(
      fc.property(lists, lists, (a, b) => {
        expect(ordered(a) === ordered(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it('does not mind the order of a set', () => {
    fc.assert(
      fc.property(lists, fc.infiniteStream(fc.nat()), (texts, ranks) => {
        const shuffled = texts
          .map((text) => ({ text, rank: ranks.next().value as number }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ text }) => text);
        expect(unordered(shuffled)).toBe(unordered(texts));
        expect(unordered([...texts, 'one more'])).not.toBe(unordered(texts));
      }),
    );
  });

  it('changes with one byte anywhere, also a zero, and with a byte of a large value', () => {
    expect(ofString([''])).not.toBe(ofString(['\0']));
    expect(ofString(['\0'])).not.toBe(ofString(['\0\0']));
    const large = 'x'.repeat(100_000);
    const sums = [0, 1, 50_000, 99_999].map((at) =>
      ofString([`${large.slice(0, at)}y${large.slice(at + 1)}`]),
    );
    expect(new Set([...sums, ofString([large])]).size).toBe(5);
  });

  it('has no equal sums among many short values', () => {
    const sums = Array.from({ length: 200_000 }, (_, at) => unordered([String(at)]));
    expect(new Set(sums).size).toBe(sums.length);
  });

  it('sees a mark, and counts elements only', () => {
    const sum = new ValueHash();
    sum.unordered('field', 'value');
    const before = sum.text();
    sum.mark('field', '123');
    expect(sum.text()).not.toBe(before);
    expect(sum.elements).toBe(1);
  });
});
