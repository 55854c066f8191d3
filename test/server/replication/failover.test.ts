/** FAILOVER among toy nodes: who is the master in the end, what it cost, and that nobody is stuck. */
import { describe, expect, it } from 'vitest';
import { World, type ToyNode } from './support/toy-node.ts';

const masterPort = 6379;

async function lab(count: number): Promise<{ world: World; master: ToyNode; replicas: ToyNode[] }> {
  const world = new World();
  const master = world.node(masterPort);
  master.set('before', '1', 2);
  const replicas = Array.from({ length: count }, (_, index) => world.node(masterPort + 1 + index));
  for (const replica of replicas) replica.replicaof(masterPort);
  await world.passSeconds(2);
  return { world, master, replicas };
}

function failover(
  node: ToyNode,
  request: Partial<Parameters<ToyNode['replication']['failover']>[0]> = {},
): string | undefined {
  return node.replication.failover({ target: undefined, force: false, timeoutMs: 0, ...request });
}

function at(node: ToyNode): { host: string; port: number } {
  return { host: '127.0.0.1', port: node.port };
}

function masters(nodes: readonly ToyNode[]): number[] {
  return nodes.filter((node) => node.replication.role === 'master').map((node) => node.port);
}

/** Nothing moves on the link of a replica, until the returned function is called. */
function freeze(world: World, node: ToyNode): () => void {
  const links = world.network.openLinks.filter((link) => link.target.port === masterPort);
  const link = links[node.port - masterPort - 1];
  link.stall();
  return () => link.stall(false);
}

describe('FAILOVER', () => {
  it('hands over without a full resync, within the turn in which the replica answers', async () => {
    const { world, master, replicas } = await lab(2);
    master.set('last', 'write', 1);
    expect(failover(master, { target: at(replicas[1]) })).toBeUndefined();
    expect(master.writesPaused).toBe(true);
    expect(master.info('master_failover_state')).toBe('waiting-for-sync');
    // No second passes: the replica is asked for its offset.
    await world.settle();
    expect(masters([master, ...replicas])).toEqual([replicas[1].port]);
    expect(master.info('master_failover_state')).toBe('no-failover');
    expect(master.writesPaused).toBe(false);
    replicas[1].set('after', '1');
    replicas[0].replicaof(replicas[1].port);
    await world.passSeconds(2);
    expect(replicas[1].replication.counters).toMatchObject({ syncFull: 0, syncPartialOk: 2 });
    for (const node of [master, replicas[0]]) expect(node.digest()).toBe(replicas[1].digest());
  });

  it('takes whichever replica has everything when none is named', async () => {
    const { world, master, replicas } = await lab(2);
    freeze(world, replicas[0]);
    master.set('k', 'v');
    expect(failover(master)).toBeUndefined();
    await world.settle();
    expect(masters([master, ...replicas])).toEqual([replicas[1].port]);
  });

  it('goes back to normal when the replica never catches up', async () => {
    const { world, master, replicas } = await lab(1);
    const thaw = freeze(world, replicas[0]);
    master.set('k', 'v');
    expect(failover(master, { timeoutMs: 1500 })).toBeUndefined();
    await world.passSeconds(1);
    expect(master.info('master_failover_state')).toBe('waiting-for-sync');
    await world.passSeconds(1);
    expect(master.info('master_failover_state')).toBe('no-failover');
    expect(master.logged('never caught up before timeout')).toBe(true);
    expect(master.writesPaused).toBe(false);
    thaw();
    await world.passSeconds(2);
    expect(masters([master, ...replicas])).toEqual([masterPort]);
    expect(master.replication.counters.syncFull).toBe(1);
    expect(replicas[0].digest()).toBe(master.digest());
  });

  it('sends no PING while writers are held back', async () => {
    const { world, master, replicas } = await lab(1);
    freeze(world, replicas[0]);
    master.set('k', 'v');
    failover(master);
    const offset = master.replication.masterReplOffset;
    await world.passSeconds(30);
    master.replication.requestAcks();
    expect(master.replication.masterReplOffset).toBe(offset);
    expect(master.replication.abortFailover()).toBe(true);
    await world.passSeconds(11);
    expect(master.replication.masterReplOffset).toBeGreaterThan(offset);
  });

  it('ends, and leaves a master, when the target refuses the password', async () => {
    const { world, master, replicas } = await lab(1);
    replicas[0].requirepass = 'secret';
    master.settings.masterauth = 'wrong';
    expect(failover(master, { target: at(replicas[0]) })).toBeUndefined();
    await world.passSeconds(3);
    expect(master.logged('Failover target rejected psync request')).toBe(true);
    expect(masters([master, ...replicas])).toEqual([masterPort]);
    expect(master.writesPaused).toBe(false);
    expect(replicas[0].replication.linkState).toBe('connected');
    expect(master.replication.counters.syncFull).toBe(1);
  });

  it('with FORCE asks a silent target, and takes the role back when that stays silent', async () => {
    const { world, master, replicas } = await lab(1);
    freeze(world, replicas[0]);
    master.set('k', 'v');
    expect(
      failover(master, { target: at(replicas[0]), force: true, timeoutMs: 500 }),
    ).toBeUndefined();
    replicas[0].kill();
    await world.passSeconds(1);
    expect(master.logged('time out exceeded, failing over.')).toBe(true);
    expect(master.info('master_failover_state')).toBe('failover-in-progress');
    expect(masters([master])).toEqual([]);
    await world.passSeconds(11);
    expect(masters([master])).toEqual([masterPort]);
    expect(master.info('master_failover_state')).toBe('no-failover');
    expect(master.writesPaused).toBe(false);
  });

  it('refuses targets that are no replicas, and can be aborted once', async () => {
    const { master, replicas } = await lab(1);
    expect(failover(master, { target: { host: '127.0.0.1', port: 1 } })).toBe(
      'ERR FAILOVER target HOST and PORT is not a replica.',
    );
    expect(master.replication.abortFailover()).toBe(false);
    expect(failover(master, { target: at(replicas[0]) })).toBeUndefined();
    expect(master.replication.failoverInProgress).toBe(true);
    expect(master.replication.abortFailover()).toBe(true);
    expect(master.replication.abortFailover()).toBe(false);
  });
});
