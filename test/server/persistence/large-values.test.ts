/**
 * Large collections that change while a snapshot is in the middle of them: what is saved is what
 * they were when it began, and a change costs what it touches, not what the collection is long.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlockSink } from '../../../src/rdb/rdb-output.ts';
import { RdbWriter } from '../../../src/rdb/rdb-writer.ts';
import { StreamId } from '../../../src/rdb/structure/stream-id.ts';
import { datasetDigest } from '../../../src/server/digest.ts';
import type { Dict } from '../../../src/server/keyspace/dict.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { CommandWriter } from '../../../src/server/persistence/command-writer.ts';
import { Snapshot } from '../../../src/server/persistence/snapshot.ts';
import { HashValue } from '../../../src/server/types/hash-value.ts';
import { ListValue } from '../../../src/server/types/list-value.ts';
import { SetValue } from '../../../src/server/types/set-value.ts';
import { StreamValue } from '../../../src/server/types/stream-value.ts';
import type { Value, ValueSettings } from '../../../src/server/types/value.ts';
import { ZsetValue } from '../../../src/server/types/zset-value.ts';
import { seededRandom, type Random } from '../../../src/util/random.ts';
import { loadCollections, loadRdb, rdbNow } from './support/rdb-bytes.ts';

/** Elements of each: more than what is written at once. */
const elementCount = 2500;

/** How to make a large value of a type, and how to change one at random. */
interface Kind {
  readonly make: (settings: ValueSettings) => Value;
  readonly change: (value: Value, pick: (count: number) => number) => void;
}

const window = (text: string): [Buffer, number, number] => {
  const bytes = Buffer.from(text);
  return [bytes, 0, bytes.length];
};
const nameOf = (number: number): string => `element:${number}:${'x'.repeat(40)}`;

const hash: Kind = {
  make: (settings) => {
    const value = new HashValue(settings);
    for (let at = 0; at < elementCount; at++) value.set(...window(nameOf(at)), ...window(`v${at}`));
    return value;
  },
  change: (value, pick) => {
    const field = window(nameOf(pick(elementCount * 1.2)));
    if (pick(3) === 0) (value as HashValue).remove(...field);
    else (value as HashValue).set(...field, ...window('new'.repeat(pick(30))));
  },
};

const set: Kind = {
  make: (settings) => {
    const value = new SetValue(settings);
    for (let at = 0; at < elementCount; at++) value.add(...window(nameOf(at)));
    return value;
  },
  change: (value, pick) => {
    const member = window(nameOf(pick(elementCount * 1.2)));
    if (pick(2) === 0) (value as SetValue).add(...member);
    else (value as SetValue).remove(...member);
  },
};

const zset: Kind = {
  make: (settings) => {
    const value = new ZsetValue(settings);
    // Many have the same score: their bytes decide.
    for (let at = 0; at < elementCount; at++) value.add(...window(nameOf(at)), (at * 7) % 50);
    return value;
  },
  change: (value, pick) => {
    const sorted = value as ZsetValue;
    const member = window(nameOf(pick(elementCount * 1.2)));
    const rank = pick(sorted.size - 3);
    const what = pick(8);
    if (what === 0) sorted.removeRanks(rank, rank + pick(3));
    else if (what < 3) sorted.remove(...member);
    else sorted.add(...member, pick(60));
  },
};

const list: Kind = {
  make: (settings) => {
    const value = new ListValue(settings);
    for (let at = 0; at < elementCount; at++) value.pushTail(...window(nameOf(at)));
    return value;
  },
  change: (value, pick) => {
    const long = value as ListValue;
    const element = window(pick(9) === 0 ? 'y'.repeat(9000) : nameOf(pick(1000)));
    const end = pick(2) === 0 ? 'head' : 'tail';
    const cursor = long.cursorAt(pick(long.size));
    const what = pick(6);
    if (what < 2) long.push(end, ...element);
    else if (what === 2 && long.size > 1) long.pop(end);
    else if (what === 3) removeSome(long, pick);
    else if (cursor !== null && what === 4) long.replace(cursor, ...element);
    else if (cursor !== null) long.insert(cursor, pick(2) === 0 ? 'before' : 'after', ...element);
  },
};

