/**
 * One key that one client watches, and when it counts as changed. `transaction.ts` puts it into its
 * database, which tells it of changes; what it finds fails the client's next EXEC.
 */
import type { Database, KeyState, Watcher } from './keyspace/database.ts';

/** Whose EXEC will refuse. */
interface WatchOwner {
  dirtyCas: boolean;
}

export class WatchedKey implements Watcher {
  readonly db: Database;
  readonly key: string;
  readonly #owner: WatchOwner;
  #wasExpired: boolean;

  constructor(owner: WatchOwner, db: Database, key: string, wasExpired: boolean) {
    this.#owner = owner;
    this.db = db;
    this.key = key;
    this.#wasExpired = wasExpired;
  }

  /** It was past its time when it was watched, and has not been deleted or renewed since. */
  get wasExpired(): boolean {
    return this.#wasExpired;
  }

  keyModified(): void {
    if (this.#wasExpired && !isHeld(this.db, this.key)) {
      // For the client the key was gone already: that it is now deleted changes nothing.
      this.#wasExpired = false;
      return;
    }
    this.#owner.dirtyCas = true;
  }

  /** A key that was gone for the client, and is still, has not changed. [multi.c, 7.0] */
  databaseReplaced(before: KeyState, after: KeyState): void {
    const wasGone = before === 'absent' || this.#wasExpired;
    if (wasGone && after !== 'alive') this.#wasExpired = after === 'expired';
    else this.#owner.dirtyCas = true;
  }
}

function isHeld(db: Database, key: string): boolean {
  const bytes = Buffer.from(key, 'latin1');
  return db.dict.find(bytes, 0, bytes.length) !== 0;
}
