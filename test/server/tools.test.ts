/** The tools and libraries that people point at a Redis: they must take this server for one. */
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  for (const protocol of [2, 3] as const) {
    test(`ioredis in RESP${protocol}: a password, all types, a transaction, blocking, Pub/Sub`, async () => {
      const server = await use.server('bundled', { password: 'secret' });
      const options = { port: server.port, password: 'secret', lazyConnect: true, protocol };
      const [redis, other] = [new Redis(options), new Redis(options)];
      for (const each of [redis, other]) {
        use.defer(() => each.disconnect());
        await each.connect();
      }
      expect(await redis.set('k', 'v')).toBe('OK');
      expect(await redis.get('k')).toBe('v');
      expect(await redis.client('GETNAME')).toBeNull();
      const results = await redis.multi().incr('n').incr('n').exec();
      expect(results).toEqual([
        [null, 1],
        [null, 2],
      ]);
      await redis.hset('hash', { f: 'v', g: 'w' });
      expect(await redis.hgetall('hash')).toEqual({ f: 'v', g: 'w' });
      await redis.sadd('set', '1', '2');
      expect((await redis.smembers('set')).toSorted()).toEqual(['1', '2']);
      await redis.zadd('zset', 1, 'a', 2.5, 'b');
      expect(Number(await redis.zscore('zset', 'b'))).toBe(2.5);
      const id = await redis.xadd('stream', '*', 'f', 'v');
      expect(await redis.xrange('stream', '-', '+')).toEqual([[id, ['f', 'v']]]);
      const popped = other.blpop('list', 10);
      await redis.rpush('list', 'element');
      expect(await popped).toEqual(['list', 'element']);
      const heard = new Promise((done) => other.once('pmessage', (...words) => done(words)));
      await other.psubscribe('chan*');
      await redis.publish('channel', 'hello');
      expect(await heard).toEqual(['chan*', 'channel', 'hello']);
      expect(await redis.info('server')).toContain('redis_version:7.0.15');
      await other.quit();
    });
  }

  for (const RESP of [2, 3] as const) {
    test(`node-redis in RESP${RESP}: a password, all types, a transaction, blocking, Pub/Sub`, async () => {
      const server = await use.server('bundled', { password: 'secret' });
      const client = createClient({
        RESP,
        password: 'secret',
        name: 'tester',
        socket: { host: '127.0.0.1', port: server.port },
      });
      const [listener, waiter] = [client.duplicate(), client.duplicate()];
      for (const each of [client, listener, waiter]) {
        each.on('error', () => undefined);
        use.defer(() => each.destroy());
        await each.connect();
      }
      expect(await client.set('k', 'v')).toBe('OK');
      expect(await client.get('k')).toBe('v');
      expect(await client.clientGetName()).toBe('tester');
      expect(await client.configGet('maxmemory-policy')).toMatchObject({
        'maxmemory-policy': 'noeviction',
      });
      expect(await client.multi().incr('n').incr('n').exec()).toEqual([1, 2]);
      await client.hSet('hash', { f: 'v', g: 'w' });
      expect({ ...(await client.hGetAll('hash')) }).toEqual({ f: 'v', g: 'w' });
      await client.sAdd('set', ['1', '2']);
      expect([...(await client.sMembers('set'))].toSorted()).toEqual(['1', '2']);
      await client.zAdd('zset', [
        { score: 1, value: 'a' },
        { score: 2.5, value: 'b' },
      ]);
      expect(await client.zScore('zset', 'b')).toBe(2.5);
      const id = await client.xAdd('stream', '*', { f: 'v' });
      expect(await client.xRange('stream', '-', '+')).toMatchObject([{ id, message: { f: 'v' } }]);
      const popped = waiter.blPop('list', 10);
      await client.rPush('list', 'element');
      expect(await popped).toMatchObject({ key: 'list', element: 'element' });
      const heard = new Promise((done) => {
        void listener
          .pSubscribe('chan*', (...words) => done(words))
          .then(() => client.publish('channel', 'hello'));
      });
      expect(await heard).toEqual(['hello', 'channel']);
      const [line] = (await client.clientList()).filter(({ name }) => name === 'tester');
      expect(line).toBeDefined();
    });
  }
});

