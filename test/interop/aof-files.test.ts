/** Append-only files: what is in them after a crash, and that real servers and we read each other's. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRealServer, realKinds } from '../support/real-servers.ts';
import { needServer, serverKinds } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { useResources } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';
import { sampleData, sampleStream, write } from './support/topology.ts';

const use = useResources();
const withAof = { args: ['--appendonly', 'yes', '--save', ''] } as const;

const dirOf = (server: TestServer): string => join(server.dir, 'appendonlydir');
const incrementsOf = (server: TestServer): string[] =>
  readdirSync(dirOf(server)).filter((name) => name.endsWith('.incr.aof'));

async function rewrite(server: TestServer): Promise<void> {
  await server.cli('BGREWRITEAOF');
  await waitFor(async () => (await server.info('aof_rewrite_in_progress')) === '0', {
    what: 'the rewrite to end',
  });
}

async function onDisk(server: TestServer): Promise<void> {
  // What has run out of time is in the digest until somebody meets it.
  await server.cli('GET', 'at once');
  await waitFor(async () => (await server.info('aof_buffer_length')) === '0', {
    what: 'the file to be written',
  });
}

function copyAof(from: TestServer, to: TestServer): void {
  rmSync(dirOf(to), { recursive: true, force: true });
  cpSync(dirOf(from), dirOf(to), { recursive: true });
}

describe('a bundled server with appendonly yes', () => {
  test('has everything after kill -9, rewritten or not', async () => {
    const server = await use.server('bundled', withAof);
    await write(server, sampleData);
    await onDisk(server);
    const digest = await server.cli('DEBUG', 'DIGEST');
    await server.kill9();
    await server.restart();
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(digest);
    await rewrite(server);
    await write(server, sampleStream);
    await onDisk(server);
    const later = await server.cli('DEBUG', 'DIGEST');
    expect(await server.cli('DEBUG', 'LOADAOF')).toBe('OK');
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(later);
    await server.kill9();
    await server.restart();
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(later);
    expect(readdirSync(dirOf(server)).toSorted()).toEqual([
      'appendonly.aof.2.base.rdb',
      'appendonly.aof.2.incr.aof',
      'appendonly.aof.manifest',
    ]);
  });

  test('loses nothing acknowledged with appendfsync always', async () => {
    const args = [...withAof.args, '--appendfsync', 'always'];
    const server = await use.server('bundled', { args });
    const client = await use.client(server);
    for (let number = 0; number < 50; number++) {
      await client.must('SET', `key:${number}`, number);
      const files = incrementsOf(server).map((name) =>
        readFileSync(join(dirOf(server), name), 'latin1'),
      );
      expect(files.join('')).toContain(`key:${number}\r\n`);
    }
  });

  test('cuts a torn end off, an open transaction too, or refuses it as configured', async () => {
    const server = await use.server('bundled', withAof);
    await server.cli('SET', 'kept', 1);
    await onDisk(server);
    await server.stop();
    const [name] = incrementsOf(server);
    const path = join(dirOf(server), name);
    const { size } = statSync(path);
    appendFileSync(
      path,
      '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nlost\r\n$1\r\n1\r\n*2\r\n$3\r\nGE',
    );
    await expect(server.restart({ args: ['--aof-load-truncated', 'no'] })).rejects.toThrow(
      /Unexpected end of file reading the append only file appendonly\.aof\.1\.incr\.aof/,
    );
    await server.restart();
    expect(server.log()).toContain(`Truncating the AOF ${name} at offset ${size}`);
    expect(statSync(path).size).toBe(size);
    expect(await server.cli('KEYS', '*')).toBe('kept');
  });

  test.each([
    ['xx', /Bad file format reading the append only file/],
    ['*1\r\n$3\r\nbla\r\n', /Unknown command 'bla' reading the append only file/],
  ])('does not start from a file with %j in it', async (bytes, reason) => {
    const server = await use.server('bundled', withAof);
    await server.stop();
    appendFileSync(join(dirOf(server), incrementsOf(server)[0]), bytes);
    await expect(server.restart()).rejects.toThrow(reason);
  });

  test('says which file is missing', async () => {
    const server = await use.server('bundled', withAof);
    await server.stop();
    rmSync(join(dirOf(server), incrementsOf(server)[0]));
    await expect(server.restart()).rejects.toThrow(
      /appendonly\.aof\.1\.incr\.aof .*No such file or directory/,
    );
  });

  test('is switched on and off at runtime', async () => {
    const server = await use.server('bundled', { args: ['--save', ''] });
    await write(server, sampleData);
    expect(await server.cli('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
    await server.cli('SET', 'during', 1);
    await waitFor(async () => (await server.info('aof_rewrite_in_progress')) === '0', {
      what: 'the first rewrite',
    });
    await server.cli('SET', 'after', 1);
    await onDisk(server);
    const digest = await server.cli('DEBUG', 'DIGEST');
    await server.kill9();
    await server.restart({ args: ['--appendonly', 'yes'] });
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(digest);
    expect(await server.cli('CONFIG', 'SET', 'appendonly', 'no')).toBe('OK');
    expect(await server.info('aof_enabled')).toBe('0');
    await server.cli('SET', 'while', 'off');
    await server.kill9();
    await server.restart({ args: ['--appendonly', 'yes'] });
    expect(await server.cli('DEBUG', 'DIGEST')).toBe(digest);
  });

  test('on a replica holds what the master sent, after a full resync and a restart', async () => {
    const master = await use.server('bundled', { args: ['--save', ''] });
    const replica = await use.server('bundled', withAof);
    await replica.cli('SET', 'old', 'data');
    await write(master, sampleData);
    await replica.cli('REPLICAOF', master.host, master.port);
    await waitFor(async () => (await replica.info('master_link_status')) === 'up', {
      what: 'the link',
    });
    await write(master, sampleStream);
    await master.cli('GET', 'at once');
    await master.cli('WAIT', 1, 5000);
    const digest = await master.cli('DEBUG', 'DIGEST');
    await waitFor(async () => (await replica.info('aof_rewrite_in_progress')) === '0', {
      what: 'the rewrite',
    });
    await onDisk(replica);
    await master.stop();
    await replica.kill9();
    await replica.restart();
    expect(await replica.cli('DEBUG', 'DIGEST')).toBe(digest);
  });

  test('a replica and a master that were stopped in order continue where they were', async () => {
    const master = await use.server('bundled', withAof);
    const replica = await use.server('bundled', withAof);
    await replica.cli('REPLICAOF', master.host, master.port);
    const linked = async (): Promise<true> =>
      waitFor(async () => (await replica.info('master_link_status')) === 'up', {
        what: 'the link',
      });
    await linked();
    // The copy that came is rewritten into files; until they are whole there is nothing to resume.
    await waitFor(async () => (await replica.info('aof_rewrite_in_progress')) === '0', {
      what: 'the rewrite',
    });
    await write(master, sampleData);
    await master.cli('WAIT', 1, 5000);
    await replica.stop();
    await master.cli('SET', 'while', 'away');
    await replica.restart({ args: ['--replicaof', `${master.host} ${master.port}`] });
    await linked();
    expect([await master.info('sync_full'), await master.info('sync_partial_ok')]).toEqual([
      '1',
      '1',
    ]);
    await master.restart();
    await linked();
    expect([await master.info('sync_full'), await master.info('sync_partial_ok')]).toEqual([
      '0',
      '1',
    ]);
    expect(await replica.cli('DEBUG', 'DIGEST')).toBe(await master.cli('DEBUG', 'DIGEST'));
  });
});

describe('files change hands', () => {
  const cases = realKinds.flatMap((kind) => [
    { kind, preamble: 'yes' },
    { kind, preamble: 'no' },
  ]);
  test.for(cases)('$kind loads ours (preamble $preamble), checked', async (one, context) => {
    const { kind, preamble } = one;
    needServer(context, kind);
    const args = [...withAof.args, '--aof-use-rdb-preamble', preamble];
    const ours = await use.server('bundled', { args });
    await write(ours, sampleData);
    await ours.cli('SADD', 'set', 'a', 'b', 1);
    await ours.cli('RPUSH', 'list', ...Array.from({ length: 2000 }, (_, at) => `element:${at}`));
    await ours.cli('ZADD', 'zset', 1.5, 'm');
    await ours.cli('HSET', 'expiring hash', 'f', 'v');
    await ours.cli('EXPIRE', 'expiring hash', 1000);
    await rewrite(ours);
    await write(ours, sampleStream);
    await onDisk(ours);
    const checker = findRealServer(kind)?.binary.replace(/server$/, 'check-aof') ?? '';
    const checked = spawnSync(checker, [join(dirOf(ours), 'appendonly.aof.manifest')], {
      encoding: 'utf8',
    });
    expect(checked.stdout).toContain('All AOF files and manifest are valid');
    const theirs = await use.server(kind, withAof);
    await theirs.stop();
    copyAof(ours, theirs);
    await theirs.restart();
    expect(await theirs.cli('DEBUG', 'DIGEST')).toBe(await ours.cli('DEBUG', 'DIGEST'));
  });

  test.for(serverKinds)('we load those of %s', async (kind, context) => {
    needServer(context, kind);
    const theirs = await use.server(kind, withAof);
    await write(theirs, sampleData);
    await rewrite(theirs);
    await write(theirs, sampleStream);
    await theirs.cli('GET', 'at once');
    const digest = await theirs.cli('DEBUG', 'DIGEST');
    await theirs.stop();
    const ours = await use.server('bundled', withAof);
    await ours.stop();
    copyAof(theirs, ours);
    await ours.restart();
    expect(await ours.cli('DEBUG', 'DIGEST')).toBe(digest);
  });

  test('the single file of Redis before 7 is adopted', async () => {
    const ours = await use.server('bundled', withAof);
    await ours.stop();
    rmSync(dirOf(ours), { recursive: true });
    appendFileSync(join(ours.dir, 'appendonly.aof'), '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nold\r\n');
    await ours.restart();
    expect(await ours.cli('GET', 'k')).toBe('old');
    expect(readFileSync(join(dirOf(ours), 'appendonly.aof.manifest'), 'utf8')).toBe(
      'file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
    );
    truncateSync(join(dirOf(ours), 'appendonly.aof.1.incr.aof'), 0);
  });
});
