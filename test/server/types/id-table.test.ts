import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdTable } from '../../../src/server/types/id-table.ts';
import { StreamId } from '../../../src/rdb/structure/stream-id.ts';

/** Few ids, so that steps meet the same ones; the words differ in each of the four. */
const small = fc.nat(600);

function idOf(number: number): StreamId {
  return new StreamId().set(number >>> 9, (number >>> 6) & 7, (number >>> 3) & 7, number & 7);
}

function numberOf(id: StreamId): number {
  return (id.msHigh << 9) | (id.msLow << 6) | (id.seqHigh << 3) | id.seqLow;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), id: small }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: small }) },
  // Runs fill and empty pages, which single steps hardly do.
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('insert-run' as const), id: small, end: small }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('remove-run' as const), id: small, end: small }),
  },
);

/** The naive table: extra words by id. */
type Model = Map<number, number>;

function insert(table: IdTable, model: Model, id: number): void {
  if (model.has(id)) {
    expect(table.find(idOf(id))).not.toBe(-1);
    return;
  }
  const place = table.insert(idOf(id));
  expect(table.word(place, 1)).toBe(0);
  table.setWord(place, 1, id * 7);
  model.set(id, id * 7);
}

function remove(table: IdTable, model: Model, id: number): void {
  const place = table.find(idOf(id));
  expect(place !== -1).toBe(model.delete(id));
  if (place === -1) return;
  const following = table.remove(place);
  expect(following).toBe(table.seek(idOf(id)));
}

function contents(table: IdTable): [number, number][] {
  const rows: [number, number][] = [];
  for (let place = table.first(); place !== -1; place = table.next(place)) {
    rows.push([numberOf(table.readId(place, new StreamId())), table.word(place, 1)]);
  }
  return rows;
}

function contentsBackwards(table: IdTable): [number, number][] {
  const rows: [number, number][] = [];
  for (let place = table.last(); place !== -1; place = table.previous(place)) {
    rows.push([numberOf(table.readId(place, new StreamId())), table.word(place, 1)]);
  }
  return rows;
}

function idAt(table: IdTable, place: number): number | undefined {
  return place === -1 ? undefined : numberOf(table.readId(place, new StreamId()));
}

describe('a table of ids', () => {
  test('holds what a sorted map holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(small), (steps, probes) => {
        const table = new IdTable(2);
        const model: Model = new Map();
        for (const each of steps) {
          const change = each.kind.startsWith('insert') ? insert : remove;
          const end = 'end' in each ? each.end : each.id;
          for (let id = each.id; id <= end; id++) change(table, model, id);
          for (let id = each.id - 1; id >= end; id -= 3) change(table, model, id);
        }
        const sorted = [...model].toSorted(([a], [b]) => a - b);
        expect(table.size).toBe(sorted.length);
        expect(contents(table)).toEqual(sorted);
        expect(contentsBackwards(table)).toEqual(sorted.toReversed());
        expect(contents(table.copy())).toEqual(sorted);
        for (const probe of probes) {
          const after = sorted.find(([id]) => id >= probe)?.[0];
          const before = sorted.findLast(([id]) => id <= probe)?.[0];
          expect(idAt(table, table.seek(idOf(probe)))).toBe(after);
          expect(idAt(table, table.seekBack(idOf(probe)))).toBe(before);
        }
      }),
    );
  });

  test('a copy lives its own life', () => {
    const table = new IdTable(1);
    table.setWord(table.insert(idOf(5)), 0, 50);
    const copy = table.copy();
    copy.setWord(copy.find(idOf(5)), 0, 51);
    copy.insert(idOf(6));
    expect([table.size, table.word(table.find(idOf(5)), 0)]).toEqual([1, 50]);
  });

  test('gives memory back as it empties', () => {
    const table = new IdTable(0);
    for (let id = 0; id < 10_000; id++) table.insert(idOf(id));
    const fullBytes = table.memoryBytes;
    expect(fullBytes).toBeLessThan(10_000 * 16 * 1.1);
    // Every eighth row stays: pages are joined, not left with a row or two each.
    for (let id = 0; id < 10_000; id++) if (id % 8 !== 0) table.remove(table.find(idOf(id)));
    expect(table.size).toBe(1250);
    expect(table.memoryBytes).toBeLessThan(fullBytes / 2);
    for (let id = 0; id < 10_000; id += 8) table.remove(table.find(idOf(id)));
    expect([table.first(), table.last(), table.memoryBytes]).toEqual([-1, -1, 0]);
  });
});
