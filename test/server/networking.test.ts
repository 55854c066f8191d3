/** What clients do to a server on the wire: broken frames, crumbs, floods, huge values, silence. */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { useResources } from '../support/resources.ts';
import { encodeCommand, type RespClient } from '../support/resp-client.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const megabyte = 1024 * 1024;

describe('a protocol error', () => {
  test.each([
    ['*1\r\n+PING\r\n', "expected '$', got '+'"],
    ['*x\r\n', 'invalid multibulk length'],
    ['*2147483648\r\n', 'invalid multibulk length'],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['SET k "unbalanced\r\n', 'unbalanced quotes in request'],
  ])('%j is answered, and closes that connection alone', async (bytes, error) => {
    const server = await use.server('bundled');
    const [client, other] = [await use.client(server), await use.client(server)];
    // What came before it is done and answered; what comes behind it is not looked at.
    client.sendRaw(`PING\r\n${bytes}PING\r\n`);
    expect(String(await client.readToEnd())).toBe(`+PONG\r\n-ERR Protocol error: ${error}\r\n`);
    expect(await other.command('PING')).toBe('PONG');
  });

  test('an inline request without an end', async () => {
    const server = await use.server('bundled');
    const client = await use.client(server);
    client.sendRaw('x'.repeat(70_000));
    expect(String(await client.readToEnd())).toBe(
      '-ERR Protocol error: too big inline request\r\n',
    );
  });

  test('before the password is given the limits are narrow', async () => {
    const server = await use.server('bundled', { args: ['--requirepass', 'p'] });
    const [many, long] = [await use.client(server), await use.client(server)];
    many.sendRaw('*11\r\n');
    expect(String(await many.readToEnd())).toBe(
      '-ERR Protocol error: unauthenticated multibulk length\r\n',
    );
    long.sendRaw('*2\r\n$3\r\nGET\r\n$16385\r\n');
    expect(String(await long.readToEnd())).toBe(
      '-ERR Protocol error: unauthenticated bulk length\r\n',
    );
  });
});

test('a request longer than client-query-buffer-limit ends its connection alone', async () => {
  const args = ['--client-query-buffer-limit', '1mb'];
  const server = await use.server('bundled', { args });
  const [client, other] = [await use.client(server), await use.client(server)];
  client.sendRaw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${4 * megabyte}\r\n${'x'.repeat(2 * megabyte)}`);
  await waitFor(() => server.log().includes('its unfinished request has'));
  expect(await other.command('EXISTS', 'k')).toBe(0);
});

test('requests may come in crumbs, and several clients at once in the middle of one', async () => {
  const server = await use.server('bundled');
  const clients = await Promise.all([1, 2, 3].map(() => use.client(server)));
  const frames = clients.map((_, at) =>
    Buffer.concat([encodeCommand(['SET', `k${at}`, 'a\r\nb']), encodeCommand(['GET', `k${at}`])]),
  );
  for (let at = 0; at < frames[0].length; at++) {
    for (const [index, client] of clients.entries()) {
      client.sendRaw(frames[index].subarray(at, at + 1));
    }
    // Each crumb must be a read of its own.
    await Promise.all([new Promise(setImmediate), at % 8 === 0 && server.cli('PING')]);
  }
  for (const client of clients) {
    expect([await client.read(), await client.read()]).toEqual(['OK', 'a\r\nb']);
  }
});

test('a half request, then the end of the connection', async () => {
  const server = await use.server('bundled');
  const client = await use.client(server);
  client.sendRaw(
    Buffer.concat([encodeCommand(['SET', 'whole', '1']), Buffer.from('*3\r\n$3\r\nSE')]),
  );
  expect(await client.read()).toBe('OK');
  client.halfClose();
  expect(String(await client.readToEnd())).toBe('');
  expect(await server.cli('MGET', 'whole', 'SE')).toBe('1\n');
  expect(await connectedClients(server)).toBe(1);
});

test('a client that says that it has no more to say still gets its replies', async () => {
  const server = await use.server('bundled');
  const client = await use.client(server);
  client.sendRaw(encodeCommand(['PING']));
  client.halfClose();
  expect(String(await client.readToEnd())).toBe('+PONG\r\n');
});

test('ten thousand commands in one write', async () => {
  const server = await use.server('bundled');
  const client = await use.client(server);
  const commands = Array.from({ length: 10_000 }, (_, at) =>
    at % 2 === 0 ? ['SET', `k${at}`, `v${at}`] : ['GET', `k${at - 1}`],
  );
  const replies = await client.pipeline(commands);
  expect(replies).toEqual(commands.map((_, at) => (at % 2 === 0 ? 'OK' : `v${at - 1}`)));
});

test('a value of 100 MB goes in and comes out, and others are served meanwhile', async () => {
  const server = await use.server('bundled');
  const [client, other] = [
    await use.client({ ...at(server), timeoutMs: 30_000 }),
    await use.client(server),
  ];
  const value = Buffer.alloc(100 * megabyte, 'abcdefghij');
  client.sendRaw(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${value.length}\r\n`);
  client.sendRaw(value);
  expect(await other.command('PING')).toBe('PONG');
  client.sendRaw('\r\n');
  expect(await client.read()).toBe('OK');
  expect(await client.command('STRLEN', 'big')).toBe(value.length);
  client.send('GET', 'big');
  expect(await other.command('PING')).toBe('PONG');
  const header = `$${value.length}\r\n`;
  const reply = await client.readRaw(header.length + value.length + 2);
  expect(reply.equals(Buffer.concat([Buffer.from(header), value, Buffer.from('\r\n')]))).toBe(true);
  // The connection goes on as before.
  expect(await client.pipeline([['APPEND', 'big', 'x'], ['PING']])).toEqual([
    value.length + 1,
    'PONG',
  ]);
});

