/**
 * Fields that end, between our server and the real ones: full sync, stream, expiry, files. Redis 8
 * knows them; our own files have their times where others pass them over, so a real server that
 * copies from ours has the fields without their times until it is told new ones.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectSameDigest, waitForSync } from '../support/digest.ts';
import { findRealServer } from '../support/real-servers.ts';
import { needServer } from '../support/server-kinds.ts';
import type { RespArg } from '../support/resp-client.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { resourcesOf } from './support/resources.ts';
import { expectInStep, useReplica, write } from './support/topology.ts';

const atMs = 4_102_444_800_000;
const large = Array.from({ length: 700 }, (_, n) => [`field ${n}`, `${n}`]).flat();
const largeFields = large.filter((_, at) => at % 4 === 0);

const data: readonly (readonly RespArg[])[] = [
  ['HSET', 'plain', 'a', 1, 'b', 2],
  ['HSET', 'small', 'a', 1, 'b', 2, '', 3],
  ['HPEXPIREAT', 'small', atMs, 'FIELDS', 2, 'a', ''],
  ['HSET', 'large', ...large],
  ['HPEXPIREAT', 'large', atMs + 5, 'FIELDS', largeFields.length, ...largeFields],
  ['HPEXPIREAT', 'large', atMs, 'FIELDS', 1, 'field 0'],
  ['SELECT', 3],
  ['HSET', 'other', 'long'.repeat(5000), 'long', 'b', 2],
  ['HPEXPIREAT', 'other', atMs + 7, 'FIELDS', 1, 'long'.repeat(5000)],
];

const stream: readonly (readonly RespArg[])[] = [
  ['HSET', 'new', 'a', 1, 'b', 2, 'c', 3, 'd', 4],
  ['HPEXPIREAT', 'new', atMs, 'FIELDS', 2, 'a', 'b'],
  ['HPEXPIREAT', 'new', atMs + 1, 'GT', 'FIELDS', 2, 'a', 'c'],
  ['HEXPIRE', 'new', 1000, 'FIELDS', 1, 'd'],
  ['HPERSIST', 'new', 'FIELDS', 1, 'b'],
  ['HEXPIRE', 'new', 0, 'FIELDS', 1, 'c'],
  ['HGETEX', 'new', 'PXAT', atMs, 'FIELDS', 1, 'b'],
  ['HSETEX', 'ex', 'PXAT', atMs, 'FIELDS', 2, 'x', 1, 'y', 1],
  ['HSETEX', 'ex', 'KEEPTTL', 'FIELDS', 1, 'x', 2],
  ['HGETDEL', 'ex', 'FIELDS', 1, 'y'],
  ['HINCRBY', 'ex', 'x', 5],
  ['COPY', 'new', 'copied'],
  ['HDEL', 'small', 'b'],
  ['HSET', 'small', 'a', 2],
];

/** What the keys of `data` have of it: value and time of each field. */
async function timesOn(server: TestServer): Promise<unknown[]> {
  const client = await server.connect();
  const named = (fields: string[]): RespArg[] => ['FIELDS', fields.length, ...fields];
  const replies = await client.pipeline([
    ['HPEXPIRETIME', 'plain', ...named(['a', 'b'])],
    ['HPEXPIRETIME', 'small', ...named(['a', 'b', ''])],
    ['HPEXPIRETIME', 'large', ...named(large.filter((_, at) => at % 2 === 0))],
    ['SELECT', 3],
    ['HPEXPIRETIME', 'other', ...named(['long'.repeat(5000), 'b'])],
  ]);
  client.close();
  return replies;
}

/** Fields that end at once, and that they are gone on all servers. */
async function expectExpiry(master: TestServer, ...replicas: TestServer[]): Promise<void> {
  const client = await master.connect();
  await client.must('HSET', 'ending', 'a', 1, 'b', 2, 'c', 3);
  await client.must('HPEXPIRE', 'ending', 20, 'FIELDS', 2, 'a', 'b');
  await client.must('HSET', 'all', 'a', 1);
  await client.must('HPEXPIRE', 'all', 20, 'FIELDS', 1, 'a');
  for (const server of [master, ...replicas]) {
    await waitFor(async () => (await server.cli('EXISTS', 'all')) === '0', {
      what: `a hash to go on ${server.kind}`,
    });
    await waitFor(async () => (await server.cli('HLEN', 'ending')) === '1');
    expect(await server.cli('HGETALL', 'ending')).toMatch(/^c\s+3$/);
  }
  client.close();
}

const full = ['yes', 'no'] as const;

test.concurrent.for(full)(
  'Redis 8 → ours: copied with repl-diskless-sync %s, streamed, expired',
  async (diskless, context) => {
    needServer(context, 'redis8');
    const use = resourcesOf(context);
    const master = await use.server('redis8', { args: ['--repl-diskless-sync', diskless] });
    await write(master, data);
    const replica = await useReplica(use, 'bundled', master);
    await expectInStep(master, replica);
    expect(await timesOn(replica)).toEqual(await timesOn(master));
    await write(master, stream);
    await expectInStep(master, replica);
    expect(await timesOn(replica)).toEqual(await timesOn(master));
    await expectExpiry(master, replica);
    await expectInStep(master, replica);
  },
);

