/** Data files change hands: real servers load ours, we load theirs, and their checkers are content. */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRealServer, realKinds } from '../support/real-servers.ts';
import { needServer, serverKinds } from '../support/server-kinds.ts';
import { waitFor } from '../support/wait-for.ts';
import { resourcesOf } from './support/resources.ts';
import { sampleData, sampleStream, write } from './support/topology.ts';

test.concurrent.for(realKinds)(
  '%s loads the file that we write, and its checker is content',
  async (kind, context) => {
    needServer(context, kind);
    const use = resourcesOf(context);
    const ours = await use.server('bundled');
    await write(ours, [...sampleData, ...sampleStream]);
    await ours.cli('SAVE');
    const file = join(ours.dir, 'dump.rdb');
    const checker = findRealServer(kind)?.binary.replace(/server$/, 'check-rdb') ?? '';
    const checked = spawnSync(checker, [file], { encoding: 'utf8' });
    expect(checked.stdout).toContain('\\o/ RDB looks OK! \\o/');

    const theirs = await use.server(kind);
    await theirs.stop();
    copyFileSync(file, join(theirs.dir, 'dump.rdb'));
    await theirs.restart();
    expect(await theirs.cli('DEBUG', 'DIGEST')).toBe(await ours.cli('DEBUG', 'DIGEST'));
  },
);

test.concurrent.for(serverKinds)('we load the file of %s', async (kind, context) => {
  needServer(context, kind);
  const use = resourcesOf(context);
  const theirs = await use.server(kind);
  await write(theirs, [...sampleData, ...sampleStream]);
  await theirs.cli(
    'FUNCTION',
    'LOAD',
    '#!lua name=f\nredis.register_function("f", function() end)',
  );
  await theirs.cli('SAVE');
  const ours = await use.server('bundled');
  await ours.stop();
  copyFileSync(join(theirs.dir, 'dump.rdb'), join(ours.dir, 'dump.rdb'));
  await ours.restart();
  expect(await ours.cli('DEBUG', 'DIGEST')).toBe(await theirs.cli('DEBUG', 'DIGEST'));
});

test.concurrent('a BGSAVE while everything changes holds the moment at which it began', async (context) => {
  const use = resourcesOf(context);
  const server = await use.server('bundled');
  await write(server, sampleData);
  await server.cli('DEBUG', 'POPULATE', 30_000, 'many', 50);
  const client = await use.client(server);
  const collectionChanges = [
    ['SELECT', '3'],
    ['RPUSH', 'list:large', 'new'],
    ['SADD', 'set:large', 'new'],
    ['HSET', 'hash:large', 'field 3', 'new'],
    ['ZINCRBY', 'zset:large', '1', 'member 3'],
    ['XADD', 'stream', '*', 'f', 'new'],
    ['SPOP', 'set:integers', '100'],
    ['SELECT', '0'],
  ];
  const changes = Array.from({ length: 3000 }, (_, at) => [
    ['APPEND', `many:${at * 3}`, 'x'],
    ['EXPIRE', `many:${at * 3 + 1}`, 1000],
    ['DEL', `many:${at * 3 + 2}`],
    ['GETEX', `many:${at}`, 'EX', 500],
    ['SET', `many:${at * 7}`, 'new', 'GET'],
    ['RENAME', `many:${at * 3}`, `renamed:${at}`],
    ['COPY', `many:${at * 3 + 1}`, `copied:${at}`],
    ['GETDEL', `copied:${at - 1}`],
  ]).flat();
  // In one write: nothing comes between the digest, the BGSAVE and the first change.
  const [digest, started] = await client.pipeline([
    ['DEBUG', 'DIGEST'],
    ['BGSAVE'],
    ...collectionChanges,
    ...changes,
    ['SWAPDB', '0', '3'],
    ['FLUSHDB'],
  ]);
  expect(started).toBe('Background saving started');
  await waitFor(async () => (await server.info('rdb_bgsave_in_progress')) === '0');
  const again = await use.server('bundled');
  await again.stop();
  copyFileSync(join(server.dir, 'dump.rdb'), join(again.dir, 'dump.rdb'));
  await again.restart();
  expect(await again.cli('DEBUG', 'DIGEST')).toBe(digest);
});
