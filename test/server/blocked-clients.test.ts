/**
 * Clients that wait in a command, whatever ends it; run against redis-server too, so that these are
 * its ways. In which order keys serve them is in lists-blocking.txt and awaited-keys.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { waitForSync } from '../support/digest.ts';
import type { RespClient, RespValue } from '../support/resp-client.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitUntilBlocked } from '../support/wait-until-blocked.ts';

const use = useResources();

const unblocked = { error: 'UNBLOCKED client unblocked via CLIENT UNBLOCK' };

interface Rig {
  server: TestServer;
  me: RespClient;
  waiting: RespClient;
  /** Sends a request that blocks, and returns once it does. */
  block: (...words: (string | number)[]) => Promise<void>;
}

describe.each(['redis7', 'bundled'] as const)('a blocked client of %s', (kind) => {
  async function newRig(...args: string[]): Promise<Rig> {
    const server = await use.server(kind, { args });
    const [me, waiting] = [await server.connect(), await server.connect()];
    const block = async (...words: (string | number)[]): Promise<void> => {
      waiting.send(...words);
      await waitUntilBlocked(me, waiting);
    };
    return { server, me, waiting, block };
  }

  test('that goes away takes nothing with it', async (context) => {
    needServer(context, kind);
    const { server, me, waiting, block } = await newRig();
    await block('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0);
    expect(await server.info('blocked_clients')).toBe('1');
    waiting.close();
    await waitFor(async () => (await server.info('blocked_clients')) === '0');
    await me.must('RPUSH', 'l', 'x');
    expect(await me.must('LRANGE', 'l', 0, -1)).toEqual(['x']);
  });

  test('is ended by CLIENT UNBLOCK, as if time were over or with an error', async (context) => {
    needServer(context, kind);
    const { me, waiting, block } = await newRig();
    const id = Number(await waiting.must('CLIENT', 'ID'));
    const requests: [RespValue, ...(string | number)[]][] = [
      [null, 'BLPOP', 'l', 'm', 0],
      [null, 'BLMPOP', 0, 1, 'l', 'LEFT'],
      [null, 'BRPOPLPUSH', 'l', 'm', 1000],
      [null, 'BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 1000],
      [0, 'WAIT', 1, 0],
    ];
    for (const [reply, ...request] of requests) {
      await block(...request);
      expect(await me.must('CLIENT', 'UNBLOCK', id)).toBe(1);
      expect(await waiting.read()).toEqual(reply);
      await block(...request);
      expect(await me.must('CLIENT', 'UNBLOCK', id, 'ERROR')).toBe(1);
      expect(await waiting.read()).toEqual(unblocked);
    }
    expect(await me.must('CLIENT', 'UNBLOCK', id)).toBe(0);
    await me.must('RPUSH', 'l', 'x');
    expect(await me.must('LLEN', 'l')).toBe(1);
  });

  test('is counted once, with what it took and how it ended', async (context) => {
    needServer(context, kind);
    const { server, me, waiting, block } = await newRig();
    const stats = async (): Promise<string> =>
      (await server.info('cmdstat_blmove')).replace(/usec[^,]*,/g, '');
    await block('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 1000);
    expect(await server.info('clients_in_timeout_table')).toBe('1');
    expect(await stats()).toBe('calls=1,rejected_calls=0,failed_calls=0');
    await me.must('RPUSH', 'l', 'x');
    await waiting.read();
    expect(await stats()).toBe('calls=1,rejected_calls=0,failed_calls=0');
    expect(await server.info('clients_in_timeout_table')).toBe('0');
    await block('BLMOVE', 'l', 's', 'LEFT', 'LEFT', 0);
    expect(await server.info('clients_in_timeout_table')).toBe('0');
    await me.pipeline([
      ['SET', 's', 'x'],
      ['RPUSH', 'l', 'x'],
    ]);
    await waiting.read();
    expect(await stats()).toBe('calls=2,rejected_calls=0,failed_calls=1');
    expect(await server.info('errorstat_WRONGTYPE')).toBe('count=1');
  });

  test('shows in CLIENT LIST with the arguments it holds', async (context) => {
    needServer(context, kind);
    const { me, block } = await newRig();
    await block('BLPOP', 'a key', 'other', 0);
    expect(await me.must('CLIENT', 'LIST')).toMatch(/ flags=b .* argv-mem=16 .* cmd=blpop /);
  });

  test('goes on with what it sent meanwhile, and after it has been silenced', async (context) => {
    needServer(context, kind);
    const { me, waiting, block } = await newRig();
    await waiting.pipeline([['PING']]);
    waiting.send('CLIENT', 'REPLY', 'SKIP');
    await block('BLPOP', 'l', 0);
    waiting.send('ECHO', 'after');
    await me.must('RPUSH', 'l', 'x', 'y');
    expect(await waiting.read()).toBe('after');
    waiting.send('CLIENT', 'REPLY', 'OFF');
    await me.must('DEL', 'l');
    await block('BLPOP', 'l', 0);
    waiting.send('CLIENT', 'REPLY', 'ON');
    await me.must('RPUSH', 'l', 'x');
    expect(await waiting.read()).toBe('OK');
    expect(await me.must('EXISTS', 'l')).toBe(0);
  });

  test('is told and closed when its server becomes a replica', async (context) => {
    needServer(context, kind);
    const { me, waiting, block } = await newRig();
    await block('BLPOP', 'l', 0);
    await me.must('REPLICAOF', '127.0.0.1', 1);
    expect(await waiting.read()).toEqual({
      error:
        'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    });
    await waitFor(() => waiting.ended, { what: 'the connection to be closed' });
  });

  test('of a writable replica is served by what its master pushes', async (context) => {
    needServer(context, kind);
    const master = await use.server(kind);
    const { server, me, waiting, block } = await newRig(
      '--replica-read-only',
      'no',
      '--replicaof',
      '127.0.0.1',
      String(master.port),
    );
    await waitForSync(master, server);
    await block('BLPOP', 'l', 0);
    await master.cli('RPUSH', 'l', 'from the master', 'too');
    expect(await waiting.read()).toEqual(['l', 'from the master']);
    expect(await me.must('LRANGE', 'l', 0, -1)).toEqual(['too']);
  });

  test('waits on while writes are paused, and its time runs out', async (context) => {
    needServer(context, kind);
    const { server, me, waiting, block } = await newRig();
    await block('BLPOP', 'l', 0.3);
    await me.must('CLIENT', 'PAUSE', 100_000, 'WRITE');
    const pusher = await server.connect();
    pusher.send('RPUSH', 'l', 'x');
    await waitUntilBlocked(me, pusher);
    expect(await waiting.read()).toBeNull();
    await block('BLPOP', 'l', 0);
    await me.must('CLIENT', 'UNPAUSE');
    expect(await pusher.read()).toBe(1);
    expect(await waiting.read()).toEqual(['l', 'x']);
  });

  test('is not served from a key that is past its time by then', async (context) => {
    needServer(context, kind);
    const { me, waiting, block } = await newRig();
    await block('BLPOP', 'l', 0);
    await me.pipeline([
      ['MULTI'],
      ['RPUSH', 'l', 'x'],
      ['PEXPIRE', 'l', 20],
      ['DEBUG', 'SLEEP', 0.05],
      ['EXEC'],
    ]);
    await me.must('RPUSH', 'l', 'y');
    expect(await waiting.read()).toEqual(['l', 'y']);
  });
});
