/** INFO replication and ROLE against what redis-server 7.0.15 printed in the same situations. */
import { describe, expect, it } from 'vitest';
import type { ToyNode } from './support/toy-node.ts';
import { World } from './support/toy-node.ts';

/** Ids are replaced by words, so that the rest can be compared letter by letter. */
function printed(node: ToyNode): string[] {
  const ids = new Map<string, string>([['0'.repeat(40), 'ZEROS']]);
  return node.replication.info().map(([name, value]) => {
    const text = String(value);
    if (!/^[0-9a-f]{40}$/.test(text)) return `${name}:${text}`;
    if (!ids.has(text)) ids.set(text, `ID${ids.size}`);
    return `${name}:${ids.get(text)}`;
  });
}

const backlogOf = (offset: number): string[] => [
  `master_repl_offset:${offset}`,
  'second_repl_offset:-1',
  'repl_backlog_active:1',
  'repl_backlog_size:1048576',
  'repl_backlog_first_byte_offset:1',
  `repl_backlog_histlen:${offset}`,
];

/** A master on 7501, a replica on 7502 and its replica on 7503, after `SET a 2`. */
async function chain(): Promise<{ world: World; master: ToyNode; middle: ToyNode; low: ToyNode }> {
  const world = new World();
  const master = world.node(7501);
  master.set('a', '1');
  const middle = world.node(7502);
  middle.replicaof(7501);
  await world.settle();
  const low = world.node(7503);
  low.replicaof(7502);
  await world.settle();
  master.set('a', '2');
  await world.settle();
  return { world, master, middle, low };
}

describe('INFO replication', () => {
  it('of a master that never had a replica', () => {
    expect(printed(new World().node(7501))).toEqual([
      'role:master',
      'connected_slaves:0',
      'master_failover_state:no-failover',
      'master_replid:ID1',
      'master_replid2:ZEROS',
      'master_repl_offset:0',
      'second_repl_offset:-1',
      'repl_backlog_active:0',
      'repl_backlog_size:1048576',
      'repl_backlog_first_byte_offset:0',
      'repl_backlog_histlen:0',
    ]);
  });

  it('of a master with a replica', async () => {
    const { master } = await chain();
    expect(printed(master)).toEqual([
      'role:master',
      'connected_slaves:1',
      'slave0:ip=127.0.0.1,port=7502,state=online,offset=0,lag=0',
      'master_failover_state:no-failover',
      'master_replid:ID1',
      'master_replid2:ZEROS',
      ...backlogOf(50),
    ]);
  });

  it('of a replica that has replicas', async () => {
    const { middle } = await chain();
    expect(printed(middle)).toEqual([
      'role:slave',
      'master_host:127.0.0.1',
      'master_port:7501',
      'master_link_status:up',
      'master_last_io_seconds_ago:0',
      'master_sync_in_progress:0',
      'slave_read_repl_offset:50',
      'slave_repl_offset:50',
      'slave_priority:100',
      'slave_read_only:1',
      'replica_announced:1',
      'connected_slaves:1',
      'slave0:ip=127.0.0.1,port=7503,state=online,offset=0,lag=0',
      'master_failover_state:no-failover',
      'master_replid:ID1',
      'master_replid2:ZEROS',
      ...backlogOf(50),
    ]);
  });

  it('of a replica whose master is gone', async () => {
    const { world, master, middle } = await chain();
    master.kill();
    await world.settle();
    await world.passSeconds(1);
    expect(printed(middle).slice(0, 12)).toEqual([
      'role:slave',
      'master_host:127.0.0.1',
      'master_port:7501',
      'master_link_status:down',
      'master_last_io_seconds_ago:-1',
      'master_sync_in_progress:0',
      'slave_read_repl_offset:50',
      'slave_repl_offset:50',
      'master_link_down_since_seconds:1',
      'slave_priority:100',
      'slave_read_only:1',
      'replica_announced:1',
    ]);
  });

  it('of a replica that was promoted', async () => {
    const { low } = await chain();
    low.replication.noOne();
    expect(printed(low)).toEqual([
      'role:master',
      'connected_slaves:0',
      'master_failover_state:no-failover',
      'master_replid:ID1',
      'master_replid2:ID2',
      'master_repl_offset:50',
      'second_repl_offset:51',
      ...backlogOf(50).slice(2),
    ]);
  });

  it('of a replica in its full resync, before and after the size is known', async () => {
    const world = new World();
    let send = (_text: string): void => undefined;
    world.network.listen(7598, ({ wire }) => {
      send = (text) => wire.write(Buffer.from(text));
      return { onConnect: () => undefined, onData: () => undefined, onClose: () => undefined };
    });
    const replica = world.node(7503);
    replica.replicaof(7598);
    send(`+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC ${'b'.repeat(40)} 7\r\n`);
    await world.settle();
    expect(printed(replica).slice(3, 14)).toEqual([
      'master_link_status:down',
      'master_last_io_seconds_ago:-1',
      'master_sync_in_progress:1',
      'slave_read_repl_offset:0',
      'slave_repl_offset:0',
      'master_sync_total_bytes:-1',
      'master_sync_read_bytes:0',
      'master_sync_left_bytes:-1',
      'master_sync_perc:-0.00',
      'master_sync_last_io_seconds_ago:0',
      'master_link_down_since_seconds:-1',
    ]);
    send('$1000\r\nREDIS0010abc');
    await world.settle();
    expect(printed(replica).slice(8, 13)).toEqual([
      'master_sync_total_bytes:1000',
      'master_sync_read_bytes:12',
      'master_sync_left_bytes:988',
      'master_sync_perc:1.20',
      'master_sync_last_io_seconds_ago:0',
    ]);
    expect(replica.replication.roleReply()).toEqual(['slave', '127.0.0.1', 7598, 'sync', -1]);
  });
});

describe('ROLE', () => {
  it('of master, replica, and replica without a link', async () => {
    const { world, master, middle } = await chain();
    expect(master.replication.roleReply()).toEqual(['master', 50, [['127.0.0.1', '7502', '0']]]);
    expect(middle.replication.roleReply()).toEqual(['slave', '127.0.0.1', 7501, 'connected', 50]);
    master.kill();
    await world.settle();
    expect(middle.replication.roleReply()).toEqual(['slave', '127.0.0.1', 7501, 'connect', -1]);
    middle.replicaof(9999);
    expect(middle.replication.roleReply()).toEqual(['slave', '127.0.0.1', 9999, 'handshake', -1]);
  });
});
