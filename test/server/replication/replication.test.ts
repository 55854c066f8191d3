/** Several nodes in one process, joined by a network in memory: whole stories, no socket, no sleep. */
import { describe, expect, it } from 'vitest';
import { expectWholeBacklog } from './support/backlog.ts';
import type { Settings, ToyNode } from './support/toy-node.ts';
import { World } from './support/toy-node.ts';

const masterPort = 6379;

/** A master and `count` replicas, linked and at rest. */
async function lab(
  count: number,
  settings: Partial<Settings> = {},
  options: ConstructorParameters<typeof World>[0] = {},
): Promise<{ world: World; master: ToyNode; replicas: ToyNode[] }> {
  const world = new World(options);
  const master = world.node(masterPort, settings);
  master.set('before', '1', 2);
  const replicas: ToyNode[] = [];
  for (let index = 1; index <= count; index++) {
    const replica = world.node(masterPort + index, settings);
    replica.replicaof(masterPort);
    replicas.push(replica);
  }
  await world.passSeconds(1);
  return { world, master, replicas };
}

function cutLinksTo(world: World, port: number): void {
  for (const link of world.network.openLinks) if (link.target.port === port) link.cut();
}

function expectInStep(...nodes: ToyNode[]): void {
  const [first, ...others] = nodes;
  for (const node of others) {
    expect(node.digest()).toBe(first.digest());
    expect(node.replication.masterReplOffset).toBe(first.replication.masterReplOffset);
    expect(node.replication.masterReplid).toBe(first.replication.masterReplid);
  }
}

