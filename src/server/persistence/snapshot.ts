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
 * A large collection is written in pieces, and guarded until its last piece is out: a write to it
 * saves the elements that it touches, no more (`ValueBody.guard`). It waits in `#large` for its
 * turn, whether the walk has found it or a write. What a write emits while one is half written is
 * set aside until that is complete, since entries do not nest.
 *
 * The dicts are those of the moment it starts: FLUSHALL and SWAPDB put other ones in their place
 * and the walk goes on over the old.
 */
import { EntriesAside } from '../../rdb/entries-aside.ts';
import type { EntryWriter } from '../../rdb/entry-writer.ts';
import { assert } from '../../util/errors.ts';
import type { Dict, SnapshotObserver } from '../keyspace/dict.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Value } from '../types/value.ts';
import { bodyOf, dumpBodyOf, type ValueBody } from './value-body.ts';

/**
 * Entries that are brought into the cache together, in a bare loop whose loads do not wait for each
 * other: they lie anywhere in memory, and one by one each would cost more than to write it.
 */
const entriesAhead = 32;
/** A slice looks at the clock each time it has done so much. */
const workPerLook = 32;
/** A string of so many bytes counts as another unit of work: long ones are slow to compress. */
const bytesPerWork = 1024;
/** Elements that are written between two looks at the clock: some 50 µs. */
const pieceElements = 256;
/** A collection that takes no more than this is written at once: half a millisecond or so. */
const maxBytesAtOnce = 128 * 1024;

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

/** A collection that is written in pieces, with its entry's facts as they were at the beginning. */
interface LargeEntry {
  readonly part: Part;
  readonly body: ValueBody;
  readonly key: Buffer;
  readonly expireAtMs: number;
  readonly idleSeconds: number;
  readonly frequency: number;
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
  /** Collections that are written in pieces, in their order; the first may be half written. */
  readonly #large: LargeEntry[] = [];
  /** What the writer is in the middle of: that one's body, or what follows when it is complete. */
  #middleOf: 'nothing' | 'body' | 'rest' = 'nothing';
  /** What must wait until the writer is in the middle of nothing. */
  readonly #aside: EntriesAside;
  #selectedDb = -1;
  /** Refs of one dict, for `#walkSome` alone. */
  readonly #ahead: number[] = [];
  #over = false;

  /** Fixes the point in time: everything written to the keyspace after this call is not in it. */
  constructor(options: {
    keyspace: Keyspace;
    writer: EntryWriter;
    aux: AuxFields;
    /** Writes no key at all. */
    withoutData?: boolean;
    monotonicMs: () => number;
  }) {
    this.#keyspace = options.keyspace;
    this.#writer = options.writer;
    this.#aside = new EntriesAside(options.writer);
    this.#monotonicMs = options.monotonicMs;
    this.#parts = options.keyspace.databases
      .filter((db) => db.dict.size > 0 && options.withoutData !== true)
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

  /** Of the RDB so far, those included that its taker does not have yet. */
  get bytesWritten(): number {
    return this.#writer.bytesWritten;
  }

  /** Walks on for about `budgetMs`; true when the RDB is complete and all blocks are out. */
  step(budgetMs: number): boolean {
    assert(!this.#over, 'the snapshot is not over');
    const deadline = this.#monotonicMs() + budgetMs;
    while (this.#writeLarge(deadline)) {
      const part = this.#parts.at(this.#partIndex);
      if (part === undefined) {
        this.#over = true;
        this.#writer.eof();
        return true;
      }
      this.#walk(part, deadline);
      if (part.walked) {
        part.dict.observer = null;
        part.dict.endEpoch();
        this.#partIndex++;
      } else if (this.#large.length === 0) {
        return false;
      }
    }
    return false;
  }

  /** Gives up: the writer gets no more, the dicts are free for the next snapshot. */
  abort(): void {
    this.#over = true;
    for (const { dict } of this.#parts) if (dict.observer === this) dict.observer = null;
    for (const { body } of this.#large) body.release();
    this.#large.length = 0;
  }

  /** A write is about to change an entry that may not be saved yet. */
  beforeWrite(dict: Dict, ref: number): void {
    this.emittedEarly++;
    const part = this.#parts.find((candidate) => candidate.dict === dict);
    assert(part !== undefined, 'only walked dicts are observed');
    this.#emit(part, ref);
  }

  /** Goes on with one dict, until its end, the deadline or a large collection. */
  #walk(part: Part, deadline: number): void {
    let workLeft = workPerLook;
    while (!part.walked && this.#large.length === 0) {
      if (workLeft <= 0) {
        if (this.#monotonicMs() >= deadline) return;
        workLeft = workPerLook;
      }
      workLeft -= this.#walkSome(part, workLeft);
    }
  }

  /** Emits the entries ahead, or as many as make up so much work; returns how much it was. */
  #walkSome(part: Part, enough: number): number {
    const { dict } = part;
    const ahead = this.#ahead;
    ahead.length = 0;
    const next = dict.walk(part.position, (ref) => ahead.push(ref) < entriesAhead);
    dict.touchEntries(ahead);
    let work = 0;
    for (let at = 0; at < ahead.length; at++) {
      const ref = ahead[at];
      work++;
      if (dict.epochOf(ref) === dict.epoch) continue;
      work += this.#emit(part, ref);
      // Those that follow are met again: these bear the new epoch then, and are passed over.
      if (work >= enough && at + 1 < ahead.length) return work;
    }
    part.position = next;
    part.walked = next === 0;
    return work;
  }

  /** Writes an entry, or has it wait for its turn; returns how much work that was. */
  #emit(part: Part, ref: number): number {
    const { dict } = part;
    this.keysProcessed++;
    if (!dict.isCollection(ref)) return this.#emitString(part, ref);
    const value = dict.value(ref);
    if (value.memoryBytes <= maxBytesAtOnce) return this.#emitCollection(part, ref, value);
    const body = this.#bodyOf(value);
    body.guard();
    this.#large.push({
      part,
      body,
      key: dict.key(ref),
      expireAtMs: dict.expireAt(ref),
      idleSeconds: this.#idleSeconds(dict, ref),
      frequency: this.#frequency(dict, ref),
    });
    dict.markVisited(ref);
    return 0;
  }

