/**
 * The snapshot without fork: a point-in-time RDB of the data set, written in short slices between
 * requests. When it starts, every dict moves to a new epoch; entries stamped with an older one
 * still hold the state to be saved. The walk emits them in hash order, and whatever changes an
 * entry before the walk comes by emits its old state first (`beforeWrite`). Entries created later
 * carry the new epoch and are passed over. Nothing is copied, whatever the size of the data.
 *
 *     start ──▶ step … step ──▶ done         SAVE runs it in one go,
 *        └────────┴──▶ abort                 BGSAVE and full sync in slices
 *
 * A large collection is written in pieces: its entry stays *open* between slices. What a write emits
 * meanwhile is set aside until it is closed, since entries do not nest; a write to the open entry
 * itself has the rest of it written at once.
 *
 * The dicts are those of the moment it starts: FLUSHALL and SWAPDB put other ones in their place
 * and the walk goes on over the old.
 */
import { EntriesAside } from '../../rdb/entries-aside.ts';
import type { EntryWriter } from '../../rdb/entry-writer.ts';
import { assert } from '../../util/errors.ts';
import type { Dict, SnapshotObserver } from '../keyspace/dict.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { bodyOf, type ValueBody } from './value-body.ts';

/** A slice looks at the clock each time it has done so much. */
const workPerLook = 16;
/** A string of so many bytes counts as another unit of work: long ones are slow to compress. */
const bytesPerWork = 1024;
/** Elements of a collection that are one unit of work. */
const elementsPerWork = 8;
/** Elements that are written between two looks at the clock: some 50 µs. */
const pieceElements = 256;

/** Facts for the file's head, in order. */
export type AuxFields = readonly (readonly [name: string, value: string | number])[];

interface Part {
  readonly dbId: number;
  readonly dict: Dict;
  readonly keys: number;
  readonly volatileKeys: number;
  /** RDB's hint of sizes goes before a database's first entry. */
  announced: boolean;
  /** Where the walk goes on. */
  position: number;
  walked: boolean;
}

/** An entry of which only a part is written. */
interface OpenEntry {
  readonly part: Part;
  readonly ref: number;
  readonly body: ValueBody;
}

export class Snapshot implements SnapshotObserver {
  readonly #keyspace: Keyspace;
  readonly #writer: EntryWriter;
  readonly #monotonicMs: () => number;
  readonly #parts: Part[];
  /** Keys to save in all, and how many are saved: INFO's current_save_keys_*. */
  readonly keysTotal: number;
  keysProcessed = 0;
  /** Entries that a write emitted before the walk reached them. */
  emittedEarly = 0;
  #partIndex = 0;
  #open: OpenEntry | null = null;
  /** What must wait until the open entry is closed. */
  readonly #aside: EntriesAside;
  #selectedDb = -1;
  #over = false;

  /** Fixes the point in time: everything written to the keyspace after this call is not in it. */
  constructor(options: {
    keyspace: Keyspace;
    writer: EntryWriter;
    aux: AuxFields;
    monotonicMs: () => number;
  }) {
    this.#keyspace = options.keyspace;
    this.#writer = options.writer;
    this.#aside = new EntriesAside(options.writer);
    this.#monotonicMs = options.monotonicMs;
    this.#parts = options.keyspace.databases
      .filter((db) => db.dict.size > 0)
      .map(({ id, dict }) => {
        assert(dict.observer === null, 'one snapshot at a time');
        dict.observer = this;
        dict.beginEpoch();
        const { size: keys, volatileSize: volatileKeys } = dict;
        return {
          dbId: id,
          dict,
          keys,
          volatileKeys,
          announced: false,
          position: 0,
          walked: false,
        };
      });
    this.keysTotal = this.#parts.reduce((sum, part) => sum + part.keys, 0);
    this.#writer.header();
    for (const [name, value] of options.aux) this.#writer.aux(name, value);
  }

