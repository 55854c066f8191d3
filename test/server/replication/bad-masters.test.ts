/**
 * A whole server that follows a master of the worst kind, and disks that are full: it goes on serving
 * what it has, says why each attempt failed, and asks again once a second until it is given a good
 * RDB. What single bytes may do is in faults.test.ts and full-sync-faults.test.ts.
 */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type FakeReplies, startFakeMaster } from './support/fake-master.ts';

const use = useResources();

const replid = 'd'.repeat(40);
const mark = 'e'.repeat(40);
/** One key in database 0, and no checksum. */
const goodRdb = Buffer.from('REDIS0010\xfe\0\0\x03new\x01v\xff\0\0\0\0\0\0\0\0', 'latin1');

const polite: FakeReplies = { PING: '+PONG\r\n', REPLCONF: '+OK\r\n' };

function fullresync(head: string, rdb: Buffer | string, end = ''): Buffer {
  const body = typeof rdb === 'string' ? Buffer.from(rdb, 'latin1') : rdb;
  return Buffer.concat([
    Buffer.from(`+FULLRESYNC ${replid} 1\r\n${head}\r\n`),
    body,
    Buffer.from(end),
  ]);
}

/** Columns: what the master does, its answers, what the log must say. */
const cases: readonly (readonly [string, FakeReplies, RegExp])[] = [
  [
    'sends an RDB of a version to come',
    { ...polite, PSYNC: fullresync('$30', `REDIS0099${' '.repeat(21)}`) },
    /failed in phase load: .*version 99/,
  ],
  [
    'sends something that is no RDB',
    { ...polite, PSYNC: fullresync('$30', 'x'.repeat(30)) },
    /failed in phase load: the RDB could not be loaded: ./,
  ],
  [
    'sends an RDB that ends too soon',
    { ...polite, PSYNC: fullresync('$20', goodRdb.subarray(0, 20)) },
    /failed in phase load: the RDB could not be loaded: ./,
  ],
  [
    'ends the RDB before the mark does',
    { ...polite, PSYNC: fullresync(`$EOF:${mark}`, goodRdb.subarray(0, 20), mark) },
    /failed in phase load: the RDB could not be loaded: ./,
  ],
  [
    'answers PSYNC with an error',
    { ...polite, PSYNC: '-ERR no\r\n', SYNC: '-ERR no\r\n' },
    /-ERR no/,
  ],
  ['answers PSYNC with garbage', { ...polite, PSYNC: '$5\r\nhello\r\n' }, /answers PSYNC with/],
  ['answers PING with garbage', { PING: 'hello\r\n' }, /the master answers PING with 'hello'/],
  [
    'cannot make an RDB',
    { ...polite, PSYNC: `+FULLRESYNC ${replid} 1\r\n-ERR no RDB\r\n` },
    /the master gave up the full resync: '-ERR no RDB'/,
  ],
];

test.for(['swapdb', 'disabled'])('with repl-diskless-load %s', async (way) => {
  const master = await use.add(startFakeMaster(cases[0][1]));
  const replica = await use.server('bundled', { args: ['--repl-diskless-load', way] });
  await replica.cli('SET', 'own', 'v');
  await replica.cli('REPLICAOF', '127.0.0.1', master.port);
  for (const [what, replies, said] of cases) {
    master.replies = replies;
    master.drop();
    await waitFor(() => said.test(replica.log()), { what: `${what}: ${said}` });
  }
  expect(await replica.cli('PING')).toBe('PONG');
  // The old data are dropped by way of the disk only, and only for what looked like an RDB.
  if (way === 'swapdb') expect(await replica.cli('GET', 'own')).toBe('v');
  const { connections } = master;
  const beforeMs = performance.now();
  master.replies = { ...polite, PSYNC: fullresync(`$${goodRdb.length}`, goodRdb) };
  await waitFor(async () => (await replica.info('master_link_status')) === 'up', {
    what: () => `the link to be up:\n${replica.log()}`,
  });
  const attempts = Math.ceil((performance.now() - beforeMs) / 1000) + 1;
  expect(master.connections - connections).toBeLessThanOrEqual(attempts);
  expect(await replica.cli('GET', 'new')).toBe('v');
  // An error in the middle of the stream ends it, and what follows is a full resync.
  const asked = master.requests.length;
  master.say('*1\r\n$4\r\nPING\r\n-ERR what now\r\n');
  await waitFor(() => /failed in phase stream: ./.test(replica.log()));
  await waitFor(() => master.requests.slice(asked).includes('PSYNC ? -1'));
});

/** The first file that the server writes for a full sync lands on a disk that is full. */
function fillTheDiskOf(server: TestServer): void {
  symlinkSync('/dev/full', join(server.dir, `temp-${server.pid}.1-dump.rdb`));
}

test('a full disk where the master saves for its replica: the reason, and another try', async () => {
  const master = await use.server('bundled', { args: ['--repl-diskless-sync', 'no'] });
  await master.cli('DEBUG', 'POPULATE', 1000, 'key', 1000);
  fillTheDiskOf(master);
  const replica = await use.server('bundled', {
    args: ['--replicaof', `127.0.0.1 ${master.port}`],
  });
  await waitFor(async () => (await replica.info('master_link_status')) === 'up');
  expect(master.log()).toMatch(/the snapshot for its full resync failed: ENOSPC/);
  expect(replica.log()).toMatch(/failed in phase load: ./);
  expect(await replica.cli('DBSIZE')).toBe('1000');
  expect(await master.info('sync_full')).toBe('2');
});

test('a full disk where the replica keeps the RDB: the reason, and another try', async () => {
  const master = await use.server('bundled');
  await master.cli('DEBUG', 'POPULATE', 1000, 'key', 1000);
  const replica = await use.server('bundled');
  await replica.cli('SET', 'own', 'v');
  fillTheDiskOf(replica);
  await replica.cli('REPLICAOF', '127.0.0.1', master.port);
  await waitFor(() => /failed in phase load: .*ENOSPC/.test(replica.log()));
  expect(await replica.cli('GET', 'own')).toBe('v');
  await waitFor(async () => (await replica.info('master_link_status')) === 'up');
  expect(await replica.cli('DBSIZE')).toBe('1000');
});