/** A few elements, or now and then whole nodes of them; one stays. */
function removeSome(list: ListValue, pick: (count: number) => number): void {
  const from = pick(list.size);
  const count = pick(8) === 0 ? pick(600) : pick(4);
  list.removeRange(from, Math.min(count, list.size - Math.max(from, 1)));
}

const stream: Kind = {
  make: (settings) => {
    const value = new StreamValue(settings);
    for (let at = 1; at <= elementCount; at++) append(value, at, nameOf(at));
    const group = value.createGroup('group');
    const consumer = group.createConsumer('consumer', 1);
    for (let at = 1; at <= 300; at++) group.deliver(idOf(at), consumer, at);
    return value;
  },
  change: (value, pick) => {
    const log = value as StreamValue;
    const group = log.group('group');
    const what = pick(6);
    const place = group?.pending.first() ?? -1;
    if (what < 2) append(log, Number(log.lastId.ms) + 1, 'new');
    else if (what === 2) log.delete(idOf(1 + pick(elementCount)));
    else if (what === 3)
      log.trim({ keep: { length: log.size - pick(30) }, approximate: false, limit: 0 });
    else if (what === 4 && place !== -1) group?.removePending(place);
    else group?.createConsumer(`consumer:${group.consumerCount}`, 5);
  },
};

const kinds: Record<string, Kind> = { hash, set, zset, list, stream };

describe.each(Object.entries(kinds))('a large %s', (_name, kind) => {
  test.each(['rdb', 'commands'] as const)(
    'is saved as it was, whatever happens to it meanwhile: %s',
    (form) => {
      const run = fc.property(fc.nat(), fc.nat(60), fc.nat(400), (seed, steps, changes) => {
        const pick = picker(seededRandom(seed));
        const data = newKeyspace();
        const { dict } = data.databases[0];
        for (const key of ['a', 'b', 'c']) put(dict, key, kind.make(data.valueSettings));
        put(dict, 'small', new SetValue(data.valueSettings));
        const wanted = datasetDigest(data);
        const saving = new Saving(data, form);
        for (let left = changes; left > 0; left--) {
          if (pick(changes) < steps) saving.step();
          const ref = dict.find(...window('abc'[pick(3)]));
          if (ref !== 0) kind.change(dict.valueForWrite(ref), pick);
          if (ref !== 0 && pick(200) === 0) dict.remove(ref);
          if (pick(500) === 0) data.flush(data.databases);
          if (pick(300) === 0) expectSavedNow(data);
        }
        expect(saving.finish()).toBe(wanted);
      });
      fc.assert(run, { numRuns: 12 });
    },
  );

  test('costs a change what it touches', () => {
    const data = newKeyspace();
    const { dict } = data.databases[0];
    put(dict, 'a', kind.make(data.valueSettings));
    const wanted = datasetDigest(data);
    const saving = new Saving(data);
    kind.change(dict.valueForWrite(dict.find(...window('a'))), picker(seededRandom(1)));
    expect(saving.bytesWritten).toBeLessThan(200);
    expect(saving.snapshot.keysProcessed).toBe(1);
    let slices = 0;
    while (!saving.step()) slices++;
    expect(slices).toBeGreaterThan(1);
    expect(saving.digest()).toBe(wanted);
  });

  test('is free again when the snapshot is broken off', () => {
    const data = newKeyspace();
    const { dict } = data.databases[0];
    put(dict, 'a', kind.make(data.valueSettings));
    const broken = new Saving(data);
    broken.step();
    const value = dict.valueForWrite(dict.find(...window('a'))) as HashValue;
    broken.snapshot.abort();
    expect(value.observer ?? null).toBe(null);
    kind.change(value, picker(seededRandom(2)));
    expect(new Saving(data).finish()).toBe(datasetDigest(data));
  });
});

