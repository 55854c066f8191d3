import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EntryStore } from '../../../src/server/keyspace/entry-store.ts';

const epochs = fc.integer({ min: 0, max: 255 });
const accesses = fc.integer({ min: 0, max: 0xffffff });

function stampOf(epoch: number, access: number): number {
  return (epoch << 24) | access;
}

it('keeps the epoch and the access of an entry apart', () => {
  const key = Buffer.from('k');
  fc.assert(
    fc.property(epochs, accesses, epochs, accesses, (epoch, access, nextEpoch, nextAccess) => {
      const entries = new EntryStore();
      const ref = entries.create(key, 0, 1, key, 0, 1, stampOf(epoch, access));
      const stamp = (): number[] => [entries.epoch(ref), entries.access(ref)];
      expect(stamp()).toEqual([epoch, access]);
      entries.setEpoch(ref, nextEpoch);
      expect(stamp()).toEqual([nextEpoch, access]);
      entries.setAccess(ref, nextAccess);
      expect(stamp()).toEqual([nextEpoch, nextAccess]);
      entries.setStamp(ref, stampOf(epoch, access));
      expect(stamp()).toEqual([epoch, access]);
    }),
  );
});

it('takes of an access time the lowest 24 bits, also of one before the clock began', () => {
  const entries = new EntryStore();
  const ref = entries.create(Buffer.from('k'), 0, 1, Buffer.alloc(0), 0, 0, stampOf(255, 0));
  entries.setAccess(ref, 0x1_000_005);
  expect([entries.epoch(ref), entries.access(ref)]).toEqual([255, 5]);
  entries.setAccess(ref, 3 - 10);
  expect([entries.epoch(ref), entries.access(ref)]).toEqual([255, 0xffffff - 6]);
});