  #emitString(part: Part, ref: number): number {
    const { dict } = part;
    const writer = this.#writerFor(part);
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

  #emitCollection(part: Part, ref: number, value: Value): number {
    const { dict } = part;
    const writer = this.#writerFor(part);
    const body = this.#bodyOf(value);
    dict.markVisited(ref);
    dict.readKey(ref);
    const { windowBuffer: key, windowStart, windowEnd } = dict;
    const expireAt = dict.expireAt(ref);
    const [idle, frequency] = [this.#idleSeconds(dict, ref), this.#frequency(dict, ref)];
    writer.beginEntry(body.rdbType, key, windowStart, windowEnd, expireAt, idle, frequency);
    body.write(writer.output, Number.POSITIVE_INFINITY);
    writer.endEntry();
    while (!writer.drain());
    return Math.floor(value.memoryBytes / bytesPerWork);
  }

  /** Goes on with the collections that wait, as far as time allows; true when none is left. */
  #writeLarge(deadline: number): boolean {
    while (this.#middleOf !== 'nothing' || this.#large.length > 0) {
      if (this.#middleOf === 'nothing') this.#beginLarge(this.#large[0]);
      if (this.#middleOf === 'body') this.#writeBody(this.#large[0]);
      else if (this.#writer.drain() && this.#aside.drainTo(this.#writer))
        this.#middleOf = 'nothing';
      if (this.#middleOf !== 'nothing' && this.#monotonicMs() >= deadline) return false;
    }
    return true;
  }

  #beginLarge({ body, part, key, expireAtMs, idleSeconds, frequency }: LargeEntry): void {
    const { rdbType } = body;
    this.#select(part, this.#writer);
    this.#writer.beginEntry(rdbType, key, 0, key.length, expireAtMs, idleSeconds, frequency);
    this.#middleOf = 'body';
  }

  #writeBody({ body }: LargeEntry): void {
    if (!body.write(this.#writer.output, pieceElements)) return;
    this.#writer.endEntry();
    body.release();
    this.#large.shift();
    this.#middleOf = 'rest';
  }

  #bodyOf(value: Value): ValueBody {
    return this.#writer.writesPayloads ? dumpBodyOf(value) : bodyOf(value);
  }

  /** What an eviction policy will want to know, −1 when it is no matter. */
  #idleSeconds(dict: Dict, ref: number): number {
    return this.#keyspace.accessOrder === 'lru' ? dict.idleSeconds(ref) : -1;
  }

  #frequency(dict: Dict, ref: number): number {
    return dict.frequencies === null ? -1 : dict.frequencies.countOf(dict.accessedAt(ref));
  }

  /** Where an entry of `part` goes that is written at once. */
  #writerFor(part: Part): EntryWriter {
    const writer = this.#middleOf === 'nothing' ? this.#writer : this.#aside.writer;
    this.#select(part, writer);
    return writer;
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
