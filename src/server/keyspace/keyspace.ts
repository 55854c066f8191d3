/**
 * The databases, and the one way to look a key up: with its time to live honoured, its access
 * clock stamped, hits and misses counted, watchers told. Commands go through here; they touch a
 * Dict directly only for the value of an entry they have just looked up.
 *
 * Who deletes an expired key depends on the role: a master does, and propagates the deletion; a
 * replica hides it from its clients and waits for the master's DEL. That role, and where the
 * deletion goes, are passed in; nothing here knows of replication.
 */
import type { Random } from '../../util/random.ts';
import type { HashValue } from '../types/hash-value.ts';
import { defaultEncodingLimits, type ValueSettings, type ValueType } from '../types/value.ts';
import { AwaitedKeys } from './awaited-keys.ts';
import type { Database, KeyState } from './database.ts';
import { Dict } from './dict.ts';
import { accessMask } from './entry-store.ts';
import { FrequencyCounter } from './frequency.ts';
import { notifyClass, type NotifyClass } from './notify.ts';
import { ReplicaKeys } from './replica-keys.ts';

/** How keys past their time are treated; see the header. */
export type ExpiryMode =
  /** Master: a lookup deletes the key and says so. */
  | 'delete'
  /** Replica, or writes paused: the key is hidden but stays. */
  | 'hide'
  /** The master's own stream, or loading: the key is as good as any. */
  | 'ignore';

/** Which keys go first where memory is short; with `none` that depends on other things. */
export type AccessOrder = 'lru' | 'lfu' | 'none';

export interface KeyspaceStats {
  keyspaceHits: number;
  keyspaceMisses: number;
  expiredKeys: number;
  /** Fields of hashes. */
  expiredSubkeys: number;
  /** Slices of active expiry that ended with keys still due. */
  expiredTimeCapReachedCount: number;
  /** Values that went without haste; see lazy-free.ts. */
  lazyfreedObjects: number;
}

/** An expired key, or these fields of its hash, have been deleted: the deletion is to be propagated. */
type OnExpired = (db: Database, key: Buffer, fields?: readonly Buffer[]) => void;

