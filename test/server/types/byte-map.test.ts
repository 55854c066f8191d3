import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteMap } from '../../../src/server/types/byte-map.ts';

type Step = { kind: 'set'; key: string; value: string } | { kind: 'remove'; key: string };

const keys = fc.oneof(
  fc.integer({ min: 0, max: 200 }).map((n) => `field:${n}`),
  fc.constantFrom('', 'long'.repeat(5000)),
);
const values = fc
  .tuple(fc.constantFrom(0, 1, 20, 700, 16_390), fc.string({ unit: 'binary-ascii', maxLength: 4 }))
  .map(([length, text]) => text + 'v'.repeat(length));
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: keys, value: values }),
  fc.record({ kind: fc.constant('remove' as const), key: keys }),
);

function find(map: ByteMap, key: string): number {
  const bytes = Buffer.from(key, 'latin1');
  return map.find(bytes, 0, bytes.length);
}

function set(map: ByteMap, key: string, value: string): void {
  const [k, v] = [Buffer.from(key, 'latin1'), Buffer.from(value, 'latin1')];
  const ref = map.find(k, 0, k.length);
  if (ref === 0) map.insert(k, 0, k.length, v, 0, v.length);
  else map.setValue(ref, v, 0, v.length);
}

function windowText(map: ByteMap): string {
  return map.windowBuffer.toString('latin1', map.windowStart, map.windowEnd);
}

function contents(map: ByteMap): Map<string, string> {
  const found = new Map<string, string>();
  map.walk(0, (ref) => {
    map.readKey(ref);
    const key = windowText(map);
    expect(found.has(key), 'each key once').toBe(false);
    map.readValue(ref);
    found.set(key, windowText(map));
    return true;
  });
  return found;
}

it('holds what a Map holds', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(steps, { maxLength: 300 }), (seed, list) => {
      const map = new ByteMap(seed);
      const model = new Map<string, string>();
      for (const step of list) {
        const ref = find(map, step.key);
        expect(ref !== 0).toBe(model.has(step.key));
        if (step.kind === 'set') {
          set(map, step.key, step.value);
          model.set(step.key, step.value);
        } else if (ref !== 0) {
          map.remove(ref);
          model.delete(step.key);
        }
      }
      expect(map.size).toBe(model.size);
      expect(contents(map)).toEqual(model);
      expect(contents(map.copy(seed + 1))).toEqual(model);
    }),
  );
});

it('takes as much memory when emptied as when new, and grows with its elements', () => {
  const map = new ByteMap(1);
  const empty = map.memoryBytes;
  for (let n = 0; n < 10_000; n++) set(map, `field:${n}`, 'value');
  expect(map.memoryBytes).toBeGreaterThan(10_000 * 16);
  set(map, 'long', 'x'.repeat(100_000));
  expect(map.memoryBytes).toBeGreaterThan(100_000 + 10_000 * 16);
  for (const key of contents(map).keys()) map.remove(find(map, key));
  expect(map.memoryBytes).toBeLessThan(empty + 1024);
  expect(map.sample(Math.random)).toBe(0);
});
