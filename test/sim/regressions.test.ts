/** What the simulator once found, each in the fewest steps that show it. */
import { describe, expect, it, vi } from 'vitest';
import type { RespArg, RespValue } from '../support/resp-value.ts';
import { useResources } from '../support/resources.ts';
import { adminSlot, Cluster } from './cluster.ts';
import { Draw } from './draw.ts';
import { Driver } from './driver.ts';
import { differences, dump } from './fingerprint.ts';
import type { SimNode } from './sim-node.ts';

// As in the simulator's own build.
vi.mock('node:fs', () => import('./memory-fs/node-fs.ts'));
vi.mock('node:fs/promises', () => import('./memory-fs/node-fs-promises.ts'));

const use = useResources();

describe('replication', () => {
  it('does not send again, after a promotion, what came in transactions before it', async () => {
    const { driver, first, second, third, cluster } = await startChain();
    send(first, ['MULTI'], ['SET', 'a', '1'], ['SET', 'b', '1'], ['EXEC'], ['DEL', 'a', 'b']);
    await driver.runFor(500);
    cluster.follow(second, undefined);
    await driver.runFor(3000);
    expect(await ask(driver, second, ['DBSIZE'])).toBe(0);
    expect(await ask(driver, third, ['DBSIZE'])).toBe(0);
    expectEqualData(second, third);
  });

  it('does not make replicas save because their master does', async () => {
    const { driver, first, second } = await startChain();
    send(first, ['SET', 'a', '1'], ['SAVE']);
    await driver.runFor(500);
    const { masterReplOffset } = second.server.context.replication;
    expect(second.server.context.persistence.saves).toBe(0);
    send(first, ['SAVE']);
    await driver.runFor(500);
    expect(first.server.context.replication.masterReplOffset).toBeLessThan(masterReplOffset + 40);
    expect(second.server.context.persistence.saves).toBe(0);
  });

  it('tells replicas that continue of the keys that had expired when the master was loaded', async () => {
    const { driver, cluster, first, second } = await startChain();
    send(first, ['SET', 'gone', '1', 'PX', '1000'], ['SET', 'stays', '1'], ['SAVE']);
    await driver.runFor(300);
    cluster.kill(first);
    await driver.runFor(5000);
    cluster.boot(first, undefined);
    await driver.runFor(5000);
    expect(first.server.context.replication.counters).toMatchObject({
      syncFull: 0,
      syncPartialOk: 1,
    });
    expectEqualData(first, second);
    expect(await ask(driver, second, ['DBSIZE'])).toBe(1);
  });

  it.for([
    ['in a pipeline', []],
    ['in a transaction', [['MULTI']]],
  ] as const)(
    'has a write in its history that came right before REPLICAOF, %s',
    async ([, before]) => {
      const { driver, cluster, first, second } = await startChain();
      cluster.network.stall(first.port, second.port);
      const client = first.client(adminSlot);
      const requests = [...before, ['SET', 'last', '1'], ['REPLICAOF', '127.0.0.1', second.port]];
      const after = before.length > 0 ? [['EXEC']] : [];
      client.feed(Buffer.concat([...requests, ...after].map((words) => client.encode(words))));
      first.upstream = second.port;
      cluster.follow(second, undefined);
      await driver.runFor(100);
      cluster.network.unstall(first.port, second.port);
      await driver.runFor(5000);
      expectEqualData(first, second);
    },
  );

  it('WAIT does not count a replica that is still loading', async () => {
    const { driver, cluster, first, second } = await start([undefined, undefined]);
    send(first, ['SET', 'a', '1']);
    cluster.follow(second, first.port);
    while (!isOnline(first)) await driver.runFor(0.5);
    second.freeze(5000);
    expect(await ask(driver, first, ['WAIT', '1', '100'])).toBe(0);
  });
});

