/** What our master answers, word for word as redis-server 7.0.15 did when asked the same. */
import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../src/protocol/resp-encode.ts';
import type { ReplicaConnection } from '../../../src/server/replication/ports.ts';
import type { ToyNode } from './support/toy-node.ts';
import { World } from './support/toy-node.ts';

interface FakeConnection extends ReplicaConnection {
  pendingOutputBytes: number;
  sent: string;
  closedBecause: string | undefined;
  noDelay: boolean | undefined;
}

let nextId = 1;

function connection(): FakeConnection {
  const id = nextId++;
  return {
    id,
    address: `127.0.0.1:${40_000 + id}`,
    ip: '127.0.0.1',
    pendingOutputBytes: 0,
    sent: '',
    closedBecause: undefined,
    noDelay: undefined,
    write(bytes, written) {
      this.sent += Buffer.from(bytes).toString('latin1');
      written?.();
    },
    setNoDelay(enabled) {
      this.noDelay = enabled;
    },
    close(reason) {
      this.closedBecause = reason;
    },
  };
}

function setup(): { world: World; node: ToyNode } {
  const world = new World();
  return { world, node: world.node(6379) };
}

const words = (text: string): string[] => text.split(' ');

describe('REPLCONF', () => {
  it.each([
    ['', '+OK'],
    ['capa', '-ERR syntax error'],
    ['foo bar', '-ERR Unrecognized REPLCONF option: foo'],
    ['listening-port abc', '-ERR value is not an integer or out of range'],
    ['listening-port 70000', '+OK'],
    ['listening-port 6399 capa eof capa psync2 capa foo', '+OK'],
    ['rdb-only 1', '+OK'],
    ['rdb-filter-only functions', '+OK'],
    ['rdb-filter-only foo', '-ERR Unsupported rdb-filter-only option: foo'],
    ['version 8.1.1', '+OK'],
    ['capa rdb-channel-repl capa dual-channel', '+OK'],
    ['rdb-channel 1 main-ch-client-id 7', '+OK'],
    ['ack 5 fack 3', undefined],
    ['ack 5', undefined],
    ['ack x', undefined],
    ['getack *', undefined],
  ])('%s → %s', (args, reply) => {
    const { node } = setup();
    const list = args === '' ? [] : words(args);
    expect(node.replication.handleReplconf(connection(), list)).toBe(reply);
  });
});