describe('full resync', () => {
  it('brings data and then the stream, SELECT included', async () => {
    const { world, master, replicas } = await lab(2);
    expect(replicas[0].data[2].get('before')).toBe('1');
    master.set('a', '1');
    master.set('b', '2', 1);
    await world.settle();
    expect(replicas[1].data[1].get('b')).toBe('2');
    expectInStep(master, ...replicas);
    expect(master.replication.counters).toEqual({
      syncFull: 2,
      syncPartialOk: 0,
      // Both named the history of their own, as Redis does.
      syncPartialErr: 2,
    });
  });

  it('asks PSYNC ? -1 when the master stands in the configuration', async () => {
    const world = new World();
    const master = world.node(masterPort);
    const replica = world.node(6380);
    replica.replication.replicaof({ host: '127.0.0.1', port: masterPort }, { atStart: true });
    await world.settle();
    expect(replica.replication.linkState).toBe('connected');
    expect(master.replication.counters.syncPartialErr).toBe(0);
    expect(master.logged('it has no history to continue')).toBe(true);
  });

  it('begins a history of its own with the first replica only', async () => {
    const world = new World();
    const master = world.node(masterPort);
    const initial = master.replication.masterReplid;
    master.set('a', '1');
    expect(master.replication.masterReplOffset).toBe(0);
    world.node(6380).replicaof(masterPort);
    await world.settle();
    const withReplica = master.replication.masterReplid;
    expect(withReplica).not.toBe(initial);
    world.node(6381).replicaof(masterPort);
    await world.settle();
    expect(master.replication.masterReplid).toBe(withReplica);
  });

  it('sends what is written while the snapshot runs after it', async () => {
    const world = new World();
    const master = world.node(masterPort);
    master.autoSnapshots = false;
    const replica = world.node(6380);
    replica.replicaof(masterPort);
    await world.settle();
    expect(master.info('slave0')).toContain('state=wait_bgsave');
    master.set('during', '1', 3);
    expect(replica.replication.linkState).toBe('transfer');
    master.snapshots[0].finish();
    await world.settle();
    expect(replica.data[3].get('during')).toBe('1');
    expectInStep(master, replica);
    expect(master.info('slave0')).toContain('state=online');
  });

  it('shares one snapshot among replicas that come within the delay', async () => {
    const { world, master } = await lab(0, { replDisklessSyncDelaySec: 5 });
    master.autoSnapshots = false;
    for (const port of [6380, 6381, 6382]) world.node(port).replicaof(masterPort);
    await world.settle();
    await world.passSeconds(4);
    expect(master.snapshots).toHaveLength(0);
    await world.passSeconds(1);
    expect(master.snapshots).toHaveLength(1);
    master.snapshots[0].finish();
    await world.settle();
    expectInStep(...world.nodes.values());
  });

  it('starts early once enough replicas wait', async () => {
    const { world, master } = await lab(0, {
      replDisklessSyncDelaySec: 50,
      replDisklessSyncMaxReplicas: 2,
    });
    world.node(6380).replicaof(masterPort);
    await world.settle();
    expect(master.snapshots).toHaveLength(0);
    world.node(6381).replicaof(masterPort);
    await world.settle();
    expectInStep(...world.nodes.values());
  });

  it.each([
    ['disk', false, 0],
    ['streamed', true, 1],
  ])('lets a late replica share a %s snapshot: not a streamed one', async (_, diskless, more) => {
    const { world, master } = await lab(0, { replDisklessSync: diskless });
    master.autoSnapshots = false;
    world.node(6380).replicaof(masterPort);
    await world.settle();
    master.set('between', '1');
    world.node(6381).replicaof(masterPort);
    await world.settle();
    const waits = master.replication.info().filter(([, value]) => /wait_bgsave/.test(`${value}`));
    expect(waits).toHaveLength(2);
    const snapshot = master.snapshots[0];
    snapshot.finish();
    await world.settle();
    expect(master.snapshots).toHaveLength(more);
    master.snapshots[0]?.finish();
    await world.settle();
    expect(snapshot.fileClosed).toBe(!diskless);
    expectInStep(...world.nodes.values());
  });

  it('takes no new snapshot while the server says it is busy, and tries again', async () => {
    const { world, master } = await lab(0);
    master.snapshotsBusy = 'a background save is running';
    const replica = world.node(6380);
    replica.replicaof(masterPort);
    await world.passSeconds(2);
    expect(master.logged('has to wait: a background save is running')).toBe(true);
    expect(replica.replication.linkState).toBe('receive-psync-reply');
    master.snapshotsBusy = undefined;
    await world.passSeconds(1);
    expectInStep(master, replica);
  });

  it('drops its replicas when the snapshot fails; they come back', async () => {
    const { world, master } = await lab(0);
    master.autoSnapshots = false;
    const replica = world.node(6380);
    replica.replicaof(masterPort);
    await world.settle();
    master.snapshots[0].request.onFailed('no space left on device');
    await world.settle();
    expect(master.logged('no space left on device')).toBe(true);
    expect(master.replication.replicaCount).toBe(0);
    master.autoSnapshots = true;
    await world.passSeconds(1);
    expectInStep(master, replica);
  });

  it('aborts the snapshot when the last replica for it is gone', async () => {
    const { world, master } = await lab(0, { replDisklessSync: false });
    master.autoSnapshots = false;
    for (const port of [6380, 6381]) world.node(port).replicaof(masterPort);
    await world.settle();
    const [snapshot] = master.snapshots;
    world.nodes.get(6380)?.kill();
    await world.settle();
    expect(snapshot.aborted).toBeUndefined();
    world.nodes.get(6381)?.replication.noOne();
    await world.settle();
    expect(snapshot.aborted).toBe('no replica waits for it any more');
    expect(master.info('connected_slaves')).toBe(0);
  });

  it('drops a replica that reads nothing of the RDB, and finishes the others', async () => {
    const { world, master } = await lab(0, {
      replTimeoutSec: 5,
      replPingReplicaPeriodSec: 1,
      replDisklessSyncDelaySec: 1,
    });
    master.autoSnapshots = false;
    for (const port of [6380, 6381]) world.node(port, master.settings).replicaof(masterPort);
    await world.passSeconds(2);
    world.network.openLinks[0].toConnector.stalled = true;
    master.snapshots[0].finish();
    await world.passSeconds(7);
    expect(master.logged('Disconnecting timedout replica (full sync)')).toBe(true);
    expectInStep(master, world.nodes.get(6381)!);
  });

  it('keeps waiting replicas alive with empty lines', async () => {
    const { world, master } = await lab(0, { replTimeoutSec: 3, replDisklessSync: false });
    master.autoSnapshots = false;
    const replica = world.node(6380, { replTimeoutSec: 3 });
    replica.replicaof(masterPort);
    await world.passSeconds(20);
    expect(replica.replication.linkState).toBe('transfer');
    master.snapshots[0].finish();
    await world.settle();
    expectInStep(master, replica);
  });

  it('stops the snapshot while a replica has too much unread, and resumes it', async () => {
    const { world, master } = await lab(0);
    master.autoSnapshots = false;
    world.node(6380).replicaof(masterPort);
    await world.settle();
    const [{ request, resumed }] = master.snapshots;
    expect(resumed).toBe(0);
    let released = 0;
    const chunk = new Uint8Array(3 * 1024 * 1024);
    world.network.links[0].stall();
    const goesOn = [1, 2, 3].map(() => request.onChunk(chunk, () => released++));
    expect(goesOn).toEqual([true, true, false]);
    expect(released).toBe(0);
    world.network.links[0].stall(false);
    await world.settle();
    expect(released).toBe(3);
    expect(master.snapshots[0].resumed).toBe(1);
  });

  it('replaces data that the replica had', async () => {
    const { world, master } = await lab(0);
    const replica = world.node(6380);
    replica.set('mine', '1');
    replica.replicaof(masterPort);
    await world.settle();
    expect(replica.data[0].has('mine')).toBe(false);
    expectInStep(master, replica);
  });
});

