/** maxmemory-clients: what is counted, who goes, and that a server obeys. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ClientMemory } from '../../src/server/client-memory.ts';
import { ClientRegistry } from '../../src/server/client-registry.ts';
import { Client, clientFlags, type ClientTransport } from '../../src/server/client.ts';
import { Config } from '../../src/server/config.ts';
import { Keyspace } from '../../src/server/keyspace/keyspace.ts';
import type { Logger } from '../../src/server/log.ts';
import { ServerStats } from '../../src/server/stats.ts';
import { seededRandom } from '../../src/util/random.ts';
import { useResources } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';

const kilobyte = 1024;
const megabyte = 1024 * kilobyte;

describe('ClientMemory', () => {
  let config: Config;
  let clients: ClientRegistry;
  let stats: ServerStats;
  let memory: ClientMemory;
  let unread: Map<Client, number>;

  beforeEach(() => {
    config = Config.fromText('maxmemory-clients 1mb\n');
    clients = new ClientRegistry();
    stats = new ServerStats();
    unread = new Map();
    memory = new ClientMemory({
      config,
      clients,
      stats,
      log: { notice: () => undefined, warning: () => undefined } as unknown as Logger,
      drop: (client) => {
        client.set(clientFlags.closed, true);
        clients.remove(client);
        memory.forget(client);
      },
    });
  });

  const keyspace = new Keyspace({
    databases: 1,
    random: seededRandom(1),
    onExpired: () => undefined,
  });

  /** A client that leaves so much unread. */
  function add(bytes: number, flags = 0): Client {
    const transport = {
      address: 'somewhere',
      get pendingBytes() {
        return unread.get(client) ?? 0;
      },
    } as unknown as ClientTransport;
    const client = new Client({
      id: clients.nextId(),
      transport,
      db: keyspace.databases[0],
      nowMs: 0,
    });
    client.flags = flags;
    unread.set(client, bytes);
    clients.add(client);
    memory.update(client);
    return client;
  }

  const left = (): number[] => clients.all().map(({ id }) => id);

  test('the largest go first, until the rest is within the limit', () => {
    for (const size of [100, 300, 200, 350]) add(size * kilobyte);
    expect(left()).toEqual([1, 2, 3, 4]);
    add(150 * kilobyte);
    expect(left()).toEqual([1, 2, 3, 5]);
    expect(stats.evictedClients).toBe(1);
    config.set([['maxmemory-clients', '300kb']]);
    expect(left()).toEqual([1, 5]);
  });

  test('who may stay counts, but does not go', () => {
    add(900 * kilobyte, clientFlags.noEvict);
    add(50 * kilobyte);
    expect(left()).toEqual([1, 2]);
    add(100 * kilobyte);
    expect(left()).toEqual([1, 2]);
    // A replica's bytes are the replication log's.
    add(10 * megabyte, clientFlags.replica);
    expect(left()).toEqual([1, 2, 4]);
  });

  test('what was sent meanwhile does not count', () => {
    const first = add(900 * kilobyte);
    unread.set(first, 0);
    add(900 * kilobyte);
    expect(left()).toEqual([1, 2]);
  });

  test('a share of maxmemory, and no less than what lets people talk to the server', () => {
    config.set([['maxmemory-clients', '10%']]);
    add(50 * megabyte);
    expect(left()).toEqual([1]);
    config.set([['maxmemory', '600mb']]);
    expect(left()).toEqual([1]);
    config.set([['maxmemory', '400mb']]);
    expect(left()).toEqual([]);
    config.set([['maxmemory-clients', '1']]);
    add(100 * kilobyte);
    expect(left()).toEqual([2]);
  });
});

describe('a server', () => {
  const use = useResources();

  test('counts half requests, queues, watched keys, subscriptions and unread replies', async () => {
    const server = await use.server('bundled');
    const me = await server.connect();
    const totalOf = async (id: number): Promise<number> => {
      const line = (await me.must('CLIENT', 'LIST', 'ID', id)) as string;
      return Number(/tot-mem=(\d+)/.exec(line)?.[1] ?? NaN);
    };
    const grows = async (bytes: number, ...requests: string[][]): Promise<void> => {
      const client = await server.connect();
      const id = Number(await client.must('CLIENT', 'ID'));
      const before = await totalOf(id);
      for (const words of requests) client.send(...words);
      await waitFor(async () => (await totalOf(id)) >= before + bytes, {
        what: () => `${requests[0][0]} to be counted`,
      });
      client.close();
    };
    const long = 'x'.repeat(10_000);
    await grows(10_000, ['MULTI'], ['SET', 'k', long]);
    await grows(10_000, ['WATCH', long]);
    await grows(10_000, ['SUBSCRIBE', long]);
    await grows(10_000, ['PSUBSCRIBE', long]);
    await grows(10_000, ['SSUBSCRIBE', long]);
    const half = await server.connect();
    const id = Number(await half.must('CLIENT', 'ID'));
    half.sendRaw(`*2\r\n$3\r\nGET\r\n$100000\r\n${'x'.repeat(50_000)}`);
    await waitFor(async () =>
      ((await me.must('CLIENT', 'LIST', 'ID', id)) as string).includes(' qbuf=50000 '),
    );
    expect(await totalOf(id)).toBeGreaterThan(100_000);
  });

  test('closes those that hold most, and says so in INFO', async () => {
    const server = await use.server('bundled', { args: ['--maxmemory-clients', '1mb'] });
    const [me, spared, other] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await spared.must('CLIENT', 'NO-EVICT', 'ON');
    const half = `*2\r\n$3\r\nGET\r\n$600000\r\n${'x'.repeat(500_000)}`;
    other.sendRaw(half);
    spared.sendRaw(half);
    await waitFor(() => other.ended, { what: 'the other one to be closed' });
    expect(spared.ended).toBe(false);
    expect(await me.must('PING')).toBe('PONG');
    expect(await server.info('evicted_clients')).toBe('1');
  });
});
