/**
 * What the commands on consumer groups share: finding a group, its consumers, the errors for those
 * that are not there, and the words in which changes of a group go out. Replicas are never sent a
 * request that reads or claims: each pending entry goes out as an XCLAIM that says all about it.
 */
import type { Call } from '../call.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { StreamConsumer, StreamGroup } from '../types/stream-group.ts';
import type { StreamId } from '../../rdb/structure/stream-id.ts';
import { StreamValue } from '../types/stream-value.ts';
import { argumentView } from './generic-arguments.ts';
import { idBytes } from './stream-ids.ts';
import { readAs } from './values.ts';

/** The arguments that name a stream and a group of it. */
export interface GroupNames {
  readonly keyIndex: number;
  readonly groupIndex: number;
}

export interface FoundGroup {
  /** The stream's entry. */
  readonly ref: number;
  readonly stream: StreamValue;
  readonly group: StreamGroup;
}

/** The group; null after an error. `ref` is what a lookup of the key has just returned. */
export function groupArgument(
  call: Call,
  names: GroupNames,
  ref = call.lookupRead(names.keyIndex),
): FoundGroup | null {
  const stream = ref === 0 ? null : readAs(call, ref, StreamValue);
  if (ref !== 0 && stream === null) return null;
  const group = stream?.group(call.text(names.groupIndex)) ?? null;
  if (stream !== null && group !== null) return { ref, stream, group };
  call.error(noSuchKeyOrGroup(call, names));
  return null;
}

export function noSuchKeyOrGroup(call: Call, { keyIndex, groupIndex }: GroupNames): string {
  return `NOGROUP No such key '${quoted(call, keyIndex)}' or consumer group '${quoted(call, groupIndex)}'`;
}

export function noSuchGroup(call: Call, { keyIndex, groupIndex }: GroupNames): string {
  return `NOGROUP No such consumer group '${quoted(call, groupIndex)}' for key name '${quoted(call, keyIndex)}'`;
}

/** An argument in an error ends where C says that a string ends. */
function quoted(call: Call, index: number): string {
  return call.text(index).split('\0', 1)[0];
}

/** The consumer that argument `index` names, made if need be, and seen now. */
export function presentConsumer(
  call: Call,
  group: StreamGroup,
  index: number,
  keyIndex: number,
): StreamConsumer {
  const consumer = group.consumer(call.text(index));
  if (consumer === null) return createConsumer(call, group, index, keyIndex);
  consumer.seenAtMs = call.keyspace.nowMs;
  return consumer;
}

/** A change, and an event, though no replica is told of it unless it is the whole request. */
export function createConsumer(
  call: Call,
  group: StreamGroup,
  index: number,
  keyIndex: number,
): StreamConsumer {
  const consumer = group.createConsumer(call.text(index), call.keyspace.nowMs);
  call.keyspace.dirty++;
  call.notify(notifyClass.stream, 'xgroup-createconsumer', keyIndex);
  return consumer;
}

/** How the pending entry at `place` stands now, in words that make it so wherever they arrive. */
export function propagateClaim(
  call: Call,
  names: GroupNames,
  group: StreamGroup,
  place: number,
  id: Readonly<StreamId>,
): void {
  if (!call.isPropagated) return;
  call.propagateAs(
    'XCLAIM',
    argumentView(call, names.keyIndex),
    argumentView(call, names.groupIndex),
    Buffer.from(group.ownerAt(place)?.name ?? '', 'latin1'),
    '0',
    idBytes(id),
    'TIME',
    String(group.deliveredAtMs(place)),
    'RETRYCOUNT',
    String(group.deliveriesAt(place)),
    'FORCE',
    'JUSTID',
    'LASTID',
    idBytes(group.lastId),
  );
}

/** How far the group has been served, where no XCLAIM says it. */
export function propagateGroupId(call: Call, names: GroupNames, group: StreamGroup): void {
  if (!call.isPropagated) return;
  call.propagateAs(
    'XGROUP',
    'SETID',
    argumentView(call, names.keyIndex),
    argumentView(call, names.groupIndex),
    idBytes(group.lastId),
    'ENTRIESREAD',
    String(group.entriesRead),
  );
}

/** A consumer that NOACK has made: no XCLAIM will make it elsewhere. */
export function propagateConsumer(call: Call, names: GroupNames, consumer: StreamConsumer): void {
  call.propagateAs(
    'XGROUP',
    'CREATECONSUMER',
    argumentView(call, names.keyIndex),
    argumentView(call, names.groupIndex),
    Buffer.from(consumer.name, 'latin1'),
  );
}