describe('partial resync', () => {
  it('sends just the missing bytes after a short break', async () => {
    const { world, master, replicas } = await lab(2);
    for (let round = 0; round < 5; round++) {
      cutLinksTo(world, masterPort);
      master.set(`key${round}`, 'x', round % 4);
      await world.passSeconds(2);
    }
    expectInStep(master, ...replicas);
    expect(master.replication.counters).toMatchObject({ syncFull: 2, syncPartialOk: 10 });
  });

  it('reconnects at once after a break of a link that was up for a while', async () => {
    const { world, replicas } = await lab(1);
    await world.passSeconds(2);
    cutLinksTo(world, masterPort);
    await world.settle();
    expect(replicas[0].replication.linkState).toBe('connected');
  });

  it('gives way to a full one, with the reason, when the backlog is too short', async () => {
    const { world, master, replicas } = await lab(1, { replBacklogSize: 16 * 1024 });
    const [link] = world.network.openLinks;
    link.stall();
    for (let index = 0; index < 100; index++) master.set(`k${index}`, 'x'.repeat(1000));
    await world.settle();
    link.cut();
    await world.passSeconds(2);
    // The slow cursor had kept the bytes; without it they are gone.
    expect(master.replication.counters).toMatchObject({ syncFull: 2, syncPartialOk: 0 });
    expect(master.logged('repl-backlog-size of')).toBe(true);
    expectInStep(master, ...replicas);
  });

  it('asks again from the last whole command, and from the MULTI of an open transaction', async () => {
    const { world, master, replicas } = await lab(1);
    const bytes = Buffer.from(
      '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\n$4\r\nEXEC\r\n',
    );
    await world.passSeconds(2);
    const before = master.replication.masterReplOffset;
    for (let cutAt = 1; cutAt < bytes.length; cutAt += 7) {
      const offset = master.replication.masterReplOffset;
      master.replication.feed(2, bytes, 0, cutAt);
      await world.settle();
      expect(replicas[0].replication.masterReplOffset).toBeLessThanOrEqual(offset + 23);
      cutLinksTo(world, masterPort);
      master.replication.feed(2, bytes, cutAt, bytes.length);
      await world.passSeconds(2);
      expect(replicas[0].replication.masterReplOffset).toBe(master.replication.masterReplOffset);
    }
    expect(replicas[0].data[2].get('a')).toBe('1');
    expect(master.replication.masterReplOffset).toBeGreaterThan(before);
    expect(master.replication.counters.syncFull).toBe(1);
  });

  it('is no longer possible after repl-backlog-ttl without replicas', async () => {
    const { world, master, replicas } = await lab(1, { replBacklogTtlSec: 3 });
    const replid = master.replication.masterReplid;
    const offset = master.replication.masterReplOffset;
    replicas[0].kill();
    await world.passSeconds(5);
    expect(master.info('repl_backlog_active')).toBe(0);
    expect(master.replication.masterReplid).not.toBe(replid);
    expect(master.replication.masterReplOffset).toBe(offset);
    expect(master.logged('Replication backlog freed after 4 seconds')).toBe(true);
  });

  it('continues a history that was restored from an RDB, on either side', async () => {
    const world = new World();
    const saved = { replId: 'e'.repeat(40), replOffset: 500, replStreamDb: 2 };
    const master = world.node(masterPort);
    master.replication.restore(saved, { asReplica: false });
    const replica = world.node(6380);
    replica.replication.restore(saved, { asReplica: true });
    replica.replication.replicaof({ host: '127.0.0.1', port: masterPort }, { atStart: true });
    await world.settle();
    master.set('a', '1', 2);
    await world.settle();
    expect(master.replication.counters).toMatchObject({ syncFull: 0, syncPartialOk: 1 });
    expect(replica.data[2].get('a')).toBe('1');
    expect(replica.info('master_replid2')).toBe('e'.repeat(40));
    expect(replica.replication.masterReplOffset).toBe(master.replication.masterReplOffset);
    expect(replica.replication.masterReplid).toBe(master.replication.masterReplid);
  });
});

