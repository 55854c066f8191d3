import { createServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type BulkInstance,
  connectInBulk,
  connectInstance,
  connectToLook,
  type Instance,
  type InstanceTarget,
} from '../../src/instance/connection.ts';
import type { Failure, Outcome } from '../../src/instance/failure.ts';
import { readReplication, readReport } from '../../src/instance/report.ts';

import { Secret } from '../../src/instance/secret.ts';
import { settingPatterns } from '../../src/instance/settings.ts';
import {
  pauseWrites,
  replicaofNoOne,
  replicaofUpstream,
  unpause,
} from '../../src/instance/verbs.ts';
import { systemClock } from '../../src/util/clock.ts';
import { freePort } from '../support/free-port.ts';
import { needServer } from '../support/server-kinds.ts';
import { useResources } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const host = '127.0.0.1';

/** Through ioredis, and through our own reader: callers cannot tell them apart. */
const ways = [
  ['through ioredis', connectInstance],
  ['just to look', connectToLook],
] as const;
let connectBy: (typeof ways)[number][1];

async function connectTo(
  target: Omit<InstanceTarget, 'host' | 'timeoutMs'> & { timeoutMs?: number },
): Promise<Outcome<Instance>> {
  const outcome = await connectBy({ host, timeoutMs: 5000, ...target });
  if (outcome.kind === 'ok') use.defer(() => outcome.value.close());
  return outcome;
}

/** Connects and reads; the failure of whichever fails. */
async function tryToRead(target: Parameters<typeof connectTo>[0]): Promise<Failure | 'fine'> {
  const connected = await connectTo(target);
  if (connected.kind === 'failed') return connected.failure;
  const timeoutMs = target.timeoutMs ?? 5000;
  const report = await readReport(connected.value, { clock: systemClock, timeoutMs });
  return report.kind === 'failed' ? report.failure : 'fine';
}

/** A server that says what it is told to say to whatever it is sent. */
async function startOddServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => void server.listen(port, host, resolve));
  use.defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return port;
}

