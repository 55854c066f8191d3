/**
 * How a snapshot writes the entries of the data set: each with its facts, under its database. Used by
 * the walk in slices (snapshot.ts), which says when and where to, and by the one that SAVE makes, in one
 * go while nothing changes: `writeDataSetNow`.
 */
import type { EntryWriter } from '../../rdb/entry-writer.ts';
import type { Dict } from '../keyspace/dict.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Value } from '../types/value.ts';
import { bodyOf, dumpBodyOf } from './body-of.ts';
import type { ValueBody } from './value-body.ts';

/**
 * Entries that are brought into the cache together, in a bare loop whose loads do not wait for each
 * other: they lie anywhere in memory, and one by one each would cost more than to write it.
 */
const entriesAhead = 32;
/** A string of so many bytes counts as another unit of work: long ones are slow to compress. */
const bytesPerWork = 1024;

/** Facts for the file's head, in order. */
export type AuxFields = readonly (readonly [name: string, value: string | number])[];

/** A database as it is when the snapshot begins. */
export interface SavedDatabase {
  readonly dbId: number;
  readonly dict: Dict;
  readonly keys: number;
  readonly volatileKeys: number;
}

/** What stands before an entry's value, but for its key; −1 where there is none. */
export interface EntryFacts {
  readonly expireAtMs: number;
  /** The LRU's, or the LFU's counter: what an eviction policy will want to know. */
  readonly idleSeconds: number;
  readonly frequency: number;
}

export class SnapshotEntries {
  readonly #keyspace: Keyspace;
  readonly #writer: EntryWriter;
  #selectedDb = -1;
  /** RDB's hint of sizes goes before a database's first entry. */
  readonly #announced = new Set<number>();

  /** `writer` takes the file's head. */
  constructor(keyspace: Keyspace, writer: EntryWriter) {
    this.#keyspace = keyspace;
    this.#writer = writer;
  }

  /** Those that hold keys. */
  databases(): SavedDatabase[] {
    return this.#keyspace.databases
      .filter(({ dict }) => dict.size > 0)
      .map(({ id, dict }) => {
        return { dbId: id, dict, keys: dict.size, volatileKeys: dict.volatileSize };
      });
  }

  writeHead(aux: AuxFields): void {
    this.#writer.header();
    for (const [name, value] of aux) this.#writer.aux(name, value);
  }

  /** What a collection is written as. */
  bodyOf(value: Value): ValueBody {
    return this.#writer.writesPayloads ? dumpBodyOf(value) : bodyOf(value);
  }

  factsOf(dict: Dict, ref: number): EntryFacts {
    return {
      expireAtMs: dict.expireAt(ref),
      idleSeconds: this.#idleSeconds(dict, ref),
      frequency: this.#frequency(dict, ref),
    };
  }

  /** The entries that `writer` gets next, of all that it and others get, belong to this database. */
  select({ dbId, keys, volatileKeys }: SavedDatabase, writer: EntryWriter): void {
    if (this.#selectedDb === dbId) return;
    this.#selectedDb = dbId;
    writer.selectDb(dbId);
    if (!this.#announced.has(dbId)) writer.resizeDb(keys, volatileKeys);
    this.#announced.add(dbId);
  }

  /** Writes a whole entry; returns how much work that was, besides the entry itself. */
  write(database: SavedDatabase, ref: number, writer: EntryWriter): number {
    this.select(database, writer);
    const { dict } = database;
    if (dict.isCollection(ref)) return this.#writeCollection(dict, ref, writer);
    dict.readKey(ref);
    const { windowBuffer: key, windowStart: keyStart, windowEnd: keyEnd } = dict;
    dict.readString(ref);
    const { windowBuffer: value, windowStart, windowEnd } = dict;
    writer.stringEntry(
      key,
      keyStart,
      keyEnd,
      value,
      windowStart,
      windowEnd,
      dict.expireAt(ref),
      this.#idleSeconds(dict, ref),
      this.#frequency(dict, ref),
    );
    return Math.floor((windowEnd - windowStart) / bytesPerWork);
  }

  #writeCollection(dict: Dict, ref: number, writer: EntryWriter): number {
    const value = dict.value(ref);
    const body = this.bodyOf(value);
    const { expireAtMs, idleSeconds, frequency } = this.factsOf(dict, ref);
    dict.readKey(ref);
    const { windowBuffer: key, windowStart, windowEnd } = dict;
    writer.beginEntry(
      body.rdbType,
      key,
      windowStart,
      windowEnd,
      expireAtMs,
      idleSeconds,
      frequency,
    );
    body.write(writer.output, Number.POSITIVE_INFINITY);
    writer.endEntry();
    while (!writer.drain());
    return Math.floor(value.memoryBytes / bytesPerWork);
  }

  #idleSeconds(dict: Dict, ref: number): number {
    return this.#keyspace.accessOrder === 'lru' ? dict.idleSeconds(ref) : -1;
  }

  #frequency(dict: Dict, ref: number): number {
    return dict.frequencies === null ? -1 : dict.frequencies.countOf(dict.accessedAt(ref));
  }
}

/** Collects the entries of a dict from a position on into `ahead`; returns the next position. */
export function lookAhead(dict: Dict, position: number, ahead: number[]): number {
  ahead.length = 0;
  const next = dict.walk(position, (ref) => ahead.push(ref) < entriesAhead);
  dict.touchEntries(ahead);
  return next;
}

/**
 * Writes the data set as it is. It leaves no trace in what it reads, so that another snapshot may be in
 * the middle of its walk.
 */
export function writeDataSetNow(keyspace: Keyspace, writer: EntryWriter, aux: AuxFields): void {
  const entries = new SnapshotEntries(keyspace, writer);
  entries.writeHead(aux);
  const ahead: number[] = [];
  for (const database of entries.databases()) {
    for (let position = 0; ;) {
      position = lookAhead(database.dict, position, ahead);
      for (const ref of ahead) entries.write(database, ref, writer);
      if (position === 0) break;
    }
  }
  writer.eof();
}
