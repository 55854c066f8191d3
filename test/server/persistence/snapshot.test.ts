/** A snapshot holds what the data set was when it began, whatever is written while it walks. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CollectedSnapshot, type Content, DataSet } from './support/data-set.ts';

/** Inline, at the border to outside values, and far beyond it. */
const lengths = [0, 1, 7, 100, 5000, 16_383, 16_384, 16_385, 40_000];

const dbId = fc.nat(2);
const key = fc.nat(40).map((number) => `key:${number}`);
const length = fc.constantFrom(...lengths);
/** Members added to a set: some make it take several pieces. */
const count = fc.constantFrom(1, 2, 300, 700);

/** One change of the data set; the filler makes values differ from each other. */
const change = fc.oneof(
  fc.record({
    kind: fc.constant('set'),
    dbId,
    key,
    length,
    filler: fc.nat(25),
    keepTtl: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('resize'), dbId, key, length }),
  fc.record({ kind: fc.constant('remove'), dbId, key }),
  fc.record({ kind: fc.constant('expireAt'), dbId, key, atMs: fc.constantFrom(-1, 1, 5e12) }),
  fc.record({ kind: fc.constant('touch'), dbId, key }),
  fc.record({ kind: fc.constant('add'), dbId, key, first: fc.nat(500), count }),
);
const wholesale = fc.oneof(
  fc.record({ kind: fc.constant('flush'), dbIds: fc.uniqueArray(dbId, { minLength: 1 }) }),
  fc.record({ kind: fc.constant('swap'), a: dbId, b: dbId }),
  fc.record({ kind: fc.constant('replaceAll') }),
);
const slice = fc.record({ kind: fc.constant('step'), looks: fc.constantFrom(0, 1, 2) });
const start = fc.constant({ kind: 'start' } as const);

type Action = Partial<{
  dbId: number;
  key: string;
  length: number;
  filler: number;
  keepTtl: boolean;
  first: number;
  count: number;
  atMs: number;
  dbIds: number[];
  a: number;
  b: number;
  looks: number;
}> & { kind: string };

function apply(data: DataSet, action: Action): void {
  const { dbId = 0, key = '', length = 0, filler = 0, keepTtl = false, atMs = -1 } = action;
  switch (action.kind) {
    case 'set':
      data.set(dbId, key, String.fromCharCode(97 + filler).repeat(length), keepTtl);
      break;
    case 'resize':
      data.resize(dbId, key, length);
      break;
    case 'add':
      data.add(dbId, key, action.first ?? 0, action.count ?? 0);
      break;
    case 'remove':
      data.remove(dbId, key);
      break;
    case 'expireAt':
      data.expireAt(dbId, key, atMs);
      break;
    case 'touch':
      data.touch(dbId, key);
      break;
    case 'flush':
      data.flush(...(action.dbIds ?? []));
      break;
    case 'swap':
      data.swap(action.a ?? 0, action.b ?? 0);
      break;
    case 'replaceAll':
      data.replaceAll();
      break;
  }
}

