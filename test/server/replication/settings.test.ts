/**
 * What single directives do to a running pair of servers; those that a fake clock can show are in
 * replication.test.ts and handshake.test.ts. `redis7` is asked the same where it says it in a word.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectSameDigest } from '../../support/digest.ts';
import { encodeCommand, type RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();
const kinds = ['redis7', 'bundled'] as const;

async function follow(
  kind: ServerKind,
  master: TestServer,
  args: readonly string[] = [],
): Promise<TestServer> {
  const replica = await use.server(kind, {
    args: ['--replicaof', `127.0.0.1 ${master.port}`, ...args],
  });
  await untilUp(replica);
  return replica;
}

async function untilUp(replica: TestServer): Promise<void> {
  await waitFor(async () => (await replica.info('master_link_status')) === 'up');
}

describe.for(kinds)('%s', (kind) => {
  test('min-replicas-to-write and min-replicas-max-lag refuse writes, and let them go on', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind, { args: ['--min-replicas-to-write', '1'] });
    const refusal = { error: 'NOREPLICAS Not enough good replicas to write.' };
    const client = await master.connect();
    const set = (): Promise<unknown> => client.command('SET', 'key', 'value');
    expect(await set()).toEqual(refusal);
    expect(await client.command('GET', 'key')).toBeNull();
    const replica = await follow(kind, master);
    await waitFor(async () => (await set()) === 'OK');
    expect(await master.info('min_slaves_good_slaves')).toBe('1');
    await client.must('CONFIG', 'SET', 'min-replicas-max-lag', 1);
    replica.freeze();
    await waitFor(async () => typeof (await set()) === 'object');
    expect(await set()).toEqual(refusal);
    replica.thaw();
    await waitFor(async () => (await set()) === 'OK');
    await client.must('CONFIG', 'SET', 'min-replicas-to-write', 2);
    expect(await set()).toEqual(refusal);
    // Without a limit in time nothing counts.
    await client.must('CONFIG', 'SET', 'min-replicas-max-lag', 0);
    expect(await set()).toBe('OK');
  });

  test('replica-lazy-flush: what was there before a full sync goes lazily, and is counted', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind);
    await master.cli('SET', 'key', 'value');
    for (const [lazy, counted] of [
      ['no', '0'],
      ['yes', '50'],
    ]) {
      const replica = await use.server(kind, { args: ['--replica-lazy-flush', lazy] });
      await replica.cli('DEBUG', 'POPULATE', 50);
      await replica.cli('REPLICAOF', '127.0.0.1', master.port);
      await untilUp(replica);
      await waitFor(async () => (await replica.info('lazyfreed_objects')) === counted);
      expect(await replica.cli('DBSIZE')).toBe('1');
    }
  });

  test('replica-announced is what INFO says of it', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind);
    const replica = await follow(kind, master, ['--replica-announced', 'no']);
    expect(await replica.info('replica_announced')).toBe('0');
    await replica.cli('CONFIG', 'SET', 'replica-announced', 'yes');
    expect(await replica.info('replica_announced')).toBe('1');
  });

  test('replica-announce-ip and -port are what the master shows', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind);
    await follow(kind, master, [
      '--replica-announce-ip',
      '10.9.8.7',
      '--replica-announce-port',
      '7',
    ]);
    const line = await waitFor(async () => {
      const shown = await master.info('slave0');
      return shown.includes('state=online') && shown;
    });
    expect(line).toMatch(/^ip=10\.9\.8\.7,port=7,/);
  });

  test('rdb-del-sync-files leaves no file of a full sync on either side', async (context) => {
    needServer(context, kind);
    const args = ['--rdb-del-sync-files', 'yes'];
    const master = await use.server(kind, { args: [...args, '--repl-diskless-sync', 'no'] });
    await master.cli('SET', 'key', 'value');
    const replica = await follow(kind, master, args);
    const [left, kept] = [master, replica].map(({ dir }) => join(dir, 'dump.rdb'));
    expect(await replica.cli('GET', 'key')).toBe('value');
    await waitFor(() => !existsSync(left) && !existsSync(kept), { what: 'the files to go' });
    // What somebody has saved on purpose stays, and so does a file where others are kept as well.
    await master.cli('SAVE');
    await replica.cli('CONFIG', 'SET', 'save', '3600 1');
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    await replica.cli('SET', 'own', '1');
    await replica.cli('REPLICAOF', '127.0.0.1', master.port);
    await untilUp(replica);
    await waitFor(() => existsSync(kept));
    await waitFor(async () => (await master.info('slave0')).includes('state=online'));
  });

  test('repl-diskless-sync-max-replicas begins before the delay is over', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind, {
      args: ['--repl-diskless-sync-delay', '60', '--repl-diskless-sync-max-replicas', '2'],
    });
    await master.cli('SET', 'key', 'value');
    const replicas = await Promise.all([follow(kind, master), follow(kind, master)]);
    expect(await replicas[1].cli('GET', 'key')).toBe('value');
  });
});

test("propagation-error-behavior panic ends a replica whose data differ from its master's", async () => {
  const master = await use.server('bundled');
  const replica = await follow('bundled', master);
  await master.cli('DEBUG', 'REPLICATE', 'nonsense', 'word');
  await master.cli('SET', 'key', 'value');
  await waitFor(async () => (await replica.cli('GET', 'key')) === 'value');
  expect(await replica.info('unexpected_error_replies')).toBe('1');
  expect(replica.log()).toContain('== CRITICAL == This replica is sending an error to its master');
  await replica.cli('CONFIG', 'SET', 'propagation-error-behavior', 'panic-on-replicas');
  await replica.cli('CONFIG', 'SET', 'replica-read-only', 'no');
  await master.cli('DEBUG', 'REPLICATE', 'nonsense', 'word');
  await waitFor(async () => (await replica.info('unexpected_error_replies')) === '2');
  await replica.cli('CONFIG', 'SET', 'replica-read-only', 'yes');
  await master.cli('DEBUG', 'REPLICATE', 'nonsense', 'word');
  await waitFor(() => !replica.running, { what: 'the replica to end' });
  expect(replica.log()).toContain('This replica panicked sending an error to its master');
});

/** A replica by hand: says what it wants, and gives the RDB that it gets. */
async function transfer(client: RespClient, ...wishes: string[]): Promise<Buffer> {
  expect(await client.command('REPLCONF', 'capa', 'eof', 'capa', 'psync2', ...wishes)).toBe('OK');
  client.sendRaw(encodeCommand(['PSYNC', '?', '-1']));
  const head = await client.readRawUntil('$EOF:');
  expect(head.toString('latin1')).toMatch(/^\n*\+FULLRESYNC /);
  const mark = (await client.readRawUntil('\r\n')).toString('latin1').trim();
  return (await client.readRawUntil(mark)).subarray(0, -mark.length);
}

