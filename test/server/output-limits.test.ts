/** How much a client may leave unread: the limits by themselves, and what a server does with them. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Client, clientFlags, type ClientTransport } from '../../src/server/client.ts';
import { Config } from '../../src/server/config.ts';
import { Keyspace } from '../../src/server/keyspace/keyspace.ts';
import { OutputLimits } from '../../src/server/output-limits.ts';
import { seededRandom } from '../../src/util/random.ts';
import { encodeCommand } from '../support/resp-client.ts';
import { useResources } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';

describe('OutputLimits', () => {
  const config = Config.fromText(
    'client-output-buffer-limit normal 1000 0 0\nclient-output-buffer-limit pubsub 0 500 2\n',
  );
  let nowMs: number;
  let limits: OutputLimits;

  beforeEach(() => {
    nowMs = 5000;
    limits = new OutputLimits(config, {
      now: () => nowMs,
      monotonic: () => nowMs,
      schedule: () => ({ cancel: () => undefined }),
      every: () => ({ cancel: () => undefined }),
    });
  });

  test('a hard limit counts at once, and each class has its own', () => {
    const normal = clientWith(0);
    expect([1000, 1001].map((bytes) => limits.exceeds(normal, bytes))).toEqual([false, true]);
    expect(limits.hardBytes(clientWith(clientFlags.pubsub))).toBe(Infinity);
    // A replica's limit is the replication log's business.
    expect(limits.hardBytes(clientWith(clientFlags.replica))).toBe(Infinity);
    expect(limits.hardBytes(clientWith(clientFlags.needsAuth))).toBe(17 * 1024);
  });

  test('a soft limit counts after its time, also when nothing more is sent', () => {
    let unread = 500;
    const client = clientWith(clientFlags.pubsub, () => unread);
    expect(limits.exceeds(client, unread)).toBe(false);
    nowMs = 7999;
    expect(limits.exceeds(client, unread)).toBe(false);
    expect(limits.overdue()).toEqual([]);
    nowMs = 8000;
    expect(limits.overdue()).toEqual([client]);
    unread = 499;
    expect(limits.overdue()).toEqual([]);
    unread = 500;
    expect(limits.overdue()).toEqual([]);
    expect(limits.exceeds(client, unread)).toBe(false);
  });
});

function clientWith(flags: number, pendingBytes: () => number = () => 0): Client {
  const transport = {
    get pendingBytes() {
      return pendingBytes();
    },
  } as ClientTransport;
  const keyspace = new Keyspace({
    databases: 1,
    random: seededRandom(1),
    onExpired: () => undefined,
  });
  const client = new Client({ id: 1, transport, db: keyspace.databases[0], nowMs: 0 });
  client.flags = flags;
  return client;
}

describe('a server', () => {
  const use = useResources();

  test('of a pipeline with too much to say nothing is said, and what came before is done', async () => {
    const server = await use.server('bundled');
    const [me, other] = [await server.connect(), await server.connect()];
    await me.must('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 100000 0 0');
    await me.must('SET', 'big', 'x'.repeat(10_000));
    const requests = [encodeCommand(['INCR', 'n']), encodeCommand(['GET', 'big'])];
    other.sendRaw(Buffer.concat(Array.from({ length: 15 }, () => requests).flat()));
    expect(await other.readToEnd()).toHaveLength(0);
    // The requests behind the one that was too much are not run.
    expect(Number(await me.must('GET', 'n'))).toBeGreaterThanOrEqual(10);
    expect(Number(await me.must('GET', 'n'))).toBeLessThan(15);
    expect(server.log()).toContain('overcoming of output buffer limits');
  });

  test('a transaction is run to its end', async () => {
    const server = await use.server('bundled');
    const [me, other] = [await server.connect(), await server.connect()];
    await me.must('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 1mb 0 0');
    await me.must('SET', 'big', 'x'.repeat(700_000));
    for (const words of [['MULTI'], ['GET', 'big'], ['GET', 'big'], ['SET', 'k', 'v'], ['EXEC']]) {
      other.send(...words);
    }
    const got = await other.readToEnd();
    expect(got.length).toBeLessThan(100);
    expect(await me.must('GET', 'k')).toBe('v');
  });

  test('a subscriber that does not read is closed, the publisher goes on', async () => {
    const server = await use.server('bundled');
    const [me, other] = [await server.connect(), await server.connect()];
    await me.must('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 200000 0 0');
    await other.must('SUBSCRIBE', 'a');
    other.pause();
    const message = 'x'.repeat(100_000);
    await waitFor(async () => (await me.must('PUBLISH', 'a', message)) === 0, {
      what: 'the subscriber to be closed',
    });
    expect(await me.must('CLIENT', 'LIST')).not.toContain('flags=P');
  });
});
