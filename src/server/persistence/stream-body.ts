/**
 * A stream as the body of an RDB entry, STREAM_LISTPACKS_2 as decode-stream.ts draws it: nodes as
 * they are, then the facts, then the groups. Used by value-body.ts. Under a guard the stream may
 * change meanwhile: a node that is about to is kept as it was, groups are copied at once.
 */
import { rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import { StreamId, streamIdBytes } from '../../rdb/structure/stream-id.ts';
import type { StreamConsumer, StreamGroup } from '../types/stream-group.ts';
import type { StreamNode, StreamNodeObserver } from '../types/stream-node.ts';
import type { StreamValue } from '../types/stream-value.ts';
import { workOfBytes } from './body-work.ts';
import type { ValueBody } from './value-body.ts';

/** What a body holds besides nodes and groups. */
type Facts = Pick<
  StreamValue,
  'size' | 'lastId' | 'firstId' | 'maxDeletedId' | 'entriesAdded' | 'groupCount'
>;

export class StreamBody implements ValueBody, StreamNodeObserver {
  readonly rdbType = rdbType.streamListpacks2;
  readonly #stream: StreamValue;
  /** Those that the stream has at first, and their ids, as bytes one after the other. */
  readonly #nodes: readonly StreamNode[];
  readonly #ids: Buffer;
  #facts: Facts;
  #groups: readonly StreamGroup[];
  /** What changed nodes held before. */
  readonly #kept = new Map<StreamNode, Buffer>();
  readonly #steps: Iterator<undefined, void>;
  #output: RdbOutput | null = null;
  #workLeft = 0;

  constructor(stream: StreamValue) {
    this.#stream = stream;
    const { nodes } = stream;
    this.#ids = Buffer.allocUnsafe(nodes.count * streamIdBytes);
    const found: StreamNode[] = [];
    const id = new StreamId();
    for (let place = nodes.ids.first(); place !== -1; place = nodes.ids.next(place)) {
      nodes.ids.readId(place, id).writeBytes(this.#ids, found.length * streamIdBytes);
      found.push(nodes.at(place));
    }
    this.#nodes = found;
    this.#facts = stream;
    this.#groups = stream.groups();
    this.#steps = this.#write();
  }

  write(output: RdbOutput, work: number): boolean {
    this.#output = output;
    this.#workLeft = work;
    return this.#steps.next().done === true;
  }

  guard(): void {
    const { size, lastId, firstId, maxDeletedId, entriesAdded, groupCount } = this.#stream;
    this.#facts = {
      size,
      lastId: lastId.clone(),
      firstId: firstId.clone(),
      maxDeletedId: maxDeletedId.clone(),
      entriesAdded,
      groupCount,
    };
    this.#groups = this.#groups.map((group) => group.copy());
    this.#stream.observer = this;
    for (const node of this.#nodes) node.isGuarded = true;
  }

  release(): void {
    this.#stream.observer = null;
    for (const node of this.#nodes) node.isGuarded = false;
    this.#kept.clear();
  }

  beforeChange(node: StreamNode): void {
    node.isGuarded = false;
    this.#kept.set(node, Buffer.from(node.listpack.bytes.subarray(0, node.byteLength)));
  }

  /** Pauses wherever the work that it was given is done. */
  *#write(): Generator<undefined, void, undefined> {
    const output = this.#output as RdbOutput;
    output.length(this.#nodes.length);
    for (const [index, node] of this.#nodes.entries()) {
      if (this.#isTired(workOfBytes(node.byteLength))) yield;
      const kept = this.#kept.get(node);
      output.string(this.#ids, index * streamIdBytes, (index + 1) * streamIdBytes);
      if (kept === undefined) output.string(node.listpack.bytes, 0, node.byteLength);
      else output.string(kept, 0, kept.length);
      this.#kept.delete(node);
      node.isGuarded = false;
    }
    writeFacts(output, this.#facts);
    for (const group of this.#groups) yield* this.#writeGroup(output, group);
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

function writeFacts(output: RdbOutput, facts: Facts): void {
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
