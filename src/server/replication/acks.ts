/**
 * What replicas have acknowledged, and what is concluded from it: WAIT, WAITAOF, min-replicas, and
 * what the log of a SHUTDOWN says. Functions over the replicas of the master side.
 */
import type { Replica } from './replica.ts';
import { lagSec, nameOf } from './replica.ts';

/** `REPLCONF ACK offset [FACK aofOffset]`: both only ever grow. The offset is one that there is. */
export function noteAck(replica: Replica, offset: number, aofOffset: number): void {
  replica.acked = true;
  if (offset > replica.ackOffset) replica.ackOffset = offset;
  // What it does not have yet cannot be on its disk.
  replica.aofOffset = Math.max(replica.aofOffset, Math.min(aofOffset, offset));
}

/** WAIT: replicas that acknowledged `offset` or more. */
export function countAcked(replicas: Iterable<Replica>, offset: number): number {
  let count = 0;
  for (const replica of replicas) {
    // Offset 0 may be a write before there was a backlog: it is in the RDB that is being loaded.
    if (replica.state === 'online' && replica.acked && replica.ackOffset >= offset) count++;
  }
  return count;
}

/** WAITAOF: replicas that have `offset` or more safe on their disks. */
export function countFsynced(replicas: Iterable<Replica>, offset: number): number {
  let count = 0;
  for (const { state, aofOffset } of replicas) {
    if (state === 'online' && aofOffset >= offset) count++;
  }
  return count;
}

/** min-replicas-to-write: online replicas whose last ACK is not older than `maxLagSec`. */
export function countGood(
  replicas: Iterable<Replica>,
  { maxLagSec, nowMs }: { maxLagSec: number; nowMs: number },
): number {
  let count = 0;
  for (const replica of replicas) {
    if (replica.state === 'online' && lagSec(replica, nowMs) <= maxLagSec) count++;
  }
  return count;
}

/**
 * A line for the log about each replica that has not acknowledged everything. Before the first write
 * there is nothing to wait for, loaded or not. [redis 7.0]
 */
export function describeLagging(
  replicas: readonly Replica[],
  { masterReplOffset, nowMs }: { masterReplOffset: number; nowMs: number },
): string[] {
  return replicas
    .filter(({ ackOffset }) => ackOffset < masterReplOffset)
    .map((replica) => {
      const behind = masterReplOffset - replica.ackOffset;
      const lag = lagSec(replica, nowMs);
      return `${nameOf(replica)} reported offset ${behind} behind master, lag=${lag}`;
    });
}
