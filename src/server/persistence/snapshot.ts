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
 * The dicts are those of the moment it starts: FLUSHALL and SWAPDB put other ones in their place
 * and the walk goes on over the old.
 */
import type { RdbWriter } from '../../rdb/rdb-writer.ts';
import { assert } from '../../util/errors.ts';
import type { Dict, SnapshotObserver } from '../keyspace/dict.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';

/** A slice looks at the clock each time it has done so much. */
const workPerLook = 16;
/** A value of so many bytes counts as another unit of work: long ones are slow to compress. */
const bytesPerWork = 1024;

/** Facts for the file's head, in order. */
export type AuxFields = readonly (readonly [name: string, value: string | number])[];

interface Part {
  readonly dbId: number;
  readonly dict: Dict;
  readonly keys: number;
  readonly volatileKeys: number;
  /** RDB's hint of sizes goes before a database's first entry. */
  announced: boolean;
}

export class Snapshot implements SnapshotObserver {
  readonly #writer: RdbWriter;
  readonly #monotonicMs: () => number;
  readonly #parts: Part[];
  /** Keys to save in all, and how many are saved: INFO's current_save_keys_*. */
  readonly keysTotal: number;
  keysProcessed = 0;
  /** Entries that a write emitted before the walk reached them. */
  emittedEarly = 0;
  #partIndex = 0;
  #position = 0;
  #selectedDb = -1;
  #over = false;

  /** Fixes the point in time: everything written to the keyspace after this call is not in it. */
  constructor(options: {
    keyspace: Keyspace;
    writer: RdbWriter;
    aux: AuxFields;
    monotonicMs: () => number;
  }) {
    this.#writer = options.writer;
    this.#monotonicMs = options.monotonicMs;
    this.#parts = options.keyspace.databases
      .filter((db) => db.dict.size > 0)
      .map(({ id, dict }) => {
        assert(dict.observer === null, 'one snapshot at a time');
        dict.observer = this;
        dict.beginEpoch();
        const { size: keys, volatileSize: volatileKeys } = dict;
        return { dbId: id, dict, keys, volatileKeys, announced: false };
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
      const part = this.#parts[this.#partIndex];
      if (!this.#walk(part, deadline)) return false;
      part.dict.observer = null;
      part.dict.endEpoch();
      this.#partIndex++;
      this.#position = 0;
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
    const part = this.#parts.find((candidate) => candidate.dict === dict);
    assert(part !== undefined, 'only walked dicts are observed');
    this.emittedEarly++;
    this.#emit(part, ref);
  }

  /** Goes on with one dict; true when it has been walked to its end. */
  #walk(part: Part, deadline: number): boolean {
    const { dict } = part;
    let workLeft = workPerLook;
    this.#position = dict.walk(this.#position, (ref) => {
      workLeft--;
      if (dict.epochOf(ref) !== dict.epoch) {
        workLeft -= Math.floor(dict.stringLength(ref) / bytesPerWork);
        this.#emit(part, ref);
      }
      if (workLeft > 0) return true;
      workLeft = workPerLook;
      return this.#monotonicMs() < deadline;
    });
    return this.#position === 0;
  }

  #emit(part: Part, ref: number): void {
    const { dict } = part;
    const writer = this.#writer;
    if (this.#selectedDb !== part.dbId) {
      this.#selectedDb = part.dbId;
      writer.selectDb(part.dbId);
      if (!part.announced) writer.resizeDb(part.keys, part.volatileKeys);
      part.announced = true;
    }
    dict.markVisited(ref);
    this.keysProcessed++;
    const expireAt = dict.expireAt(ref);
    dict.readKey(ref);
    const { windowBuffer: key, windowStart: keyStart, windowEnd: keyEnd } = dict;
    dict.readString(ref);
    const { windowBuffer: value, windowStart, windowEnd } = dict;
    writer.stringEntry(key, keyStart, keyEnd, value, windowStart, windowEnd, expireAt);
  }
}
