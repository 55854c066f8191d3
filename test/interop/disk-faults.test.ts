/**
 * A disk that is full, read-only or gone, under ours and under Redis: what is refused meanwhile, that
 * it is accepted again, and what is there after a restart.
 */
import { mkdirSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useResources } from '../support/resources.ts';
import { formatReply, type RespClient } from '../support/resp-client.ts';
import { needServer, serverKinds } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { smallDisk } from '../support/small-disk.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const kinds = serverKinds.filter((kind) => kind === 'bundled' || kind === 'redis7');
const rdbRefusal =
  'MISCONF Redis is configured to save RDB snapshots, but ' +
  "it's currently unable to persist to disk.";

/** Text that does not compress. */
function noise(bytes: number): string {
  let text = '';
  while (text.length < bytes) text += Math.random().toString(36).slice(2);
  return text.slice(0, bytes);
}

async function fill(client: RespClient, megabytes: number): Promise<void> {
  for (let at = 0; at < megabytes * 16; at++) await client.must('SET', `key:${at}`, noise(65_536));
}

async function bgsave(server: TestServer): Promise<string> {
  await server.cli('BGSAVE');
  await waitFor(async () => (await server.info('rdb_bgsave_in_progress')) === '0', {
    what: 'the save to end',
  });
  return server.info('rdb_last_bgsave_status');
}

/** Sets keys one after the other until that is refused; how many were acknowledged, and the error. */
async function setUntilRefused(client: RespClient): Promise<{ set: number; error: string }> {
  for (let set = 0; set < 5000; set++) {
    try {
      const reply = await client.command('SET', `key:${set}`, noise(10_000));
      if (reply !== 'OK') return { set, error: formatReply(reply) };
    } catch (error) {
      return { set, error: (error as Error).message };
    }
  }
  throw new Error('the disk never filled up');
}

