/**
 * The snapshot without fork: a point-in-time RDB of the data set, written in short slices between
 * requests. When it starts, every dict moves to a new epoch; entries stamped with an older one
 * still hold the state to be saved. The walk emits them in hash order, and whatever changes an
 * entry before the walk comes by emits its old state first (`beforeWrite`). Entries created later
 * carry the new epoch and are passed over. Nothing is copied, whatever the size of the data.
 *
 *     start ──▶ step … step ──▶ done         BGSAVE, full sync and the base of an append-only file;
 *        └────────┴──▶ abort                 SAVE is one go without all this: snapshot-entries.ts
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
import {
  type AuxFields,
  type EntryFacts,
  lookAhead,
  type SavedDatabase,
  SnapshotEntries,
} from './snapshot-entries.ts';
import type { ValueBody } from './value-body.ts';

/** A slice looks at the clock each time it has done so much. */
const workPerLook = 32;
/** Elements that are written between two looks at the clock: some 50 µs. */
const pieceElements = 256;
/** A collection that takes no more than this is written at once: half a millisecond or so. */
const maxBytesAtOnce = 128 * 1024;

interface Part extends SavedDatabase {
  /** Where the walk goes on. */
  position: number;
  walked: boolean;
}

/** A collection that is written in pieces, with its entry's facts as they were at the beginning. */
interface LargeEntry {
  readonly part: Part;
  readonly body: ValueBody;
  readonly key: Buffer;
  readonly facts: EntryFacts;
}

export class Snapshot implements SnapshotObserver {
  readonly #entries: SnapshotEntries;
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
    this.#entries = new SnapshotEntries(options.keyspace, options.writer);
    this.#writer = options.writer;
    this.#aside = new EntriesAside(options.writer);
    this.#monotonicMs = options.monotonicMs;
    const databases = options.withoutData === true ? [] : this.#entries.databases();
    this.#parts = databases.map((database) => {
      const { dict } = database;
      assert(dict.observer === null, 'one snapshot at a time');
      dict.observer = this;
      dict.beginEpoch();
      return { ...database, position: 0, walked: false };
    });
    this.keysTotal = this.#parts.reduce((sum, part) => sum + part.keys, 0);
    this.#entries.writeHead(options.aux);
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
    const next = lookAhead(dict, part.position, ahead);
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
    dict.markVisited(ref);
    const value = dict.isCollection(ref) ? dict.value(ref) : null;
    if (value === null || value.memoryBytes <= maxBytesAtOnce) {
      const writer = this.#middleOf === 'nothing' ? this.#writer : this.#aside.writer;
      return this.#entries.write(part, ref, writer);
    }
    const body = this.#entries.bodyOf(value);
    body.guard();
    const [key, facts] = [dict.key(ref), this.#entries.factsOf(dict, ref)];
    this.#large.push({ part, body, key, facts });
    return 0;
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

  #beginLarge({ body: { rdbType }, part, key, facts }: LargeEntry): void {
    const { expireAtMs, idleSeconds, frequency } = facts;
    this.#entries.select(part, this.#writer);
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
}
