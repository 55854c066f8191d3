import { describe, expect, test } from 'vitest';
import { EvictionPool } from '../../../src/server/keyspace/eviction-pool.ts';
import { accessOrderOf, Evictor, type EvictionPolicy } from '../../../src/server/keyspace/evict.ts';
import { notifyClass } from '../../../src/server/keyspace/notify.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { seededRandom } from '../../../src/util/random.ts';

interface Rig {
  readonly keyspace: Keyspace;
  readonly evictor: Evictor;
  readonly evicted: string[];
  /** Adds a key that was last used at `seconds`, or is used so often under LFU. */
  add(
    db: number,
    key: string,
    options?: { expireAt?: number; usedAt?: number; uses?: number },
  ): void;
}

function rigFor(maxmemoryPolicy: EvictionPolicy): Rig {
  const random = seededRandom(3);
  const keyspace = new Keyspace({ databases: 4, random, onExpired: () => undefined });
  keyspace.setAccessClock(10_000);
  keyspace.accessOrder = accessOrderOf(maxmemoryPolicy);
  const evicted: string[] = [];
  const evictor = new Evictor({
    keyspace,
    random,
    settings: { maxmemoryPolicy, maxmemorySamples: 10 },
    onEvicted: (db, key) => evicted.push(`${db.id}:${String(key)}`),
  });
  return {
    keyspace,
    evictor,
    evicted,
    add(id, key, { expireAt = -1, usedAt = 10_000, uses = -1 } = {}) {
      const { dict } = keyspace.databases[id];
      const bytes = Buffer.from(key);
      dict.find(bytes, 0, bytes.length);
      let ref = dict.insertString(bytes, 0, bytes.length, bytes, 0, bytes.length);
      if (expireAt >= 0) ref = dict.setExpireAt(ref, expireAt);
      dict.restoreAccess(ref, 10_000 - usedAt, uses);
    },
  };
}

const policies: readonly EvictionPolicy[] = [
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
];

describe.each(policies)('%s', (policy) => {
  test('takes all that may go, from every database, and then says so', () => {
    const { add, evictor, evicted, keyspace } = rigFor(policy);
    for (let count = 0; count < 200; count++) {
      add(count % 3, `lasting${count}`);
      add(count % 3, `volatile${count}`, { expireAt: 99_000 + count });
    }
    const mayGo = policy.startsWith('volatile') ? 200 : 400;
    for (let count = 0; count < mayGo; count++) expect(evictor.evictOne()).toBe(true);
    expect(evictor.evictOne()).toBe(false);
    expect(keyspace.keyCount).toBe(400 - mayGo);
    expect(new Set(evicted).size).toBe(mayGo);
    const isVolatile = (name: string): boolean => name.includes('volatile');
    if (mayGo === 200) expect(evicted.every(isVolatile)).toBe(true);
  });
});

test('noeviction takes nothing', () => {
  const { add, evictor } = rigFor('noeviction');
  add(0, 'k', { expireAt: 1 });
  expect(evictor.evictOne()).toBe(false);
});

test('LRU takes what has not been used for long, within the luck of sampling', () => {
  const { add, evictor, evicted } = rigFor('allkeys-lru');
  for (let count = 0; count < 1000; count++) add(0, `old${count}`, { usedAt: 1000 + count });
  for (let count = 0; count < 1000; count++) add(1, `new${count}`, { usedAt: 9000 + count });
  for (let count = 0; count < 500; count++) evictor.evictOne();
  const old = evicted.filter((name) => name.startsWith('0:old'));
  expect(old.length).toBeGreaterThan(450);
});

test('LFU takes what is used rarely', () => {
  const { add, evictor, evicted } = rigFor('volatile-lfu');
  for (let count = 0; count < 500; count++) {
    add(0, `rare${count}`, { uses: count % 5, expireAt: 99_000 });
    add(0, `often${count}`, { uses: 100 + (count % 50), expireAt: 99_000 });
  }
  for (let count = 0; count < 250; count++) evictor.evictOne();
  const rare = evicted.filter((name) => name.startsWith('0:rare'));
  expect(rare.length).toBeGreaterThan(240);
});

test('volatile-ttl takes exactly the next to expire', () => {
  const { add, evictor, evicted } = rigFor('volatile-ttl');
  add(2, 'third', { expireAt: 3000 });
  add(1, 'first', { expireAt: 1000 });
  add(2, 'second', { expireAt: 2000 });
  for (let count = 0; count < 3; count++) evictor.evictOne();
  expect(evicted).toEqual(['1:first', '2:second', '2:third']);
});

test('an evicted key is one its watchers and listeners hear of', () => {
  const { add, evictor, keyspace } = rigFor('allkeys-random');
  add(0, 'k');
  const events: string[] = [];
  keyspace.notifyMask = notifyClass.evicted;
  keyspace.onEvent = (db, event, key) => events.push(`${db.id} ${event} ${String(key)}`);
  let modified = 0;
  const watcher = { keyModified: () => modified++, databaseReplaced: () => undefined };
  keyspace.databases[0].watched.set('k', new Set([watcher]));
  evictor.evictOne();
  expect([modified, events]).toEqual([1, ['0 evicted k']]);
});

test('the pool keeps the best sixteen, in order', () => {
  const pool = new EvictionPool();
  const random = seededRandom(5);
  const scores = Array.from({ length: 100 }, () => random.uint32() % 50);
  for (const score of scores) {
    if (pool.accepts(score)) pool.add({ dbId: 0, key: Buffer.from('k'), score });
  }
  const taken: number[] = [];
  for (let best = pool.take(); best !== undefined; best = pool.take()) taken.push(best.score);
  expect(taken).toEqual(scores.toSorted((a, b) => b - a).slice(0, 16));
});