test.concurrent.for(full)(
  'ours → ours → ours: copied with repl-diskless-sync %s, streamed, expired, promoted',
  async (diskless, context) => {
    const use = resourcesOf(context);
    const args = ['--repl-diskless-sync', diskless];
    const master = await use.server('bundled', { args });
    await write(master, data);
    const replica = await useReplica(use, 'bundled', master, { args });
    await waitForSync(master, replica);
    const chained = await useReplica(use, 'bundled', replica);
    await waitForSync(master, replica, chained);
    await expectSameDigest(master, replica, chained);
    for (const each of [replica, chained]) {
      expect(await timesOn(each)).toEqual(await timesOn(master));
    }
    await write(master, stream);
    await waitForSync(master, replica, chained);
    await expectSameDigest(master, replica, chained);
    await expectExpiry(master, replica, chained);
    // Times that the replica only kept are its own to watch once it is the master.
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    await expectExpiry(replica, chained);
  },
);

test.concurrent('ours → Redis 8: what is streamed is the same', async (context) => {
  needServer(context, 'redis8');
  const use = resourcesOf(context);
  const master = await use.server('bundled');
  const replica = await useReplica(use, 'redis8', master);
  await waitForSync(master, replica);
  await write(master, data);
  await write(master, stream);
  await expectInStep(master, replica);
  expect(await timesOn(replica)).toEqual(await timesOn(master));
  await expectExpiry(master, replica);
  await expectInStep(master, replica);
});

test.concurrent.for(['redis7', 'redis8', 'valkey8'] as const)(
  'ours → %s: a copy has the fields without their times, and loses them in time',
  async (kind, context) => {
    needServer(context, kind);
    const use = resourcesOf(context);
    const master = await use.server('bundled');
    await write(master, data);
    const replica = await useReplica(use, kind, master);
    await waitForSync(master, replica);
    const fieldsOf = async (server: TestServer): Promise<string[]> => {
      const reply = await server.cli('HGETALL', 'large');
      return reply.split('\n').toSorted();
    };
    expect(await fieldsOf(replica)).toEqual(await fieldsOf(master));
    // Redis 7.0 and Valkey 8 know none of the commands either, but the values and the ends reach them.
    await write(master, stream);
    await waitForSync(master, replica);
    expect(await replica.cli('HGET', 'ex', 'x')).toBe('7');
    expect(await replica.cli('HEXISTS', 'new', 'c')).toBe('0');
    await expectExpiry(master, replica);
    await master.cli('HPEXPIRE', 'large', '20', 'FIELDS', '1', 'field 0');
    await waitFor(async () => (await replica.cli('HEXISTS', 'large', 'field 0')) === '0');
  },
);

const files = [
  { name: 'an RDB', args: ['--appendonly', 'no', '--save', '3600 1'] },
  { name: 'an append-only file with an RDB in it', args: ['--appendonly', 'yes'] },
  {
    name: 'an append-only file of commands',
    args: ['--appendonly', 'yes', '--aof-use-rdb-preamble', 'no'],
  },
];

test.concurrent.for(files)(
  'ours restarts with the times out of $name',
  async ({ args }, context) => {
    const server = await resourcesOf(context).server('bundled', { args });
    await write(server, data);
    if (args.includes('yes')) {
      await server.cli('BGREWRITEAOF');
      await waitFor(async () => (await server.info('aof_rewrite_in_progress')) === '0');
    }
    await write(server, stream);
    const [digest, times] = [await server.cli('DEBUG', 'DIGEST'), await timesOn(server)];
    await server.restart();
    expect(await timesOn(server)).toEqual(times);
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(digest);
    await expectExpiry(server);
  },
);

test.concurrent.for(['redis7', 'redis8', 'valkey8'] as const)(
  "%s's checker is content with our file, and the server loads it",
  async (kind, context) => {
    needServer(context, kind);
    const use = resourcesOf(context);
    const ours = await use.server('bundled');
    await write(ours, data);
    await ours.cli('SAVE');
    const file = join(ours.dir, 'dump.rdb');
    const checker = findRealServer(kind)?.binary.replace(/server$/, 'check-rdb') ?? '';
    const checked = spawnSync(checker, [file], { encoding: 'utf8' });
    expect(checked.stdout).toContain('RDB looks OK!');

    const theirs = await use.server(kind);
    await theirs.stop();
    copyFileSync(file, join(theirs.dir, 'dump.rdb'));
    await theirs.restart();
    // All but the times is there: where all fields last, nothing differs.
    for (const [db, key] of [
      [0, 'small'],
      [0, 'large'],
      [3, 'other'],
    ] as const) {
      const [onOurs, onTheirs] = await Promise.all([ours.connect(), theirs.connect()]);
      for (const client of [onOurs, onTheirs]) await client.must('SELECT', db);
      const fields = (await onOurs.must('HKEYS', key)) as string[];
      await onOurs.must('HPERSIST', key, 'FIELDS', fields.length, ...fields);
      expect(await onTheirs.must('DEBUG', 'DIGEST-VALUE', key)).toEqual(
        await onOurs.must('DEBUG', 'DIGEST-VALUE', key),
      );
    }
  },
);

test.concurrent('payloads of ours and of Redis 8 restore in each other', async (context) => {
  needServer(context, 'redis8');
  const use = resourcesOf(context);
  const servers = [await use.server('bundled'), await use.server('redis8')];
  const clients = await Promise.all(servers.map((server) => server.connect()));
  for (const server of servers) await write(server, data.slice(0, 6));
  for (const [from, to] of [clients, clients.toReversed()]) {
    for (const key of ['plain', 'small', 'large']) {
      const payload = Buffer.from((await from.must('DUMP', key)) as string, 'latin1');
      expect(await to.must('RESTORE', `${key}'s copy`, 0, payload, 'REPLACE')).toBe('OK');
      expect(await to.must('DEBUG', 'DIGEST-VALUE', `${key}'s copy`)).toEqual(
        await from.must('DEBUG', 'DIGEST-VALUE', key),
      );
    }
  }
});