describe('chains and changes of role', () => {
  async function chain(): Promise<{ world: World; top: ToyNode; middle: ToyNode; low: ToyNode }> {
    const { world, master: top, replicas } = await lab(1);
    const low = world.node(6381);
    low.replicaof(6380);
    await world.passSeconds(1);
    top.set('a', '1', 1);
    await world.settle();
    return { world, top, middle: replicas[0], low };
  }

  it('forwards the same bytes with the same offsets', async () => {
    const { world, top, middle, low } = await chain();
    expectInStep(top, middle, low);
    top.set('b', 'x'.repeat(200_000), 2);
    await world.settle();
    expectInStep(top, middle, low);
    expect(middle.info('connected_slaves')).toBe(1);
  });

  it('knows the selected database after a full resync from a replica', async () => {
    const { world, top, middle } = await chain();
    const late = world.node(6382);
    late.replicaof(6380);
    await world.settle();
    // No SELECT is said again: the stream is still in database 1.
    top.set('c', '3', 1);
    await world.settle();
    expect(late.data[1].get('c')).toBe('3');
    expectInStep(top, middle, late);
  });

  it('serves nobody while its own link is down', async () => {
    const { world, middle } = await chain();
    world.nodes.get(masterPort)?.kill();
    await world.settle();
    const late = world.node(6382);
    late.replicaof(6380);
    await world.passSeconds(1);
    expect(late.logged("-NOMASTERLINK Can't SYNC while not connected with my master")).toBe(true);
    middle.replication.noOne();
    await world.passSeconds(2);
    expectInStep(middle, late);
  });

  it('lets replicas of a promoted node continue, at every depth', async () => {
    const { world, top, middle, low } = await chain();
    const lowest = world.node(6382);
    lowest.replicaof(6381);
    await world.settle();
    const former = top.replication.masterReplid;
    middle.replication.noOne();
    middle.set('after', '1', 1);
    await world.passSeconds(3);
    expectInStep(middle, low, lowest);
    expect(middle.info('master_replid2')).toBe(former);
    expect(lowest.info('master_replid2')).toBe(former);
    for (const node of [middle, low]) {
      expect(node.replication.counters.syncFull).toBe(1);
      expect(node.replication.counters.syncPartialOk).toBe(1);
    }
  });

  it('lets the former master and its other replicas follow the promoted one', async () => {
    const { world, master, replicas } = await lab(2);
    const [promoted, sibling] = replicas;
    await world.passSeconds(1);
    promoted.replication.noOne();
    promoted.set('new', '1');
    sibling.replicaof(promoted.port);
    master.replicaof(promoted.port);
    await world.passSeconds(2);
    expectInStep(promoted, sibling, master);
    expect(promoted.replication.counters).toMatchObject({ syncFull: 0, syncPartialOk: 2 });
  });

  it('refuses to continue a former master that went on writing', async () => {
    const { world, master, replicas } = await lab(1);
    const [promoted] = replicas;
    promoted.replication.noOne();
    await world.settle();
    master.replication.feed(0, Buffer.from('*1\r\n$4\r\nPING\r\n'), 0, 14);
    master.replicaof(promoted.port);
    await world.passSeconds(2);
    expect(promoted.replication.counters).toMatchObject({ syncFull: 1, syncPartialErr: 1 });
    expect(promoted.logged('beyond the point where we left it')).toBe(true);
    expectInStep(promoted, master);
  });

  it('keeps its data and role when the master dies, and resumes by itself', async () => {
    const { world, master, replicas } = await lab(2);
    const digest = master.digest();
    master.kill();
    await world.settle();
    await world.passSeconds(3);
    for (const replica of replicas) {
      expect(replica.digest()).toBe(digest);
      expect(replica.replication.role).toBe('replica');
      expect(replica.info('master_link_status')).toBe('down');
      expect(replica.info('master_link_down_since_seconds')).toBe(3);
    }
    const again = world.node(masterPort);
    again.data = master.data;
    await world.passSeconds(1);
    expectInStep(again, ...replicas);
  });

  it('does nothing when it is told to follow the master that it follows', async () => {
    const { world, replicas, master } = await lab(1);
    expect(replicas[0].replication.replicaof({ host: '127.0.0.1', port: masterPort })).toBe(
      'already-connected',
    );
    await world.settle();
    expect(master.replication.counters.syncFull).toBe(1);
  });

  it('switches masters in the middle of a transfer without mixing them', async () => {
    const { world, master } = await lab(0);
    master.autoSnapshots = false;
    const other = world.node(7000);
    other.set('other', '1', 3);
    const replica = world.node(6380);
    replica.replicaof(masterPort);
    await world.settle();
    master.snapshots[0].request.onChunk(Buffer.from('{"streamDb":0,'));
    await world.settle();
    replica.replicaof(7000);
    await world.passSeconds(1);
    expectInStep(other, replica);
    expect(replica.logged('loader aborted: another master was set')).toBe(true);
  });

  it('does not replicate what is fed while it is a replica', async () => {
    const { world, master, replicas } = await lab(1);
    const offset = replicas[0].replication.masterReplOffset;
    replicas[0].set('local', '1');
    await world.settle();
    expect(replicas[0].replication.masterReplOffset).toBe(offset);
    expect(master.replication.masterReplOffset).toBe(offset);
  });
});