/** SAVE may come while another snapshot is in the middle of its walk. */
function expectSavedNow(data: Keyspace): void {
  const loaded = newKeyspace();
  loadRdb(loaded, [rdbNow(data)]);
  expect(datasetDigest(loaded)).toBe(datasetDigest(data));
}

test('what is written as one command goes out in pieces, and what was set aside meanwhile after it', () => {
  const data = newKeyspace();
  const { dict } = data.databases[0];
  const large = new SetValue(data.valueSettings);
  for (let at = 0; at < 30_000; at++) large.add(...window(nameOf(at)));
  put(dict, 'large', large);
  for (let at = 0; at < 3000; at++) put(dict, `small ${at}`, new SetValue(data.valueSettings));
  const wanted = datasetDigest(data);
  const saving = new Saving(data, 'commands');
  let most = 0;
  for (let at = 0, before = 0, isOver = false; !isOver; at++, before = saving.bytesWritten) {
    (dict.valueForWrite(dict.find(...window('large'))) as SetValue).remove(...window(nameOf(at)));
    const ref = dict.find(...window(`small ${at % 3000}`));
    (dict.valueForWrite(ref) as SetValue).add(...window('two'));
    isOver = saving.step();
    most = Math.max(most, saving.bytesWritten - before);
  }
  expect(saving.bytesWritten).toBeGreaterThan(1_500_000);
  expect(most).toBeLessThan(400_000);
  expect(saving.digest()).toBe(wanted);
});

/** A snapshot whose bytes are kept, and whose clock ticks once per look. */
class Saving {
  readonly snapshot: Snapshot;
  bytesWritten = 0;
  readonly #form: 'rdb' | 'commands';
  readonly #blocks: Buffer[] = [];
  #ticks = 0;
  #isOver = false;

  constructor(data: Keyspace, form: 'rdb' | 'commands' = 'rdb') {
    this.#form = form;
    const sink: BlockSink = (block) => {
      this.#blocks.push(Buffer.from(block));
      this.bytesWritten += block.length;
    };
    const writer =
      form === 'rdb'
        ? new RdbWriter({ sink, blockBytes: 64, compress: false })
        : new CommandWriter({ sink, compress: false, timestampSec: -1 });
    this.snapshot = new Snapshot({
      keyspace: data,
      writer,
      aux: [],
      monotonicMs: () => this.#ticks++,
    });
  }

  /** True when everything is saved. */
  step(looks = 1): boolean {
    this.#isOver ||= this.snapshot.step(looks);
    return this.#isOver;
  }

  finish(): string {
    this.step(Number.POSITIVE_INFINITY);
    return this.digest();
  }

  /** Of what the RDB holds. */
  digest(): string {
    const loaded = newKeyspace();
    if (this.#form === 'rdb') loadRdb(loaded, this.#blocks);
    else loadCollections(loaded, Buffer.concat(this.#blocks));
    return datasetDigest(loaded);
  }
}

function newKeyspace(): Keyspace {
  return new Keyspace({ databases: 1, random: seededRandom(3), onExpired: () => undefined });
}

function put(dict: Dict, key: string, value: Value): void {
  if (value.size === 0) (value as SetValue).add(...window('one'));
  dict.find(...window(key));
  dict.insertValue(...window(key), value);
}

function picker(random: Random): (count: number) => number {
  return (count) => Math.floor(random.float() * Math.max(count, 1));
}

function idOf(ms: number): StreamId {
  const id = new StreamId();
  id.setMs(ms);
  return id;
}

function append(stream: StreamValue, ms: number, text: string): void {
  const buffer = Buffer.from(`f${text}`);
  stream.append(idOf(ms), {
    buffer,
    starts: Int32Array.of(0, 1),
    ends: Int32Array.of(1, buffer.length),
    first: 0,
    count: 1,
    bytes: buffer.length,
  });
}
