/** The small talk that tells whether a server is up, against real servers and against impostors. */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/instance/secret.ts';
import { pingServer, type PingOutcome } from '../../src/lab/redis-ping.ts';
import { freePort } from '../support/free-port.ts';
import { useResources } from '../support/resources.ts';
import { needServer, serverKinds } from '../support/server-kinds.ts';

const use = useResources();

const ping = (port: number, password?: string, timeoutMs = 5000): Promise<PingOutcome> =>
  pingServer({
    host: '127.0.0.1',
    port,
    password: password === undefined ? undefined : new Secret(password),
    timeoutMs,
  });

describe.each(serverKinds)('%s', (kind) => {
  test('without a password', async (context) => {
    needServer(context, kind);
    const server = await use.server(kind);
    const up = { kind: 'up', loading: false, pid: server.pid };
    expect(await ping(server.port)).toMatchObject(up);
    // A password that nobody asked for does no harm.
    expect(await ping(server.port, 'x')).toMatchObject(up);
  });

  test('with a password', async (context) => {
    needServer(context, kind);
    const server = await use.server(kind, { password: 'pass word' });
    expect(await ping(server.port, 'pass word')).toMatchObject({ kind: 'up', pid: server.pid });
    expect(await ping(server.port)).toEqual({ kind: 'locked' });
    expect(await ping(server.port, 'wrong')).toEqual({ kind: 'locked' });
  });
});

/** A listener that does as it is told with each connection. */
async function impostor(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  use.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('nobody there', async () => {
  expect(await ping(await freePort())).toEqual({ kind: 'closed' });
});

test.each([
  ['hangs up', 'silent', (socket: Socket) => void socket.end()],
  [
    'speaks HTTP',
    'silent',
    (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  ],
  ['never stops talking', 'silent', (socket: Socket) => void socket.write('x'.repeat(100_000))],
  ['says nothing', 'silent', () => {}],
])('somebody who %s is %s', async (_what, kind, act) => {
  expect(await ping(await impostor(act), undefined, 300)).toEqual({ kind });
});

test('a server that loads is up, and says so', async () => {
  const text = '-LOADING Redis is loading the dataset in memory\r\n+OK\r\n';
  const port = await impostor((socket) => void socket.end(text));
  expect(await ping(port)).toMatchObject({ kind: 'up', loading: true });
});

test('a replica that will not serve old data is up', async () => {
  const text =
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n";
  const port = await impostor((socket) => void socket.end(text));
  expect(await ping(port)).toMatchObject({ kind: 'up', loading: false });
});
