/**
 * Decodes streams. Numbers without a width are lengths; those of ids and counters have 64 bits.
 *
 *     STREAM_LISTPACKS     nodes { id:string listpack }…  facts  groups { group }…
 *     STREAM_LISTPACKS_2   the same with what stands in [ ]      [Redis 7.0]
 *     STREAM_LISTPACKS_3   the same with what stands in ( )      [Redis 7.2]
 *
 *     facts     length last-ms last-seq [first-ms first-seq deleted-ms deleted-seq added]
 *     group     name:string last-ms last-seq [read] pending { id:16 time:8 deliveries }…
 *               consumers { name:string seen:8 (active:8) pending { id:16 }… }…
 *
 * Each pending entry of a group is again among those of one of its consumers.
 */
import { shortest } from '../../util/int64.ts';
import { RdbError } from '../rdb-error.ts';
import { incomplete, type RdbInput } from '../rdb-input.ts';
import { elementError } from '../structure/element-reader.ts';
import { StreamId, streamIdBytes } from '../structure/stream-id.ts';
import { surveyStreamNode } from '../structure/stream-survey.ts';
import type { StreamGroupTarget, StreamTarget } from '../value-sink.ts';
import { readBlob, readInt64, readLength, type Steps, type ValueContext } from './value-context.ts';

export function decodeStream(context: ValueContext): Steps {
  return decodeVersion(context, 1);
}

export function decodeStream2(context: ValueContext): Steps {
  return decodeVersion(context, 2);
}

export function decodeStream3(context: ValueContext): Steps {
  return decodeVersion(context, 3);
}

function* decodeVersion(context: ValueContext, version: number): Steps {
  const { input, entry } = context;
  const stream = context.sink.beginStream(entry);
  const lastId = new StreamId();
  const nodes = yield* readLength(input);
  for (let node = 0; node < nodes; node++) {
    if (input.at >= input.pauseAt) yield;
    yield* decodeNode(context, stream, lastId);
  }
  yield* decodeFacts(context, stream, lastId, version);
  const groups = yield* readLength(input);
  for (let group = 0; group < groups; group++) yield* decodeGroup(context, stream, version);
  context.sink.endCollection(entry);
}

function* decodeNode(context: ValueContext, stream: StreamTarget, lastId: StreamId): Steps {
  const { blob } = context;
  const key = yield* readBlob(context, 'Stream node key');
  if (blob.end - blob.start !== streamIdBytes) throw elementError(key, 'not the size of an id');
  const nodeId = new StreamId().readBytes(blob.bytes, blob.start);
  const place = yield* readBlob(context, 'Stream listpack');
  surveyStreamNode(blob, place, nodeId, lastId);
  stream.addNode(nodeId, blob.bytes, blob.start, blob.end);
}

function* decodeFacts(
  { input }: ValueContext,
  stream: StreamTarget,
  lastEntryId: StreamId,
  version: number,
): Steps {
  const { offset } = input;
  const length = yield* readLength(input);
  const lastId = yield* readId(input);
  if (length > 0 && lastEntryId.isZero) {
    throw new RdbError('bad-element', offset, 'Stream length inconsistent with its nodes');
  }
  if (version === 1) {
    stream.setFacts({ lastId });
    return;
  }
  // The first id is that of the first entry, which has been met.
  yield* readId(input);
  const maxDeletedId = yield* readId(input);
  const entriesAdded = yield* readExactLength(input);
  stream.setFacts({ lastId, maxDeletedId, entriesAdded });
}

function* decodeGroup(context: ValueContext, stream: StreamTarget, version: number): Steps {
  const { input, blob } = context;
  const name = yield* readBlob(context, 'Stream consumer group');
  const group = stream.addGroup(blob.bytes, blob.start, blob.end);
  if (group === null) throw elementError(name, 'a group that is there twice');
  const lastId = yield* readId(input);
  // A group whose place is not known has −1, as an unsigned number.
  const read = version === 1 ? null : yield* readExactLength(input);
  group.setProgress(lastId, typeof read === 'bigint' ? shortest(BigInt.asIntN(64, read)) : read);
  const pending = yield* readLength(input);
  for (let left = pending; left > 0; left--) {
    const id = yield* readRawId(input);
    const deliveredAtMs = yield* readInt64(input);
    const deliveries = yield* readExactLength(input);
    if (!group.addPending(id, deliveredAtMs, deliveries)) {
      throw elementError(name, 'a pending entry that is there twice');
    }
  }
  const consumers = yield* readLength(input);
  let owned = 0;
  for (let left = consumers; left > 0; left--) {
    owned += yield* decodeConsumer(context, group, version);
  }
  if (owned !== pending) throw elementError(name, 'pending entries without a consumer');
}

/** Returns how many pending entries it has. */
function* decodeConsumer(
  context: ValueContext,
  group: StreamGroupTarget,
  version: number,
): Steps<number> {
  const { input, blob } = context;
  const place = yield* readBlob(context, 'Stream consumer');
  const name = Buffer.from(blob.bytes.subarray(blob.start, blob.end));
  const seenAtMs = yield* readInt64(input);
  // The time of its last successful read is nothing that Redis 7.0 keeps.
  if (version === 3) yield* readInt64(input);
  const consumer = group.addConsumer(name, seenAtMs);
  if (consumer === null) throw elementError(place, 'Duplicate stream consumer detected');
  const pending = yield* readLength(input);
  for (let left = pending; left > 0; left--) {
    const id = yield* readRawId(input);
    if (!consumer.addPending(id)) {
      throw elementError(place, 'a pending entry that its group has not, or has given away');
    }
  }
  return pending;
}

function* readId(input: RdbInput): Steps<StreamId> {
  const id = new StreamId();
  id.setMs(yield* readExactLength(input));
  id.setSeq(yield* readExactLength(input));
  return id;
}

/** The id as 16 bytes; every pause of a long table falls before one of its rows. */
function* readRawId(input: RdbInput): Steps<StreamId> {
  if (input.at >= input.pauseAt) yield;
  while (!input.peek(streamIdBytes)) yield;
  const id = new StreamId().readBytes(input.bytes, input.at);
  input.skip(streamIdBytes);
  return id;
}

function* readExactLength(input: RdbInput): Steps<number | bigint> {
  for (;;) {
    const length = input.exactLength();
    if (length !== incomplete) return length;
    yield;
  }
}
