import { describe, expect, test } from 'vitest';
import type { Dict } from '../../../src/server/keyspace/dict.ts';
import type { Database } from '../../../src/server/keyspace/database.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { seededRandom } from '../../../src/util/random.ts';

function newKeyspace(): { keyspace: Keyspace; expired: string[] } {
  const expired: string[] = [];
  const keyspace = new Keyspace({
    databases: 2,
    random: seededRandom(7),
    onExpired: (db, key) => void expired.push(`${db.id}:${String(key)}`),
  });
  keyspace.nowMs = 1000;
  return { keyspace, expired };
}

function bytes(text: string): Buffer {
  return Buffer.from(text);
}

/** Stores a string past all expiry logic. */
function put(dict: Dict, key: string, expireAt = -1): number {
  const name = bytes(key);
  expect(dict.find(name, 0, name.length)).toBe(0);
  const ref = dict.insertString(name, 0, name.length, bytes('value'), 0, 5);
  return expireAt < 0 ? ref : dict.setExpireAt(ref, expireAt);
}

function read(keyspace: Keyspace, db: Database, key: string): boolean {
  return keyspace.lookupRead(db, bytes(key), 0, key.length) !== 0;
}

function write(keyspace: Keyspace, db: Database, key: string): boolean {
  return keyspace.lookupWrite(db, bytes(key), 0, key.length) !== 0;
}

/** Watches a key; the counter says how often it was told. */
function watch(db: Database, key: string): { told: number } {
  const counter = { told: 0 };
  const tell = (): void => void counter.told++;
  const watcher = { keyModified: tell, databaseReplaced: tell };
  db.watched.set(key, (db.watched.get(key) ?? new Set()).add(watcher));
  return counter;
}

describe('a lookup', () => {
  test('counts hits and misses of reads alone', () => {
    const { keyspace } = newKeyspace();
    const db = keyspace.databases[0];
    put(db.dict, 'k');
    read(keyspace, db, 'k');
    read(keyspace, db, 'nothing');
    write(keyspace, db, 'k');
    write(keyspace, db, 'nothing');
    expect(keyspace.stats).toMatchObject({ keyspaceHits: 1, keyspaceMisses: 1, expiredKeys: 0 });
  });

  test('stamps the access clock unless it is told not to', () => {
    const { keyspace } = newKeyspace();
    const { dict } = keyspace.databases[0];
    const ref = put(dict, 'k');
    keyspace.setAccessClock(5);
    keyspace.touchOnLookup = false;
    read(keyspace, keyspace.databases[0], 'k');
    expect(dict.accessedAt(ref)).toBe(0);
    keyspace.touchOnLookup = true;
    read(keyspace, keyspace.databases[0], 'k');
    expect(dict.accessedAt(ref)).toBe(5);
    keyspace.setAccessClock(0x1000001);
    write(keyspace, keyspace.databases[0], 'k');
    expect(dict.accessedAt(ref), 'the clock has 24 bits').toBe(1);
  });
});

describe('a key past its time', () => {
  test('is deleted by a master, with all that belongs to it', () => {
    const { keyspace, expired } = newKeyspace();
    const db = keyspace.databases[0];
    put(db.dict, 'a', 999);
    put(db.dict, 'b', 999);
    put(db.dict, 'c', 1001);
    const watched = watch(db, 'a');
    expect(read(keyspace, db, 'a')).toBe(false);
    expect(write(keyspace, db, 'b')).toBe(false);
    expect(read(keyspace, db, 'c')).toBe(true);
    expect(expired).toEqual(['0:a', '0:b']);
    expect(watched.told).toBe(1);
    expect(keyspace.keyCount).toBe(1);
    expect(keyspace.stats.expiredKeys).toBe(2);
  });

  test('is only hidden on a replica, until a write replaces it', () => {
    const { keyspace, expired } = newKeyspace();
    const db = keyspace.databases[0];
    put(db.dict, 'k', 999);
    keyspace.expiryMode = 'hide';
    expect(read(keyspace, db, 'k')).toBe(false);
    expect(keyspace.keyCount).toBe(1);
    expect(write(keyspace, db, 'k')).toBe(false);
    expect(keyspace.keyCount).toBe(0);
    put(db.dict, 'k');
    expect(expired).toEqual([]);
  });

  test('is as good as any for the stream of the master', () => {
    const { keyspace } = newKeyspace();
    const db = keyspace.databases[0];
    put(db.dict, 'k', 999);
    keyspace.expiryMode = 'ignore';
    expect(read(keyspace, db, 'k')).toBe(true);
    expect(write(keyspace, db, 'k')).toBe(true);
  });

  test('leaves a place that can be inserted into at once', () => {
    const { keyspace } = newKeyspace();
    const db = keyspace.databases[0];
    for (let n = 0; n < 50; n++) put(db.dict, `other${n}`);
    put(db.dict, 'k', 999);
    const key = bytes('k');
    expect(keyspace.lookupWrite(db, key, 0, 1)).toBe(0);
    const ref = db.dict.insertString(key, 0, 1, key, 0, 1);
    expect(db.dict.find(key, 0, 1)).toBe(ref);
    expect(db.dict.size).toBe(51);
  });
});

describe('watchers', () => {
  test('hear of their key alone, in its database alone', () => {
    const { keyspace } = newKeyspace();
    const [first, second] = keyspace.databases;
    const watched = watch(first, 'k');
    keyspace.signalModified(first, bytes('xkx'), 0, 3);
    keyspace.signalModified(second, bytes('k'), 0, 1);
    expect(watched.told).toBe(0);
    keyspace.signalModified(first, bytes('xkx'), 1, 2);
    expect(watched.told).toBe(1);
  });

  test('of keys that exist hear of FLUSHDB', () => {
    const { keyspace } = newKeyspace();
    const [db] = keyspace.databases;
    put(db.dict, 'held');
    const held = watch(db, 'held');
    const absent = watch(db, 'absent');
    expect(keyspace.flush([db])).toBe(1);
    expect([held.told, absent.told]).toEqual([1, 0]);
    expect(keyspace.keyCount).toBe(0);
  });

  test('hear of SWAPDB when either side holds the key', () => {
    const { keyspace } = newKeyspace();
    const [first, second] = keyspace.databases;
    put(first.dict, 'here');
    put(second.dict, 'there');
    const told = ['here', 'there', 'nowhere'].map((key) => watch(first, key));
    keyspace.swap(first, second);
    expect(told.map((counter) => counter.told)).toEqual([1, 1, 0]);
    expect(read(keyspace, first, 'there')).toBe(true);
    expect(read(keyspace, second, 'here')).toBe(true);
  });

  test('hear of a data set that is replaced', () => {
    const { keyspace } = newKeyspace();
    const [db] = keyspace.databases;
    put(db.dict, 'old');
    const told = ['old', 'new', 'neither'].map((key) => watch(db, key));
    const next = keyspace.newDict();
    put(next, 'new');
    const [before] = keyspace.replaceAll([next]);
    expect(told.map((counter) => counter.told)).toEqual([1, 1, 0]);
    expect(before.size).toBe(1);
    expect(read(keyspace, db, 'new')).toBe(true);
    expect(keyspace.databases[1].dict.size).toBe(0);
  });
});
