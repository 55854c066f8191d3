/**
 * One database's keys and values: a hash index over entries in an arena, small strings inline,
 * large strings and all other types as JavaScript values by number, times to live in a heap.
 *
 * An entry, addressed by its `ref`, is one arena block:
 *
 *     word 0   value length in bytes, or the number of an outside value (flag OUTSIDE)
 *     word 1   flags and type (8 bits) | key length (24 bits)
 *     word 2   epoch (8 bits) | access clock (24 bits)
 *     word 3   index in the expiry heap; only with flag VOLATILE
 *     then     the key's bytes, then the value's unless it lies outside
 *
 * The epoch is for the snapshot without fork: while a snapshot walks this dict, every change of an
 * entry that it has not visited yet goes through `beforeWrite` first.
 *
 * Callers: the Keyspace for lookups with expiry, the commands for values. A ref is valid until the
 * entry is written again: whatever may move it returns the new ref. No expiry logic here: an entry
 * past its time is still found.
 */
import { assert } from '../../util/errors.ts';
import { Arena, byteIndexOf, wordIndexOf } from './arena.ts';
import { ExpiryHeap } from './expiry-heap.ts';
import { hashBytes } from './hash.ts';
import { HashIndex, homeOf } from './hash-index.ts';

/** What OBJECT and TYPE call these is said in `typeNames`; the numbers are RDB's. */
export const valueTypes = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 6 } as const;
export type ValueType = (typeof valueTypes)[keyof typeof valueTypes];
export const typeNames: readonly string[] = ['string', 'list', 'set', 'zset', 'hash', '', 'stream'];

/** Longer keys do not fit the 24-bit length; the server refuses them. */
export const maxKeyBytes = (1 << 24) - 1;
/** Longer strings live in a Buffer of their own: arena blocks stay cheap to copy and reuse. */
const maxInlineBytes = 16 * 1024;
/** Copying fewer bytes than this by a loop beats a `set` of a subarray (measured on Node 20). */
const loopCopyBytes = 160;

/** Entries can be this many epochs behind before the 8 bits run out. */
const maxUnfinishedWalks = 250;

const headerBytes = 12;
const volatileBytes = 4;
const typeMask = 0x0f;
const VOLATILE = 0x10;
const OUTSIDE = 0x20;
/** The string was built by APPEND or SETRANGE: OBJECT ENCODING says raw whatever its length. */
const RAW = 0x40;

/** A string too long for the arena, with room to grow in place. */
interface OutsideString {
  buffer: Buffer;
  length: number;
}

/** Told of an entry's old state before it changes; see `snapshot.ts`. */
export interface SnapshotObserver {
  beforeWrite(dict: Dict, ref: number): void;
}

export class Dict {
  /** The epoch that writes stamp on entries, 0 … 255; moved by `beginEpoch` alone. */
  epoch = 0;
  /** Set while a snapshot walks this dict. */
  observer: SnapshotObserver | null = null;
  /** What lookups stamp on entries (24 bits): seconds for LRU, written by the cron. */
  accessClock = 0;

  /** The window that `readString` or `readKey` last opened; valid until the next write. */
  windowBuffer: Buffer = Buffer.alloc(0);
  windowStart = 0;
  windowEnd = 0;

