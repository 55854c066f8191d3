/**
 * A link that fails at every single byte of a conversation, both ways: in each word of the
 * handshake, in FULLRESYNC, in the RDB's preamble, in the RDB, in the mark, in the stream. Whatever
 * the byte, the replica says why the link ended, tries again every second, and has the master's data
 * in the end; and neither side believes what is not so.
 */
import { describe, expect, it } from 'vitest';
import { expectWholeBacklog } from './support/backlog.ts';
import { type Relay, type RelayOptions, startRelay } from './support/relay.ts';
import { type ToyNode, World } from './support/toy-node.ts';

const masterPort = 6379;
const relayPort = 7000;
const replicaPort = 6380;
const timeoutSec = 2;

interface Outcome {
  readonly master: ToyNode;
  readonly replica: ToyNode;
  readonly relay: Relay;
}

type Fault = Omit<RelayOptions, 'listenOn' | 'target'>;

/** A full sync, a write after it, and the fault on the way; then the link is mended. */
async function play(fault: Fault, form: { diskless: boolean }): Promise<Outcome> {
  const world = new World();
  const settings = { replTimeoutSec: timeoutSec, replDisklessSync: form.diskless };
  const master = world.node(masterPort, settings);
  const replica = world.node(replicaPort, settings);
  master.set('before', '1', 2);
  const relay = startRelay(world, { listenOn: relayPort, target: masterPort, ...fault });
  replica.replicaof(relayPort);
  await world.passSeconds(1);
  master.set('after', '2', 1);
  // What is stalled is given up after the timeout.
  await world.passSeconds(fault.way === 'stall' ? 2 * timeoutSec + 2 : 1);
  const sinceMs = world.clock.monotonic() - relay.brokenAtMs;
  const isFelt = relay.broken && (fault.way === 'cut' || sinceMs > (timeoutSec + 1) * 1000);
  expectHonest(master, replica, isFelt);
  relay.mend();
  await world.passSeconds(2);
  return { master, replica, relay };
}

/** As long as the fault lasts. */
function expectHonest(master: ToyNode, replica: ToyNode, isFelt: boolean): void {
  for (const node of [master, replica]) expectWholeBacklog(node);
  if (!isFelt) return;
  const offset = replica.replication.masterReplOffset;
  const sameHistory = replica.replication.masterReplid === master.replication.masterReplid;
  if (sameHistory) expect(offset).toBeLessThanOrEqual(master.replication.masterReplOffset);
  expect(replica.replication.linkState).not.toBe('connected');
  expect(replica.log.join('\n')).toMatch(/Link to MASTER .* failed in phase \w+: ./);
}

const forms = [
  ['$EOF:', { diskless: true }],
  ['$<length>', { diskless: false }],
] as const;
const directions = ['to-replica', 'to-master'] as const;
const ways = ['cut', 'stall'] as const;

describe.each(forms)('a full sync in the form %s', (_, form) => {
  describe.each(directions)('%s', (direction) => {
    it.each(ways)('%s at every byte', async (way) => {
      const whole = await play({ direction, way, afterBytes: 1_000_000 }, form);
      expect(whole.replica.digest()).toBe(whole.master.digest());
      const total = whole.relay.passedBytes;
      expect(total).toBeGreaterThan(100);
      const phases = new Set<string>();
      for (let afterBytes = 0; afterBytes < total; afterBytes++) {
        const { master, replica, relay } = await play({ direction, way, afterBytes }, form);
        expect({
          afterBytes,
          broken: relay.broken,
          link: replica.replication.linkState,
          data: replica.dump(),
          offset: replica.replication.masterReplOffset,
        }).toEqual({
          afterBytes,
          broken: true,
          link: 'connected',
          data: master.dump(),
          offset: master.replication.masterReplOffset,
        });
        for (const [, phase] of replica.log.join('\n').matchAll(/failed in phase (\w+):/g)) {
          phases.add(phase);
        }
      }
      expect([...phases]).toEqual(expect.arrayContaining(['handshake', 'psync']));
      if (direction === 'to-replica') {
        expect([...phases]).toEqual(expect.arrayContaining(['load', 'stream']));
      }
    });
  });
});

describe('tries again', () => {
  it('once a second, however long the master is away, and says why each time', async () => {
    const world = new World();
    const replica = world.node(replicaPort);
    replica.replicaof(masterPort);
    await world.passSeconds(30);
    const attempts = replica.log.filter((line) => line.includes('Connecting to MASTER'));
    const failures = replica.log.filter((line) => line.includes('connect ECONNREFUSED'));
    expect([attempts.length, failures.length]).toEqual([30, 30]);
  });

  it('no sooner when the master drops each link at once', async () => {
    const world = new World();
    const replica = world.node(replicaPort);
    let connections = 0;
    world.network.listen(masterPort, ({ wire }) => {
      connections++;
      wire.destroy();
      return { onConnect: () => undefined, onData: () => undefined, onClose: () => undefined };
    });
    replica.replicaof(masterPort);
    await world.passSeconds(10);
    expect(connections).toBe(10);
  });
});

describe('a replica that does not tell the truth', () => {
  it('about what it has: it is sent away, and WAIT does not count it', async () => {
    const world = new World();
    const master = world.node(masterPort);
    const replica = world.node(replicaPort);
    replica.replicaof(masterPort);
    await world.passSeconds(1);
    master.set('key', 'value');
    await world.settle();
    const { masterReplOffset } = master.replication;
    const [link] = world.network.openLinks;
    const lie = `REPLCONF ACK ${masterReplOffset + 1}\r\n`;
    link.wireFor(link.toConnector, link.toAcceptor).write(Buffer.from(lie));
    await world.settle();
    expect(master.logged(`it acknowledges offset ${masterReplOffset + 1}`)).toBe(true);
    expect(master.replication.countReplicasAt(masterReplOffset + 1)).toBe(0);
    // It comes back, and is believed as long as what it says can be.
    await world.passSeconds(2);
    expect(master.replication.replicaCount).toBe(1);
    expect(replica.digest()).toBe(master.digest());
  });

  it('about what it needs: it gets a full copy', async () => {
    const world = new World();
    const master = world.node(masterPort);
    master.set('key', 'value');
    const first = world.node(6390);
    first.replicaof(masterPort);
    await world.settle();
    const replica = world.node(replicaPort);
    replica.replication.restore(
      { replId: master.replication.masterReplid, replOffset: 1_000_000, replStreamDb: 0 },
      { asReplica: true },
    );
    replica.replication.replicaof({ host: '127.0.0.1', port: masterPort }, { atStart: true });
    await world.settle();
    expect(master.logged('it is ahead of this master')).toBe(true);
    expect(replica.digest()).toBe(master.digest());
  });
});