describe.for(kinds)('parts of the RDB, from %s', (kind) => {
  test('rdb-only: the RDB, and then the connection ends', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind);
    await master.cli('SET', 'the key', 'value');
    const client = await master.connect();
    expect((await transfer(client, 'rdb-only', '1')).includes('the key')).toBe(true);
    await master.cli('SET', 'another key', 'value');
    expect((await client.readToEnd()).toString()).toBe('');
    expect(await master.info('connected_slaves')).toBe('0');
  });

  test.for(['functions', ''])(
    'rdb-filter-only "%s": no keys, and the stream after it',
    async (filter, context) => {
      needServer(context, kind);
      const master = await use.server(kind, { args: ['--repl-diskless-sync', 'no'] });
      await master.cli('SET', 'the key', 'value');
      const client = await master.connect();
      const rdb = await transfer(client, 'rdb-filter-only', filter);
      expect(rdb.toString('latin1', 0, 5)).toBe('REDIS');
      expect(rdb.includes('the key')).toBe(false);
      // Redis hears an ACK only once it has noticed that its child is done.
      await waitFor(async () => (await master.info('slave0')).includes('state=online'));
      client.sendRaw(encodeCommand(['REPLCONF', 'ACK', '0']));
      await master.cli('SET', 'another key', 'value');
      expect((await client.readRawUntil('another key')).includes('SET')).toBe(true);
    },
  );

  test('a filtered replica and a whole one are served one after the other', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind, { args: ['--repl-diskless-sync-delay', '1'] });
    await master.cli('SET', 'the key', 'value');
    const client = await master.connect();
    const [rdb, replica] = await Promise.all([
      transfer(client, 'rdb-filter-only', 'functions'),
      follow(kind, master),
    ]);
    expect(rdb.includes('the key')).toBe(false);
    await expectSameDigest(master, replica);
    expect(await master.info('sync_full')).toBe('2');
  });
});

test('FLUSHALL breaks off what is being sent, and what is saved for replicas alone', async () => {
  for (const diskless of ['yes', 'no']) {
    const master = await use.server('bundled', {
      args: ['--repl-diskless-sync', diskless, '--rdb-key-save-delay', '100000'],
    });
    await master.cli('DEBUG', 'POPULATE', 1000);
    const replica = await use.server('bundled', {
      args: ['--replicaof', `127.0.0.1 ${master.port}`],
    });
    await waitFor(async () => (await master.info('rdb_bgsave_in_progress')) === '1');
    await waitFor(async () => (await replica.info('master_sync_in_progress')) === '1');
    await master.cli('FLUSHALL');
    await master.cli('SET', 'key', 'value');
    await waitFor(() => master.log().includes('the data set was emptied'));
    await untilUp(replica);
    expect(await replica.cli('DBSIZE')).toBe('1');
  }
});
