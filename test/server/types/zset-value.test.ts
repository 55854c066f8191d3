import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultEncodingLimits } from '../../../src/server/types/value.ts';
import { ZsetValue } from '../../../src/server/types/zset-value.ts';

const settings = { ...defaultEncodingLimits, hashSeed: 5 };

/** What a ZsetValue must equal. */
type Model = Map<string, number>;

type Step =
  | { kind: 'add'; member: string; score: number }
  | { kind: 'remove'; member: string }
  | { kind: 'removeRanks'; from: number; count: number };

const members = fc.oneof(
  fc.integer({ min: -40, max: 300 }).map(String),
  fc.integer({ min: 0, max: 60 }).map((n) => `member:${n}`),
  fc.constantFrom('', '\xff\0', 'm'.repeat(64), '9223372036854775807', '007'),
);
const scores = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true }).filter((score) => !Object.is(score, -0)),
  fc.constantFrom(0.1, 2 ** 53 + 2, -1e300, Infinity, -Infinity),
);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('add' as const), member: members, score: scores }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), member: members }) },
  fc.record({ kind: fc.constant('removeRanks' as const), from: fc.nat(200), count: fc.nat(10) }),
);

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function add(value: ZsetValue, member: string, score: number): boolean {
  const encoded = Buffer.from(`<${member}>`, 'latin1');
  return value.add(encoded, 1, encoded.length - 1, score);
}

function ordered(model: Model): [string, number][] {
  return [...model].sort(([a, x], [b, y]) => compare(x, y) || Buffer.compare(bytes(a), bytes(b)));
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function apply(value: ZsetValue, model: Model, step: Step): void {
  if (step.kind === 'add') {
    expect(add(value, step.member, step.score)).toBe(!model.has(step.member));
    model.set(step.member, step.score);
  } else if (step.kind === 'remove') {
    const encoded = bytes(step.member);
    expect(value.remove(encoded, 0, encoded.length)).toBe(model.delete(step.member));
  } else if (step.from < model.size) {
    const to = Math.min(model.size, step.from + step.count);
    value.removeRanks(step.from, to);
    for (const [member] of ordered(model).slice(step.from, to)) model.delete(member);
  }
}

function read(value: ZsetValue): string {
  return readAt(value, value.cursorRef);
}

function readAt(value: ZsetValue, ref: number): string {
  value.readMember(ref);
  return value.windowBuffer.toString('latin1', value.windowStart, value.windowEnd);
}

function walk(value: ZsetValue, from: number, step: 'next' | 'previous'): [string, number][] {
  const found: [string, number][] = [];
  if (value.size === 0) return found;
  value.seek(from);
  do found.push([read(value), value.cursorScore]);
  while (value[step]());
  return found;
}

function check(value: ZsetValue, model: Model): void {
  const expected = ordered(model);
  expect(value.size).toBe(model.size);
  expect(walk(value, 0, 'next')).toEqual(expected);
  expect(walk(value, model.size - 1, 'previous')).toEqual(expected.toReversed());
  expected.forEach(([member, score], rank) => {
    const encoded = bytes(member);
    const ref = value.find(encoded, 0, encoded.length);
    expect(value.scoreOf(ref)).toBe(score);
    expect(value.rankOf(ref)).toBe(rank);
    expect(readAt(value, ref)).toBe(member);
    const below = expected.filter(([, other]) => other < score).length;
    const upTo = expected.filter(([, other]) => other <= score).length;
    expect(value.countBelowScore(score, false)).toBe(below);
    expect(value.countBelowScore(score, true)).toBe(upTo);
  });
  expect(value.find(bytes('nobody'), 0, 6)).toBe(0);
}

describe.each([
  ['a listpack', 'listpack', settings],
  ['an index', 'skiplist', { ...settings, zsetMaxListpackEntries: 0 }],
  ['what outgrows its listpack', undefined, { ...settings, zsetMaxListpackEntries: 20 }],
] as const)('a sorted set in %s', (_, encoding, limits) => {
  it('does what a sorted array does', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 120, size: 'max' }), (changes) => {
        const value = new ZsetValue(limits);
        const model: Model = new Map();
        for (const change of changes) apply(value, model, change);
        check(value, model);
        if (encoding !== undefined && model.size > 0) expect(value.encoding).toBe(encoding);
      }),
      { numRuns: 40 },
    );
  });

  it('counts members of one score by their bytes', () => {
    const value = new ZsetValue(limits);
    expect(value.countBelowMember(bytes('a'), 0, 1, true)).toBe(0);
    const held = ['a', 'aa', 'b', 'c1', '7', '70', '\xff'].toSorted();
    for (const member of held) add(value, member, 1);
    for (const sought of [...held, '', 'a0', 'zz', '8']) {
      const encoded = bytes(sought);
      for (const orAt of [false, true]) {
        const expected = held.filter((member) => (orAt ? member <= sought : member < sought));
        expect(value.countBelowMember(encoded, 0, encoded.length, orAt)).toBe(expected.length);
      }
    }
  });

  it('visits every member once', () => {
    const value = new ZsetValue(limits);
    for (let member = 0; member < 100; member++) add(value, `m${member}`, member / 4);
    const found = new Map<string, number>();
    let cursor = 0;
    do {
      let left = 10;
      cursor = value.walk(cursor, (ref) => {
        found.set(readAt(value, ref), value.scoreOf(ref));
        return --left > 0;
      });
    } while (cursor !== 0);
    expect(found.size).toBe(100);
    for (const [member, score] of found) expect(member).toBe(`m${score * 4}`);
  });

  it('is copied whole', () => {
    const value = new ZsetValue(limits);
    for (let member = 0; member < 100; member++) add(value, String(member), -member);
    const before = walk(value, 0, 'next');
    const copy = value.copy();
    value.removeRanks(0, 50);
    add(copy, 'another', 5);
    expect(copy.encoding).toBe(value.encoding);
    expect(walk(copy, 0, 'next')).toEqual([...before, ['another', 5]]);
    expect(walk(value, 0, 'next')).toEqual(before.slice(50));
  });
});

