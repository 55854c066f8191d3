import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxId, minId, StreamId } from '../../../src/rdb/structure/stream-id.ts';
import type { EntryFields } from '../../../src/server/types/stream-node.ts';
import { StreamValue } from '../../../src/server/types/stream-value.ts';
import { defaultEncodingLimits } from '../../../src/server/types/value.ts';
import { entriesOf, type StreamEntry } from '../../rdb/stream-contents.ts';

type Words = readonly string[];

/** A naive entry; ids are small numbers spread over both halves. */
interface Entry {
  id: number;
  words: Words;
  deleted: boolean;
}

function idOf(number: number): StreamId {
  return new StreamId().set(0, number >>> 4, number & 3, (number >>> 2) & 3);
}

function numberOf({ msLow, seqHigh, seqLow }: Readonly<StreamId>): number {
  return (msLow << 4) | (seqLow << 2) | seqHigh;
}

/** `idOf` in the order of ids: seqHigh weighs more than seqLow. */
function rank(number: number): number {
  return ((number >>> 4) << 4) | ((number & 3) << 2) | ((number >>> 2) & 3);
}

function fieldsOf(words: Words): EntryFields {
  const chunks = words.map((word) => Buffer.from(word, 'latin1'));
  const ends = Int32Array.from(chunks, (_, index) =>
    chunks.slice(0, index + 1).reduce((sum, chunk) => sum + chunk.length, 0),
  );
  const starts = Int32Array.from([0, ...ends.slice(0, -1)]);
  const buffer = Buffer.concat(chunks);
  return { buffer, starts, ends, first: 0, count: words.length / 2, bytes: buffer.length };
}

function contents(stream: StreamValue, start = minId, end = maxId, reverse = false): StreamEntry[] {
  return entriesOf(stream.read({ start, end }, reverse));
}

const word = fc.constantFrom('', 'a', 'field', '12', '-1', '4096', '007', 'x'.repeat(70));
const words = fc
  .array(word, { minLength: 2, maxLength: 8 })
  .map((list) => (list.length % 2 === 0 ? list : list.slice(1)));
const number = fc.nat(4000);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('add' as const), gap: fc.nat(40), words }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), index: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('trim' as const),
      keep: fc.oneof(fc.record({ length: fc.nat(60) }), fc.record({ minId: number.map(idOf) })),
      approximate: fc.boolean(),
      limit: fc.constantFrom(0, 0, 3, 12),
    }),
  },
);

/** What a stream does, with arrays: entries by node, deleted ones in place. */
class Model {
  nodes: Entry[][] = [];
  last = -1;
  first = -1;
  maxDeleted = -1;
  added = 0;
  readonly nodeEntries: number;

  constructor(nodeEntries: number) {
    this.nodeEntries = nodeEntries;
  }

  get live(): Entry[] {
    return this.nodes.flat().filter(({ deleted }) => !deleted);
  }

  add(id: number, words: Words): void {
    if ((this.nodes.at(-1)?.length ?? this.nodeEntries) >= this.nodeEntries) this.nodes.push([]);
    this.nodes.at(-1)?.push({ id, words, deleted: false });
    this.added++;
  }

  delete(entry: Entry): void {
    entry.deleted = true;
    this.nodes = this.nodes.filter((node) => node.some(({ deleted }) => !deleted));
  }

  trim(old: (entry: Entry, left: number) => boolean, approximate: boolean, limit: number): number {
    const before = this.live.length;
    const removed = (): number => before - this.live.length;
    while (this.nodes.length > 0) {
      const node = this.nodes[0];
      const live = node.filter(({ deleted }) => !deleted).length;
      if (!old(this.live[0], this.live.length)) break;
      if (limit > 0 && removed() + live > limit) break;
      const last = node.at(-1) as Entry;
      if (old(last, this.live.length - live + 1)) {
        this.nodes.shift();
        continue;
      }
      if (approximate) break;
      for (const entry of node) {
        if (!old(entry, this.live.length)) break;
        entry.deleted = true;
      }
      break;
    }
    return removed();
  }
}

function show({ id, words }: Entry): unknown {
  return [idOf(id).text(), words];
}

