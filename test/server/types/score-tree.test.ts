import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type MemberBytes, ScoreTree } from '../../../src/server/types/score-tree.ts';

interface Element {
  readonly score: number;
  readonly ref: number;
}

/** Members by ref; those of different refs differ. */
class Members implements MemberBytes {
  bytes(ref: number): Buffer {
    // Not in the order of the refs, and of different lengths.
    return Buffer.from(`${(ref * 7919) % 1000}:${ref}`);
  }

  compareKey(ref: number, bytes: Uint8Array, start: number, end: number): number {
    return Buffer.compare(this.bytes(ref), bytes.subarray(start, end));
  }
}

/** A tree beside the sorted array that it must equal. */
class Pair {
  readonly members = new Members();
  readonly tree = new ScoreTree(this.members);
  elements: Element[] = [];

  #compare = (a: Element, b: Element): number =>
    a.score - b.score || Buffer.compare(this.members.bytes(a.ref), this.members.bytes(b.ref));

  insertAll(elements: readonly Element[]): void {
    for (const { score, ref } of elements) {
      const bytes = this.members.bytes(ref);
      this.tree.insert(score, ref, bytes, 0, bytes.length);
    }
    this.elements.push(...elements);
    this.elements.sort(this.#compare);
  }

  remove(rank: number): void {
    const [{ score, ref }] = this.elements.splice(rank, 1);
    const bytes = this.members.bytes(ref);
    this.tree.remove(score, bytes, 0, bytes.length);
  }

  rescore(rank: number, newScore: number): void {
    const { score, ref } = this.elements[rank];
    const bytes = this.members.bytes(ref);
    this.tree.rescore(score, newScore, bytes, 0, bytes.length);
    this.elements[rank] = { score: newScore, ref };
    this.elements.sort(this.#compare);
  }
}

function removeRanks({ tree, elements }: Pair, from: number, to: number): void {
  const removed: number[] = [];
  tree.removeRanks(from, to, (ref) => removed.push(ref));
  const expected = elements.splice(from, to - from);
  expect(removed).toEqual(expected.map(({ ref }) => ref));
}

function check(pair: Pair): void {
  const { tree, elements } = pair;
  expect(tree.size).toBe(elements.length);
  if (elements.length === 0) return;
  expect(walk(tree, 0, 'next')).toEqual(elements);
  expect(walk(tree, elements.length - 1, 'previous')).toEqual(elements.toReversed());
  const step = Math.ceil(elements.length / 20);
  for (let rank = 0; rank < elements.length; rank += step) checkRank(pair, rank);
}

function walk(tree: ScoreTree, from: number, step: 'next' | 'previous'): Element[] {
  const found: Element[] = [];
  tree.seek(from);
  do found.push({ score: tree.cursorScore, ref: tree.cursorRef });
  while (tree[step]());
  return found;
}

function checkRank({ tree, elements, members }: Pair, rank: number): void {
  const { score, ref } = elements[rank];
  const bytes = members.bytes(ref);
  tree.seek(rank);
  expect(tree.cursorRef).toBe(ref);
  expect(tree.countBelow(score, false, bytes, 0, bytes.length)).toBe(rank);
  expect(tree.countBelow(score, true, bytes, 0, bytes.length)).toBe(rank + 1);
  const below = elements.filter((each) => each.score < score).length;
  const upTo = elements.filter((each) => each.score <= score).length;
  expect(tree.countBelowScore(score, false)).toBe(below);
  expect(tree.countBelowScore(score, true)).toBe(upTo);
  if (score !== Infinity) expect(tree.countBelowScore(score + 0.5, false)).toBe(upTo);
}

type Step =
  | { kind: 'insert'; scores: number[] }
  | { kind: 'remove'; at: number; count: number }
  | { kind: 'rescore'; at: number; score: number }
  | { kind: 'removeRanks'; from: number; to: number };

/** Few scores make many ties; infinities are scores like others. */
const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer(), fc.constant(Infinity));
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      scores: fc.array(score, { minLength: 1, maxLength: 400, size: 'max' }),
    }),
  },
  fc.record({ kind: fc.constant('remove' as const), at: share, count: fc.nat(150) }),
  fc.record({ kind: fc.constant('rescore' as const), at: share, score }),
  fc.record({ kind: fc.constant('removeRanks' as const), from: share, to: share }),
);

function apply(pair: Pair, change: Step, newRef: () => number): void {
  const { length } = pair.elements;
  if (change.kind === 'insert') {
    pair.insertAll(change.scores.map((each) => ({ score: each, ref: newRef() })));
  } else if (change.kind === 'remove') {
    for (let count = Math.min(change.count, length); count > 0; count--) {
      pair.remove(Math.floor(change.at * pair.elements.length));
    }
  } else if (change.kind === 'rescore') {
    if (length !== 0) pair.rescore(Math.floor(change.at * length), change.score);
  } else {
    const [from, to] = [change.from, change.to].map((each) => Math.floor(each * length));
    if (from < to) removeRanks(pair, from, to);
  }
}

it('does what a sorted array does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
      const pair = new Pair();
      let refs = 0;
      for (const change of steps) apply(pair, change, () => ++refs);
      check(pair);
    }),
    { numRuns: 60 },
  );
});

const orders: Record<string, (index: number) => number> = {
  rising: (index) => index,
  falling: (index) => -index,
  shuffled: (index) => Math.imul(index, 0x9e3779b1) >>> 4,
  equal: () => 0,
};

for (const [name, scoreOf] of Object.entries(orders)) {
  it(`holds 12,000 elements with ${name} scores, and empties again from either end`, () => {
    const pair = new Pair();
    const elements = Array.from({ length: 12_000 }, (_, i) => ({ score: scoreOf(i), ref: i + 1 }));
    const empty = pair.tree.memoryBytes;
    pair.insertAll(elements);
    check(pair);
    expect(pair.tree.memoryBytes / elements.length).toBeLessThan(name === 'shuffled' ? 30 : 40);
    for (let count = 0; count < 4000; count++) {
      pair.remove(0);
      pair.remove(pair.elements.length - 1);
    }
    check(pair);
    removeRanks(pair, 5, pair.elements.length - 5);
    check(pair);
    removeRanks(pair, 0, 10);
    check(pair);
    expect(pair.tree.memoryBytes).toBe(empty);
  });
}

it('packs leaves full when elements come in order', () => {
  for (const scoreOf of [orders.rising, orders.falling]) {
    const pair = new Pair();
    pair.insertAll(Array.from({ length: 20_000 }, (_, i) => ({ score: scoreOf(i), ref: i + 1 })));
    expect(pair.tree.memoryBytes / pair.tree.size).toBeLessThan(17);
  }
});