it('leaves the listpack for good with one member too many or too long', () => {
  const value = new ZsetValue(settings);
  for (let member = 0; member < 128; member++) add(value, `m${member}`, member);
  expect(value.encoding).toBe('listpack');
  expect(value.listpack?.length).toBe(256);
  add(value, 'm7', 1000);
  expect(value.encoding).toBe('listpack');
  add(value, 'one more', 0);
  expect(value.encoding).toBe('skiplist');
  expect(value.listpack).toBeNull();
  value.removeRanks(1, 128);
  expect(value.encoding).toBe('skiplist');

  const long = new ZsetValue(settings);
  add(long, 'x'.repeat(64), 1);
  expect(long.encoding).toBe('listpack');
  add(long, 'x'.repeat(65), 1);
  expect(long.encoding).toBe('skiplist');
});

it('takes a whole listpack over, unless that is too long', () => {
  const value = new ZsetValue(settings);
  for (let member = 0; member < 100; member++) add(value, `m${member}`, member / 3);
  const { bytes: whole, byteLength } = value.listpack!;
  const same = new ZsetValue(settings);
  expect(same.adoptListpack(whole, 0, byteLength, 3)).toBe(true);
  expect(walk(same, 0, 'next')).toEqual(walk(value, 0, 'next'));
  expect(same.adoptListpack(whole, 0, byteLength, settings.zsetMaxListpackValue + 1)).toBe(false);
  const few = new ZsetValue({ ...settings, zsetMaxListpackEntries: 99 });
  expect(few.adoptListpack(whole, 0, byteLength, 3)).toBe(false);
  expect(few.size).toBe(0);
});

it('begins as an index where a result may grow large, and becomes a listpack where it did not', () => {
  const value = ZsetValue.indexed(settings);
  for (let member = 0; member < 128; member++) add(value, `m${member % 100}`, -member / 2);
  expect(value.encoding).toBe('skiplist');
  const before = walk(value, 0, 'next');
  value.compact();
  expect(value.encoding).toBe('listpack');
  expect(walk(value, 0, 'next')).toEqual(before);

  const many = ZsetValue.indexed(settings);
  for (let member = 0; member < 129; member++) add(many, `m${member}`, member);
  const long = ZsetValue.indexed(settings);
  add(long, 'x'.repeat(65), 1);
  for (const large of [many, long]) {
    large.compact();
    expect(large.encoding).toBe('skiplist');
  }
});
