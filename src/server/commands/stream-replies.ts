/** Entries of a stream as replies show them; used by all commands that read entries. */
import type { Call } from '../call.ts';
import type { StreamId } from '../../rdb/structure/stream-id.ts';
import type { IdRange, StreamReader } from '../types/stream-reader.ts';
import type { StreamValue } from '../types/stream-value.ts';
import { replyId } from './stream-ids.ts';

/** The entries in a range, up to `max`, as an array. */
export function replyRange(
  call: Call,
  stream: StreamValue,
  range: IdRange,
  max: number,
  reverse = false,
): void {
  const count = stream.count(range, max);
  call.reply.array(count);
  const reader = stream.read(range, reverse);
  for (let left = count; left > 0 && reader.next(); left--) replyEntry(call, reader);
}

/** The entry with this id, which must be there. */
export function replyEntryAt(call: Call, stream: StreamValue, id: Readonly<StreamId>): void {
  const reader = stream.read({ start: id, end: id });
  if (reader.next()) replyEntry(call, reader);
}

/** The entry that a reader is at: its id, and its fields with their values. */
export function replyEntry(call: Call, reader: StreamReader): void {
  const { reply } = call;
  reply.array(2);
  replyId(call, reader.id);
  reply.array(reader.fieldsLeft * 2);
  while (reader.fieldsLeft > 0) {
    const field = reader.readField();
    reply.bulk(field.windowBuffer, field.windowStart, field.windowEnd);
    const value = reader.readValue();
    reply.bulk(value.windowBuffer, value.windowStart, value.windowEnd);
  }
}
