/**
 * The pending entries of a consumer group: XACK takes them off, XPENDING shows them, XCLAIM and
 * XAUTOCLAIM give them to another consumer (stream-claims.ts).
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { StreamGroup } from '../types/stream-group.ts';
import { compareIds, StreamId } from '../../rdb/structure/stream-id.ts';
import { StreamValue } from '../types/stream-value.ts';
import { integerArgument } from './generic-arguments.ts';
import { type FoundGroup, groupArgument } from './stream-groups.ts';
import { idArgument, intervalEndArgument, intervalStartArgument, replyId } from './stream-ids.ts';
import { readAs } from './values.ts';

const row = { categories: ['stream'], keys: [1, 1, 1], group: 'stream', since: '5.0.0' } as const;

export const streamPendingCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'xack',
    arity: -4,
    flags: ['write', 'fast'],
    summary: 'Takes entries off what is pending in a group; returns how many were.',
    complexity: 'O(log n) for each id, n entries pending',
    handler: xackCommand,
  },
  {
    ...row,
    name: 'xpending',
    arity: -3,
    flags: ['readonly'],
    summary: 'Shows what is pending in a group, in all or entry by entry.',
    complexity: 'O(n) for n entries or consumers shown',
    handler: xpendingCommand,
  },
];

function xackCommand(call: Call): void {
  const ref = call.lookupRead(1);
  const stream = ref === 0 ? null : readAs(call, ref, StreamValue);
  if (ref !== 0 && stream === null) return;
  const group = stream?.group(call.text(2)) ?? null;
  if (group === null) {
    call.reply.integer(0);
    return;
  }
  const id = new StreamId();
  for (let index = 3; index < call.argc; index++) if (!idArgument(call, index, id)) return;
  call.db.dict.valueForWrite(ref);
  let acknowledged = 0;
  for (let index = 3; index < call.argc; index++) {
    idArgument(call, index, id);
    const place = group.pending.find(id);
    if (place === -1) continue;
    group.removePending(place);
    acknowledged++;
  }
  call.keyspace.dirty += acknowledged;
  call.reply.integer(acknowledged);
}

interface PendingFilter {
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number;
  readonly minIdleMs: number;
  /** 0 for all consumers. */
  readonly consumerIndex: number;
}

function xpendingCommand(call: Call): void {
  if (call.argc !== 3 && (call.argc < 6 || call.argc > 9)) {
    call.syntaxError();
    return;
  }
  const filter = call.argc === 3 ? null : readFilter(call);
  if (filter === 'invalid') return;
  const found = groupArgument(call, { keyIndex: 1, groupIndex: 2 });
  if (found === null) return;
  if (filter === null) replySummary(call, found);
  else replyPendingEntries(call, found.group, filter);
}

/** `[IDLE ms] start end count [consumer]` */
function readFilter(call: Call): PendingFilter | 'invalid' {
  let index = 3;
  let minIdleMs = 0;
  if (call.is(3, 'idle')) {
    minIdleMs = integerArgument(call, 4);
    if (Number.isNaN(minIdleMs)) return 'invalid';
    if (call.argc < 8) {
      call.syntaxError();
      return 'invalid';
    }
    index = 5;
  }
  const count = integerArgument(call, index + 2);
  if (Number.isNaN(count)) return 'invalid';
  const [start, end] = [new StreamId(), new StreamId()];
  if (!intervalStartArgument(call, index, start)) return 'invalid';
  if (!intervalEndArgument(call, index + 1, end)) return 'invalid';
  const consumerIndex = index + 3 < call.argc ? index + 3 : 0;
  return { start, end, count: Math.max(0, count), minIdleMs, consumerIndex };
}

/** How many, from which id to which, and how many for each consumer that has any. */
function replySummary(call: Call, { group }: FoundGroup): void {
  const { reply } = call;
  const { pending } = group;
  reply.array(4);
  reply.integer(pending.size);
  if (pending.size === 0) {
    reply.nil();
    reply.nil();
    reply.nilArray();
    return;
  }
  const id = new StreamId();
  replyId(call, pending.readId(pending.first(), id));
  replyId(call, pending.readId(pending.last(), id));
  const consumers = group.consumers().filter((consumer) => consumer.pending.size > 0);
  reply.array(consumers.length);
  for (const consumer of consumers) {
    reply.array(2);
    reply.bulk(Buffer.from(consumer.name, 'latin1'));
    reply.bulkText(String(consumer.pending.size));
  }
}

function replyPendingEntries(call: Call, group: StreamGroup, filter: PendingFilter): void {
  const { reply, keyspace } = call;
  const places = findPending(call, group, filter);
  const id = new StreamId();
  reply.array(places.length);
  for (const place of places) {
    reply.array(4);
    replyId(call, group.pending.readId(place, id));
    reply.bulk(Buffer.from(group.ownerAt(place)?.name ?? '', 'latin1'));
    reply.integer(Math.max(0, keyspace.nowMs - group.deliveredAtMs(place)));
    reply.integer(group.deliveriesAt(place));
  }
}

/** The places, in the group's table, of the entries that pass the filter. */
function findPending(call: Call, group: StreamGroup, filter: PendingFilter): number[] {
  const { start, end, count, minIdleMs, consumerIndex } = filter;
  const consumer = consumerIndex === 0 ? null : group.consumer(call.text(consumerIndex));
  if (consumer === null && consumerIndex !== 0) return [];
  const table = consumer?.pending ?? group.pending;
  const places: number[] = [];
  const id = new StreamId();
  for (
    let place = table.seek(start);
    place !== -1 && places.length < count;
    place = table.next(place)
  ) {
    if (compareIds(table.readId(place, id), end) > 0) break;
    const inGroup = consumer === null ? place : group.pending.find(id);
    const idleMs = call.keyspace.nowMs - group.deliveredAtMs(inGroup);
    if (minIdleMs === 0 || idleMs >= minIdleMs) places.push(inGroup);
  }
  return places;
}
