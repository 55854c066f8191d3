import { expect, it } from 'vitest';
import {
  countAcked,
  countFsynced,
  countGood,
  describeLagging,
  noteAck,
} from '../../../src/server/replication/acks.ts';
import type { ReplicaConnection } from '../../../src/server/replication/ports.ts';
import { newReplica, newWishes, type Replica } from '../../../src/server/replication/replica.ts';

/** Online since the monotonic millisecond 0, and silent since. */
function replica(port: number): Replica {
  const connection = { ip: '10.0.0.1' } as ReplicaConnection;
  const wishes = { ...newWishes(), listeningPort: port };
  const made = newReplica(connection, wishes, { prePsync: false, nowMs: 0 });
  made.state = 'online';
  return made;
}

it('keeps the farthest that was acknowledged, on disk no farther than received', () => {
  const one = replica(1);
  noteAck(one, 100, 0);
  expect([one.acked, one.ackOffset, one.aofOffset]).toEqual([true, 100, 0]);
  noteAck(one, 90, 80);
  expect([one.ackOffset, one.aofOffset]).toEqual([100, 80]);
  noteAck(one, 110, 500);
  expect([one.ackOffset, one.aofOffset]).toEqual([110, 110]);
  noteAck(one, 120, 50);
  expect([one.ackOffset, one.aofOffset]).toEqual([120, 110]);
});

it('counts for WAIT and WAITAOF those online that have come so far', () => {
  const [ahead, behind, silent, loading] = [1, 2, 3, 4].map(replica);
  const all = [ahead, behind, silent, loading];
  loading.state = 'send-bulk';
  noteAck(ahead, 100, 60);
  noteAck(behind, 50, 50);
  noteAck(loading, 100, 100);
  expect([0, 50, 51, 100, 101].map((offset) => countAcked(all, offset))).toEqual([2, 2, 1, 1, 0]);
  expect([50, 51, 60, 61].map((offset) => countFsynced(all, offset))).toEqual([2, 1, 1, 0]);
});

it('calls good who is online and has been heard of lately', () => {
  const [heard, silent, loading] = [1, 2, 3].map(replica);
  heard.ackTimeMs = 5000;
  loading.ackTimeMs = 5000;
  loading.state = 'wait-bgsave-end';
  const good = (maxLagSec: number, nowMs: number): number =>
    countGood([heard, silent, loading], { maxLagSec, nowMs });
  expect([good(10, 10_999), good(10, 11_000), good(10, 15_999), good(10, 16_000)]).toEqual([
    2, 1, 1, 0,
  ]);
});

it('tells of those that lag, and how far', () => {
  const [there, behind] = [6380, 6381].map(replica);
  noteAck(there, 100, 0);
  noteAck(behind, 40, 0);
  behind.ackTimeMs = 1500;
  expect(describeLagging([there, behind], { masterReplOffset: 100, nowMs: 4000 })).toEqual([
    '10.0.0.1:6381 reported offset 60 behind master, lag=2',
  ]);
  expect(describeLagging([replica(1)], { masterReplOffset: 0, nowMs: 4000 })).toEqual([]);
});