  readonly #seed: number;
  #arena = new Arena();
  #index = new HashIndex();
  readonly #expiry: ExpiryHeap;
  #outside: unknown[] = [];
  #freeOutside: number[] = [];
  #outsideBytes = 0;
  /** The hash of the key that `find` last looked for: `insertString` goes on from there. */
  #foundHash = 0;
  #unfinishedWalks = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#expiry = new ExpiryHeap((ref, index) => {
      this.#arena.words[ref >>> 24][wordIndexOf(ref) + 3] = index;
    });
  }

  get size(): number {
    return this.#index.size;
  }

  /** Keys with a time to live. */
  get volatileSize(): number {
    return this.#expiry.size;
  }

  /** Bytes in use for entries, table and outside strings. */
  get memoryBytes(): number {
    const heap = this.#expiry.size === 0 ? 0 : this.#expiry.memoryBytes;
    return this.#arena.usedBytes + this.#index.memoryBytes + this.#outsideBytes + heap;
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
      if (slots[slot * 2] === hash && this.#keyEquals(ref, key, start, end)) return ref;
    }
  }

  /** Stamps the access clock, as every lookup that is not NO-TOUCH does. */
  touch(ref: number): void {
    const words = this.#words(ref);
    const at = wordIndexOf(ref) + 2;
    words[at] = (words[at] & 0xff000000) | this.accessClock;
  }

  /** The access clock's value when the entry was last touched. */
  accessedAt(ref: number): number {
    return this.#words(ref)[wordIndexOf(ref) + 2] & 0xffffff;
  }

  setAccessedAt(ref: number, clock: number): void {
    const words = this.#words(ref);
    const at = wordIndexOf(ref) + 2;
    words[at] = (words[at] & 0xff000000) | (clock & 0xffffff);
  }

  /** See `HashIndex.walk`: SCAN, KEYS and the snapshot go through here. */
  walk(from: number, visit: (ref: number) => boolean): number {
    return this.#index.walk(from, visit);
  }

  /** A random entry, 0 when there is none; O(1) on average. */
  sample(random: () => number): number {
    return this.#index.sample(random);
  }

  // ---- reading an entry ----

  type(ref: number): ValueType {
    return (this.#flags(ref) & typeMask) as ValueType;
  }

  isRaw(ref: number): boolean {
    return (this.#flags(ref) & RAW) !== 0;
  }

  /** Opens the window on the key's bytes. */
  readKey(ref: number): void {
    const words = this.#words(ref);
    const meta = words[wordIndexOf(ref) + 1];
    this.windowBuffer = this.#arena.bytes[ref >>> 24];
    this.windowStart =
      byteIndexOf(ref) + headerBytes + ((meta >>> 24) & VOLATILE ? volatileBytes : 0);
    this.windowEnd = this.windowStart + (meta & 0xffffff);
  }

  /** A copy of the key. */
  key(ref: number): Buffer {
    this.readKey(ref);
    return Buffer.from(this.windowBuffer.subarray(this.windowStart, this.windowEnd));
  }

  /** Opens the window on the bytes of a string value. */
  readString(ref: number): void {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    const meta = words[word + 1];
    const flags = meta >>> 24;
    if ((flags & OUTSIDE) !== 0) {
      const outside = this.#outside[words[word]] as OutsideString;
      this.windowBuffer = outside.buffer;
      this.windowStart = 0;
      this.windowEnd = outside.length;
      return;
    }
    this.windowBuffer = this.#arena.bytes[ref >>> 24];
    const keyStart = (word << 2) + headerBytes + ((flags & VOLATILE) !== 0 ? volatileBytes : 0);
    this.windowStart = keyStart + (meta & 0xffffff);
    this.windowEnd = this.windowStart + words[word];
  }

  stringLength(ref: number): number {
    const value = this.#words(ref)[wordIndexOf(ref)];
    if ((this.#flags(ref) & OUTSIDE) === 0) return value;
    return (this.#outside[value] as OutsideString).length;
  }

  /** A copy of a string value. */
  stringValue(ref: number): Buffer {
    this.readString(ref);
    return Buffer.from(this.windowBuffer.subarray(this.windowStart, this.windowEnd));
  }

  /** Bytes the entry takes, as MEMORY USAGE and DEBUG OBJECT count them. */
  entryBytes(ref: number): number {
    const outside = (this.#flags(ref) & OUTSIDE) !== 0 ? this.stringLength(ref) : 0;
    return this.#blockBytes(ref) + outside + 8;
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
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    assert(keyLength <= maxKeyBytes, 'a key of at most 16 MiB');
    const inline = valueLength <= maxInlineBytes;
    const ref = this.#arena.allocate(headerBytes + keyLength + (inline ? valueLength : 0));
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    words[word] = valueLength;
    words[word + 1] = keyLength;
    words[word + 2] = (this.epoch << 24) | this.accessClock;
    const bytes = this.#arena.bytes[ref >>> 24];
    const keyAt = (word << 2) + headerBytes;
    copy(bytes, keyAt, key, keyStart, keyEnd);
    if (inline) copy(bytes, keyAt + keyLength, value, valueStart, valueEnd);
    else this.#putOutside(ref, Buffer.from(value.subarray(valueStart, valueEnd)));
    this.#index.insert(this.#foundHash, ref);
    return ref;
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
    let at = ref;
    if (!keepTtl && (this.#flags(at) & VOLATILE) !== 0) at = this.#dropVolatile(at);
    at = this.#resizeValue(at, valueEnd - valueStart, false);
    const words = this.#words(at);
    const word = wordIndexOf(at);
    const meta = words[word + 1];
    words[word + 1] = meta & ~((RAW | typeMask) << 24);
    words[word + 2] = (this.epoch << 24) | this.accessClock;
    this.readString(at);
    copy(this.windowBuffer, this.windowStart, value, valueStart, valueEnd);
    return at;
  }

  /**
   * Makes a string longer (zeros at the end) or shorter, keeping its bytes, and opens the window
   * on it for the caller to write into: APPEND, SETRANGE, SETBIT. It counts as raw from then on.
   */
  resizeString(ref: number, length: number): number {
    this.#beforeWrite(ref);
    const before = this.stringLength(ref);
    const at = this.#resizeValue(ref, length, true);
    const words = this.#words(at);
    const word = wordIndexOf(at);
    words[word + 1] = words[word + 1] | (RAW << 24);
    words[word + 2] = (this.epoch << 24) | this.accessClock;
    this.readString(at);
    if (length > before) this.windowBuffer.fill(0, this.windowStart + before, this.windowEnd);
    return at;
  }

  /** Removes an entry; its ref is dead afterwards. */
  remove(ref: number): void {
    this.#beforeWrite(ref);
    this.readKey(ref);
    const hash = hashBytes(this.windowBuffer, this.windowStart, this.windowEnd, this.#seed);
    this.#index.remove(hash, ref);
    const flags = this.#flags(ref);
    if ((flags & VOLATILE) !== 0) this.#expiry.remove(this.#heapIndex(ref));
    if ((flags & OUTSIDE) !== 0) this.#takeOutside(ref);
    this.#arena.release(ref, this.#blockBytes(ref));
    // An emptied dict that was large starts over: nothing stays fragmented for ever.
    if (this.#index.size === 0 && this.#arena.bytes.length > 1) this.#startOver();
  }

  // ---- time to live ----

  /** Unix milliseconds at which the entry ends, −1 for never. */
  expireAt(ref: number): number {
    return (this.#flags(ref) & VOLATILE) === 0 ? -1 : this.#expiry.at(this.#heapIndex(ref));
  }

  /** Gives the entry a time to end, Unix milliseconds; returns its new ref. */
  setExpireAt(ref: number, atMs: number): number {
    this.#beforeWrite(ref);
    this.#stamp(ref);
    if ((this.#flags(ref) & VOLATILE) !== 0) {
      this.#expiry.update(this.#heapIndex(ref), atMs);
      return ref;
    }
    const at = this.#relayout(ref, true);
    this.#expiry.add(at, atMs);
    return at;
  }

  /** Makes a volatile entry last; returns its new ref. */
  clearExpire(ref: number): number {
    if ((this.#flags(ref) & VOLATILE) === 0) return ref;
    this.#beforeWrite(ref);
    this.#stamp(ref);
    return this.#dropVolatile(ref);
  }

  /** The next entry to expire if it ends before `nowMs`, else 0. */
  firstExpired(nowMs: number): number {
    if (this.#expiry.size === 0 || this.#expiry.at(0) > nowMs) return 0;
    return this.#expiry.ref(0);
  }

  /** Mean of the times to live in milliseconds over a few samples, for INFO keyspace's avg_ttl. */
  averageTtlMs(nowMs: number): number {
    const samples = Math.min(this.#expiry.size, 16);
    let total = 0;
    for (let sample = 0; sample < samples; sample++) {
      const index = Math.floor((sample * this.#expiry.size) / samples);
      total += Math.max(0, this.#expiry.at(index) - nowMs);
    }
    return samples === 0 ? 0 : Math.floor(total / samples);
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
    return this.#words(ref)[wordIndexOf(ref) + 2] >>> 24;
  }

  /** Marks the entry as written in the present epoch. */
  #stamp(ref: number): void {
    const words = this.#words(ref);
    const at = wordIndexOf(ref) + 2;
    words[at] = (this.epoch << 24) | (words[at] & 0xffffff);
  }

  /** The snapshot has emitted this entry. */
  markVisited(ref: number): void {
    this.#stamp(ref);
  }

  // ---- inside ----

  #words(ref: number): Int32Array {
    return this.#arena.words[ref >>> 24];
  }

  #flags(ref: number): number {
    return this.#words(ref)[wordIndexOf(ref) + 1] >>> 24;
  }

  #heapIndex(ref: number): number {
    return this.#words(ref)[wordIndexOf(ref) + 3];
  }

  #blockBytes(ref: number): number {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    const meta = words[word + 1];
    const flags = meta >>> 24;
    let size = headerBytes + (meta & 0xffffff);
    if ((flags & VOLATILE) !== 0) size += volatileBytes;
    if ((flags & OUTSIDE) === 0) size += words[word];
    return size;
  }

  #keyEquals(ref: number, key: Uint8Array, start: number, end: number): boolean {
    const chunk = ref >>> 24;
    const word = wordIndexOf(ref);
    const meta = this.#arena.words[chunk][word + 1];
    if ((meta & 0xffffff) !== end - start) return false;
    const bytes = this.#arena.bytes[chunk];
    let at = (word << 2) + headerBytes + (((meta >>> 24) & VOLATILE) !== 0 ? volatileBytes : 0);
    for (let index = start; index < end; index++) {
      if (bytes[at++] !== key[index]) return false;
    }
    return true;
  }

  #beforeWrite(ref: number): void {
    if (this.observer !== null && this.epochOf(ref) !== this.epoch) {
      this.observer.beforeWrite(this, ref);
    }
  }

  /** Makes room for a value of `length` bytes; keeps the old bytes only if asked. */
  #resizeValue(ref: number, length: number, keepBytes: boolean): number {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    const outside = (words[word + 1] >>> 24) & OUTSIDE;
    if (outside !== 0) return this.#resizeOutside(ref, length, keepBytes);
    const before = words[word];
    if (length > maxInlineBytes) return this.#moveOutside(ref, length, keepBytes);
    const blockBytes = this.#blockBytes(ref);
    const wanted = blockBytes - before + length;
    if (Arena.sameClass(blockBytes, wanted)) {
      words[word] = length;
      return ref;
    }
    const kept = blockBytes - before + (keepBytes ? Math.min(before, length) : 0);
    const moved = this.#move(ref, blockBytes, wanted, kept);
    this.#words(moved)[wordIndexOf(moved)] = length;
    return moved;
  }

  /** Copies the first `kept` bytes of a block to a new one and lets the index know. */
  #move(ref: number, blockBytes: number, wanted: number, kept: number): number {
    this.readKey(ref);
    const hash = hashBytes(this.windowBuffer, this.windowStart, this.windowEnd, this.#seed);
    const moved = this.#arena.allocate(wanted);
    const from = this.#arena.bytes[ref >>> 24];
    const to = this.#arena.bytes[moved >>> 24];
    const start = byteIndexOf(ref);
    copy(to, byteIndexOf(moved), from, start, start + kept);
    this.#arena.release(ref, blockBytes);
    this.#index.replace(hash, ref, moved);
    if ((this.#flags(moved) & VOLATILE) !== 0) {
      this.#expiry.relocate(this.#heapIndex(moved), moved);
    }
    return moved;
  }

  #putOutside(ref: number, buffer: Buffer): void {
    const outside: OutsideString = { buffer, length: buffer.length };
    const number = this.#freeOutside.pop() ?? this.#outside.length;
    this.#outside[number] = outside;
    this.#outsideBytes += buffer.length;
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    words[word] = number;
    words[word + 1] = words[word + 1] | (OUTSIDE << 24);
  }

  #takeOutside(ref: number): OutsideString {
    const number = this.#words(ref)[wordIndexOf(ref)];
    const outside = this.#outside[number] as OutsideString;
    this.#outside[number] = undefined;
    this.#freeOutside.push(number);
    this.#outsideBytes -= outside.buffer.length;
    return outside;
  }

  #moveOutside(ref: number, length: number, keepBytes: boolean): number {
    const buffer = Buffer.allocUnsafeSlow(length);
    if (keepBytes) {
      this.readString(ref);
      this.windowBuffer.copy(buffer, 0, this.windowStart, this.windowEnd);
    }
    const blockBytes = this.#blockBytes(ref);
    const wanted = blockBytes - this.stringLength(ref);
    const moved = this.#move(ref, blockBytes, wanted, wanted);
    this.#putOutside(moved, buffer);
    return moved;
  }

  /** An outside string stays outside while it is at least half as long as that takes. */
  #resizeOutside(ref: number, length: number, keepBytes: boolean): number {
    const outside = this.#outside[this.#words(ref)[wordIndexOf(ref)]] as OutsideString;
    if (length < maxInlineBytes / 2) return this.#moveInside(ref, length, keepBytes);
    if (length > outside.buffer.length || length * 4 < outside.buffer.length) {
      // Appending again and again must not copy each time: grow by doubling.
      const capacity = keepBytes && length > outside.length ? roundCapacity(length) : length;
      const buffer = Buffer.allocUnsafeSlow(capacity);
      if (keepBytes) outside.buffer.copy(buffer, 0, 0, Math.min(outside.length, length));
      this.#outsideBytes += buffer.length - outside.buffer.length;
      outside.buffer = buffer;
    }
    outside.length = length;
    return ref;
  }

  #moveInside(ref: number, length: number, keepBytes: boolean): number {
    const blockBytes = this.#blockBytes(ref);
    const outside = this.#takeOutside(ref);
    const moved = this.#move(ref, blockBytes, blockBytes + length, blockBytes);
    const words = this.#words(moved);
    const word = wordIndexOf(moved);
    words[word] = length;
    words[word + 1] = words[word + 1] & ~(OUTSIDE << 24);
    if (keepBytes) {
      this.readString(moved);
      outside.buffer.copy(this.windowBuffer, this.windowStart, 0, length);
    }
    return moved;
  }

  #dropVolatile(ref: number): number {
    this.#expiry.remove(this.#heapIndex(ref));
    return this.#relayout(ref, false);
  }

  /** Rebuilds the block with or without the heap index word before the key. */
  #relayout(ref: number, makeVolatile: boolean): number {
    const blockBytes = this.#blockBytes(ref);
    this.readKey(ref);
    const keyAt = this.windowStart;
    const hash = hashBytes(this.windowBuffer, keyAt, this.windowEnd, this.#seed);
    const start = byteIndexOf(ref);
    const wanted = blockBytes + (makeVolatile ? volatileBytes : -volatileBytes);
    const from = this.windowBuffer;
    const moved = this.#arena.allocate(wanted);
    const to = this.#arena.bytes[moved >>> 24];
    const movedStart = byteIndexOf(moved);
    copy(to, movedStart, from, start, start + headerBytes);
    const movedKeyAt = movedStart + headerBytes + (makeVolatile ? volatileBytes : 0);
    copy(to, movedKeyAt, from, keyAt, start + blockBytes);
    const words = this.#words(moved);
    const word = wordIndexOf(moved) + 1;
    const meta = words[word];
    words[word] = makeVolatile ? meta | (VOLATILE << 24) : meta & ~(VOLATILE << 24);
    this.#arena.release(ref, blockBytes);
    this.#index.replace(hash, ref, moved);
    return moved;
  }

  /** After many broken-off walks the 8 bits would come round to epochs still on old entries. */
  #restampAll(): void {
    this.walk(0, (ref) => {
      this.#stamp(ref);
      return true;
    });
    this.#unfinishedWalks = 0;
  }

  #startOver(): void {
    this.#arena = new Arena();
    this.#index = new HashIndex();
    this.#outside = [];
    this.#freeOutside = [];
  }
}

function copy(
  to: Buffer,
  toStart: number,
  from: Uint8Array,
  fromStart: number,
  fromEnd: number,
): void {
  if (fromEnd - fromStart > loopCopyBytes) {
    to.set(from.subarray(fromStart, fromEnd), toStart);
    return;
  }
  let at = toStart;
  for (let index = fromStart; index < fromEnd; index++) to[at++] = from[index];
}

/** At most twice the length, and at most 1 MiB more than it, as Redis preallocates. */
function roundCapacity(length: number): number {
  return length + Math.min(length, 1 << 20);
}
