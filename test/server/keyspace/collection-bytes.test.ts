import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CollectionBytes, maxUncounted } from '../../../src/server/keyspace/collection-bytes.ts';
import { testValue } from './support/test-value.ts';

it('counts what collections take now, however they come, change and go', () => {
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom('add', 'change', 'remove', 'ask'),
      which: fc.nat(2 * maxUncounted),
      bytes: fc.nat(1000),
    }),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const bytes = new CollectionBytes();
      const held = new Map<number, ReturnType<typeof testValue>>();
      const sum = (): number => [...held.values()].reduce((all, one) => all + one.memoryBytes, 0);
      for (const { kind, which, bytes: size } of list) {
        const value = held.get(which);
        if (kind === 'add' && value === undefined) {
          const added = testValue(size);
          held.set(which, added);
          bytes.add(added);
        } else if (kind === 'change' && value !== undefined) {
          bytes.noteChange(value);
          value.memoryBytes = size;
        } else if (kind === 'remove' && value !== undefined) {
          bytes.remove(value);
          held.delete(which);
        } else if (kind === 'ask') {
          expect(bytes.total).toBe(sum());
        }
      }
      expect(bytes.total).toBe(sum());
    }),
  );
});

it('gives a collection back uncounted, so that another dict can take it', () => {
  const [here, there] = [new CollectionBytes(), new CollectionBytes()];
  const value = testValue(70);
  here.add(value);
  expect(here.total).toBe(70);
  here.remove(value);
  there.add(value);
  expect([here.total, there.total]).toEqual([0, 70]);
});

it('does not ask a collection that is in the middle of its change', () => {
  const bytes = new CollectionBytes();
  for (let n = 0; n < maxUncounted; n++) bytes.add(testValue(1));
  const value = testValue(1);
  bytes.add(value);
  value.memoryBytes = 5;
  expect(bytes.total).toBe(maxUncounted + 5);
});
