/**
 * What the RDB tests share: a sink that keeps what it is told as plain data, and ways to feed a
 * reader. Strings are kept as latin1, one character per byte.
 */
import { RdbReader, type RdbSink, type SkippedItem } from '../../src/rdb/rdb-reader.ts';

export interface CollectedEntry {
  db: number;
  key: string;
  value: string;
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
}

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