describe('a snapshot', () => {
  test('equals the data set at its start, for any interleaving with writes', () => {
    const run = fc.property(
      fc.array(change, { maxLength: 150 }),
      fc.array(
        fc.oneof(
          { arbitrary: change, weight: 20 },
          { arbitrary: wholesale, weight: 1 },
          { arbitrary: slice, weight: 6 },
          { arbitrary: start, weight: 1 },
        ),
        { maxLength: 150 },
      ),
      (before, during) => {
        const data = new DataSet();
        for (const action of before) apply(data, action);
        let snapshot = new CollectedSnapshot(data.keyspace);
        let wanted = data.content();
        let complete = false;
        const finished: [saved: Content, wanted: Content][] = [];
        for (const action of during) {
          if (action.kind === 'step') {
            complete ||= snapshot.step((action as Action).looks ?? 0);
          } else if (action.kind === 'start') {
            // What has not come to its end is broken off; the next one must not notice.
            if (!complete) snapshot.snapshot.abort();
            else finished.push([snapshot.content(), wanted]);
            snapshot = new CollectedSnapshot(data.keyspace);
            wanted = data.content();
            complete = false;
          } else apply(data, action);
        }
        finished.push([complete ? snapshot.content() : snapshot.finish(), wanted]);
        for (const [saved, content] of finished) expect(saved).toEqual(content);
        expect(snapshot.snapshot.keysProcessed).toBe(snapshot.snapshot.keysTotal);
        expect(data.keyspace.databases.every(({ dict }) => dict.observer === null)).toBe(true);
      },
    );
    fc.assert(run, { numRuns: 150 });
  });

  test('counts what writes have saved before the walk came by', () => {
    const data = new DataSet();
    for (let number = 0; number < 100; number++) data.set(0, `key:${number}`, 'old');
    const snapshot = new CollectedSnapshot(data.keyspace);
    const wanted = data.content();
    for (let number = 0; number < 30; number++) data.set(0, `key:${number}`, 'new');
    for (let number = 0; number < 30; number++) data.set(0, `key:${number}`, 'newer');
    data.set(0, 'another', 'new');
    data.remove(0, 'another');
    expect(snapshot.snapshot.emittedEarly).toBe(30);
    expect(snapshot.snapshot.keysProcessed).toBe(30);
    expect(snapshot.finish()).toEqual(wanted);
    expect(snapshot.snapshot.emittedEarly).toBe(30);
  });

  test('writes a large collection in pieces, and what changes meanwhile behind it', () => {
    const data = new DataSet();
    data.add(0, 'large', 0, 20_000);
    for (let number = 0; number < 50; number++) data.set(0, `key:${number}`, 'old');
    const snapshot = new CollectedSnapshot(data.keyspace);
    const wanted = data.content();
    while (snapshot.bytes().length < 50_000) expect(snapshot.step(1)).toBe(false);
    const written = snapshot.bytes().length;
    for (let number = 0; number < 50; number++) data.set(0, `key:${number}`, 'new');
    expect(snapshot.bytes().length).toBe(written);
    let slices = 0;
    while (!snapshot.step(1)) slices++;
    expect(slices).toBeGreaterThan(20);
    expect(snapshot.content()).toEqual(wanted);
  });

  test('of an empty data set is a whole RDB', () => {
    const data = new DataSet();
    const snapshot = new CollectedSnapshot(data.keyspace);
    data.set(0, 'k', 'v');
    expect(snapshot.step(0)).toBe(true);
    expect(snapshot.content()).toEqual({});
  });

  test('looks at the clock after a long value', () => {
    const data = new DataSet();
    for (let number = 0; number < 64; number++) data.set(0, `key:${number}`, 'x'.repeat(100_000));
    const snapshot = new CollectedSnapshot(data.keyspace);
    expect(snapshot.step(0)).toBe(false);
    // The rest of the home slot that it is in still belongs to the slice.
    expect(snapshot.snapshot.keysProcessed).toBeLessThan(16);
  });

  /** An entry bears its epoch in 8 bits: what lies 256 walks back must not look up to date. */
  test.each([
    ['complete', 600, 0],
    ['broken off', 0, 600],
    ['complete, then 249 broken off', 5, 249],
    ['complete, then 250 broken off', 5, 250],
    ['complete, then 251 broken off', 5, 251],
    ['complete, then 255 broken off', 5, 255],
    ['complete, then 256 broken off', 5, 256],
    ['complete, then 257 broken off', 5, 257],
  ])('is right after many others (%s)', (_name, complete, brokenOff) => {
    const data = new DataSet();
    for (let number = 0; number < 100; number++) data.set(number % 2, `key:${number}`, 'first');
    for (let round = 0; round < complete; round++) {
      const wanted = data.content();
      const snapshot = new CollectedSnapshot(data.keyspace);
      data.set(0, `key:${(round * 2) % 100}`, `at ${round}`);
      expect(snapshot.finish()).toEqual(wanted);
    }
    for (let round = 0; round < brokenOff; round++) {
      const snapshot = new CollectedSnapshot(data.keyspace);
      if (round % 3 === 0) snapshot.step(0);
      data.set(0, `key:${(round * 2) % 100}`, `broken at ${round}`);
      snapshot.snapshot.abort();
      const wanted = data.content();
      if (round + 1 < brokenOff) continue;
      const last = new CollectedSnapshot(data.keyspace);
      expect(last.finish()).toEqual(wanted);
    }
  });

  test('a database that a broken off walk has finished starts clean', () => {
    const data = new DataSet();
    for (let number = 0; number < 40; number++) data.set(number % 2, `key:${number}`, 'v');
    const first = new CollectedSnapshot(data.keyspace);
    while (first.snapshot.keysProcessed <= 20) first.step(0);
    first.snapshot.abort();
    data.set(0, 'key:0', 'new');
    data.set(1, 'key:1', 'new');
    expect(new CollectedSnapshot(data.keyspace).finish()).toEqual(data.content());
  });
});
