/**
 * Puts the entries of an RDB into dicts. Used at start-up, by DEBUG RELOAD and by a full sync; the
 * reader parses, this only stores. Whether the dicts are the live ones or ones set aside is the
 * caller's choice.
 */
import type { RdbSink } from '../../rdb/rdb-reader.ts';
import type { SkippedItem } from '../../rdb/value-sink.ts';
import { noCollections } from './no-collections.ts';
import type { Dict } from '../keyspace/dict.ts';

/** What the file said about itself, as far as the server needs it. */
export interface LoadedFacts {
  version: number;
  /** Aux fields by name: repl-id, repl-offset, repl-stream-db, redis-ver, ctime, … */
  readonly aux: Map<string, string>;
  keysLoaded: number;
  keysExpired: number;
}

export interface LoadTarget {
  /** The dict of a database; throws when the server has fewer databases. */
  dict(dbId: number): Dict;
  /** Unix milliseconds before which entries are dropped as expired; −1 keeps them all. */
  readonly dropExpiredBefore: number;
  /** The access clock that "just now" has. */
  readonly accessClock: number;
  onSkipped(item: SkippedItem): void;
  /** An entry was dropped as expired. */
  onExpired?(dbId: number, key: Buffer): void;
}

export class KeyspaceLoader implements RdbSink {
  readonly facts: LoadedFacts = { version: 0, aux: new Map(), keysLoaded: 0, keysExpired: 0 };
  readonly #target: LoadTarget;
  #dict: Dict | null = null;
  #dbId = 0;

  constructor(target: LoadTarget) {
    this.#target = target;
  }

  header(version: number): void {
    this.facts.version = version;
  }

  aux(name: string, value: string): void {
    this.facts.aux.set(name, value);
  }

  selectDb(dbId: number): void {
    this.#dict = this.#target.dict(dbId);
    this.#dbId = dbId;
  }

  /** The table grows a segment at a time, so a hint of its size is of no use. */
  resizeDb(): void {}

  skipped(item: SkippedItem): void {
    this.#target.onSkipped(item);
  }

  readonly beginList = noCollections.beginList;
  readonly beginSet = noCollections.beginSet;
  readonly beginHash = noCollections.beginHash;
  readonly beginZset = noCollections.beginZset;
  readonly endCollection = noCollections.endCollection;

  string(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
    idleSeconds: number,
  ): void {
    const { facts } = this;
    if (expireAtMs >= 0 && expireAtMs < this.#target.dropExpiredBefore) {
      facts.keysExpired++;
      this.#target.onExpired?.(this.#dbId, Buffer.from(key.subarray(keyStart, keyEnd)));
      return;
    }
    const dict = (this.#dict ??= this.#target.dict(0));
    let ref = dict.find(key, keyStart, keyEnd);
    if (ref === 0) {
      ref = dict.insertString(key, keyStart, keyEnd, value, valueStart, valueEnd);
    } else {
      ref = dict.overwriteString(ref, value, valueStart, valueEnd, false);
    }
    if (expireAtMs >= 0) ref = dict.setExpireAt(ref, expireAtMs);
    if (idleSeconds > 0) dict.setAccessedAt(ref, this.#target.accessClock - idleSeconds);
    facts.keysLoaded++;
  }
}