describe('replicas under watch', () => {
  it('drops one that falls behind the hard limit, and lets it come back', async () => {
    const { world, master, replicas } = await lab(2, {
      replBacklogSize: 16 * 1024,
      replicaOutputBufferLimit: { hardLimitBytes: 100_000, softLimitBytes: 0, softLimitSec: 0 },
    });
    world.network.openLinks[0].toConnector.stalled = true;
    for (let index = 0; index < 30; index++) {
      master.set(`k${index}`, 'x'.repeat(10_000));
      await world.settle();
    }
    expect(master.logged('hard limit 100000')).toBe(true);
    expect(master.replication.replicaCount).toBe(1);
    world.network.links[0].stall(false);
    await world.passSeconds(2);
    expectInStep(master, ...replicas);
    expect(master.replication.counters.syncFull).toBe(3);
    expect(master.logged('repl-backlog-size of')).toBe(true);
  });

  it('drops one that stays behind the soft limit for its seconds', async () => {
    const { world, master } = await lab(1, {
      replBacklogSize: 16 * 1024,
      replicaOutputBufferLimit: { hardLimitBytes: 0, softLimitBytes: 50_000, softLimitSec: 3 },
    });
    world.network.openLinks[0].toConnector.stalled = true;
    master.set('a', 'x'.repeat(60_000));
    await world.settle();
    await world.passSeconds(3);
    expect(master.replication.replicaCount).toBe(1);
    await world.passSeconds(1);
    expect(master.logged('over the soft limit 50000')).toBe(true);
  });

  it('does not count a limit below the backlog size', async () => {
    const { world, master } = await lab(1, {
      replicaOutputBufferLimit: { hardLimitBytes: 100, softLimitBytes: 0, softLimitSec: 0 },
    });
    world.network.openLinks[0].toConnector.stalled = true;
    master.set('a', 'x'.repeat(1_000_000));
    await world.settle();
    expect(master.replication.replicaCount).toBe(1);
  });

  it('drops one that sends no ACK for repl-timeout seconds', async () => {
    const { world, master } = await lab(1, { replTimeoutSec: 5 });
    world.network.openLinks[0].toAcceptor.stalled = true;
    await world.passSeconds(7);
    expect(master.logged('Disconnecting timedout replica (streaming sync)')).toBe(true);
  });

  it('keeps one memory of the stream for many slow replicas', async () => {
    const { world, master } = await lab(20);
    for (const link of world.network.openLinks) link.toConnector.stalled = true;
    for (let index = 0; index < 50; index++) master.set(`k${index}`, 'x'.repeat(100_000));
    await world.settle();
    expect(master.replication.backlogMemoryBytes).toBeLessThan(6_000_000);
  });

  it('pings every repl-ping-replica-period seconds, and INFO counts true lag', async () => {
    const { world, master, replicas } = await lab(1, { replPingReplicaPeriodSec: 4 });
    const offset = master.replication.masterReplOffset;
    await world.passSeconds(8);
    expect(master.replication.masterReplOffset - offset).toBe(28);
    expect(replicas[0].replication.masterReplOffset).toBe(master.replication.masterReplOffset);
    world.network.openLinks[0].toAcceptor.stalled = true;
    await world.passSeconds(3);
    expect(master.info('slave0')).toContain('lag=3');
  });

  it('counts good replicas for min-replicas-to-write', async () => {
    const { world, master } = await lab(2, { minReplicasToWrite: 1, minReplicasMaxLagSec: 2 });
    await world.passSeconds(1);
    expect(master.replication.goodReplicas).toBe(2);
    expect(master.info('min_slaves_good_slaves')).toBe(2);
    world.network.openLinks[0].toAcceptor.stalled = true;
    await world.passSeconds(4);
    expect(master.replication.goodReplicas).toBe(1);
  });

  it('answers WAIT: acks come at once when asked for, also of the bytes before the question', async () => {
    const { world, master } = await lab(2);
    master.set('a', '1');
    const target = master.replication.masterReplOffset;
    expect(master.replication.countReplicasAt(target)).toBe(0);
    const { acks } = master;
    master.replication.requestAcks();
    await world.settle();
    expect(master.replication.countReplicasAt(target)).toBe(2);
    expect(master.acks).toBe(acks + 2);
  });

  it('follows repl-backlog-size at runtime', async () => {
    const { world, master } = await lab(1);
    for (let index = 0; index < 20; index++) master.set(`k${index}`, 'x'.repeat(100_000));
    await world.settle();
    master.settings.replBacklogSize = 50_000;
    master.replication.backlogSizeChanged();
    expect(master.info('repl_backlog_size')).toBe(50_000);
    expect(master.info('repl_backlog_histlen')).toBeLessThan(200_000);
  });

  it('asks for a password and gets it', async () => {
    const world = new World();
    const master = world.node(masterPort);
    master.requirepass = 'secret';
    const without = world.node(6380);
    const withPassword = world.node(6381, { masterauth: 'secret' });
    for (const node of [without, withPassword]) node.replicaof(masterPort);
    await world.passSeconds(2);
    expect(withPassword.replication.linkState).toBe('connected');
    expect(without.logged('masterauth is not set but the master asks for a password')).toBe(true);
  });
});