describe.for(kinds)('%s, saving', (kind) => {
  test('to a full disk fails, and writes are refused until a save goes through', async (context) => {
    needServer(context, kind);
    const disk = await smallDisk(context, use, 'size=1m');
    const args = ['--dir', disk.path, '--save', '3600 1000000', '--rdbcompression', 'no'];
    const server = await use.server(kind, { args });
    const client = await use.client(server);
    await fill(client, 2);
    expect(await bgsave(server)).toBe('err');
    expect(readdirSync(disk.path)).toEqual([]);
    expect(formatReply(await client.command('SET', 'k', 'v'))).toContain(rdbRefusal);
    expect(formatReply(await client.command('PING'))).toContain(rdbRefusal);
    expect(await client.must('GET', 'key:0')).toHaveLength(65_536);
    // Who does not want that says so.
    await client.must('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
    await client.must('SET', 'k', 'v');
    await client.must('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes');
    disk.remount('size=16m');
    expect(await bgsave(server)).toBe('ok');
    await client.must('SET', 'k', 'new');
    await client.must('PING');
  });

  test('to a read-only disk fails, and works again afterwards', async (context) => {
    needServer(context, kind);
    const disk = await smallDisk(context, use, 'size=1m');
    const args = ['--dir', disk.path, '--save', '3600 1000000'];
    const server = await use.server(kind, { args });
    await server.cli('SET', 'k', 'v');
    expect(await bgsave(server)).toBe('ok');
    disk.remount('ro');
    expect(await bgsave(server)).toBe('err');
    expect(await server.cli('SAVE')).toMatch(/^ERR/);
    expect(await server.cli('SET', 'k', 'new')).toContain(rdbRefusal);
    disk.remount('rw');
    expect(await bgsave(server)).toBe('ok');
    expect(await server.cli('SET', 'k', 'new')).toBe('OK');
    expect(readdirSync(disk.path)).toEqual(['dump.rdb']);
  });
});

describe.for(kinds)('%s, appending to a full disk', (kind) => {
  const aof = ['--appendonly', 'yes', '--save', '', '--auto-aof-rewrite-percentage', '0'];

  test('refuses writes with everysec until there is room; all that was acknowledged is kept', async (context) => {
    needServer(context, kind);
    const disk = await smallDisk(context, use, 'size=1m');
    const server = await use.server(kind, { args: ['--dir', disk.path, ...aof] });
    const client = await use.client(server);
    const { set, error } = await setUntilRefused(client);
    expect(error).toBe('MISCONF Errors writing to the AOF file: No space left on device');
    expect(await server.info('aof_last_write_status')).toBe('err');
    expect(await client.must('GET', 'key:0')).toHaveLength(10_000);
    disk.remount('size=16m');
    await waitFor(async () => (await server.info('aof_last_write_status')) === 'ok', {
      what: 'writing to work again',
    });
    // Its output may come after its answer.
    await waitFor(() => server.log().includes('AOF write error looks solved'));
    expect(server.log().match(/AOF write error looks solved/g)).toHaveLength(1);
    await client.must('SET', 'last', 'v');
    await server.kill9();
    await server.restart();
    expect(Number(await server.cli('DBSIZE'))).toBe(set + 1);
    expect(server.log()).not.toContain('Truncating the AOF');
  });

  test('with everysec leaves whole commands, should it be killed before there is room', async (context) => {
    needServer(context, kind);
    const disk = await smallDisk(context, use, 'size=1m');
    const server = await use.server(kind, { args: ['--dir', disk.path, ...aof] });
    const { set } = await setUntilRefused(await use.client(server));
    await server.kill9();
    await server.restart({ args: ['--aof-load-truncated', 'no'] });
    // The one that filled the disk was acknowledged before that was known.
    expect(Number(await server.cli('DBSIZE'))).toBe(set - 1);
  });

  test('ends with always; nothing that was acknowledged is missing', async (context) => {
    needServer(context, kind);
    const disk = await smallDisk(context, use, 'size=1m');
    const args = ['--dir', disk.path, ...aof, '--appendfsync', 'always'];
    const server = await use.server(kind, { args });
    const { set } = await setUntilRefused(await use.client(server));
    await waitFor(() => !server.running, { what: 'the server to end' });
    expect(server.log()).toMatch(/Can't recover from AOF write error when the AOF fsync policy/);
    disk.remount('size=16m');
    await server.restart();
    expect(Number(await server.cli('DBSIZE'))).toBeGreaterThanOrEqual(set);
  });

  test('cannot rewrite there, and says so; what is on disk holds', async (context) => {
    needServer(context, kind);
    const disk = await smallDisk(context, use, 'size=3m');
    const server = await use.server(kind, { args: ['--dir', disk.path, ...aof] });
    await fill(await use.client(server), 2);
    await server.cli('BGREWRITEAOF');
    await waitFor(async () => (await server.info('aof_last_bgrewrite_status')) === 'err', {
      what: 'the rewrite to fail',
    });
    const digest = await server.cli('DEBUG', 'DIGEST');
    await server.kill9();
    await server.restart();
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(digest);
    disk.remount('size=16m');
    await server.cli('BGREWRITEAOF');
    await waitFor(async () => (await server.info('aof_rewrite_in_progress')) === '0', {
      what: 'the rewrite to end',
    });
    expect(await server.info('aof_last_bgrewrite_status')).toBe('ok');
  });
});

describe.for(kinds)('%s, an append-only file on a read-only disk', (kind) => {
  test('is not begun: a start is refused, and so is switching it on', async (context) => {
    needServer(context, kind);
    const disk = await smallDisk(context, use, 'size=1m');
    const server = await use.server(kind, { args: ['--dir', disk.path, '--save', ''] });
    await server.cli('SET', 'k', 'v');
    disk.remount('ro');
    expect(await server.cli('CONFIG', 'SET', 'appendonly', 'yes')).toMatch(/^ERR .*turn on AOF/);
    expect(await server.cli('CONFIG', 'GET', 'appendonly')).toBe('appendonly\nno');
    expect(await server.cli('SET', 'k', 'new')).toBe('OK');
    await expect(server.restart({ args: ['--appendonly', 'yes'] })).rejects.toThrow(
      /appendonlydir.*[Rr]ead-only file system/,
    );
    disk.remount('rw');
    await server.restart({ args: ['--appendonly', 'yes'] });
    expect(await server.cli('SET', 'k', 'new')).toBe('OK');
  });
});

describe('ours', () => {
  test('saves again when its directory has been gone and is back', async () => {
    const dir = join(await use.tempDir(), 'data');
    mkdirSync(dir);
    const args = ['--dir', dir, '--save', '3600 1000000'];
    const server = await use.server('bundled', { args });
    await server.cli('SET', 'k', 'v');
    rmSync(dir, { recursive: true });
    expect(await bgsave(server)).toBe('err');
    expect(await server.cli('SET', 'k', 'new')).toContain(rdbRefusal);
    mkdirSync(dir);
    expect(await bgsave(server)).toBe('ok');
    expect(await server.cli('SET', 'k', 'new')).toBe('OK');
  });

  test('does not start from an append-only file that shrank under it, and says where', async () => {
    const server = await use.server('bundled', { args: ['--appendonly', 'yes', '--save', ''] });
    const client = await use.client(server);
    for (let at = 0; at < 20; at++) await client.must('SET', `key:${at}`, 'v'.repeat(100));
    const file = join(server.dir, 'appendonlydir', 'appendonly.aof.1.incr.aof');
    truncateSync(file, 1000);
    await client.must('SET', 'after', 'v');
    await server.kill9();
    await expect(server.restart()).rejects.toThrow(
      /Bad file format reading the append only file appendonly\.aof\.1\.incr\.aof at offset 1\d{3}: .*redis-check-aof --fix .*appendonlydir\/appendonly\.aof\.manifest/,
    );
  });
});
