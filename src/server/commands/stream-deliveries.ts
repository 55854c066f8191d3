/**
 * What XREADGROUP does to a group: entries go to a consumer and are pending from then on (NOACK
 * aside), or a consumer is given once more what it has. Used by stream-reads.ts, for a client that
 * asks and for one that has waited.
 */
import type { Call } from '../call.ts';
import type { StreamConsumer, StreamGroup } from '../types/stream-group.ts';
import { compareIds, maxId, StreamId } from '../../rdb/structure/stream-id.ts';
import type { IdRange } from '../types/stream-reader.ts';
import type { StreamValue } from '../types/stream-value.ts';
import {
  type GroupNames,
  presentConsumer,
  propagateClaim,
  propagateConsumer,
  propagateGroupId,
} from './stream-groups.ts';

/** One stream of an XREADGROUP; the consumer's name stands behind the group's. */
export interface GroupRead extends GroupNames {
  readonly stream: StreamValue;
  readonly group: StreamGroup;
  /** Entries at most. */
  readonly count: number;
  readonly noAck: boolean;
}

/** The entries that were delivered: so many from the start of the range. */
export interface Delivery {
  readonly range: IdRange;
  readonly count: number;
}

/** An entry that a consumer still has; it may have been deleted from the stream since. */
export interface PendingEntry {
  readonly id: StreamId;
  readonly exists: boolean;
}

/** Delivers what the group has not been served yet. */
export function deliverNew(call: Call, read: GroupRead): Delivery {
  const { stream, group } = read;
  const consumer = readingConsumer(call, read);
  const range = { start: group.lastId.clone(), end: maxId };
  let count = 0;
  let moved = false;
  if (range.start.increment()) {
    const reader = stream.read(range);
    while (count < read.count && reader.next()) {
      count++;
      if (compareIds(reader.id, group.lastId) > 0) {
        stream.advanceGroup(group, reader.id);
        moved = true;
      }
      if (!read.noAck) {
        const place = group.deliver(reader.id, consumer, call.keyspace.nowMs);
        propagateClaim(call, read, group, place, reader.id);
      }
    }
  }
  if (read.noAck && moved) propagateGroupId(call, read, group);
  call.keyspace.dirty++;
  return { range, count };
}

/** Delivers again what the consumer has behind an id; that alone is nothing for replicas. */
export function deliverPending(
  call: Call,
  read: GroupRead,
  after: Readonly<StreamId>,
): PendingEntry[] {
  const { stream, group } = read;
  const { pending } = readingConsumer(call, read);
  const start = after.clone();
  const entries: PendingEntry[] = [];
  let place = start.increment() ? pending.seek(start) : -1;
  for (; place !== -1 && entries.length < read.count; place = pending.next(place)) {
    const id = pending.readId(place, new StreamId());
    const exists = stream.has(id);
    entries.push({ id, exists });
    if (!exists) continue;
    const inGroup = group.pending.find(id);
    group.setDeliveredAtMs(inGroup, call.keyspace.nowMs);
    group.countDelivery(inGroup);
  }
  call.keyspace.dirty++;
  return entries;
}

function readingConsumer(call: Call, read: GroupRead): StreamConsumer {
  const { group, groupIndex, keyIndex, noAck } = read;
  const before = group.consumerCount;
  const consumer = presentConsumer(call, group, groupIndex + 1, keyIndex);
  if (noAck && group.consumerCount > before) propagateConsumer(call, read, consumer);
  return consumer;
}