/** Cuts, stalls, half-delivered bytes, promotions and moves, as `seed` has it; then peace. */
async function disorder(seed: number): Promise<{ master: ToyNode; nodes: ToyNode[] }> {
  const world = new World({ seed, pieces: true });
  const nodes = [6379, 6380, 6381, 6382].map((port) =>
    world.node(port, { replBacklogSize: 2000, replDisklessSync: seed % 2 === 0 }),
  );
  const pick = (below: number): number => world.random.uint32() % below;
  let master = nodes[0];
  /** A random tree below `master`. */
  const plant = (): void => {
    const placed = [master];
    for (const node of nodes) {
      if (node === master) continue;
      node.replicaof(placed[pick(placed.length)].port);
      placed.push(node);
    }
  };
  const events: (() => void | Promise<void>)[] = [
    () => world.network.openLinks.at(pick(8))?.cut(),
    () => world.network.openLinks.at(pick(8))?.stall(pick(2) === 0),
    () => world.passSeconds(1),
    () => {
      if (pick(3) > 0) return;
      master = nodes[pick(nodes.length)];
      master.replication.noOne();
      plant();
    },
  ];
  plant();
  for (let round = 0; round < 60; round++) {
    const event = events[pick(8)];
    if (event === undefined) master.set(`key${pick(20)}`, 'v'.repeat(pick(500)), pick(4));
    else await event();
    for (let step = pick(30); step > 0; step--) world.network.step();
    for (const node of nodes) expectWholeBacklog(node);
  }
  for (const link of world.network.links) link.stall(false);
  await world.passSeconds(5);
  return { master, nodes };
}

describe('any disorder', () => {
  it.each(Array.from({ length: 60 }, (_, index) => index + 1))(
    'seed %i converges',
    async (seed) => {
      const { master, nodes } = await disorder(seed);
      for (const node of nodes) {
        const expected = node === master ? 'none' : 'connected';
        expect(node.replication.linkState).toBe(expected);
      }
      expectInStep(master, ...nodes);
    },
  );
});
