/** A stream as plain data, for tests that compare what one has become with what it was. */
import { maxId, minId, StreamId } from '../../src/rdb/structure/stream-id.ts';
import type { Listpack } from '../../src/server/types/listpack.ts';
import type { StreamGroup } from '../../src/server/types/stream-group.ts';
import type { StreamReader } from '../../src/server/types/stream-reader.ts';
import type { StreamValue } from '../../src/server/types/stream-value.ts';

/** Strings are latin1; numbers that may have 64 bits are text. */
export interface StreamContents {
  entries: StreamEntry[];
  lastId: string;
  maxDeletedId: string;
  entriesAdded: string;
  groups: GroupContents[];
}

export type StreamEntry = [id: string, fieldsAndValues: string[]];

/** What a consumer did last, and when, is not among it: a server takes its own time for that. */
interface GroupContents {
  name: string;
  lastId: string;
  entriesRead: string;
  pending: [id: string, consumer: string, deliveredAtMs: number, deliveries: string][];
  consumers: string[];
}

export function contentsOf(stream: StreamValue): StreamContents {
  return {
    entries: entriesOf(stream.read({ start: minId, end: maxId })),
    lastId: stream.lastId.text(),
    maxDeletedId: stream.maxDeletedId.text(),
    entriesAdded: textOf(stream.entriesAdded),
    groups: stream.groups().map(groupContents),
  };
}

export function entriesOf(reader: StreamReader): StreamEntry[] {
  const entries: StreamEntry[] = [];
  while (reader.next()) {
    const id = reader.id.text();
    const words: string[] = [];
    while (reader.fieldsLeft > 0) {
      words.push(windowText(reader.readField()));
      words.push(windowText(reader.readValue()));
    }
    entries.push([id, words]);
  }
  return entries;
}

function groupContents(group: StreamGroup): GroupContents {
  const { pending } = group;
  const rows: GroupContents['pending'] = [];
  for (let place = pending.first(); place !== -1; place = pending.next(place)) {
    rows.push([
      pending.readId(place, new StreamId()).text(),
      group.ownerAt(place)?.name ?? 'nobody',
      group.deliveredAtMs(place),
      textOf(group.deliveriesAt(place)),
    ]);
  }
  return {
    name: group.name,
    lastId: group.lastId.text(),
    entriesRead: textOf(group.entriesRead),
    pending: rows,
    consumers: group.consumers().map(({ name }) => name),
  };
}

/** Small ones must be numbers: a bigint would not be equal to what the server compares it with. */
function textOf(value: number | bigint): string {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value))
    ? `${value}n`
    : `${value}`;
}

function windowText({ windowBuffer, windowStart, windowEnd }: Listpack): string {
  return windowBuffer.toString('latin1', windowStart, windowEnd);
}
