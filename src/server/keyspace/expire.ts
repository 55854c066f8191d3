/**
 * Active expiry: deletes keys past their time that nobody asks for, and such fields of hashes. The
 * cron calls `run` on a master, and again at once while it says that more are due. The heaps in each
 * dict have the next to expire at their heads, so nothing is sampled and nothing due is missed.
 *
 * On a replica keys end with the DEL that the master sends; only what clients have written to the
 * replica itself is deleted here, see replica-keys.ts.
 */
import type { Clock } from '../../util/clock.ts';
import type { HashValue } from '../types/hash-value.ts';
import type { Database } from './database.ts';
import type { Dict } from './dict.ts';
import type { Keyspace } from './keyspace.ts';

/** Deletions between two looks at the clock: well below a tenth of a millisecond. */
const keysPerClockRead = 16;
/** Fields that are deleted, and propagated, at a time: some 50 µs. */
const fieldsPerStep = 64;

export class ExpireCycle {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #endUnit: () => void;
  /** The database to begin with, so that one with many keys due does not starve the others. */
  #nextDatabase = 0;

  /** `endUnit` is called after deletions: each is propagated on its own. */
  constructor(options: { keyspace: Keyspace; clock: Clock; endUnit: () => void }) {
    this.#keyspace = options.keyspace;
    this.#clock = options.clock;
    this.#endUnit = options.endUnit;
  }

  /** Deletes what is due for at most `budgetMs` milliseconds; true when it had to break off. */
  run(budgetMs: number): boolean {
    const keyspace = this.#keyspace;
    keyspace.nowMs = this.#clock.now();
    if (keyspace.expiryMode === 'hide') this.#expireReplicaKeys();
    if (keyspace.expiryMode !== 'delete') return false;
    const deadline = this.#clock.monotonic() + budgetMs;
    const { databases } = keyspace;
    for (let turn = 0; turn < databases.length; turn++) {
      const db = databases[this.#nextDatabase % databases.length];
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
      if (!this.#expireDatabase(db, deadline) || !this.#expireFields(db, deadline)) {
        keyspace.stats.expiredTimeCapReachedCount++;
        return true;
      }
    }
    return false;
  }

  #expireReplicaKeys(): void {
    const keyspace = this.#keyspace;
    keyspace.replicaKeys.expire(keyspace.nowMs, (db, ref) => {
      keyspace.deleteExpired(db, ref);
      this.#endUnit();
    });
  }

  /** False when the deadline came before the last key that was due. */
  #expireDatabase(db: Database, deadline: number): boolean {
    for (let deleted = 1; ; deleted++) {
      const ref = db.dict.firstExpired(this.#keyspace.nowMs);
      if (ref === 0) return true;
      this.#keyspace.deleteExpired(db, ref);
      this.#endUnit();
      if (deleted % keysPerClockRead === 0 && this.#clock.monotonic() >= deadline) {
        return db.dict.firstExpired(this.#keyspace.nowMs) === 0;
      }
    }
  }

  /** The same for fields of hashes. */
  #expireFields(db: Database, deadline: number): boolean {
    const { nowMs } = this.#keyspace;
    const { dict } = db;
    for (let ref = dict.firstHashDue(nowMs); ref !== 0; ref = dict.firstHashDue(nowMs)) {
      if (this.#clock.monotonic() >= deadline) return false;
      const fields = (dict.value(ref) as HashValue).times?.due(nowMs, fieldsPerStep) ?? [];
      // The times that brought it here may have been cleared.
      if (fields.length === 0) dict.noteFieldTimes(ref);
      else this.#keyspace.deleteExpiredFields(db, ref, fields);
      this.#endUnit();
    }
    return true;
  }
}

/** Whether an entry is past its time and so must not be seen; unlike a lookup it deletes nothing. */
export function isPastExpiry(keyspace: Keyspace, dict: Dict, ref: number): boolean {
  if (keyspace.expiryMode === 'ignore') return false;
  const at = dict.expireAt(ref);
  return at >= 0 && at <= keyspace.nowMs;
}
