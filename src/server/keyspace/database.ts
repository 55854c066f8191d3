/**
 * One of the server's numbered databases: its keys, and who is to be told of their changes. The
 * Keyspace owns all of them; clients, watchers and waiters hold on to one.
 */
import type { Dict } from './dict.ts';

export interface Database {
  readonly id: number;
  /** Another one after FLUSHDB, SWAPDB and a full sync. */
  dict: Dict;
  /** Watched keys, as latin1 text. */
  readonly watched: Map<string, Set<Watcher>>;
}

/** Someone to be told when a watched key changes: a client in WATCH. */
export interface Watcher {
  /** The watched key was changed; EXEC will refuse. */
  keyModified(): void;
  /** Its whole database was emptied or replaced: how the key stood before, and stands now. */
  databaseReplaced(before: KeyState, after: KeyState): void;
}

/** `expired`: past its time, and not deleted yet. */
export type KeyState = 'absent' | 'expired' | 'alive';
