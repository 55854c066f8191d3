/** WATCH on a replica, where keys past their time stay until the master deletes them. */
import { beforeEach, expect, test } from 'vitest';
import { Client, type ClientTransport } from '../../../src/server/client.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { hasExpiredSinceWatch, unwatchAll, watchKey } from '../../../src/server/transaction.ts';
import { seededRandom } from '../../../src/util/random.ts';

const key = Buffer.from('k');
let keyspace: Keyspace;
let client: Client;

beforeEach(() => {
  keyspace = new Keyspace({ databases: 2, random: seededRandom(1), onExpired: () => undefined });
  keyspace.nowMs = 1000;
  keyspace.expiryMode = 'hide';
  const transport = {} as ClientTransport;
  client = new Client({ id: 1, transport, db: keyspace.databases[0], nowMs: 1000 });
});

function set(expireAt: number): void {
  const { dict } = client.db;
  remove();
  dict.find(key, 0, 1);
  dict.setExpireAt(dict.insertString(key, 0, 1, key, 0, 1), expireAt);
  keyspace.signalModified(client.db, key, 0, 1);
}

function remove(): void {
  const { dict } = client.db;
  const ref = dict.find(key, 0, 1);
  if (ref === 0) return;
  dict.remove(ref);
  keyspace.signalModified(client.db, key, 0, 1);
}

test('a key that was past its time already may be deleted', () => {
  set(999);
  watchKey(client, keyspace, 'k');
  remove();
  expect(client.dirtyCas).toBe(false);
  expect(hasExpiredSinceWatch(client, keyspace)).toBe(false);
});

test('but when it comes back, it has changed', () => {
  set(999);
  watchKey(client, keyspace, 'k');
  remove();
  set(5000);
  expect(client.dirtyCas).toBe(true);
});

test('a key whose time runs out after WATCH has changed, deleted or not', () => {
  set(1500);
  watchKey(client, keyspace, 'k');
  expect(hasExpiredSinceWatch(client, keyspace)).toBe(false);
  keyspace.nowMs = 1500;
  expect(hasExpiredSinceWatch(client, keyspace)).toBe(true);
  remove();
  expect(client.dirtyCas).toBe(true);
});

test('unwatching leaves nothing behind', () => {
  watchKey(client, keyspace, 'k');
  watchKey(client, keyspace, 'k');
  expect(client.watching).toHaveLength(1);
  const other = new Client({
    id: 2,
    transport: {} as ClientTransport,
    db: client.db,
    nowMs: 1000,
  });
  watchKey(other, keyspace, 'k');
  unwatchAll(client);
  set(5000);
  expect([client.dirtyCas, other.dirtyCas]).toEqual([false, true]);
  unwatchAll(other);
  expect(client.db.watched.size).toBe(0);
  expect(other.dirtyCas).toBe(false);
});
