import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dict } from '../../../src/server/keyspace/dict.ts';

/** What a Dict must equal: a Map from key to value and time to live. */
type Model = Map<string, { value: string; expireAt: number }>;

type Step =
  | { kind: 'set'; key: string; value: string; keepTtl: boolean }
  | { kind: 'resize'; key: string; length: number }
  | { kind: 'remove'; key: string }
  | { kind: 'expire'; key: string; atMs: number }
  | { kind: 'persist'; key: string };

const keys = fc.integer({ min: 0, max: 300 }).map((n) => `key:${n}`);
const values = fc
  .tuple(fc.constantFrom(0, 1, 7, 100, 500, 5000, 17_000, 40_000), fc.string({ maxLength: 5 }))
  .map(([length, text]) => text + 'v'.repeat(length));
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      key: keys,
      value: values,
      keepTtl: fc.boolean(),
    }),
  },
  fc.record({
    kind: fc.constant('resize' as const),
    key: keys,
    length: fc.constantFrom(0, 3, 64, 900, 9000, 16_385, 70_000),
  }),
  fc.record({ kind: fc.constant('remove' as const), key: keys }),
  fc.record({ kind: fc.constant('expire' as const), key: keys, atMs: fc.nat(1000) }),
  fc.record({ kind: fc.constant('persist' as const), key: keys }),
);

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function find(dict: Dict, key: string): number {
  const encoded = bytes(key);
  return dict.find(encoded, 0, encoded.length);
}

function set(dict: Dict, key: string, value: string, keepTtl = false): void {
  const [k, v] = [bytes(key), bytes(value)];
  const ref = dict.find(k, 0, k.length);
  if (ref === 0) dict.insertString(k, 0, k.length, v, 0, v.length);
  else dict.overwriteString(ref, v, 0, v.length, keepTtl);
}

function apply(dict: Dict, model: Model, step: Step): void {
  const ref = find(dict, step.key);
  const held = model.get(step.key);
  expect(ref !== 0).toBe(held !== undefined);
  if (step.kind === 'set') {
    set(dict, step.key, latin1(step.value), step.keepTtl);
    const expireAt = step.keepTtl && held ? held.expireAt : -1;
    model.set(step.key, { value: latin1(step.value), expireAt });
  } else if (held !== undefined) {
    applyToHeld(dict, model, step, ref, held);
  }
}

function applyToHeld(
  dict: Dict,
  model: Model,
  step: Exclude<Step, { kind: 'set' }>,
  ref: number,
  held: { value: string; expireAt: number },
): void {
  switch (step.kind) {
    case 'resize':
      dict.resizeString(ref, step.length);
      held.value = held.value.slice(0, step.length).padEnd(step.length, '\0');
      break;
    case 'remove':
      dict.remove(ref);
      model.delete(step.key);
      break;
    case 'expire':
      dict.setExpireAt(ref, step.atMs);
      held.expireAt = step.atMs;
      break;
    case 'persist':
      dict.clearExpire(ref);
      held.expireAt = -1;
      break;
  }
}

function latin1(text: string): string {
  return bytes(text).toString('latin1');
}

function expectEqual(dict: Dict, model: Model): void {
  expect(dict.size).toBe(model.size);
  let volatile = 0;
  let firstEnd = Infinity;
  for (const [key, held] of model) {
    const ref = find(dict, key);
    expect(ref).not.toBe(0);
    expect(dict.stringValue(ref).toString('latin1') === held.value).toBe(true);
    expect(dict.expireAt(ref)).toBe(held.expireAt);
    if (held.expireAt >= 0) {
      volatile++;
      firstEnd = Math.min(firstEnd, held.expireAt);
    }
  }
  expect(dict.volatileSize).toBe(volatile);
  const first = dict.firstExpired(Number.MAX_SAFE_INTEGER);
  if (volatile > 0) expect(dict.expireAt(first)).toBe(firstEnd);
  else expect(first).toBe(0);
}

function walkKeys(dict: Dict, from = 0, count = Infinity): { keys: string[]; next: number } {
  const found: string[] = [];
  const next = dict.walk(from, (ref) => {
    found.push(dict.key(ref).toString());
    return found.length < count;
  });
  return { keys: found, next };
}

