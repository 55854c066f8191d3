import { expect, it } from 'vitest';
import { EntryStore } from '../../../src/server/keyspace/entry-store.ts';
import { maxAnnouncedKeys, ReadAhead } from '../../../src/server/keyspace/read-ahead.ts';
import { HashIndex } from '../../../src/server/types/hash-index.ts';

/** Counts the entries that are touched. */
function rig(): { index: HashIndex; entries: EntryStore; peeked: number[] } {
  const [index, entries] = [new HashIndex(), new EntryStore()];
  const peeked: number[] = [];
  const peek = entries.peek.bind(entries);
  entries.peek = (ref) => {
    peeked.push(ref);
    return peek(ref);
  };
  return { index, entries, peeked };
}

/** An entry under a hash of its own home slot. */
function add({ index, entries }: ReturnType<typeof rig>, hash: number): number {
  const key = Buffer.from(`key:${hash}`);
  const ref = entries.create(key, 0, key.length, key, 0, key.length, 0);
  index.insert(hash, ref);
  return ref;
}

const hashes = [0x1000_0000, 0x3000_0000, 0x5000_0000];

it('touches the entries of announced keys once, and nothing for those that are not there', () => {
  const parts = rig();
  const refs = hashes.map((hash) => add(parts, hash));
  const ahead = new ReadAhead();
  for (const hash of [...hashes, 0x7000_0000]) ahead.announce(hash);
  ahead.touchAnnounced(parts.index, parts.entries);
  expect(parts.peeked).toEqual(refs);
  ahead.touchAnnounced(parts.index, parts.entries);
  expect(parts.peeked).toEqual(refs);
});

it('hears of so many keys at a time and no more', () => {
  const parts = rig();
  add(parts, hashes[0]);
  const ahead = new ReadAhead();
  for (let n = 0; n < maxAnnouncedKeys + 10; n++) ahead.announce(hashes[0]);
  ahead.touchAnnounced(parts.index, parts.entries);
  expect(parts.peeked.length).toBe(maxAnnouncedKeys);
});

it('touches entries that are known', () => {
  const parts = rig();
  const refs = hashes.map((hash) => add(parts, hash));
  new ReadAhead().touchEntries(parts.entries, refs);
  expect(parts.peeked).toEqual(refs);
});