export class Keyspace {
  readonly databases: Database[] = [];
  readonly stats: KeyspaceStats = {
    keyspaceHits: 0,
    keyspaceMisses: 0,
    expiredKeys: 0,
    expiredSubkeys: 0,
    expiredTimeCapReachedCount: 0,
    lazyfreedObjects: 0,
  };
  /** Changes since the last save; each command that changes data raises it. */
  dirty = 0;
  /** Unix milliseconds, set once per turn: all commands of a turn see one time. */
  nowMs = 0;
  expiryMode: ExpiryMode = 'delete';
  /** On a replica that clients may write to: keys that it must expire itself. */
  readonly replicaKeys = new ReplicaKeys();
  /** What collections in this keyspace are made with. */
  readonly valueSettings: ValueSettings;
  /** The classes of events that somebody may listen to; see `notify`. */
  notifyMask = 0;
  /** Told of events of those classes; what publishes them sets it. */
  onEvent: ((db: Database, event: string, key: Buffer) => void) | null = null;
  /** CLIENT NO-TOUCH, or a command that only looks: the access clock stays. */
  touchOnLookup = true;
  /** The keys that blocked clients wait for. */
  readonly awaited = new AwaitedKeys((db, key) => this.#typeAt(db, key));

  readonly #random: Random;
  readonly #onExpired: OnExpired;
  #accessClock = 0;
  #accessOrder: AccessOrder = 'none';
  /** Counts uses under the LFU policies. */
  readonly frequencies: FrequencyCounter;

  constructor(options: { databases: number; random: Random; onExpired: OnExpired }) {
    this.#random = options.random;
    this.#onExpired = options.onExpired;
    this.frequencies = new FrequencyCounter(this.#random);
    this.valueSettings = { ...defaultEncodingLimits, hashSeed: this.#random.uint32() };
    for (let id = 0; id < options.databases; id++) {
      this.databases.push({ id, dict: this.#newDict(), watched: new Map() });
    }
  }

  // ---- lookups ----

  /** The entry for reading, 0 when absent or expired. Counts a hit or a miss. */
  lookupRead(db: Database, key: Uint8Array, start: number, end: number): number {
    const { dict } = db;
    const ref = dict.find(key, start, end);
    if (ref === 0 || (dict.volatileSize !== 0 && this.#isExpired(db, ref))) {
      this.stats.keyspaceMisses++;
      this.notify(notifyClass.keyMiss, 'keymiss', db, key, start, end);
      return 0;
    }
    this.stats.keyspaceHits++;
    if (this.touchOnLookup) dict.touch(ref);
    return ref;
  }

  /**
   * The entry for writing, 0 when absent or expired. After 0 the key can be inserted at once with
   * `insertString`, because it was the last one looked for.
   */
  lookupWrite(db: Database, key: Uint8Array, start: number, end: number): number {
    const { dict } = db;
    const ref = dict.find(key, start, end);
    if (ref === 0) return 0;
    if (dict.volatileSize !== 0 && this.#isExpired(db, ref)) {
      if (this.expiryMode === 'delete') return dict.find(key, start, end);
      // A writable replica overwrites what it may not delete: its own copy is the user's business.
      dict.remove(ref);
      return dict.find(key, start, end);
    }
    if (this.touchOnLookup) dict.touch(ref);
    return ref;
  }

  /** Whether the key exists, without counting or touching. */
  exists(db: Database, key: Uint8Array, start: number, end: number): boolean {
    const ref = db.dict.find(key, start, end);
    return ref !== 0 && !this.#isExpired(db, ref);
  }

  /** How a key stands, without counting, touching or deleting. */
  stateIn(dict: Dict, key: Buffer): KeyState {
    const ref = dict.find(key, 0, key.length);
    if (ref === 0) return 'absent';
    const at = dict.expireAt(ref);
    const past = at >= 0 && at <= this.nowMs && this.expiryMode !== 'ignore';
    return past ? 'expired' : 'alive';
  }

  /** Whether an entry found by walking is past its time; deletes it where that is our part. */
  isExpired(db: Database, ref: number): boolean {
    return db.dict.volatileSize !== 0 && this.#isExpired(db, ref);
  }

  #typeAt(db: Database, key: Buffer): ValueType | null {
    const ref = db.dict.find(key, 0, key.length);
    return ref === 0 || this.isExpired(db, ref) ? null : db.dict.type(ref);
  }

  #isExpired(db: Database, ref: number): boolean {
    const at = db.dict.expireAt(ref);
    if (at < 0 || at > this.nowMs || this.expiryMode === 'ignore') return false;
    if (this.expiryMode === 'delete') this.deleteExpired(db, ref);
    return true;
  }

  /** Deletes an entry past its time and says so to whoever propagates. */
  deleteExpired(db: Database, ref: number): void {
    const key = db.dict.key(ref);
    db.dict.remove(ref);
    this.stats.expiredKeys++;
    this.notify(notifyClass.expired, 'expired', db, key, 0, key.length);
    this.signalModified(db, key, 0, key.length);
    this.#onExpired(db, key);
  }

  /**
   * Deletes fields past their time from the hash in an entry, and the hash when none is left, and
   * says so to whoever propagates.
   */
  deleteExpiredFields(db: Database, ref: number, fields: readonly Buffer[]): void {
    const { dict } = db;
    const hash = dict.valueForWrite(ref) as HashValue;
    for (const field of fields) hash.remove(field, 0, field.length);
    const key = dict.key(ref);
    this.stats.expiredSubkeys += fields.length;
    this.notify(notifyClass.hash, 'hexpired', db, key, 0, key.length);
    if (hash.size === 0) {
      dict.remove(ref);
      this.notify(notifyClass.generic, 'del', db, key, 0, key.length);
    } else {
      dict.noteFieldTimes(ref);
    }
    this.signalModified(db, key, 0, key.length);
    this.#onExpired(db, key, fields);
  }

  /** Deletes an entry to make room; returns its key, for whoever propagates the deletion. */
  evict(db: Database, ref: number): Buffer {
    const key = db.dict.key(ref);
    db.dict.remove(ref);
    this.signalModified(db, key, 0, key.length);
    this.notify(notifyClass.evicted, 'evicted', db, key, 0, key.length);
    return key;
  }

  // ---- changes ----

  /**
   * Every change of a key's value or existence ends here: it fails the EXEC of its watchers, and
   * those who are blocked on the key may be served when the command is over.
   */
  signalModified(db: Database, key: Uint8Array, start: number, end: number): void {
    if (this.awaited.any) this.awaited.signal(db, key, start, end);
    if (db.watched.size === 0) return;
    const text = Buffer.from(key.buffer, key.byteOffset + start, end - start).toString('latin1');
    const watchers = db.watched.get(text);
    if (watchers === undefined) return;
    for (const watcher of watchers) watcher.keyModified();
  }

  /** Something has happened to a key that clients may want to hear of; cheap when none does. */
  notify(
    classOfEvent: NotifyClass,
    event: string,
    db: Database,
    key: Uint8Array,
    start: number,
    end: number,
  ): void {
    if ((this.notifyMask & classOfEvent) === 0) return;
    this.onEvent?.(db, event, Buffer.from(key.subarray(start, end)));
  }

  /** Empties databases; returns how many keys went. The old ones are dropped whole, at once. */
  flush(databases: readonly Database[]): number {
    let removed = 0;
    for (const db of databases) {
      removed += db.dict.size;
      this.#replace(db, this.#newDict());
    }
    return removed;
  }

  /** SWAPDB: the clients of one database see the other's keys from now on. */
  swap(a: Database, b: Database): void {
    const dict = a.dict;
    this.#replace(a, b.dict);
    this.#replace(b, dict);
  }

  /** Puts in a whole new data set (after a full sync); returns the old one. */
  replaceAll(dicts: readonly Dict[]): Dict[] {
    return this.databases.map((db, id) => {
      const old = db.dict;
      this.#replace(db, dicts[id] ?? this.#newDict());
      return old;
    });
  }

  /** An empty dict as this keyspace makes them, for loading a data set aside. */
  newDict(): Dict {
    return this.#newDict();
  }

  get keyCount(): number {
    let count = 0;
    for (const db of this.databases) count += db.dict.size;
    return count;
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const db of this.databases) bytes += db.dict.memoryBytes;
    return bytes;
  }

  /** Unix seconds, for LRU wrapped to the 24 bits an entry has for it. */
  setAccessClock(unixSeconds: number): void {
    this.#accessClock = unixSeconds & accessMask;
    this.frequencies.setTime(unixSeconds);
    for (const db of this.databases) this.#setAccess(db.dict);
  }

  /** What the eviction policy asks of an entry's bits, and so what is worth saving of them. */
  set accessOrder(order: AccessOrder) {
    this.#accessOrder = order;
    for (const db of this.databases) this.#setAccess(db.dict);
  }

  get accessOrder(): AccessOrder {
    return this.#accessOrder;
  }

  get accessClock(): number {
    return this.#accessClock;
  }

  #replace(db: Database, next: Dict): void {
    const old = db.dict;
    db.dict = next;
    this.awaited.signalAll(db);
    for (const [text, watchers] of db.watched) {
      const key = Buffer.from(text, 'latin1');
      const before = this.stateIn(old, key);
      const after = this.stateIn(next, key);
      if (before === 'absent' && after === 'absent') continue;
      for (const watcher of watchers) watcher.databaseReplaced(before, after);
    }
  }

  #newDict(): Dict {
    const dict = new Dict(this.#random.uint32());
    this.#setAccess(dict);
    return dict;
  }

  #setAccess(dict: Dict): void {
    const isLfu = this.#accessOrder === 'lfu';
    dict.frequencies = isLfu ? this.frequencies : null;
    dict.accessClock = isLfu ? this.frequencies.fresh : this.#accessClock;
  }
}