describe('Dict', () => {
  it('behaves like a map with times to live', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 400 }), fc.nat(), (list, seed) => {
        const dict = new Dict(seed);
        const model: Model = new Map();
        for (const step of list) apply(dict, model, step);
        expectEqual(dict, model);
        expect(walkKeys(dict).keys.sort()).toEqual([...model.keys()].sort());
      }),
      { numRuns: 150 },
    );
  });

  it('finds every key again after growing through splits, and after shrinking', () => {
    const dict = new Dict(7);
    const count = 50_000;
    for (let n = 0; n < count; n++) set(dict, `key:${n}`, `value:${n}`);
    expect(dict.size).toBe(count);
    for (let n = 0; n < count; n++) expect(find(dict, `key:${n}`)).not.toBe(0);
    for (let n = 0; n < count; n++) if (n % 100 !== 0) dict.remove(find(dict, `key:${n}`));
    expect(walkKeys(dict).keys.length).toBe(count / 100);
    for (let n = 0; n < count; n += 100) {
      expect(dict.stringValue(find(dict, `key:${n}`)).toString()).toBe(`value:${n}`);
    }
  });

  it('walks every key that stays, exactly once, while others come and go', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 50 }), (seed, count) => {
        const dict = new Dict(seed);
        for (let n = 0; n < 500; n++) set(dict, `stay:${n}`, 'x');
        const seen: string[] = [];
        let position = 0;
        let round = 0;
        do {
          const step = walkKeys(dict, position, count);
          seen.push(...step.keys);
          position = step.next;
          // Growing to many times the size and shrinking again, between any two steps.
          for (let n = 0; n < 300; n++) {
            const key = `come:${round % 10}:${n}`;
            const ref = find(dict, key);
            if (round % 20 < 10) set(dict, key, 'y');
            else if (ref !== 0) dict.remove(ref);
          }
          round++;
        } while (position !== 0);
        const stayed = seen.filter((key) => key.startsWith('stay:'));
        expect(stayed.length).toBe(500);
        expect(new Set(stayed).size).toBe(500);
      }),
      { numRuns: 30 },
    );
  });

  it('samples every key now and then', () => {
    const dict = new Dict(3);
    for (let n = 0; n < 20; n++) set(dict, `k${n}`, 'x');
    const seen = new Set<string>();
    for (let n = 0; n < 2000; n++) seen.add(dict.key(dict.sample(Math.random)).toString());
    expect(seen.size).toBe(20);
    expect(new Dict(1).sample(Math.random)).toBe(0);
  });

  it('gives the memory of a removed entry to the next one', () => {
    const dict = new Dict(1);
    set(dict, 'keep', 'x');
    for (let n = 0; n < 1000; n++) set(dict, `k${n}`, 'v'.repeat(100));
    const full = dict.memoryBytes;
    for (let n = 0; n < 1000; n++) dict.remove(find(dict, `k${n}`));
    for (let n = 0; n < 1000; n++) set(dict, `m${n}`, 'v'.repeat(100));
    expect(dict.memoryBytes).toBeLessThanOrEqual(full);
  });
});

describe('a dict that expects a copy', () => {
  it.for([
    [0, 0],
    [1, 1],
    [40, 40],
    [9000, 9000],
    [9000, 0],
    [9000, 100],
    [500, 200_000],
  ])('of %i keys, and was told of %i: has them all, in the same order', ([count, told]) => {
    const original = new Dict(11);
    for (let n = 0; n < count; n++) set(original, `key:${n}`, `value:${n}`);
    const copy = new Dict(22);
    copy.expectCopy({ seed: original.seed, keys: told });
    const { keys: inOrder } = walkKeys(original);
    for (const key of inOrder) set(copy, key, `value:${key.slice('key:'.length)}`);
    expect(copy.size).toBe(count);
    expect(walkKeys(copy).keys.sort()).toEqual(inOrder.sort());
    for (const key of inOrder) expect(find(copy, key)).not.toBe(0);
    for (const key of inOrder) copy.remove(find(copy, key));
    expect(copy.size).toBe(0);
  });

  it('stays as it is when it has keys of its own', () => {
    const dict = new Dict(1);
    set(dict, 'held', 'x');
    dict.expectCopy({ seed: 2, keys: 10 });
    expect(find(dict, 'held')).not.toBe(0);
    expect(dict.seed).toBe(1);
  });
});

describe('announced keys', () => {
  it('are touched without changing anything, whether they exist or not', () => {
    const dict = new Dict(5);
    for (let n = 0; n < 1000; n++) set(dict, `k${n}`, `v${n}`);
    for (let n = 0; n < 3000; n++) {
      const key = bytes(`k${n}`);
      dict.announce(key, 0, key.length);
      if (n % 50 === 0) dict.touchAnnounced();
    }
    dict.touchAnnounced();
    expect(dict.size).toBe(1000);
    for (let n = 0; n < 1000; n++) {
      expect(dict.stringValue(find(dict, `k${n}`)).toString()).toBe(`v${n}`);
    }
  });
});