describe('redis-cli and redis-benchmark', () => {
  test('redis-cli: INFO, --stat, --bigkeys, --memkeys, --scan, --pipe, --latency', async (context) => {
    needServer(context, 'redis7');
    const { cli } = findRealServer('redis7')!;
    const server = await use.server('bundled');
    const client = await server.connect();
    const port = ['-p', String(server.port)];
    const runCli = async (...args: string[]): Promise<string> =>
      (await run(cli, [...port, ...args])).stdout;
    // What --pipe sends ends with an ECHO of its own.
    const mass = execFile(cli, [...port, '--pipe']);
    const said = new Promise<string>((done) => {
      let text = '';
      mass.stdout?.on('data', (chunk: string) => (text += chunk));
      mass.on('close', () => done(text));
    });
    for (let at = 0; at < 1000; at++) mass.stdin?.write(`SET key:${at} value\r\n`);
    mass.stdin?.end();
    expect(await said).toContain('errors: 0, replies: 1000');
    await client.pipeline([
      ['RPUSH', 'a list', 'a', 'b', 'c'],
      ['SADD', 'a set', '1', '2'],
      ['HSET', 'a hash', 'f', 'v'],
      ['ZADD', 'a zset', '1', 'a'],
      ['XADD', 'a stream', '*', 'f', 'v'],
    ]);
    expect(await runCli('INFO')).toContain('# Replication');
    expect(await runCli('-3', 'HELLO')).toContain('standalone');
    const big = await runCli('--bigkeys');
    expect(big).toContain('Sampled 1005 keys');
    expect(big).toMatch(/Biggest +list found '"a list"' has 3 items/);
    expect(big).toMatch(/Biggest +stream found '"a stream"' has 1 entries/);
    expect(await runCli('--memkeys')).toMatch(/Biggest +list found '"a list"' has \d+ bytes/);
    const found = (await runCli('--scan')).trim().split('\n');
    expect(new Set(found).size).toBe(1005);
    expect((await runCli('--scan', '--pattern', 'a *')).trim().split('\n')).toHaveLength(5);
    expect(await runCli('--latency', '--raw', '-i', '0.1')).toMatch(/^\d+ \d+ [\d.]+ \d+/);
    const stat = execFile(cli, [...port, '--stat', '-i', '0.1']);
    use.defer(() => stat.kill());
    let shown = '';
    stat.stdout?.on('data', (chunk: string) => (shown += chunk));
    await waitFor(() => /^1005 +\d/m.test(shown), { what: () => `a line of --stat: ${shown}` });
  });

  test('redis-cli as a replica: --rdb, --functions-rdb, --replica', async (context) => {
    needServer(context, 'redis7');
    const server = await use.server('bundled');
    await server.cli('SET', 'the key', 'value');
    const cli = findRealServer('redis7')?.cli ?? '';
    const dir = await use.tempDir();
    const at = ['-p', String(server.port)];
    for (const [option, hasKey] of [
      ['--rdb', true],
      ['--functions-rdb', false],
    ] as const) {
      const file = join(dir, `cli${option}`);
      const { stderr } = await run(cli, [...at, option, file]);
      expect(stderr).toContain('Transfer finished with success');
      const rdb = await readFile(file);
      expect(rdb.toString('latin1', 0, 5)).toBe('REDIS');
      expect(rdb.includes('the key')).toBe(hasKey);
    }
    const replica = spawn(cli, [...at, '--replica']);
    use.defer(() => void replica.kill());
    let shown = '';
    replica.stdout.on('data', (chunk) => (shown += String(chunk)));
    await waitFor(async () => (await server.info('connected_slaves')) === '1');
    await server.cli('SET', 'another key', 'value');
    await waitFor(() => /set.*another key.*value/i.test(shown), {
      what: () => `the write: ${shown}`,
    });
  });

  test('redis-benchmark runs clean', async (context) => {
    needServer(context, 'redis7');
    const { benchmark } = findRealServer('redis7')!;
    const server = await use.server('bundled');
    const args = ['-n', '2000', '-P', '16', '--csv'];
    const { stdout, stderr } = await run(benchmark, ['-p', String(server.port), ...args]);
    expect(stderr).toBe('');
    // A line for each of its tests, PING in two forms, and the head.
    expect(stdout.trim().split('\n')).toHaveLength(21);
    expect(await server.info('total_error_replies')).toBe('0');
  });
});
