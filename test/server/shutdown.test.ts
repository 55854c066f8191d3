/** SIGTERM, SIGINT and SHUTDOWN: what is saved, who is waited for, what stops it. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { waitForSync } from '../support/digest.ts';
import { useResources } from '../support/resources.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();

const ended = (server: TestServer): Promise<true> =>
  waitFor(() => !server.running, { what: () => `the server to end; its log:\n${server.log()}` });

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('saves where there are save points', async () => {
    const server = await use.server('bundled', { args: ['--save', '3600 100'] });
    await server.cli('SET', 'k', 'v');
    process.kill(server.pid, signal);
    await ended(server);
    expect(server.log()).toContain(`Received ${signal}, scheduling shutdown...`);
    await server.restart();
    expect(await server.cli('GET', 'k')).toBe('v');
  });

  test('does not save without them', async () => {
    const server = await use.server('bundled');
    await server.cli('SET', 'k', 'v');
    process.kill(server.pid, signal);
    await ended(server);
    expect(existsSync(join(server.dir, 'dump.rdb'))).toBe(false);
  });
});

test('where saving fails the server stays; the next signal tries again', async () => {
  const server = await use.server('bundled', { args: ['--save', '3600 100', '--pidfile', 'p'] });
  await server.cli('SET', 'k', 'v');
  mkdirSync(join(server.dir, 'dump.rdb'));
  process.kill(server.pid, 'SIGTERM');
  await waitFor(() => server.log().includes('The server stays up'));
  expect(await server.cli('GET', 'k')).toBe('v');
  expect(await server.cli('SHUTDOWN')).toBe('ERR Errors trying to SHUTDOWN. Check logs.');
  // Once it can save again, it goes.
  rmSync(join(server.dir, 'dump.rdb'), { recursive: true });
  process.kill(server.pid, 'SIGTERM');
  await ended(server);
  expect(existsSync(join(server.dir, 'p'))).toBe(false);
});

test('Ctrl-C after a first signal does not wait for replicas', async () => {
  const master = await use.server('bundled', { args: ['--pidfile', 'p'] });
  const replica = await use.server('bundled', { args: replicaArgs(master) });
  await waitForSync(master, replica);
  replica.freeze();
  await master.cli('SET', 'k', 'v');
  process.kill(master.pid, 'SIGTERM');
  await waitFor(() => master.log().includes('for replicas to catch up'));
  // Reads are served meanwhile, and writes wait.
  expect(await master.cli('GET', 'k')).toBe('v');
  process.kill(master.pid, 'SIGINT');
  await ended(master);
  expect(existsSync(join(master.dir, 'p'))).toBe(false);
});

test('Ctrl-C while it saves at the end does not wait for that, and nothing half written stays', async () => {
  const args = ['--save', '3600 1', '--rdb-key-save-delay', '100000'];
  const server = await use.server('bundled', { args });
  await server.cli('DEBUG', 'POPULATE', 500);
  const reader = await use.client(server);
  process.kill(server.pid, 'SIGTERM');
  const temporary = join(server.dir, `temp-${server.pid}.rdb`);
  await waitFor(() => existsSync(temporary), { what: 'the save to begin' });
  // It hears no client, new or old, and no further SIGTERM either.
  const answer = reader.command('PING').catch(() => 'closed');
  process.kill(server.pid, 'SIGTERM');
  process.kill(server.pid, 'SIGINT');
  await ended(server);
  expect(await answer).toBe('closed');
  expect(server.log()).toContain('You insist... exiting now.');
  expect(readdirSync(server.dir)).toEqual([]);
});

test.each([
  [['--shutdown-on-sigterm', 'nosave'], 'SIGTERM', false],
  [['--shutdown-on-sigint', 'save', '--save', ''], 'SIGINT', true],
] as const)('with %j %s saves as told', async (args, signal, saves) => {
  const server = await use.server('bundled', { args: ['--save', '3600 1', ...args] });
  await server.cli('SET', 'k', 'v');
  process.kill(server.pid, signal);
  await ended(server);
  expect(existsSync(join(server.dir, 'dump.rdb'))).toBe(saves);
});

test('while the first append-only file is being written it stays, unless forced', async () => {
  const args = ['--save', '', '--rdb-key-save-delay', '100000'];
  const server = await use.server('bundled', { args });
  await server.cli('DEBUG', 'POPULATE', 500);
  await server.cli('CONFIG', 'SET', 'appendonly', 'yes');
  expect(await server.cli('SHUTDOWN')).toBe('ERR Errors trying to SHUTDOWN. Check logs.');
  expect(server.log()).toContain("Writing initial AOF, can't exit.");
  await expect(server.cli('SHUTDOWN', 'FORCE')).rejects.toThrow('closed');
  await ended(server);
});

test('a replica that lags gets the last writes before the master goes', async () => {
  const master = await use.server('bundled');
  const replica = await use.server('bundled', { args: replicaArgs(master) });
  await waitForSync(master, replica);
  replica.freeze();
  await master.cli('SET', 'k', 'v');
  process.kill(master.pid, 'SIGTERM');
  await waitFor(() => master.log().includes('for replicas to catch up'));
  replica.thaw();
  await ended(master);
  expect(master.log()).toContain('1 of 1 replicas are in sync when shutting down.');
  expect(master.log()).not.toContain('did not catch up');
  expect(await replica.cli('GET', 'k')).toBe('v');
});

test('SHUTDOWN saves, does not save, and is forced', async () => {
  const server = await use.server('bundled');
  await server.cli('SET', 'k', 'v');
  await expect(server.cli('SHUTDOWN', 'SAVE')).rejects.toThrow('closed');
  await ended(server);
  await server.restart();
  expect(await server.cli('GET', 'k')).toBe('v');
  await server.cli('SET', 'k', 'new');
  await expect(server.cli('SHUTDOWN', 'NOSAVE')).rejects.toThrow('closed');
  await ended(server);
  await server.restart({ args: ['--save', '3600 1'] });
  expect(await server.cli('GET', 'k')).toBe('v');
  rmSync(join(server.dir, 'dump.rdb'));
  mkdirSync(join(server.dir, 'dump.rdb'));
  expect(await server.cli('SHUTDOWN')).toMatch(/^ERR Errors/);
  await expect(server.cli('SHUTDOWN', 'FORCE')).rejects.toThrow('closed');
  await ended(server);
});

test('while a BGSAVE or a full sync is under way: nothing half written stays', async () => {
  const master = await use.server('bundled', { args: ['--save', '3600 1'] });
  await master.cli('DEBUG', 'POPULATE', 50_000, 'key', 100);
  await master.cli('SET', 'k', 'v');
  const [client, digest] = [await use.client(master), await master.cli('DEBUG', 'DIGEST')];
  expect(await client.command('BGSAVE')).toBe('Background saving started');
  process.kill(master.pid, 'SIGTERM');
  await ended(master);
  expect(readdirSync(master.dir)).toEqual(['dump.rdb']);
  await master.restart();
  expect(await master.cli('DEBUG', 'DIGEST')).toBe(digest);
});

function replicaArgs(master: TestServer): string[] {
  return ['--replicaof', `127.0.0.1 ${master.port}`];
}
