/**
 * Eviction: which keys go when memory is short, by the eight policies of `maxmemory-policy`, and
 * how long that may take at a time. memory-limit.ts decides when; nothing here knows of limits.
 *
 * LRU and LFU evict the best of a few sampled entries; volatile-ttl takes the very next key to
 * expire, because the dicts have those in order.
 */
import type { Random } from '../../util/random.ts';
import type { Dict } from './dict.ts';
import { EvictionPool } from './eviction-pool.ts';
import type { Database } from './database.ts';
import type { AccessOrder, Keyspace } from './keyspace.ts';

export type EvictionPolicy =
  | 'noeviction'
  | 'allkeys-lru'
  | 'allkeys-lfu'
  | 'allkeys-random'
  | 'volatile-lru'
  | 'volatile-lfu'
  | 'volatile-random'
  | 'volatile-ttl';

export interface EvictionSettings {
  readonly maxmemoryPolicy: EvictionPolicy;
  readonly maxmemorySamples: number;
}

export function accessOrderOf(policy: EvictionPolicy): AccessOrder {
  if (policy.endsWith('-lfu')) return 'lfu';
  return policy.endsWith('-lru') ? 'lru' : 'none';
}

interface Victim {
  readonly db: Database;
  readonly ref: number;
}

/** Samples that only find keys which cannot be taken, before a policy gives up. */
const maxFruitlessRounds = 64;

export class Evictor {
  readonly #keyspace: Keyspace;
  readonly #random: Random;
  readonly #settings: EvictionSettings;
  readonly #onEvicted: (db: Database, key: Buffer) => void;
  readonly #pool = new EvictionPool();
  #poolPolicy: EvictionPolicy = 'noeviction';
  /** The random policies take from the databases in turn. */
  #nextDatabase = 0;

  /** `onEvicted` is called after a key was deleted, to propagate the deletion. */
  constructor(options: {
    keyspace: Keyspace;
    random: Random;
    settings: EvictionSettings;
    onEvicted: (db: Database, key: Buffer) => void;
  }) {
    this.#keyspace = options.keyspace;
    this.#random = options.random;
    this.#settings = options.settings;
    this.#onEvicted = options.onEvicted;
  }

  /** Evicts one key; false when the policy finds none that may go. */
  evictOne(): boolean {
    const victim = this.#choose();
    if (victim === null) return false;
    const key = this.#keyspace.evict(victim.db, victim.ref);
    this.#onEvicted(victim.db, key);
    return true;
  }

  #choose(): Victim | null {
    const policy = this.#settings.maxmemoryPolicy;
    if (policy === 'noeviction') return null;
    if (policy === 'volatile-ttl') return this.#chooseByTtl();
    const volatileOnly = policy.startsWith('volatile');
    return policy.endsWith('random')
      ? this.#chooseRandom(volatileOnly)
      : this.#chooseBySamples(policy, volatileOnly);
  }

  #chooseRandom(volatileOnly: boolean): Victim | null {
    const { databases } = this.#keyspace;
    for (let turn = 0; turn < databases.length; turn++) {
      const db = databases[this.#nextDatabase % databases.length];
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
      const ref = this.#sample(db.dict, volatileOnly);
      if (ref !== 0) return { db, ref };
    }
    return null;
  }

  #chooseByTtl(): Victim | null {
    let first: Database | null = null;
    let firstEndsAt = Infinity;
    for (const db of this.#keyspace.databases) {
      if (db.dict.volatileSize === 0) continue;
      const endsAt = db.dict.expireAt(db.dict.nextToExpire);
      if (first !== null && endsAt >= firstEndsAt) continue;
      first = db;
      firstEndsAt = endsAt;
    }
    return first === null ? null : { db: first, ref: first.dict.nextToExpire };
  }

  #chooseBySamples(policy: EvictionPolicy, volatileOnly: boolean): Victim | null {
    if (policy !== this.#poolPolicy) this.#pool.clear();
    this.#poolPolicy = policy;
    for (let round = 0; round < maxFruitlessRounds; round++) {
      if (!this.#fillPool(volatileOnly)) return null;
      const victim = this.#takeFromPool(volatileOnly);
      if (victim !== null) return victim;
    }
    return null;
  }

  /** False when there is nothing to sample. */
  #fillPool(volatileOnly: boolean): boolean {
    const pool = this.#pool;
    let sampled = false;
    for (const { id, dict } of this.#keyspace.databases) {
      const keys = volatileOnly ? dict.volatileSize : dict.size;
      if (keys === 0) continue;
      sampled = true;
      const samples = Math.min(this.#settings.maxmemorySamples, keys);
      for (let count = 0; count < samples; count++) {
        const ref = this.#sample(dict, volatileOnly);
        const score = this.#scoreOf(dict, ref);
        if (pool.accepts(score)) pool.add({ dbId: id, key: dict.key(ref), score });
      }
    }
    return sampled;
  }

  /** The best candidate that is still there, and may still go. */
  #takeFromPool(volatileOnly: boolean): Victim | null {
    const { databases } = this.#keyspace;
    for (let taken = this.#pool.take(); taken !== undefined; taken = this.#pool.take()) {
      const { dbId, key } = taken;
      const db = databases[dbId];
      const ref = db.dict.find(key, 0, key.length);
      if (ref === 0) continue;
      if (!volatileOnly || db.dict.expireAt(ref) >= 0) return { db, ref };
    }
    return null;
  }

  #sample(dict: Dict, volatileOnly: boolean): number {
    const random = (): number => this.#random.float();
    return volatileOnly ? dict.sampleVolatile(random) : dict.sample(random);
  }

  /** Idle seconds, or how far an entry is from being used all the time. */
  #scoreOf(dict: Dict, ref: number): number {
    const { frequencies } = dict;
    if (frequencies === null) return dict.idleSeconds(ref);
    return 255 - frequencies.countOf(dict.accessedAt(ref));
  }
}
