/** The tools and libraries that people point at a Redis: they must take this server for one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, test } from 'vitest';
import { findRealServer } from '../support/real-servers.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const run = promisify(execFile);

describe('client libraries', () => {
  test('ioredis connects with a password, and reads and writes', async () => {
    const server = await use.server('bundled', { password: 'secret' });
    const redis = new Redis({ port: server.port, password: 'secret', lazyConnect: true });
    use.defer(() => redis.disconnect());
    await redis.connect();
    expect(await redis.set('k', 'v')).toBe('OK');
    expect(await redis.get('k')).toBe('v');
    expect(await redis.client('GETNAME')).toBeNull();
    const results = await redis.multi().incr('n').incr('n').exec();
    expect(results).toEqual([
      [null, 1],
      [null, 2],
    ]);
    expect(await redis.info('server')).toContain('redis_version:7.0.15');
  });

  for (const RESP of [2, 3] as const) {
    test(`node-redis connects in RESP${RESP}`, async () => {
      const server = await use.server('bundled', { password: 'secret' });
      const client = createClient({
        RESP,
        password: 'secret',
        name: 'tester',
        socket: { host: '127.0.0.1', port: server.port },
      });
      client.on('error', () => undefined);
      use.defer(() => client.destroy());
      await client.connect();
      expect(await client.set('k', 'v')).toBe('OK');
      expect(await client.get('k')).toBe('v');
      expect(await client.clientGetName()).toBe('tester');
      expect(await client.configGet('maxmemory-policy')).toMatchObject({
        'maxmemory-policy': 'noeviction',
      });
      expect(await client.multi().incr('n').incr('n').exec()).toEqual([1, 2]);
      expect((await client.clientList()).map(({ name }) => name)).toContain('tester');
    });
  }
});

describe('redis-cli and redis-benchmark', () => {
  test('redis-cli: INFO, --stat, --bigkeys, --scan', async (context) => {
    needServer(context, 'redis7');
    const { cli } = findRealServer('redis7')!;
    const server = await use.server('bundled');
    await server.cli('DEBUG', 'POPULATE', 1000);
    const port = ['-p', String(server.port)];
    expect((await run(cli, [...port, 'INFO'])).stdout).toContain('# Replication');
    expect((await run(cli, [...port, '-3', 'HELLO'])).stdout).toContain('standalone');
    expect((await run(cli, [...port, '--bigkeys'])).stdout).toContain('Sampled 1000 keys');
    const keys = (await run(cli, [...port, '--scan'])).stdout.trim().split('\n');
    expect(new Set(keys).size).toBe(1000);
    const stat = execFile(cli, [...port, '--stat', '-i', '0.1']);
    use.defer(() => stat.kill());
    let shown = '';
    stat.stdout?.on('data', (chunk: string) => (shown += chunk));
    await waitFor(() => /^1000 +\d/m.test(shown), { what: () => `a line of --stat: ${shown}` });
  });

  test('redis-benchmark runs clean', async (context) => {
    needServer(context, 'redis7');
    const { benchmark } = findRealServer('redis7')!;
    const server = await use.server('bundled');
    const args = ['-t', 'ping,set,get,incr,mset', '-n', '2000', '-P', '16', '--csv'];
    const { stdout, stderr } = await run(benchmark, ['-p', String(server.port), ...args]);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(7);
    expect(await server.info('total_error_replies')).toBe('0');
  });
});