describe('PSYNC and SYNC', () => {
  it('answers a wrong offset with an error and a log line', () => {
    const { node } = setup();
    expect(node.replication.handlePsync(connection(), ['?', 'abc'])).toBe(
      '-ERR value is not an integer or out of range',
    );
    expect(node.logged('asks for synchronization but with a wrong offset')).toBe(true);
  });

  it('refuses clients with pending replies, and filters without the eof capability', () => {
    const { node } = setup();
    const busy = connection();
    busy.pendingOutputBytes = 7;
    expect(node.replication.handlePsync(busy, ['?', '-1'])).toBe(
      '-ERR SYNC and PSYNC are invalid with pending output',
    );
    const filtered = connection();
    node.replication.handleReplconf(filtered, ['rdb-filter-only', '']);
    expect(node.replication.handlePsync(filtered, ['?', '-1'])).toBe(
      '-ERR Filtered replica requires EOF capability',
    );
  });

  it('does not take FAILOVER from anybody while it is a master', () => {
    const { node } = setup();
    expect(node.replication.handlePsync(connection(), ['x', '1', 'failover'])).toBe(
      "-ERR PSYNC FAILOVER can't be sent to a master.",
    );
  });

  it('is promoted by PSYNC … FAILOVER of its own master, and serves it', async () => {
    const { world, node } = setup();
    const replica = world.node(6380);
    replica.replicaof(6379);
    await world.settle();
    const { masterReplid, masterReplOffset } = node.replication;
    const wrong = replica.replication.handlePsync(connection(), ['x', '1', 'FAILOVER']);
    expect(wrong).toBe('-ERR PSYNC FAILOVER replid must match my replid.');
    const handingOver = connection();
    replica.replication.handleReplconf(handingOver, ['capa', 'psync2']);
    const args = [masterReplid, String(masterReplOffset + 1), 'FAILOVER'];
    expect(replica.replication.handlePsync(handingOver, args)).toBeUndefined();
    expect(replica.replication.role).toBe('master');
    expect(handingOver.sent).toBe(`+CONTINUE ${replica.replication.masterReplid}\r\n`);
  });

  it('sends $EOF: to replicas that can read it, $<len> to others, no line to SYNC', async () => {
    const { world, node } = setup();
    node.set('a', '1');
    const rdb = JSON.stringify({ streamDb: 0, data: [[['a', '1']], [], [], []] });
    const modern = connection();
    node.replication.handleReplconf(modern, words('listening-port 6400 capa eof capa psync2'));
    expect(node.replication.handlePsync(modern, ['?', '-1'])).toBeUndefined();
    await world.settle();
    const full = `+FULLRESYNC ${node.replication.masterReplid} 0\r\n`;
    const [, mark = ''] = /\$EOF:([0-9a-f]{40})/.exec(modern.sent) ?? [];
    expect(modern.sent).toBe(`${full}$EOF:${mark}\r\n${rdb}${mark}`);
    expect(modern.noDelay).toBe(true);
    const plain = connection();
    node.replication.handlePsync(plain, ['?', '-1']);
    const old = connection();
    node.replication.handleSync(old);
    await world.settle();
    await world.settle();
    expect(plain.sent).toBe(`${full}$${rdb.length}\r\n${rdb}`);
    expect(old.sent).toBe(`$${rdb.length}\r\n${rdb}`);
  });

  it('counts for WAITAOF what a replica has on its disk, and not more than it has at all', async () => {
    const { world, node } = setup();
    const replica = world.node(6380);
    replica.fsyncedReplOffset = 0;
    replica.replicaof(6379);
    await world.settle();
    node.set('a', '1');
    await world.settle();
    await world.passSeconds(1);
    const { masterReplOffset } = node.replication;
    expect(node.replication.countReplicasAt(masterReplOffset)).toBe(1);
    expect(node.replication.countReplicasFsyncedAt(masterReplOffset)).toBe(0);
    replica.fsyncedReplOffset = masterReplOffset - 1;
    await world.passSeconds(1);
    expect(node.replication.countReplicasFsyncedAt(masterReplOffset - 1)).toBe(1);
    replica.fsyncedReplOffset = masterReplOffset + 1000;
    await world.passSeconds(1);
    expect(node.replication.countReplicasFsyncedAt(masterReplOffset)).toBe(1);
    expect(node.replication.countReplicasFsyncedAt(masterReplOffset + 1)).toBe(0);
  });

  it('lets the system gather small packets where repl-disable-tcp-nodelay says so', () => {
    const { node } = setup();
    const replica = connection();
    node.settings.replDisableTcpNodelay = true;
    node.replication.handlePsync(replica, ['?', '-1']);
    expect(replica.noDelay).toBe(false);
  });

  it('starts the stream after an $EOF: transfer with the first ACK only', async () => {
    const { world, node } = setup();
    const replica = connection();
    node.replication.handleReplconf(replica, words('capa eof capa psync2'));
    node.replication.handlePsync(replica, ['?', '-1']);
    await world.settle();
    const { sent } = replica;
    node.set('a', '1');
    await world.settle();
    expect(replica.sent).toBe(sent);
    expect(node.info('slave0')).toBe('ip=127.0.0.1,port=0,state=online,offset=0,lag=0');
    node.replication.handleReplconf(replica, ['ACK', '0']);
    const stream = Buffer.concat([
      encodeCommand(['SELECT', '0']),
      encodeCommand(['SET', 'a', '1']),
    ]);
    expect(replica.sent).toBe(sent + stream.toString());
  });

  it('gives an rdb-only replica its RDB and nothing more', async () => {
    const { world, node } = setup();
    const replica = connection();
    node.replication.handleReplconf(replica, words('rdb-only 1'));
    node.replication.handleSync(replica);
    await world.settle();
    const { sent } = replica;
    node.set('a', '1');
    await world.settle();
    expect(replica.sent).toBe(sent);
    expect(sent).toMatch(/^\$\d+\r\n\{/);
  });

  it('ignores a second PSYNC of the same connection', async () => {
    const { world, node } = setup();
    const replica = connection();
    node.replication.handlePsync(replica, ['?', '-1']);
    await world.settle();
    const { sent } = replica;
    expect(node.replication.handlePsync(replica, ['?', '-1'])).toBeUndefined();
    expect(node.replication.handleSync(replica)).toBeUndefined();
    expect(replica.sent).toBe(sent);
    expect(node.replication.counters.syncFull).toBe(1);
  });

  it('says CONTINUE with the id only to replicas with capa psync2', async () => {
    const { world, node } = setup();
    node.replication.handlePsync(connection(), ['?', '-1']);
    await world.settle();
    const { masterReplid } = node.replication;
    const old = connection();
    node.replication.handlePsync(old, [masterReplid, '1']);
    expect(old.sent).toBe('+CONTINUE\r\n');
    const modern = connection();
    node.replication.handleReplconf(modern, ['capa', 'psync2']);
    node.replication.handlePsync(modern, [masterReplid.toUpperCase(), '1']);
    expect(modern.sent).toBe(`+CONTINUE ${masterReplid}\r\n`);
  });

  it('closes the replica when its saved RDB cannot be read', async () => {
    const { world, node } = setup();
    node.autoSnapshots = false;
    const replica = connection();
    node.replication.handlePsync(replica, ['?', '-1']);
    let closed = 0;
    node.snapshots[0].request.onDone({
      sizeBytes: 10,
      read: () => Promise.reject(new Error('EIO: i/o error')),
      close: () => closed++,
    });
    await world.settle();
    expect(replica.closedBecause).toContain('EIO');
    expect(closed).toBe(1);
    expect(node.replication.replicaCount).toBe(0);
  });
});
