/**
 * Fills a stream with what the RDB decoders hand over: nodes, facts, groups. Used by whoever makes
 * values from an RDB.
 */
import type { StreamId } from '../../rdb/structure/stream-id.ts';
import type {
  StreamConsumerTarget,
  StreamFacts,
  StreamGroupTarget,
  StreamTarget,
} from '../../rdb/value-sink.ts';
import type { StreamConsumer, StreamGroup } from './stream-group.ts';
import type { StreamValue } from './stream-value.ts';

export class StreamLoader implements StreamTarget {
  readonly #stream: StreamValue;

  constructor(stream: StreamValue) {
    this.#stream = stream;
  }

  addNode(id: Readonly<StreamId>, bytes: Uint8Array, start: number, end: number): void {
    this.#stream.loadNode(id, bytes, start, end);
  }

  setFacts(facts: StreamFacts): void {
    this.#stream.loadFacts(facts);
  }

  addGroup(name: Uint8Array, start: number, end: number): StreamGroupTarget | null {
    const stream = this.#stream;
    const text = Buffer.from(name.subarray(start, end)).toString('latin1');
    if (stream.group(text) !== null) return null;
    return new GroupLoader(stream, stream.createGroup(text));
  }
}

class GroupLoader implements StreamGroupTarget {
  readonly #stream: StreamValue;
  readonly #group: StreamGroup;

  constructor(stream: StreamValue, group: StreamGroup) {
    this.#stream = stream;
    this.#group = group;
  }

  setProgress(lastId: Readonly<StreamId>, entriesRead: number | bigint | null): void {
    this.#group.lastId.copyFrom(lastId);
    this.#group.entriesRead = entriesRead ?? this.#stream.entriesUpTo(lastId);
  }

  addPending(id: Readonly<StreamId>, deliveredAtMs: number, deliveries: number | bigint): boolean {
    const group = this.#group;
    if (group.pending.find(id) !== -1) return false;
    const place = group.addPending(id);
    group.setDeliveredAtMs(place, deliveredAtMs);
    group.setDeliveries(place, deliveries);
    return true;
  }

  addConsumer(name: Buffer, seenAtMs: number): StreamConsumerTarget | null {
    const text = name.toString('latin1');
    const group = this.#group;
    if (group.consumer(text) !== null) return null;
    return new ConsumerLoader(group, group.createConsumer(text, seenAtMs));
  }
}

class ConsumerLoader implements StreamConsumerTarget {
  readonly #group: StreamGroup;
  readonly #consumer: StreamConsumer;

  constructor(group: StreamGroup, consumer: StreamConsumer) {
    this.#group = group;
    this.#consumer = consumer;
  }

  addPending(id: Readonly<StreamId>): boolean {
    const place = this.#group.pending.find(id);
    if (place === -1 || this.#group.ownerAt(place) !== null) return false;
    this.#group.assign(place, id, this.#consumer);
    return true;
  }
}
