/**
 * The state of a transaction and of WATCH: how a client gets into it and out of it again. Used by
 * the transaction commands, by dispatch (an EXEC that may not run) and by whoever ends a client.
 * Nothing is executed here: EXEC runs its queue through the executor.
 */
import { type Client, clientFlags, type QueuedRequest } from './client.ts';
import type { Database, KeyState } from './keyspace/database.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { WatchedKey } from './watched-key.ts';

/** What watching a key takes besides its name, about. */
const watchedKeyBytes = 100;

/** Forgets the queue and the watched keys, as EXEC and DISCARD end. */
export function discardTransaction(client: Client): void {
  client.queue = [];
  client.queueBytes = 0;
  client.set(clientFlags.multi | clientFlags.dirtyExec, false);
  unwatchAll(client);
}

/** Keeps a request until EXEC. */
export function queueRequest(client: Client, request: QueuedRequest): void {
  client.queue.push(request);
  client.queueBytes += request.bytes;
}

export function unwatchAll(client: Client): void {
  for (const watched of client.watching) {
    const watchers = watched.db.watched.get(watched.key);
    watchers?.delete(watched);
    if (watchers?.size === 0) watched.db.watched.delete(watched.key);
  }
  client.watching.length = 0;
  client.watchedBytes = 0;
  client.dirtyCas = false;
}

/** Watches a key (latin1) of the client's database; twice is the same as once. */
export function watchKey(client: Client, keyspace: Keyspace, key: string): void {
  const { db } = client;
  if (client.watching.some((watched) => watched.db === db && watched.key === key)) return;
  const watched = new WatchedKey(client, db, key, stateOf(keyspace, db, key) === 'expired');
  client.watching.push(watched);
  client.watchedBytes += watchedKeyBytes + key.length;
  const watchers = db.watched.get(key);
  if (watchers === undefined) db.watched.set(key, new Set([watched]));
  else watchers.add(watched);
}

/** Whether a key has run out of time since it was watched: as good as changed, deleted or not. */
export function hasExpiredSinceWatch(client: Client, keyspace: Keyspace): boolean {
  return client.watching.some(
    (watched) => !watched.wasExpired && stateOf(keyspace, watched.db, watched.key) === 'expired',
  );
}

function stateOf(keyspace: Keyspace, db: Database, key: string): KeyState {
  return keyspace.stateIn(db.dict, Buffer.from(key, 'latin1'));
}