describe.each(ways)('%s', (_name, connect) => {
  beforeEach(() => {
    connectBy = connect;
  });

  describe('a server that cannot be asked', () => {
    it('is unreachable when nobody listens', async () => {
      expect(await tryToRead({ port: await freePort() })).toMatchObject({ kind: 'unreachable' });
    });

    it('is a timeout when it accepts and says nothing, and costs one timeout', async () => {
      const port = await startOddServer(() => {});
      const startedAt = performance.now();
      expect(await tryToRead({ port, timeoutMs: 100 })).toMatchObject({ kind: 'timeout' });
      expect(performance.now() - startedAt).toBeLessThan(1000);
    });

    it('is unreachable when it hangs up', async () => {
      const port = await startOddServer((socket) => socket.destroy());
      expect(await tryToRead({ port })).toMatchObject({ kind: 'unreachable' });
    });

    it('may want TLS when it hangs up at the first word', async () => {
      const port = await startOddServer((socket) => socket.once('data', () => socket.destroy()));
      expect(await tryToRead({ port })).toMatchObject({
        kind: 'unreachable',
        message: expect.stringContaining('(--tls)'),
      });
    });

    it('is no Redis when it speaks something else', async () => {
      const port = await startOddServer((socket) => {
        socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
      });
      expect(await tryToRead({ port, timeoutMs: 1000 })).toMatchObject({ kind: 'protocol' });
    });

    it('is denied in protected mode', async () => {
      const port = await startOddServer((socket) => {
        socket.end(
          '-DENIED Redis is running in protected mode because it is. Do this. Do that.\r\n',
        );
      });
      expect(await tryToRead({ port })).toMatchObject({ kind: 'denied' });
    });

    it('is a Sentinel, maybe', async () => {
      const text = '# Server\r\nredis_mode:sentinel\r\n';
      const port = await startOddServer((socket) => {
        socket.once('data', () =>
          socket.write(
            `$${text.length}\r\n${text}\r\n${'$-1\r\n'.repeat(1 + settingPatterns.length)}`,
          ),
        );
      });
      expect(await tryToRead({ port })).toMatchObject({
        kind: 'sentinel',
        message: expect.stringContaining('Sentinel'),
      });
    });
  });

  describe('a real server', () => {
    it('is read whole', async (context) => {
      needServer(context, 'redis7');
      const server = await use.server('redis7', { password: 'hunter2' });
      const connected = await connectTo({ port: server.port, password: new Secret('hunter2') });
      if (connected.kind === 'failed') throw new Error(connected.failure.message);
      const report = await readReport(connected.value, { clock: systemClock, timeoutMs: 5000 });
      expect(report).toMatchObject({
        kind: 'ok',
        value: {
          product: 'redis',
          version: expect.stringMatching(/^7\./),
          tcpPort: server.port,
          keyCount: 0,
          role: { kind: 'master' },
          replication: { role: 'master' },
          runId: expect.stringMatching(/^[0-9a-f]{40}$/),
        },
      });
      if (report.kind !== 'ok') return;
      expect(report.value.secrets.masterauth?.equals(new Secret('hunter2'))).toBe(true);
      expect(inspect(report.value, { depth: 9 })).not.toContain('hunter2');
      const unread = Object.entries(report.value.settings).filter(
        ([, value]) => value === undefined,
      );
      expect(unread.map(([name]) => name)).toEqual([
        'replicaAnnounceIp',
        'replicaAnnouncePort',
        'masteruser',
      ]);
      expect(report.value).toMatchObject({
        serverVersion: { major: 7, minor: 0 },
        rdb: { writes: 10, loads: 10 },
        rates: { outputReplKibPerSecond: 0 },
        settings: { replPingReplicaPeriod: 10, save: '', appendonly: false },
      });
      expect(report.value.totalSystemMemoryBytes).toBeGreaterThan(0);
    });

    it('with a password says so, and whether ours is wrong, without repeating it', async (context) => {
      needServer(context, 'redis7');
      const { port } = await use.server('redis7', { password: 'right' });
      expect(await tryToRead({ port })).toMatchObject({
        kind: 'auth',
        message: expect.stringContaining('given none'),
      });
      const wrong = await tryToRead({ port, password: new Secret('hunter2') });
      expect(wrong).toMatchObject({ kind: 'auth' });
      expect(JSON.stringify(wrong)).not.toContain('hunter2');
    });

    it('without a password lets us in with one', async (context) => {
      needServer(context, 'redis7');
      const { port } = await use.server('redis7');
      expect(await tryToRead({ port, password: new Secret('spare') })).toBe('fine');
    });

    it('that is frozen is a timeout', async (context) => {
      needServer(context, 'redis7');
      const server = await use.server('redis7');
      server.freeze();
      expect(await tryToRead({ port: server.port, timeoutMs: 150 })).toMatchObject({
        kind: 'timeout',
      });
    });

    it('takes the verbs', async (context) => {
      needServer(context, 'redis7');
      const [master, replica] = [await use.server('redis7'), await use.server('redis7')];
      const connected = await connectTo({ port: replica.port });
      if (connected.kind === 'failed') throw new Error(connected.failure.message);
      const instance = connected.value;
      expect(await replicaofUpstream(instance, { host, port: master.port })).toMatchObject({
        kind: 'ok',
      });
      await waitFor(async () => {
        const own = await readReplication(instance);
        return own.kind === 'ok' && own.value.upstream?.linkStatus === 'up';
      });
      expect(await replicaofNoOne(instance)).toMatchObject({ kind: 'ok' });
      expect(await readReplication(instance)).toMatchObject({ value: { role: 'master' } });
      expect(await pauseWrites(instance, 5000)).toMatchObject({ kind: 'ok' });
      expect(await unpause(instance)).toMatchObject({ kind: 'ok' });
      expect(await instance.call(['NOSUCH'])).toMatchObject({
        kind: 'failed',
        failure: { kind: 'reply' },
      });
      instance.close();
      expect(await instance.call(['PING'])).toMatchObject({ kind: 'failed' });
    });
  });
});

describe('in bulk', () => {
  async function connectBulk(port: number, timeoutMs = 5000): Promise<BulkInstance> {
    const outcome = await connectInBulk({ host, port, timeoutMs });
    if (outcome.kind === 'failed') throw new Error(outcome.failure.message);
    use.defer(() => outcome.value.close());
    return outcome.value;
  }

  it('answers many requests in order, errors among them, bytes as they are', async (context) => {
    needServer(context, 'redis7');
    const { port } = await use.server('redis7');
    const bulk = await connectBulk(port);
    const requests = [
      ['SET', 'k\u00ff', '\u0000\u00e9'],
      ['LPUSH', 'k\u00ff', 'x'],
      ['GET', 'k\u00ff'],
    ];
    const [first, second] = await Promise.all([
      bulk.pipeline(requests),
      bulk.pipeline([['STRLEN', 'k\u00ff']]),
    ]);
    expect(first).toMatchObject({
      kind: 'ok',
      value: ['OK', { message: expect.stringMatching(/^WRONGTYPE/) as string }, '\u0000\u00e9'],
    });
    expect(second).toEqual({ kind: 'ok', value: [2] });
    expect(await bulk.pipeline([])).toEqual({ kind: 'ok', value: [] });
  });

  it('fails all requests of a connection that is silent or lost', async () => {
    const silent = await connectBulk(await startOddServer(() => {}), 100);
    const [one, other] = await Promise.all([
      silent.pipeline([['PING']]),
      silent.pipeline([['PING'], ['PING']]),
    ]);
    expect([one, other]).toMatchObject([
      { failure: { kind: 'timeout' } },
      { failure: { kind: 'timeout' } },
    ]);
    expect(await silent.pipeline([['PING']])).toMatchObject({ kind: 'failed' });
  });
});
