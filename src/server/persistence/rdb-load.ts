/**
 * Puts the entries of an RDB into dicts. Used at start-up, by DEBUG RELOAD and by a full sync; the
 * reader parses, this only stores. Whether the dicts are the live ones or ones set aside is the
 * caller's choice.
 */
import type { RdbSink } from '../../rdb/rdb-reader.ts';
import type {
  HashTarget,
  ListTarget,
  RdbEntry,
  SetTarget,
  SkippedItem,
  StreamTarget,
  ZsetTarget,
} from '../../rdb/value-sink.ts';
import type { StringWindow } from '../../rdb/string-window.ts';
import { readFieldTimes } from '../../rdb/values/field-times.ts';
import type { Dict } from '../keyspace/dict.ts';
import { HashValue } from '../types/hash-value.ts';
import type { ValueSettings } from '../types/value.ts';
import type { SkippedItems } from './skipped-items.ts';
import { ValueMaker } from './value-maker.ts';

/** What the file said about itself, as far as the server needs it. */
export interface LoadedFacts {
  version: number;
  /** Aux fields by name: repl-id, repl-offset, repl-stream-db, redis-ver, ctime, … */
  readonly aux: Map<string, string>;
  keysLoaded: number;
  keysExpired: number;
}

/** Beyond this a wrong hint would cost more than a right one saves. */
const maxExpectedKeys = 2 ** 26;

/**
 * The aux field in which a master says by what its keys of a database are ordered. Ours: real servers
 * pass over fields that they do not know.
 */
export function hashSeedAux(dbId: number): string {
  return `repl-hash-seed-${dbId}`;
}

export interface LoadTarget {
  /** The dict of a database; throws when the server has fewer databases. */
  dict(dbId: number): Dict;
  /** Unix milliseconds before which entries are dropped as expired; −1 keeps them all. */
  readonly dropExpiredBefore: number;
  /** What collections are made with. */
  readonly valueSettings: ValueSettings;
  /** Where the loader notes what it leaves out, for the log. */
  readonly skipped: SkippedItems;
  /** An entry was dropped as expired. */
  onExpired?(dbId: number, key: Buffer): void;
}

export class KeyspaceLoader implements RdbSink {
  readonly facts: LoadedFacts = { version: 0, aux: new Map(), keysLoaded: 0, keysExpired: 0 };
  readonly #target: LoadTarget;
  readonly #maker: ValueMaker;
  #dict: Dict | null = null;
  #dbId = 0;

  constructor(target: LoadTarget) {
    this.#target = target;
    this.#maker = new ValueMaker(target.valueSettings);
  }

  /** A key has come, though maybe not all of its value. */
  get hasMetKey(): boolean {
    return this.facts.keysLoaded > 0 || this.#maker.isFilling;
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

  /**
   * The table grows a segment at a time, so a hint of its size is of use only together with the order
   * in which the keys will come.
   */
  resizeDb(keys: number): void {
    const seed = this.facts.aux.get(hashSeedAux(this.#dbId));
    if (seed === undefined || !/^\d{1,10}$/.test(seed) || keys > maxExpectedKeys) return;
    this.#dict?.expectCopy({ seed: Number(seed) >>> 0, keys });
  }

  skipped(item: SkippedItem): void {
    this.#target.skipped.add(item);
  }

  string(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
    idleSeconds: number,
    freq: number,
  ): void {
    if (this.#isDropped(key, keyStart, keyEnd, expireAtMs)) return;
    const dict = (this.#dict ??= this.#target.dict(0));
    const held = dict.find(key, keyStart, keyEnd);
    const ref =
      held === 0
        ? dict.insertString(key, keyStart, keyEnd, value, valueStart, valueEnd)
        : dict.overwriteString(held, value, valueStart, valueEnd, false);
    this.#noteFacts(dict, ref, expireAtMs, idleSeconds, freq);
  }

  beginList(): ListTarget {
    return this.#maker.beginList();
  }

  beginSet(): SetTarget {
    return this.#maker.beginSet();
  }

  beginHash(): HashTarget {
    return this.#maker.beginHash();
  }

  beginZset(): ZsetTarget {
    return this.#maker.beginZset();
  }

  beginStream(): StreamTarget {
    return this.#maker.beginStream();
  }

  /** An empty collection should not be in an RDB; Redis before 6.2 may have left some there. */
  endCollection(entry: RdbEntry): void {
    const { bytes, start, end } = entry.key;
    const value = this.#maker.end();
    if (value === null) {
      this.#target.skipped.addEmptyKey(bytes.subarray(start, end));
      return;
    }
    if (this.#isDropped(bytes, start, end, entry.expireAtMs)) return;
    const dict = (this.#dict ??= this.#target.dict(0));
    const held = dict.find(bytes, start, end);
    const ref =
      held === 0
        ? dict.insertValue(bytes, start, end, value)
        : dict.overwriteValue(held, value, false);
    this.#noteFacts(dict, ref, entry.expireAtMs, entry.idleSeconds, entry.freq);
  }

  /** A hash that was left out has no times either. */
  fieldTimes(key: StringWindow, times: StringWindow): boolean {
    const dict = this.#dict;
    const ref = dict === null ? 0 : dict.find(key.bytes, key.start, key.end);
    if (dict === null || ref === 0 || !dict.isCollection(ref)) return true;
    const hash = dict.valueForWrite(ref);
    if (!(hash instanceof HashValue)) return false;
    const areSound = readFieldTimes(times, (field, start, end, atMs) => {
      if (hash.has(field, start, end)) hash.expireField(field, start, end, atMs);
    });
    dict.noteFieldTimes(ref);
    return areSound;
  }

  /** Whether an entry is past its time, and left out for that. */
  #isDropped(key: Buffer, start: number, end: number, expireAtMs: number): boolean {
    if (expireAtMs < 0 || expireAtMs >= this.#target.dropExpiredBefore) return false;
    this.facts.keysExpired++;
    this.#target.onExpired?.(this.#dbId, Buffer.from(key.subarray(start, end)));
    return true;
  }

  #noteFacts(
    dict: Dict,
    added: number,
    expireAtMs: number,
    idleSeconds: number,
    freq: number,
  ): void {
    const ref = expireAtMs < 0 ? added : dict.setExpireAt(added, expireAtMs);
    dict.restoreAccess(ref, idleSeconds, freq);
    this.facts.keysLoaded++;
  }
}