describe('files', () => {
  it('do not take an emptied data set for that of the offset before FLUSHALL', async () => {
    const { driver, cluster, first, second } = await startChain(['save 900 1']);
    send(first, ['SET', 'a', '1']);
    await driver.runFor(500);
    cluster.network.stall(first.port, second.port);
    send(first, ['FLUSHALL']);
    cluster.kill(first);
    cluster.network.unstall(first.port, second.port);
    cluster.boot(first, undefined);
    await driver.runFor(5000);
    expectEqualData(first, second);
  });

  it('a full sync loads what was received, also when a last save takes its place', async () => {
    const settings = ['save 900 1', 'repl-diskless-sync no', 'repl-diskless-load disabled'];
    let looks = 0;
    for (let delayMs = 0; delayMs < 40; delayMs++) {
      const { driver, cluster, first, second } = await start([undefined, undefined], settings);
      send(first, ['SET', 'a', '1']);
      cluster.follow(second, first.port);
      await driver.runFor(30 + delayMs);
      send(second, ['SHUTDOWN', 'SAVE', 'NOW']);
      for (let left = 100; left > 0 && second.running; left--) {
        await driver.runFor(1);
        if (!second.running || !isInHistoryOf(first, second)) continue;
        expectEqualData(first, second);
        looks++;
      }
      driver.close();
    }
    expect(looks).toBeGreaterThan(0);
  });

  it('are all there when one full sync has followed another', async () => {
    for (let delayMs = 5; delayMs < 80; delayMs += 5) {
      const { driver, cluster, first, second, third } = await start(
        [undefined, undefined, undefined],
        ['appendonly yes'],
      );
      for (const master of [first, third]) {
        send(master, ['SET', 'from', master.name]);
        cluster.follow(second, master.port);
        await driver.runFor(delayMs);
      }
      await driver.runFor(1000);
      cluster.kill(second);
      cluster.boot(second, undefined);
      await driver.runFor(200);
      expect(await ask(driver, second, ['GET', 'from'])).toBe(third.name);
      driver.close();
    }
  });

  it('tell replicas that continue of what expired while an append-only file was read', async () => {
    const { driver, cluster, first, second } = await startChain(['appendonly yes']);
    send(first, ['MSET', 'a', '1', 'b', '1'], ['PEXPIRE', 'a', '300'], ['PEXPIRE', 'b', '300']);
    await driver.runFor(100);
    send(first, ['SHUTDOWN', 'SAVE']);
    await driver.runFor(1000);
    expect(first.running).toBe(false);
    cluster.boot(first, undefined);
    await driver.runFor(3000);
    expect(first.server.context.replication.counters.syncFull).toBe(0);
    expectEqualData(first, second);
  });

  it('do not hold one half of a transaction: RDB', async () => {
    const { driver, cluster, first, second } = await startChain();
    send(first, ['MULTI'], ['INCR', 'a'], ['BGSAVE'], ['INCR', 'a']);
    expect(await ask(driver, first, ['EXEC'])).toEqual([1, 'Background saving scheduled', 2]);
    await driver.runFor(500);
    cluster.kill(first);
    cluster.follow(second, undefined);
    cluster.boot(first, second.port);
    await driver.runFor(5000);
    expect(await ask(driver, first, ['GET', 'a'])).toBe('2');
    expectEqualData(first, second);
  });

  it('do not hold one half of a transaction: AOF', async () => {
    const { driver, cluster, first } = await startChain(['appendonly yes']);
    send(first, ['MULTI'], ['INCR', 'a'], ['BGREWRITEAOF'], ['INCR', 'a']);
    expect(await ask(driver, first, ['EXEC'])).toEqual([
      1,
      'Background append only file rewriting scheduled',
      2,
    ]);
    await driver.runFor(500);
    cluster.kill(first);
    cluster.boot(first, undefined);
    await driver.runFor(500);
    expect(await ask(driver, first, ['GET', 'a'])).toBe('2');
  });
});

interface Started {
  readonly driver: Driver;
  readonly cluster: Cluster;
  readonly first: SimNode;
  readonly second: SimNode;
  readonly third: SimNode;
}

function startChain(settings: readonly string[] = []): Promise<Started> {
  return start([undefined, 0, 1], settings);
}

/** Nodes by the index of their upstream, up and in step. */
async function start(
  upstreams: readonly (number | undefined)[],
  own: readonly string[] = [],
): Promise<Started> {
  const firstPort = 7001;
  const scenario = {
    seed: 0,
    nodes: upstreams.map((upstream, index) => ({
      port: firstPort + index,
      upstream: upstream === undefined ? undefined : firstPort + upstream,
      settings: [
        'save ""',
        'repl-diskless-sync-delay 0',
        'repl-diskless-load swapdb',
        'repl-timeout 20',
        ...own,
      ],
      skewMs: 0,
      clockCostMs: 0,
      diskLatencyMs: 10,
    })),
    network: { minLatencyMs: 1, maxLatencyMs: 2, maxPieceBytes: Infinity, kernelBytes: 65536 },
    populate: 0,
    phases: [],
    bootSpreadMs: 0,
    idleMs: 0,
    maxFaultMs: 0,
    maxDownMs: 0,
    usesDisk: false,
  };
  const cluster = new Cluster(scenario, new Draw(1), { keepAll: true });
  const driver = await use.add(new Driver(cluster));
  for (const node of cluster.nodes) cluster.boot(node, node.upstream);
  await driver.runFor(5000);
  const [first, second, third] = cluster.nodes;
  return { driver, cluster, first, second, third };
}

function send(node: SimNode, ...requests: readonly (readonly RespArg[])[]): void {
  for (const words of requests) node.client(adminSlot).send(words);
}

async function ask(driver: Driver, node: SimNode, words: readonly RespArg[]): Promise<RespValue> {
  const replies: RespValue[] = [];
  node.client(adminSlot).send(words, (reply) => replies.push(reply));
  for (let tries = 0; tries < 100 && replies.length === 0; tries++) await driver.runFor(10);
  return replies[0];
}

function isInHistoryOf(master: SimNode, replica: SimNode): boolean {
  const [above, below] = [master, replica].map(({ server }) => server.context.replication);
  return below.role === 'replica' && below.masterReplid === above.masterReplid;
}

/** It took the whole RDB, as far as the master can know. */
function isOnline(master: SimNode): boolean {
  const line = new Map(master.server.context.replication.info()).get('slave0');
  return String(line).includes('state=online');
}

function expectEqualData(a: SimNode, b: SimNode): void {
  const [one, two] = [a, b].map(({ server }) => dump(server.context.keyspace));
  expect(differences(one, two)).toEqual([]);
}
