/**
 * A stream as the body of an RDB entry, STREAM_LISTPACKS_2 as decode-stream.ts draws it: nodes as
 * they are, then the facts, then the groups. Used by body-of.ts. Under a guard the stream may
 * change meanwhile: what is written is a copy, which shares with it whatever does not change.
 */
import { rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import { StreamId, streamIdBytes } from '../../rdb/structure/stream-id.ts';
import type { StreamConsumer, StreamGroup } from '../types/stream-group.ts';
import type { StreamValue } from '../types/stream-value.ts';
import { workOfBytes } from './body-work.ts';
import type { ValueBody } from './value-body.ts';

export class StreamBody implements ValueBody {
  readonly rdbType = rdbType.streamListpacks2;
  #stream: StreamValue;
  readonly #steps: Iterator<undefined, void>;
  #output: RdbOutput | null = null;
  #workLeft = 0;

  constructor(stream: StreamValue) {
    this.#stream = stream;
    this.#steps = this.#write();
  }

  write(output: RdbOutput, work: number): boolean {
    this.#output = output;
    this.#workLeft = work;
    return this.#steps.next().done === true;
  }

  guard(): void {
    this.#stream = this.#stream.copy();
  }

  release(): void {
    // The copy is nobody else's.
  }

  /** Pauses wherever the work that it was given is done. */
  *#write(): Generator<undefined, void, undefined> {
    const output = this.#output as RdbOutput;
    const stream = this.#stream;
    const { nodes } = stream;
    const id = new StreamId();
    output.length(nodes.count);
    for (let place = nodes.ids.first(); place !== -1; place = nodes.ids.next(place)) {
      const { byteLength, listpack } = nodes.at(place);
      if (this.#isTired(workOfBytes(byteLength))) yield;
      nodes.ids.readId(place, id).writeBytes(idBytes, 0);
      output.string(idBytes, 0, streamIdBytes);
      output.string(listpack.bytes, 0, byteLength);
    }
    writeFacts(output, stream);
    for (const group of stream.groups()) yield* this.#writeGroup(output, group);
  }

  *#writeGroup(output: RdbOutput, group: StreamGroup): Generator<undefined, void, undefined> {
    const { pending } = group;
    const id = new StreamId();
    writeGroupHead(output, group);
    for (let place = pending.first(); place !== -1; place = pending.next(place)) {
      if (this.#isTired(1)) yield;
      writeRawId(output, pending.readId(place, id));
      output.int64(group.deliveredAtMs(place));
      output.exactLength(group.deliveriesAt(place));
    }
    output.length(group.consumerCount);
    for (const consumer of group.consumers()) {
      writeConsumerHead(output, consumer);
      const own = consumer.pending;
      for (let place = own.first(); place !== -1; place = own.next(place)) {
        if (this.#isTired(1)) yield;
        writeRawId(output, own.readId(place, id));
      }
    }
  }

  /** Whether it must pause before something that counts for so much. */
  #isTired(work: number): boolean {
    const isTired = this.#workLeft <= 0;
    this.#workLeft -= work;
    return isTired;
  }
}

function writeFacts(output: RdbOutput, facts: StreamValue): void {
  output.length(facts.size);
  for (const id of [facts.lastId, facts.firstId, facts.maxDeletedId]) writeId(output, id);
  output.exactLength(facts.entriesAdded);
  output.length(facts.groupCount);
}

function writeGroupHead(output: RdbOutput, group: StreamGroup): void {
  writeName(output, group.name);
  writeId(output, group.lastId);
  const { entriesRead } = group;
  output.exactLength(entriesRead < 0 ? BigInt.asUintN(64, BigInt(entriesRead)) : entriesRead);
  output.length(group.pending.size);
}

function writeConsumerHead(output: RdbOutput, consumer: StreamConsumer): void {
  writeName(output, consumer.name);
  output.int64(consumer.seenAtMs);
  output.length(consumer.pending.size);
}

function writeName(output: RdbOutput, name: string): void {
  const bytes = Buffer.from(name, 'latin1');
  output.string(bytes, 0, bytes.length);
}

function writeId(output: RdbOutput, id: Readonly<StreamId>): void {
  output.exactLength(id.ms);
  output.exactLength(id.seq);
}

function writeRawId(output: RdbOutput, id: Readonly<StreamId>): void {
  output.raw(idBytes, 0, id.writeBytes(idBytes, 0));
}

/** Room for an id on its way out. */
const idBytes = Buffer.alloc(streamIdBytes);
