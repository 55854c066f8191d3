/**
 * What both sides of replication share: who we are in which history, and the one log. Owned by
 * Replication, which alone changes the role; the replica link changes the history when its master
 * says so.
 */
import type { ReplicationHistory } from './history.ts';
import type { ReplicationLog } from './replication-log.ts';

export interface ReplicationState {
  role: 'master' | 'replica';
  history: ReplicationHistory;
  readonly log: ReplicationLog;
  /**
   * The database that our own stream has selected; -1 = say SELECT before the next command. Of use
   * on a master only: a replica's stream is its master's.
   */
  streamDb: number;
}
