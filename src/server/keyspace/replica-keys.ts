/**
 * Keys with a time to live that clients have written to a replica itself: its master knows nothing
 * of them and will never send their end, so the replica deletes them, and only them, by itself.
 * Commands note them, the expire cycle asks for those that are due; a master forgets them all.
 */
import type { Database } from './database.ts';

/** Keys looked at in one go; the others have their turn the next time. */
const keysPerLook = 64;

export class ReplicaKeys {
  /** By database, keys as latin1 text, in the order in which their turn comes. */
  readonly #keys = new Map<Database, Set<string>>();

  get size(): number {
    let count = 0;
    for (const keys of this.#keys.values()) count += keys.size;
    return count;
  }

  note(db: Database, key: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(key.buffer, key.byteOffset + start, end - start).toString('latin1');
    const keys = this.#keys.get(db);
    if (keys === undefined) this.#keys.set(db, new Set([text]));
    else keys.add(text);
  }

  clear(): void {
    this.#keys.clear();
  }

  /** Has those that are due deleted, each by `deleteExpired`. */
  expire(nowMs: number, deleteExpired: (db: Database, ref: number) => void): void {
    for (const [db, keys] of this.#keys) {
      for (const text of takeFirst(keys, keysPerLook)) {
        const key = Buffer.from(text, 'latin1');
        const ref = db.dict.find(key, 0, key.length);
        const endsAt = ref === 0 ? -1 : db.dict.expireAt(ref);
        if (endsAt < 0) continue;
        if (endsAt > nowMs) {
          keys.add(text);
          continue;
        }
        deleteExpired(db, ref);
      }
      if (keys.size === 0) this.#keys.delete(db);
    }
  }
}

function takeFirst(keys: Set<string>, count: number): string[] {
  const taken: string[] = [];
  for (const key of keys) {
    if (taken.push(key) === count) break;
  }
  for (const key of taken) keys.delete(key);
  return taken;
}