describe('a stream', () => {
  test('does what arrays of entries do', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.constantFrom(1, 3, 10),
        fc.array(fc.tuple(number, number), { maxLength: 10 }),
        (steps, nodeEntries, ranges) => {
          const settings = {
            ...defaultEncodingLimits,
            hashSeed: 0,
            streamNodeMaxEntries: nodeEntries,
            streamNodeMaxBytes: 0,
          };
          let stream = new StreamValue(settings);
          const model = new Model(nodeEntries);
          /** Copies, and originals of copies, with what they held: later changes are none of theirs. */
          const left: { stream: StreamValue; held: unknown[] }[] = [];
          let last = 0;
          for (const each of steps) {
            if (each.kind === 'add') {
              // Numbers are made so that their ids grow with them.
              last = (((last >>> 4) + each.gap + 1) << 4) | (each.gap & 15);
              expect(stream.append(idOf(last), fieldsOf(each.words))).toBe('ok');
              model.add(last, each.words);
            } else if (each.kind === 'delete') {
              const { live } = model;
              if (live.length === 0) continue;
              const entry = live[each.index % live.length];
              model.delete(entry);
              model.maxDeleted = Math.max(model.maxDeleted, entry.id);
              expect(stream.delete(idOf(entry.id))).toBe(true);
              expect(stream.delete(idOf(entry.id))).toBe(false);
            } else {
              const { keep, approximate, limit } = each;
              const old =
                'length' in keep
                  ? (_: Entry, left: number): boolean => left > keep.length
                  : ({ id }: Entry): boolean => rank(id) < rank(numberOf(keep.minId));
              expect(stream.trim(each)).toBe(model.trim(old, approximate, limit));
            }
            if (model.added % 20 > 0) continue;
            const copy = stream.copy();
            const goesOnWithCopy = left.length % 2 === 0;
            left.push({ stream: goesOnWithCopy ? stream : copy, held: contents(stream) });
            if (goesOnWithCopy) stream = copy;
          }
          expect(left.map((each) => contents(each.stream))).toEqual(left.map(({ held }) => held));
          const { live } = model;
          expect(stream.size).toBe(live.length);
          expect(stream.nodes.count).toBe(model.nodes.length);
          expect(contents(stream)).toEqual(live.map(show));
          expect(contents(stream, minId, maxId, true)).toEqual(live.toReversed().map(show));
          expect(stream.firstId).toEqual(live.length === 0 ? minId : idOf(live[0].id));
          expect(stream.maxDeletedId).toEqual(
            model.maxDeleted === -1 ? minId : idOf(model.maxDeleted),
          );
          expect(stream.lastId).toEqual(idOf(last));
          expect(stream.entriesAdded).toBe(model.added);
          for (const [start, end] of ranges) {
            const within = live.filter(
              ({ id }) => rank(id) >= rank(start) && rank(id) <= rank(end),
            );
            const range = { start: idOf(start), end: idOf(end) };
            expect(contents(stream, range.start, range.end)).toEqual(within.map(show));
            expect(contents(stream, range.start, range.end, true)).toEqual(
              within.toReversed().map(show),
            );
            expect(stream.count(range)).toBe(within.length);
            expect(stream.count(range, 2)).toBe(Math.min(2, within.length));
            expect(stream.has(idOf(start))).toBe(live.some(({ id }) => id === start));
          }
        },
      ),
    );
  });

  test('keeps ids exact to the end of 128 bits', () => {
    const stream = new StreamValue({ ...defaultEncodingLimits, hashSeed: 0 });
    const ids = [
      [0n, 1n],
      [0n, 2n ** 64n - 1n],
      [1n, 0n],
      [2n ** 53n, 2n ** 53n + 1n],
      [2n ** 63n, 5n],
      [2n ** 64n - 1n, 2n ** 64n - 2n],
      [2n ** 64n - 1n, 2n ** 64n - 1n],
    ];
    const id = new StreamId();
    for (const [ms, seq] of ids) {
      id.setMs(ms);
      id.setSeq(seq);
      expect(stream.append(id, fieldsOf(['f', 'v']))).toBe('ok');
    }
    expect(stream.nodes.count).toBe(1);
    expect(contents(stream)).toEqual(ids.map(([ms, seq]) => [`${ms}-${seq}`, ['f', 'v']]));
    expect(stream.nextId(1, id)).toBe(false);
    expect(stream.append(id.setMax(), fieldsOf(['f', 'v']))).toBe('id-too-small');
  });

  test('gives ids by the clock, and behind the last one where the clock is behind', () => {
    const stream = new StreamValue({ ...defaultEncodingLimits, hashSeed: 0 });
    const id = new StreamId();
    const give = (nowMs: number): string => {
      expect(stream.nextId(nowMs, id)).toBe(true);
      stream.append(id, fieldsOf(['f', 'v']));
      return id.text();
    };
    const nowMs = 1_700_000_000_000;
    expect([give(nowMs), give(nowMs), give(nowMs - 5), give(nowMs + 1)]).toEqual([
      `${nowMs}-0`,
      `${nowMs}-1`,
      `${nowMs}-2`,
      `${nowMs + 1}-0`,
    ]);
  });

  test('opens a new node when one is full of bytes', () => {
    const settings = { ...defaultEncodingLimits, hashSeed: 0, streamNodeMaxBytes: 1000 };
    const stream = new StreamValue(settings);
    for (let count = 1; count <= 100; count++) {
      stream.append(idOf(count << 4), fieldsOf(['field', 'v'.repeat(100)]));
    }
    const { nodes } = stream;
    for (let place = nodes.ids.first(); place !== -1; place = nodes.ids.next(place)) {
      expect(nodes.at(place).byteLength).toBeLessThan(1020);
    }
    expect(nodes.count).toBe(13);
    expect(stream.trim({ keep: { length: 0 }, approximate: false, limit: 0 })).toBe(100);
    expect([stream.size, nodes.count]).toEqual([0, 0]);
  });
});
