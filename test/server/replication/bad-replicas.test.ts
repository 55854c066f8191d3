/**
 * Replicas over real sockets that do not read, do not answer or come and go: each is sent away for a
 * reason that the log tells, others get on, and what was kept for it is given back.
 */
import { expect, test } from 'vitest';
import { expectSameDigest } from '../../support/digest.ts';
import { encodeCommand, type RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();

/** Speaks as a replica does, up to the first byte of the RDB. */
async function attach(master: TestServer): Promise<RespClient> {
  const client = await master.connect();
  expect(await client.command('REPLCONF', 'capa', 'eof', 'capa', 'psync2')).toBe('OK');
  client.sendRaw(encodeCommand(['PSYNC', '?', '-1']));
  await client.readRawUntil('+FULLRESYNC ');
  return client;
}

async function follow(master: TestServer): Promise<TestServer> {
  const replica = await use.server('bundled', {
    args: ['--replicaof', `127.0.0.1 ${master.port}`],
  });
  await waitFor(async () => (await replica.info('master_link_status')) === 'up', {
    timeoutMs: 20_000,
  });
  return replica;
}

test('one that reads nothing of its RDB stops the snapshot, not the server, and is given up', async () => {
  const master = await use.server('bundled', {
    args: ['--repl-timeout', '2', '--rdbcompression', 'no'],
  });
  await master.cli('DEBUG', 'POPULATE', 6000, 'key', 10_000);
  const usedBefore = Number(await master.info('used_memory_rss'));
  const deaf = await attach(master);
  deaf.pause();
  await waitFor(async () => (await master.info('rdb_bgsave_in_progress')) === '1');
  expect(await master.cli('SET', 'written', 'meanwhile')).toBe('OK');
  const replica = await follow(master);
  expect(master.log()).toContain('Disconnecting timedout replica (full sync)');
  await expectSameDigest(master, replica);
  // Not a second data set: what waits for the slowest socket is bounded.
  expect(Number(await master.info('used_memory_rss')) - usedBefore).toBeLessThan(45_000_000);
});

test('one that reads nothing of the stream is dropped at the limit, and its bytes are let go', async () => {
  const master = await use.server('bundled', {
    args: ['--client-output-buffer-limit', 'replica 8mb 0 0', '--repl-backlog-size', '100kb'],
  });
  const deaf = await attach(master);
  await deaf.readRawUntil('$EOF:');
  const mark = (await deaf.readRawUntil('\r\n')).toString('latin1').trim();
  await deaf.readRawUntil(mark);
  deaf.sendRaw(encodeCommand(['REPLCONF', 'ACK', '0']));
  const replica = await follow(master);
  deaf.pause();
  const client = await master.connect();
  for (let round = 0; (await master.info('connected_slaves')) === '2'; round++) {
    expect(round).toBeLessThan(60);
    await client.must('SET', `key:${round}`, 'x'.repeat(1_000_000));
  }
  expect(master.log()).toMatch(/bytes behind, hard limit 8388608 \(client-output-buffer-limit/);
  await expectSameDigest(master, replica);
  expect(Number(await master.info('mem_total_replication_buffers'))).toBeLessThan(2_000_000);
});

test('one that never acknowledges is given up after repl-timeout, and does not count', async () => {
  const master = await use.server('bundled', {
    args: ['--repl-timeout', '2', '--min-replicas-to-write', '1', '--min-replicas-max-lag', '1'],
  });
  const mute = await attach(master);
  await mute.readRawUntil('$EOF:');
  mute.sendRaw(encodeCommand(['REPLCONF', 'ACK', '0']));
  await waitFor(async () => (await master.info('connected_slaves')) === '1');
  await waitFor(() => master.log().includes('Disconnecting timedout replica (streaming sync)'));
  expect(await master.info('connected_slaves')).toBe('0');
  expect(await master.cli('SET', 'key', 'value')).toMatch(/^NOREPLICAS/);
});

test('those that come and go at every moment leave nothing behind', async () => {
  const master = await use.server('bundled', { args: ['--rdb-key-save-delay', '2000'] });
  await master.cli('DEBUG', 'POPULATE', 500, 'key', 1000);
  for (let round = 0; round < 20; round++) {
    const client = await master.connect();
    client.sendRaw(encodeCommand(['REPLCONF', 'capa', 'eof']));
    await client.read();
    client.sendRaw(encodeCommand(['PSYNC', '?', '-1']));
    if (round % 3 > 0) await client.readRawUntil('+FULLRESYNC ');
    if (round % 3 > 1) await client.readRawUntil('$EOF:');
    client.close();
  }
  await waitFor(async () => (await master.info('connected_slaves')) === '0');
  await waitFor(async () => (await master.info('rdb_bgsave_in_progress')) === '0');
  await master.cli('CONFIG', 'SET', 'rdb-key-save-delay', '0');
  await expectSameDigest(master, await follow(master));
});
