/**
 * One database's keys and values: entries as bytes (`entry-store.ts`), found by the hash of their
 * key (`hash-index.ts`), those with a time to live also in a heap (`expiry-heap.ts`), hashes with
 * fields that end in one of their own (`volatile-hashes.ts`).
 *
 * Callers: the Keyspace for lookups with expiry, the commands for values. An entry is addressed by
 * its `ref`, which is valid until the entry is written again: whatever may move it returns the new
 * one. No expiry logic here: an entry past its time is still found.
 *
 * For the snapshot without fork every entry bears the epoch of its last write. While a snapshot
 * walks this dict, a change of an entry that bears an older one goes through `beforeWrite` first.
 */
import { ExpiryHeap } from '../types/expiry-heap.ts';
import { hashBytes } from '../types/hash.ts';
import { HashIndex, homeOf } from '../types/hash-index.ts';
import { type Value, type ValueType, valueTypes } from '../types/value.ts';
import { CollectionBytes } from './collection-bytes.ts';
import { accessMask, EntryStore } from './entry-store.ts';
import type { FrequencyCounter } from './frequency.ts';
import { ReadAhead } from './read-ahead.ts';
import { VolatileHashes } from './volatile-hashes.ts';

/** Entries can be this many epochs behind before the 8 bits run out. */
const maxUnfinishedWalks = 250;
/** Bytes of an entry's slot in the index. */
const slotBytes = 8;

/** Told of an entry's old state before it changes; see `snapshot.ts`. */
export interface SnapshotObserver {
  beforeWrite(dict: Dict, ref: number): void;
}

export class Dict {
  /** The epoch that writes stamp on entries, 0 … 255; moved by `beginEpoch` alone. */
  epoch = 0;
  /** Set while a snapshot walks this dict. */
  observer: SnapshotObserver | null = null;
  /** What new entries are stamped with, and used ones under LRU (24 bits): seconds, by the cron. */
  accessClock = 0;
  /** Under an LFU policy: makes the stamps of used entries. */
  frequencies: FrequencyCounter | null = null;

  #seed: number;
  #entries = new EntryStore();
  #index = new HashIndex();
  readonly #expiry: ExpiryHeap;
  readonly #volatileHashes = new VolatileHashes((ref) => this.#entries.collection(ref));
  /** The hash of the key that `find` last looked for: `insertString` goes on from there. */
  #foundHash = 0;
  #unfinishedWalks = 0;
  readonly #collectionBytes = new CollectionBytes();
  readonly #readAhead = new ReadAhead();

  constructor(seed: number) {
    this.#seed = seed;
    this.#expiry = new ExpiryHeap((ref, index) => this.#entries.setHeapIndex(ref, index));
  }

  get size(): number {
    return this.#index.size;
  }

  /** What the hashes of keys begin with: 32 bits. */
  get seed(): number {
    return this.#seed;
  }

  /**
   * Makes an empty dict one of the same order as another, for all of its keys: those that come as the
   * other is walked fall into place one beside the other.
   */
  expectCopy(of: { readonly seed: number; readonly keys: number }): void {
    if (this.size !== 0) return;
    this.#seed = of.seed;
    this.#index.reserve(of.keys);
  }

  /** Keys with a time to live. */
  get volatileSize(): number {
    return this.#expiry.size;
  }

  /** Hashes with fields that end, some of which may have lost them since. */
  get volatileHashCount(): number {
    return this.#volatileHashes.size;
  }

  /** Bytes in use for entries, index and heap. */
  get memoryBytes(): number {
    const collectionBytes = this.#collectionBytes.total;
    return this.#entries.memoryBytes + collectionBytes + this.indexBytes + this.expiryBytes;
  }

  /** Of these, what finding keys takes. */
  get indexBytes(): number {
    return this.#index.memoryBytes;
  }

  /** And what times to live take. */
  get expiryBytes(): number {
    return this.#expiry.memoryBytes + this.#volatileHashes.memoryBytes;
  }

  // ---- finding ----