  /** Walks on for about `budgetMs`; true when the RDB is complete and all blocks are out. */
  step(budgetMs: number): boolean {
    assert(!this.#over, 'the snapshot is not over');
    const deadline = this.#monotonicMs() + budgetMs;
    while (this.#partIndex < this.#parts.length) {
      if (!this.#closeOpen(deadline)) return false;
      const part = this.#parts[this.#partIndex];
      if (part.walked) {
        part.dict.observer = null;
        part.dict.endEpoch();
        this.#partIndex++;
        continue;
      }
      this.#walk(part, deadline);
      if (!part.walked && this.#open === null) return false;
    }
    this.#over = true;
    this.#writer.eof();
    return true;
  }

  /** Gives up: the writer gets no more, the dicts are free for the next snapshot. */
  abort(): void {
    this.#over = true;
    for (const { dict } of this.#parts) if (dict.observer === this) dict.observer = null;
  }

  /** A write is about to change an entry that may not be saved yet. */
  beforeWrite(dict: Dict, ref: number): void {
    this.emittedEarly++;
    if (this.#open?.ref === ref && this.#open.part.dict === dict) {
      this.#closeOpen(Number.POSITIVE_INFINITY);
      return;
    }
    const part = this.#parts.find((candidate) => candidate.dict === dict);
    assert(part !== undefined, 'only walked dicts are observed');
    this.#emit(part, ref, Number.POSITIVE_INFINITY);
  }

  /** Goes on with one dict, until its end, the deadline or an entry that stays open. */
  #walk(part: Part, deadline: number): void {
    const { dict } = part;
    let workLeft = workPerLook;
    part.position = dict.walk(part.position, (ref) => {
      workLeft--;
      if (dict.epochOf(ref) !== dict.epoch) workLeft -= this.#emit(part, ref, pieceElements);
      if (this.#open !== null) return false;
      if (workLeft > 0) return true;
      workLeft = workPerLook;
      return this.#monotonicMs() < deadline;
    });
    part.walked = part.position === 0;
  }

  /** Writes the rest of the open entry, as far as time allows; true when none is open any more. */
  #closeOpen(deadline: number): boolean {
    const open = this.#open;
    if (open === null) return true;
    while (!open.body.write(this.#writer.output, pieceElements)) {
      if (this.#monotonicMs() >= deadline) return false;
    }
    this.#writer.endEntry();
    open.part.dict.markVisited(open.ref);
    this.#open = null;
    this.#aside.appendTo(this.#writer);
    return true;
  }

  /**
   * Writes an entry; a collection of more than `elements` may stay open, unless another one is open
   * already. Returns how much work that was.
   */
  #emit(part: Part, ref: number, elements: number): number {
    const { dict } = part;
    const writer = this.#open === null ? this.#writer : this.#aside.writer;
    this.#select(part, writer);
    this.keysProcessed++;
    if (dict.isCollection(ref)) return this.#emitCollection(writer, part, ref, elements);
    dict.markVisited(ref);
    const expireAt = dict.expireAt(ref);
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
      expireAt,
      this.#idleSeconds(dict, ref),
      this.#frequency(dict, ref),
    );
    return Math.floor((windowEnd - windowStart) / bytesPerWork);
  }

  #emitCollection(writer: EntryWriter, part: Part, ref: number, elements: number): number {
    const { dict } = part;
    const value = dict.value(ref);
    const body = bodyOf(value);
    dict.readKey(ref);
    const { windowBuffer: key, windowStart, windowEnd } = dict;
    writer.beginEntry(
      body.rdbType,
      key,
      windowStart,
      windowEnd,
      dict.expireAt(ref),
      this.#idleSeconds(dict, ref),
      this.#frequency(dict, ref),
    );
    const limit = this.#open === null ? elements : Number.POSITIVE_INFINITY;
    if (body.write(writer.output, limit)) {
      writer.endEntry();
      dict.markVisited(ref);
    } else {
      this.#open = { part, ref, body };
    }
    return Math.floor(Math.min(value.size, elements) / elementsPerWork);
  }

  /** What an eviction policy will want to know, −1 when it is no matter. */
  #idleSeconds(dict: Dict, ref: number): number {
    return this.#keyspace.accessOrder === 'lru' ? dict.idleSeconds(ref) : -1;
  }

  #frequency(dict: Dict, ref: number): number {
    return dict.frequencies === null ? -1 : dict.frequencies.countOf(dict.accessedAt(ref));
  }

  /** The entries that follow belong to the database of `part`. */
  #select(part: Part, writer: EntryWriter): void {
    if (this.#selectedDb === part.dbId) return;
    this.#selectedDb = part.dbId;
    writer.selectDb(part.dbId);
    if (!part.announced) writer.resizeDb(part.keys, part.volatileKeys);
    part.announced = true;
  }
}
