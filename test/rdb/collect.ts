/**
 * What the RDB tests share: a sink that keeps what it is told as plain data, and ways to feed a
 * reader. Strings are kept as latin1, one character per byte.
 */
import { RdbReader, type RdbSink } from '../../src/rdb/rdb-reader.ts';
import type {
  HashTarget,
  ListTarget,
  RdbEntry,
  SetTarget,
  SkippedItem,
  StreamTarget,
  ZsetTarget,
} from '../../src/rdb/value-sink.ts';
import { StreamLoader } from '../../src/server/types/stream-loader.ts';
import { StreamValue } from '../../src/server/types/stream-value.ts';
import { defaultEncodingLimits } from '../../src/server/types/value.ts';
import { contentsOf, type StreamContents } from './stream-contents.ts';

/** A string as it is; a collection by what it is, its elements in the order of the RDB. */
export type CollectedValue =
  | string
  | { list: string[] }
  | { set: string[] }
  /** Field, value and, where the field ends, when. */
  | { hash: [field: string, value: string, expireAtMs?: number][] }
  | { zset: [member: string, score: number][] }
  | { stream: StreamContents };

export interface CollectedEntry<Value = CollectedValue> {
  db: number;
  key: string;
  value: Value;
  expireAtMs: number;
  idleSeconds: number;
  freq: number;
}

export interface Collected {
  version: number;
  aux: Record<string, string>;
  /** `[db, keys, expires]` of every RESIZEDB. */
  sizes: [number, number, number][];
  entries: CollectedEntry[];
  skipped: SkippedItem[];
}

export class CollectingSink implements RdbSink {
  readonly collected: Collected = { version: 0, aux: {}, sizes: [], entries: [], skipped: [] };
  #db = 0;
  #value: CollectedValue = '';
  #stream: StreamValue | null = null;
  readonly #seen = new Set<string>();
  #last = '';

  header(version: number): void {
    this.collected.version = version;
  }

  aux(name: string, value: string): void {
    this.collected.aux[name] = value;
  }

  selectDb(index: number): void {
    this.#db = index;
  }

  resizeDb(keys: number, expires: number): void {
    this.collected.sizes.push([this.#db, keys, expires]);
  }

  skipped(item: SkippedItem): void {
    this.collected.skipped.push(item);
  }

  string(
    ...[key, keyStart, keyEnd, value, valueStart, valueEnd, ...facts]: Parameters<RdbSink['string']>
  ): void {
    const [expireAtMs, idleSeconds, freq] = facts;
    this.collected.entries.push({
      db: this.#db,
      key: key.toString('latin1', keyStart, keyEnd),
      value: value.toString('latin1', valueStart, valueEnd),
      expireAtMs,
      idleSeconds,
      freq,
    });
  }

  beginList(): ListTarget {
    const list: string[] = [];
    this.#value = { list };
    return { pushTail: (...window) => list.push(latin1(...window)) };
  }

  beginSet(): SetTarget {
    const set: string[] = [];
    this.#value = { set };
    return { add: (...window) => this.#isNew(latin1(...window)) && set.push(this.#last) > 0 };
  }

  beginHash(): HashTarget {
    const hash: [string, string, number?][] = [];
    this.#value = { hash };
    return {
      set: (field, fieldStart, fieldEnd, value, valueStart, valueEnd, expireAtMs) => {
        if (!this.#isNew(latin1(field, fieldStart, fieldEnd))) return false;
        const pair = [this.#last, latin1(value, valueStart, valueEnd)] as const;
        hash.push(expireAtMs === undefined ? [...pair] : [...pair, expireAtMs]);
        return true;
      },
    };
  }

  beginZset(): ZsetTarget {
    const zset: [string, number][] = [];
    this.#value = { zset };
    return {
      add: (member, start, end, score) =>
        this.#isNew(latin1(member, start, end)) && zset.push([this.#last, score]) > 0,
    };
  }

  /** What is in one is told by the server's own. */
  beginStream(): StreamTarget {
    this.#stream = newStream();
    return new StreamLoader(this.#stream);
  }

  endCollection({ key, expireAtMs, idleSeconds, freq }: RdbEntry): void {
    if (this.#stream !== null) this.#value = { stream: contentsOf(this.#stream) };
    this.#stream = null;
    this.collected.entries.push({
      db: this.#db,
      key: latin1(key.bytes, key.start, key.end),
      value: this.#value,
      expireAtMs,
      idleSeconds,
      freq,
    });
    this.#seen.clear();
  }

  /** Whether the collection does not have the element yet; it is `#last` then. */
  #isNew(element: string): boolean {
    if (this.#seen.has(element)) return false;
    this.#seen.add(element);
    this.#last = element;
    return true;
  }
}

function newStream(): StreamValue {
  return new StreamValue({ ...defaultEncodingLimits, hashSeed: 0 });
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset).toString('latin1', start, end);
}

/** Takes everything and keeps nothing. */
export const silentSink: RdbSink = {
  aux() {},
  selectDb() {},
  resizeDb() {},
  string() {},
  beginList: () => ({ pushTail() {} }),
  beginSet: () => ({ add: () => true }),
  beginHash: () => ({ set: () => true }),
  beginZset: () => ({ add: () => true }),
  beginStream: () => new StreamLoader(newStream()),
  endCollection() {},
};

/** Reads a whole file, fed in one piece; throws what the reader throws. */
export function readAll(file: Uint8Array): Collected {
  return readPieces([file]).collected;
}

/** Reads a file fed in pieces; an RDB that does not end in them is 'truncated'. */
export function readPieces(pieces: Iterable<Uint8Array>): {
  collected: Collected;
  consumedOffset: number;
  leftover: string;
} {
  const reader = new RdbReader();
  const sink = new CollectingSink();
  let consumedOffset = 0;
  let leftover = '';
  for (const piece of pieces) {
    // The reader promises to copy: show it memory that changes right after.
    const borrowed = Buffer.from(piece);
    reader.feed(borrowed);
    borrowed.fill(0xaa);
    const result = reader.parse(sink);
    if (result.kind !== 'done') continue;
    consumedOffset = result.consumedOffset;
    leftover = result.leftover.toString('latin1');
  }
  reader.end();
  return { collected: sink.collected, consumedOffset, leftover };
}

/** `bytes` cut at the given places, which may be in any order and out of range. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  );
  const bounds = [0, ...sorted, bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

export function* singleBytes(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}