  /** The entry with this key, 0 when there is none. */
  find(key: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(key, start, end, this.#seed);
    this.#foundHash = hash;
    const segment = this.#index.segmentOf(hash);
    const { slots, mask } = segment;
    for (let slot = homeOf(segment, hash); ; slot = (slot + 1) & mask) {
      const ref = slots[slot * 2 + 1];
      if (ref === 0) return 0;
      if (slots[slot * 2] === hash && this.#entries.hasKey(ref, key, start, end)) return ref;
    }
  }

  /** Notes a key that will be looked up soon; see `read-ahead.ts`. */
  announce(key: Uint8Array, start: number, end: number): void {
    this.#readAhead.announce(hashBytes(key, start, end, this.#seed));
  }

  /** Brings what lookups of the announced keys will need into the caches. */
  touchAnnounced(): void {
    this.#readAhead.touchAnnounced(this.#index, this.#entries);
  }

  /** The same for entries that are known. */
  touchEntries(refs: readonly number[]): void {
    this.#readAhead.touchEntries(this.#entries, refs);
  }

  /** Notes a use, as every lookup that is not NO-TOUCH does. */
  touch(ref: number): void {
    const { frequencies } = this;
    const bits = frequencies === null ? this.accessClock : frequencies.used(this.accessedAt(ref));
    this.#entries.setAccess(ref, bits);
  }

  /** The access clock's value when the entry was last touched; under LFU, its counter's bits. */
  accessedAt(ref: number): number {
    return this.#entries.access(ref);
  }

  setAccessedAt(ref: number, clock: number): void {
    this.#entries.setAccess(ref, clock);
  }

  /** For how many seconds an entry has not been used, where no frequencies are kept. */
  idleSeconds(ref: number): number {
    // Both are 24-bit clocks; the difference is right although they come round.
    return (this.accessClock - this.accessedAt(ref)) & accessMask;
  }

  /** Says for how long an entry has been idle, and how often it was used; −1 where not known. */
  restoreAccess(ref: number, idleSeconds: number, frequency: number): void {
    const { frequencies } = this;
    if (frequencies !== null) {
      if (frequency >= 0) this.setAccessedAt(ref, frequencies.withCount(frequency));
    } else if (idleSeconds >= 0) {
      this.setAccessedAt(ref, this.accessClock - idleSeconds);
    }
  }

  /** See `HashIndex.walk`: SCAN, KEYS and the snapshot go through here. */
  walk(from: number, visit: (ref: number) => boolean): number {
    return this.#index.walk(from, visit);
  }

  /** A random entry, 0 when there is none; O(1) on average. */
  sample(random: () => number): number {
    return this.#index.sample(random);
  }

  /** A random entry of those with a time to live, 0 when there is none. */
  sampleVolatile(random: () => number): number {
    return this.#expiry.sample(random);
  }

  // ---- reading an entry ----

  /** The window that `readString` or `readKey` last opened; valid until the next write. */
  get windowBuffer(): Buffer {
    return this.#entries.windowBuffer;
  }

  get windowStart(): number {
    return this.#entries.windowStart;
  }

  get windowEnd(): number {
    return this.#entries.windowEnd;
  }

  type(ref: number): ValueType {
    return this.#entries.type(ref) as ValueType;
  }

  /** Whether a string was built by APPEND and the like; see OBJECT ENCODING. */
  isRaw(ref: number): boolean {
    return this.#entries.isRaw(ref);
  }

  /** Opens the window on the key's bytes. */
  readKey(ref: number): void {
    this.#entries.readKey(ref);
  }

  /** A copy of the key. */
  key(ref: number): Buffer {
    this.readKey(ref);
    return this.#copyWindow();
  }

  /** Opens the window on the bytes of a string value. */
  readString(ref: number): void {
    this.#entries.readString(ref);
  }

  stringLength(ref: number): number {
    return this.#entries.stringLength(ref);
  }

  /** A copy of a string value. */
  stringValue(ref: number): Buffer {
    this.readString(ref);
    return this.#copyWindow();
  }

  /** Whether an entry holds a collection; a string otherwise. */
  isCollection(ref: number): boolean {
    return this.#entries.isCollection(ref);
  }

  /** The collection of an entry that is no string, for reading. */
  value(ref: number): Value {
    return this.#entries.collection(ref);
  }

  /** Bytes the entry takes, as MEMORY USAGE and DEBUG OBJECT count them. */
  entryBytes(ref: number): number {
    return this.#entries.entryBytes(ref) + slotBytes;
  }

  // ---- writing ----

  /**
   * Adds a string under the key that the last `find` on this dict looked for and did not find.
   * `value` may be the same buffer as `key`. Returns the new ref.
   */
  insertString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const stamp = this.#freshStamp();
    const entries = this.#entries;
    const ref = entries.create(key, keyStart, keyEnd, value, valueStart, valueEnd, stamp);
    this.#index.insert(this.#foundHash, ref);
    return ref;
  }

  /**
   * Adds a collection under the key that the last `find` on this dict looked for and did not find.
   * Returns the new ref.
   */
  insertValue(key: Uint8Array, keyStart: number, keyEnd: number, value: Value): number {
    const stamp = this.#freshStamp();
    const ref = this.#entries.createCollection(key, keyStart, keyEnd, value, stamp);
    this.#index.insert(this.#foundHash, ref);
    this.#collectionBytes.add(value);
    if (value.type === valueTypes.hash) this.#volatileHashes.note(ref, value);
    return ref;
  }

  /** Puts a collection in place of whatever an entry holds; returns the new ref. */
  overwriteValue(ref: number, value: Value, keepTtl: boolean): number {
    const expireAt = keepTtl ? this.expireAt(ref) : -1;
    const key = this.key(ref);
    this.remove(ref);
    this.#foundHash = hashBytes(key, 0, key.length, this.#seed);
    const at = this.insertValue(key, 0, key.length, value);
    return expireAt < 0 ? at : this.setExpireAt(at, expireAt);
  }

  /**
   * The collection of an entry, to be changed: a snapshot gets its old state first, and the bytes
   * that the change takes or frees are counted later.
   */
  valueForWrite(ref: number): Value {
    this.#beforeWrite(ref);
    this.#stamp(ref);
    const value = this.#entries.collection(ref);
    this.#collectionBytes.noteChange(value);
    return value;
  }

  /** Gives an existing entry a string value; type, flags and, if asked, the TTL are renewed. */
  overwriteString(
    ref: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    keepTtl: boolean,
  ): number {
    this.#beforeWrite(ref);
    if (this.#entries.isCollection(ref)) {
      this.#forget(this.#entries.collection(ref));
      this.#entries.dropCollection(ref);
    }
    const lasting = keepTtl ? ref : this.#dropVolatile(ref);
    const at = this.#resized(lasting, valueEnd - valueStart, false);
    this.#entries.setKind(at, valueTypes.string, false);
    this.#renewStamp(at);
    this.#entries.writeWindow(at, value, valueStart, valueEnd);
    return at;
  }

  /**
   * Makes a string longer (zeros at the end) or shorter, keeping its bytes, and opens the window
   * on it for the caller to write into: APPEND, SETRANGE, SETBIT. It counts as raw from then on.
   */
  resizeString(ref: number, length: number): number {
    this.#beforeWrite(ref);
    const before = this.stringLength(ref);
    const at = this.#resized(ref, length, true);
    this.#entries.setKind(at, valueTypes.string, true);
    this.#renewStamp(at);
    this.readString(at);
    if (length > before) this.windowBuffer.fill(0, this.windowStart + before, this.windowEnd);
    return at;
  }

  /** Removes an entry; its ref is dead afterwards. */
  remove(ref: number): void {
    this.#beforeWrite(ref);
    const entries = this.#entries;
    this.#index.remove(this.#hashOf(ref), ref);
    if (entries.isVolatile(ref)) this.#expiry.remove(entries.heapIndex(ref));
    if (entries.isCollection(ref)) this.#forget(entries.collection(ref));
    entries.destroy(ref);
    // An emptied dict that was large starts over: nothing stays fragmented for ever.
    if (this.#index.size === 0 && entries.isLarge) {
      this.#entries = new EntryStore();
      this.#index = new HashIndex();
    }
  }

  // ---- time to live ----

  /** Unix milliseconds at which the entry ends, −1 for never. */
  expireAt(ref: number): number {
    const entries = this.#entries;
    return entries.isVolatile(ref) ? this.#expiry.at(entries.heapIndex(ref)) : -1;
  }

  /** Gives the entry a time to end, Unix milliseconds; returns its new ref. */
  setExpireAt(ref: number, atMs: number): number {
    this.#beforeWrite(ref);
    this.#stamp(ref);
    if (this.#entries.isVolatile(ref)) {
      this.#expiry.update(this.#entries.heapIndex(ref), atMs);
      return ref;
    }
    const hash = this.#hashOf(ref);
    const at = this.#entries.setVolatile(ref, true);
    this.#index.replace(hash, ref, at);
    this.#expiry.add(at, atMs);
    this.#relocateHash(at);
    return at;
  }

  /** Makes a volatile entry last; returns its new ref. */
  clearExpire(ref: number): number {
    if (!this.#entries.isVolatile(ref)) return ref;
    this.#beforeWrite(ref);
    this.#stamp(ref);
    return this.#dropVolatile(ref);
  }

  /** Fields of the hash in this entry got times, or those past theirs were removed. */
  noteFieldTimes(ref: number): void {
    this.#volatileHashes.note(ref, this.#entries.collection(ref));
  }

  /** The entry of a hash that may have fields past their time, 0 when there is none. */
  firstHashDue(nowMs: number): number {
    return this.#volatileHashes.firstDue(nowMs);
  }

  /** The next entry to expire, 0 when none ever does. */
  get nextToExpire(): number {
    return this.#expiry.first;
  }

  /** The next entry to expire if it ends before `nowMs`, else 0. */
  firstExpired(nowMs: number): number {
    return this.#expiry.firstUntil(nowMs);
  }

  /** Mean of the times to live in milliseconds over a few samples, for INFO keyspace's avg_ttl. */
  averageTtlMs(nowMs: number): number {
    return this.#expiry.meanLeftMs(nowMs);
  }

  // ---- for the snapshot ----

  /** A walk begins: from here on every entry bears an older epoch until it is written or visited. */
  beginEpoch(): void {
    if (this.#unfinishedWalks >= maxUnfinishedWalks) this.#restampAll();
    this.#unfinishedWalks++;
    this.epoch = (this.epoch + 1) & 0xff;
  }

  /** The walk has visited everything: all entries bear the present epoch. */
  endEpoch(): void {
    this.#unfinishedWalks = 0;
  }

  epochOf(ref: number): number {
    return this.#entries.epoch(ref);
  }

  /** The snapshot has emitted this entry. */
  markVisited(ref: number): void {
    this.#stamp(ref);
  }

  // ---- inside ----

  #hashOf(ref: number): number {
    this.readKey(ref);
    return hashBytes(this.windowBuffer, this.windowStart, this.windowEnd, this.#seed);
  }

  #copyWindow(): Buffer {
    return Buffer.from(this.windowBuffer.subarray(this.windowStart, this.windowEnd));
  }

  /** Word 2 of an entry that is written now. */
  #freshStamp(): number {
    return (this.epoch << 24) | this.accessClock;
  }

  /** The same for one that is written anew: how often it was used still holds. */
  #renewStamp(ref: number): void {
    if (this.frequencies === null) this.#entries.setStamp(ref, this.#freshStamp());
    else this.#stamp(ref);
  }

