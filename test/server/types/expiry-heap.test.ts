import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ExpiryHeap } from '../../../src/server/types/expiry-heap.ts';

/** A heap whose entries know their places, as its owners keep them. */
function heapWithPlaces(): { heap: ExpiryHeap; places: Map<number, number> } {
  const places = new Map<number, number>();
  return { heap: new ExpiryHeap((ref, index) => places.set(ref, index)), places };
}

it('has the next to end at its head, whatever comes, moves and goes', () => {
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom('put', 'put', 'remove', 'relocate'),
      ref: fc.integer({ min: 1, max: 60 }),
      atMs: fc.nat(1000),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const { heap, places } = heapWithPlaces();
      const model = new Map<number, number>();
      for (const { kind, ref, atMs } of list) {
        const place = places.get(ref) ?? -1;
        if (kind === 'put') {
          if (model.has(ref)) heap.update(place, atMs);
          else heap.add(ref, atMs);
          model.set(ref, atMs);
        } else if (model.has(ref)) {
          const at = model.get(ref) as number;
          model.delete(ref);
          places.delete(ref);
          const moved = ref + 1000;
          if (kind === 'remove' || model.has(moved)) heap.remove(place);
          else {
            heap.relocate(place, moved);
            places.set(moved, place);
            model.set(moved, at);
          }
        }
        const next = Math.min(...model.values());
        expect(heap.size).toBe(model.size);
        expect(model.get(heap.first) ?? Infinity).toBe(next);
        expect(heap.firstUntil(next)).toBe(model.size === 0 ? 0 : heap.first);
        expect(heap.firstUntil(next - 1)).toBe(0);
        for (const [held, at] of model) expect(heap.at(places.get(held) as number)).toBe(at);
      }
      const due = [...model].filter(([, at]) => at <= 500).map(([ref]) => ref);
      expect(new Set(heap.until(500, Infinity))).toEqual(new Set(due));
    }),
  );
});

it('samples any entry, and none when it is empty', () => {
  const { heap } = heapWithPlaces();
  expect([heap.sample(() => 0.5), heap.first, heap.firstUntil(Infinity)]).toEqual([0, 0, 0]);
  for (const ref of [7, 8, 9]) heap.add(ref, ref);
  const sampled = [0, 0.34, 0.99].map((drawn) => heap.sample(() => drawn));
  expect(new Set(sampled)).toEqual(new Set([7, 8, 9]));
});

it('tells the mean of what is left, of those past their time nothing', () => {
  const { heap } = heapWithPlaces();
  expect(heap.meanLeftMs(0)).toBe(0);
  for (const [ref, atMs] of [50, 300, 400].entries()) heap.add(ref + 1, atMs);
  expect(heap.meanLeftMs(100)).toBe(Math.floor((200 + 300) / 3));
  for (let ref = 4; ref < 100; ref++) heap.add(ref, 1000);
  expect(heap.meanLeftMs(0)).toBeGreaterThan(500);
});