test('a client that never reads harms nobody, and what it left is given back', async () => {
  const server = await use.server('bundled');
  const other = await use.client(server);
  await other.command('SET', 'k', 'x'.repeat(megabyte));
  const deaf = await use.client(server);
  deaf.pause();
  deaf.sendRaw(Buffer.concat(Array.from({ length: 60 }, () => encodeCommand(['GET', 'k']))));
  expect(await other.command('GET', 'k')).toHaveLength(megabyte);
  deaf.close();
  await waitFor(async () => (await connectedClients(server)) === 2);
  expect(await other.command('PING')).toBe('PONG');
});

test('a client that goes away with replies under way', async () => {
  const server = await use.server('bundled');
  await server.cli('SET', 'k', 'x'.repeat(megabyte));
  for (let round = 0; round < 20; round++) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(Buffer.concat(Array.from({ length: 20 }, () => encodeCommand(['GET', 'k']))));
    await new Promise((resolve) => {
      socket.once('data', resolve);
    });
    if (round % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
  }
  await waitFor(async () => (await connectedClients(server)) === 1);
  expect(await server.cli('STRLEN', 'k')).toBe(String(megabyte));
});

test('a thousand clients', async () => {
  const server = await use.server('bundled');
  const clients = await Promise.all(Array.from({ length: 1000 }, () => use.client(server)));
  const replies = await Promise.all(
    clients.map((client, at) => client.command('ECHO', String(at))),
  );
  expect(replies).toEqual(clients.map((_, index) => String(index)));
  for (const client of clients) client.close();
  await waitFor(async () => (await connectedClients(server)) === 1);
});

test('replies come in order also when the kernel cannot take them all at once', async () => {
  const server = await use.server('bundled');
  const client: RespClient = await use.client(server);
  const values = Array.from({ length: 200 }, (_, index) =>
    String(index).repeat(7 * (index + 1) ** 2),
  );
  client.pause();
  for (const [index, value] of values.entries()) {
    client.send('SET', `k${index}`, value);
    client.send('GET', `k${index}`);
  }
  client.resume();
  for (const value of values) {
    expect(await client.read()).toBe('OK');
    expect((await client.read()) === value).toBe(true);
  }
});

function at({ port, host }: TestServer): { port: number; host: string } {
  return { port, host };
}

async function connectedClients(server: TestServer): Promise<number> {
  return Number(await server.info('connected_clients'));
}
