/**
 * The helpers themselves, against real servers: a test that trusts a broken helper proves nothing.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expectSameDigest, waitForSync } from './digest.ts';
import { freePort } from './free-port.ts';
import { encodeCommand, formatReply, takeFrame, type RespValue } from './resp-value.ts';
import { useResources } from './resources.ts';
import { needServer, serverKinds } from './server-kinds.ts';
import { waitFor } from './wait-for.ts';

const use = useResources();

/** Ours is tried by its own tests; here the helpers are. */
const kinds = serverKinds.filter((kind) => kind !== 'bundled');

describe('waitFor', () => {
  test('gives back the first truthy value, past errors', async () => {
    let tries = 0;
    const value = await waitFor(
      () => {
        if (++tries < 3) throw new Error('not yet');
        return tries > 4 && `try ${tries}`;
      },
      { intervalMs: 0 },
    );
    expect(value).toBe('try 5');
  });

  test('says what it waited for and what it saw last', async () => {
    const waiting = waitFor(() => 0, { timeoutMs: 1, what: 'a miracle' });
    await expect(waiting).rejects.toThrow(/1 ms waiting for a miracle \(last value: 0\)/);
  });
});

test('freePort never gives a port twice, nor a well-known one', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  expect(new Set(ports).size).toBe(50);
  expect(ports.filter((port) => port < 20_000)).toEqual([]);
});

describe('RESP values', () => {
  const frames: [bytes: string, value: RespValue][] = [
    ['+OK\r\n', 'OK'],
    ['-ERR no\r\n', { error: 'ERR no' }],
    [':-7\r\n', -7],
    [':9223372036854775807\r\n', 9223372036854775807n],
    ['$5\r\na\r\nb\xff\r\n', 'a\r\nb\xff'],
    ['$-1\r\n', null],
    ['*-1\r\n', null],
    ['*3\r\n:1\r\n*0\r\n$0\r\n\r\n', [1, [], '']],
    ['_\r\n', null],
    ['#t\r\n', true],
    [',-inf\r\n', -Infinity],
    [',1.5\r\n', 1.5],
    ['(123\r\n', 123n],
    ['!5\r\nERR x\r\n', { error: 'ERR x' }],
    ['=7\r\ntxt:abc\r\n', { verbatim: 'abc', format: 'txt' }],
    ['%1\r\n+a\r\n:1\r\n', new Map([['a', 1]])],
    ['~2\r\n:1\r\n:2\r\n', new Set([1, 2])],
    ['|1\r\n+ttl\r\n:9\r\n+OK\r\n', 'OK'],
  ];

  test.each(frames)('%j', (text, value) => {
    const bytes = Buffer.from(text, 'latin1');
    expect(takeFrame(bytes, 0)).toEqual({ kind: 'frame', value, push: false, end: bytes.length });
    for (let cut = 1; cut < bytes.length; cut++) {
      const part = takeFrame(bytes.subarray(0, cut), 0);
      expect(part.kind === 'incomplete' && part.atLeast <= bytes.length).toBe(true);
    }
  });

  test('commands and redis-cli form', () => {
    expect(encodeCommand(['SET', 'k', 1]).toString()).toBe(
      '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n',
    );
    expect(() => encodeCommand(['\u20ac'])).toThrow('not a byte string');
    expect(formatReply(['a', null, [1, { error: 'ERR' }]])).toBe('a\n\n1\nERR');
  });
});

describe.each(kinds)('%s', (kind) => {
  test('a client reads values, raw bytes and push messages', async (context) => {
    needServer(context, kind);
    const server = await use.server(kind, { password: 'secret' });
    const client = await server.connect();
    expect(await client.pipeline([['SET', 'k', '\x00\xff'], ['GET', 'k'], ['NOPE']])).toEqual([
      'OK',
      '\x00\xff',
      { error: expect.stringMatching(/^ERR unknown command/) },
    ]);
    expect(String(await client.exchange('PING\r\nECHO hi\r\n', 2))).toBe('+PONG\r\n$2\r\nhi\r\n');
    client.sendRaw('*1\r\n$x\r\n');
    expect(String(await client.readToEnd())).toMatch(/^-ERR Protocol error: /);
    await expect(client.read()).rejects.toThrow('closed');

    const subscriber = await server.connect({ protocol: 3 });
    subscriber.send('SUBSCRIBE', 'news');
    expect(await subscriber.readPush()).toEqual(['subscribe', 'news', 1]);
    await server.cli('PUBLISH', 'news', 'hello');
    expect(await subscriber.command('PING')).toBe('PONG');
    expect(await subscriber.readPush()).toEqual(['message', 'news', 'hello']);
  });

  test('a server restarts with its data, in the same place', async (context) => {
    needServer(context, kind);
    const server = await use.server(kind, { conf: 'maxclients 77\n' });
    const { pid, port, dir } = server;
    expect(await server.cli('CONFIG', 'GET', 'maxclients')).toBe('maxclients\n77');
    await server.cli('SET', 'k', 'v');
    await server.cli('SAVE');
    await server.kill9();
    expect(server.running).toBe(false);
    await server.restart({ args: ['--maxclients', '78'] });
    expect(await server.cli('GET', 'k')).toBe('v');
    expect(await server.cli('CONFIG', 'GET', 'maxclients')).toBe('maxclients\n78');
    expect([server.port, server.dir, server.pid === pid]).toEqual([port, dir, false]);
    await server.close();
    expect(existsSync(dir)).toBe(false);
  });

  test('a server that ends at start shows its log', async (context) => {
    needServer(context, kind);
    const starting = use.server(kind, { conf: 'no-such-directive 1\n' });
    await expect(starting).rejects.toThrow(/no-such-directive/);
  });

  test('a replica behind a proxy survives its faults', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind, { password: 'p' });
    const proxy = await use.proxy(master);
    const replica = await use.server(kind, {
      password: 'p',
      args: ['--replicaof', `127.0.0.1 ${proxy.port}`],
    });
    await waitForSync(master, replica);

    // Half a command is delivered, then nothing: the replica waits for the rest.
    const carried = proxy.bytes.toClient;
    proxy.limit(20, { direction: 'toClient', afterwards: 'stall' });
    await master.cli('SET', 'k', 'x'.repeat(100));
    await waitFor(() => proxy.bytes.toClient === carried + 20);
    expect(await replica.cli('EXISTS', 'k')).toBe('0');
    proxy.resume();
    await waitForSync(master, replica);

    const { accepted } = proxy;
    const fullSyncs = await master.info('sync_full');
    await proxy.cut();
    await master.cli('SET', 'k2', 'v');
    await waitFor(async () => (await replica.info('master_link_status')) === 'down');
    expect([proxy.connections, proxy.accepted]).toEqual([0, accepted]);
    await proxy.restore();
    await waitForSync(master, replica);
    expect(await master.info('sync_full')).toBe(fullSyncs);
    expect(proxy.accepted).toBeGreaterThan(accepted);
    expect(await expectSameDigest(master, replica)).not.toMatch(/^0+$/);
  });
});

test('a proxy passes half-closes on, and drops to the byte', async (context) => {
  needServer(context, 'redis7');
  const server = await use.server('redis7');
  const proxy = await use.proxy(server);
  const client = await use.client(proxy);
  proxy.limit(4, { direction: 'toClient', afterwards: 'drop' });
  client.send('PING');
  expect(String(await client.readToEnd())).toBe('+PON');

  const other = await use.client(proxy);
  proxy.halfClose('toClient');
  expect(String(await other.readToEnd())).toBe('');
});