  /** Marks the entry as written in the present epoch. */
  #stamp(ref: number): void {
    this.#entries.setEpoch(ref, this.epoch);
  }

  #beforeWrite(ref: number): void {
    if (this.observer !== null && this.epochOf(ref) !== this.epoch) {
      this.observer.beforeWrite(this, ref);
    }
  }

  /** A collection leaves this dict. */
  #forget(value: Value): void {
    this.#collectionBytes.remove(value);
    if (this.#volatileHashes.size !== 0) this.#volatileHashes.forget(value);
  }

  /** Resizes a value, and has index and heap follow where the entry moves. */
  #resized(ref: number, length: number, keepBytes: boolean): number {
    const at = this.#entries.resize(ref, length, keepBytes);
    if (at === ref) return ref;
    this.#index.replace(this.#hashOf(at), ref, at);
    if (this.#entries.isVolatile(at)) this.#expiry.relocate(this.#entries.heapIndex(at), at);
    return at;
  }

  #dropVolatile(ref: number): number {
    const entries = this.#entries;
    if (!entries.isVolatile(ref)) return ref;
    this.#expiry.remove(entries.heapIndex(ref));
    const at = entries.setVolatile(ref, false);
    this.#index.replace(this.#hashOf(at), ref, at);
    this.#relocateHash(at);
    return at;
  }

  /** An entry has moved to `ref`. */
  #relocateHash(ref: number): void {
    if (this.#volatileHashes.size === 0 || !this.#entries.isCollection(ref)) return;
    this.#volatileHashes.relocate(ref, this.#entries.collection(ref));
  }

  /** After many broken-off walks the 8 bits would come round to epochs still on old entries. */
  #restampAll(): void {
    this.walk(0, (ref) => {
      this.#stamp(ref);
      return true;
    });
    this.#unfinishedWalks = 0;
  }
}
