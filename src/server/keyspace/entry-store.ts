/**
 * Entries as bytes: a key and its value in one arena block, or the value outside when it is a long
 * string or a collection. Only the Dict uses it; it knows neither the index nor what expires, and tells by a new ref when
 * an entry had to move.
 *
 *     word 0   value length in bytes, or the number of what lies outside (OUTSIDE, COLLECTION)
 *     word 1   flags and type (8 bits) | key length (24 bits)
 *     word 2   the stamp: epoch of the last write (8 bits) | access (24 bits)
 *     word 3   index in the expiry heap; only with flag VOLATILE
 *     then     the key's bytes, then the value's unless it lies outside
 */
import { copyBytes } from '../../util/copy-bytes.ts';
import { assert } from '../../util/errors.ts';
import { Arena, byteIndexOf, wordIndexOf } from '../types/arena.ts';
import { ObjectTable } from '../types/object-table.ts';
import type { Value } from '../types/value.ts';
import { type OutsideString, OutsideStrings } from './outside-strings.ts';

/** Longer keys do not fit the 24-bit length; the server refuses them. */
export const maxKeyBytes = (1 << 24) - 1;

/** The lowest four bits of an entry's flags are its type. */
const typeMask = 0x0f;
const VOLATILE = 0x10;
const OUTSIDE = 0x20;
/** The string was built by APPEND or SETRANGE: OBJECT ENCODING says raw whatever its length. */
const RAW = 0x40;
/** The value is a collection, an object in a table. */
const COLLECTION = 0x80;

/** Longer strings lie outside: arena blocks stay cheap to copy and reuse. */
const maxInlineBytes = 16 * 1024;
const headerBytes = 12;
const volatileBytes = 4;

/** The bits of a stamp that say when, or how often, an entry is used. */
export const accessMask = 0xffffff;

export class EntryStore {
  /** The window that `readString` or `readKey` last opened; valid until the next write. */
  windowBuffer: Buffer = Buffer.alloc(0);
  windowStart = 0;
  windowEnd = 0;

  readonly #arena = new Arena();
  readonly #outside = new OutsideStrings();
  readonly #collections = new ObjectTable<Value>();

  get memoryBytes(): number {
    return this.#arena.usedBytes + this.#outside.memoryBytes;
  }

  /** Whether the arena has grown past its first, small chunk. */
  get isLarge(): boolean {
    return this.#arena.bytes.length > 1;
  }

  // ---- life of an entry ----

  /** A new entry that holds a collection. */
  createCollection(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Value,
    stamp: number,
  ): number {
    const ref = this.create(key, keyStart, keyEnd, key, keyEnd, keyEnd, stamp);
    this.#setFlags(ref, 0, COLLECTION | value.type);
    this.#words(ref)[wordIndexOf(ref)] = this.#collections.add(value);
    return ref;
  }

  /** A new string entry; `value` may be the same buffer as `key`. */
  create(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    stamp: number,
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
    words[word + 2] = stamp;
    const bytes = this.#arena.bytes[ref >>> 24];
    const keyAt = (word << 2) + headerBytes;
    copyBytes(key, keyStart, keyEnd, bytes, keyAt);
    if (inline) copyBytes(value, valueStart, valueEnd, bytes, keyAt + keyLength);
    else this.#putOutside(ref, Buffer.from(value.subarray(valueStart, valueEnd)));
    return ref;
  }

  destroy(ref: number): void {
    const flags = this.#flags(ref);
    if ((flags & OUTSIDE) !== 0) this.#takeOutside(ref);
    if ((flags & COLLECTION) !== 0) this.dropCollection(ref);
    this.#arena.release(ref, this.blockBytes(ref));
  }

  /** Makes of an entry with a collection one with an empty string. */
  dropCollection(ref: number): void {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    this.#collections.remove(words[word]);
    words[word] = 0;
    this.#setFlags(ref, COLLECTION | typeMask, 0);
  }

  /** Makes room for a string of `length` bytes; keeps the old bytes only if asked. New ref. */
  resize(ref: number, length: number, keepBytes: boolean): number {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    if (((words[word + 1] >>> 24) & OUTSIDE) !== 0) {
      return this.#resizeOutside(ref, length, keepBytes);
    }
    const before = words[word];
    if (length > maxInlineBytes) return this.#moveOutside(ref, length, keepBytes);
    const blockBytes = this.blockBytes(ref);
    const wanted = blockBytes - before + length;
    if (Arena.sameClass(blockBytes, wanted)) {
      words[word] = length;
      return ref;
    }
    const kept = blockBytes - before + (keepBytes ? Math.min(before, length) : 0);
    const moved = this.#move(ref, { blockBytes, wanted, kept });
    this.#words(moved)[wordIndexOf(moved)] = length;
    return moved;
  }

  /** Rebuilds the entry with or without the heap index word before the key. New ref. */
  setVolatile(ref: number, on: boolean): number {
    const blockBytes = this.blockBytes(ref);
    this.readKey(ref);
    const { windowBuffer: from, windowStart: keyAt } = this;
    const start = byteIndexOf(ref);
    const moved = this.#arena.allocate(blockBytes + (on ? volatileBytes : -volatileBytes));
    const to = this.#arena.bytes[moved >>> 24];
    const movedStart = byteIndexOf(moved);
    copyBytes(from, start, start + headerBytes, to, movedStart);
    const movedKeyAt = movedStart + headerBytes + (on ? volatileBytes : 0);
    copyBytes(from, keyAt, start + blockBytes, to, movedKeyAt);
    this.#setFlags(moved, on ? 0 : VOLATILE, on ? VOLATILE : 0);
    this.#arena.release(ref, blockBytes);
    return moved;
  }

  // ---- reading ----

  hasKey(ref: number, key: Uint8Array, start: number, end: number): boolean {
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

  /**
   * Reads a word in each of the first cache lines of an entry of ordinary size, which brings them
   * into the cache. What comes back means nothing.
   */
  peek(ref: number): number {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    const last = words.length - 1;
    return words[word] ^ words[Math.min(word + 16, last)] ^ words[Math.min(word + 28, last)];
  }

  /** Opens the window on the key's bytes. */
  readKey(ref: number): void {
    const meta = this.#words(ref)[wordIndexOf(ref) + 1];
    this.windowBuffer = this.#arena.bytes[ref >>> 24];
    this.windowStart =
      byteIndexOf(ref) + headerBytes + (((meta >>> 24) & VOLATILE) !== 0 ? volatileBytes : 0);
    this.windowEnd = this.windowStart + (meta & 0xffffff);
  }

  /** Opens the window on the bytes of a string value. */
  readString(ref: number): void {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    const meta = words[word + 1];
    const flags = meta >>> 24;
    if ((flags & OUTSIDE) !== 0) {
      const { buffer, length } = this.#outsideOf(ref);
      this.windowBuffer = buffer;
      this.windowStart = 0;
      this.windowEnd = length;
      return;
    }
    this.windowBuffer = this.#arena.bytes[ref >>> 24];
    const keyStart = (word << 2) + headerBytes + ((flags & VOLATILE) !== 0 ? volatileBytes : 0);
    this.windowStart = keyStart + (meta & 0xffffff);
    this.windowEnd = this.windowStart + words[word];
  }

  /** Writes over a string's bytes; it has the right length already. */
  writeWindow(ref: number, value: Uint8Array, start: number, end: number): void {
    this.readString(ref);
    copyBytes(value, start, end, this.windowBuffer, this.windowStart);
  }

  stringLength(ref: number): number {
    if ((this.#flags(ref) & OUTSIDE) !== 0) return this.#outsideOf(ref).length;
    return this.#words(ref)[wordIndexOf(ref)];
  }

  isCollection(ref: number): boolean {
    return (this.#flags(ref) & COLLECTION) !== 0;
  }

  collection(ref: number): Value {
    return this.#collections.get(this.#words(ref)[wordIndexOf(ref)]);
  }

  type(ref: number): number {
    return this.#flags(ref) & typeMask;
  }

  isRaw(ref: number): boolean {
    return (this.#flags(ref) & RAW) !== 0;
  }

  /** Says what the value is from now on; whether it is volatile or outside stays. */
  setKind(ref: number, type: number, raw: boolean): void {
    this.#setFlags(ref, RAW | typeMask, type | (raw ? RAW : 0));
  }

  isVolatile(ref: number): boolean {
    return (this.#flags(ref) & VOLATILE) !== 0;
  }

  /** Where a volatile entry stands in the expiry heap. */
  heapIndex(ref: number): number {
    return this.#words(ref)[wordIndexOf(ref) + 3];
  }

  setHeapIndex(ref: number, index: number): void {
    this.#words(ref)[wordIndexOf(ref) + 3] = index;
  }

  /** The epoch of its last write, 0 … 255. */
  epoch(ref: number): number {
    return this.#words(ref)[wordIndexOf(ref) + 2] >>> 24;
  }

  setEpoch(ref: number, epoch: number): void {
    const words = this.#words(ref);
    const at = wordIndexOf(ref) + 2;
    words[at] = (epoch << 24) | (words[at] & accessMask);
  }

  /** When, or how often, it is used: 24 bits. */
  access(ref: number): number {
    return this.#words(ref)[wordIndexOf(ref) + 2] & accessMask;
  }

  /** The bits beyond 24 are dropped. */
  setAccess(ref: number, access: number): void {
    const words = this.#words(ref);
    const at = wordIndexOf(ref) + 2;
    words[at] = (words[at] & ~accessMask) | (access & accessMask);
  }

  setStamp(ref: number, stamp: number): void {
    this.#words(ref)[wordIndexOf(ref) + 2] = stamp;
  }

  /** Bytes of the entry in the arena, before rounding. */
  blockBytes(ref: number): number {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    const meta = words[word + 1];
    const flags = meta >>> 24;
    let size = headerBytes + (meta & 0xffffff);
    if ((flags & VOLATILE) !== 0) size += volatileBytes;
    if ((flags & (OUTSIDE | COLLECTION)) === 0) size += words[word];
    return size;
  }

  /** All the bytes it takes, those outside included. */
  entryBytes(ref: number): number {
    const block = this.blockBytes(ref);
    if (this.isCollection(ref)) return block + this.collection(ref).memoryBytes;
    return block + ((this.#flags(ref) & OUTSIDE) !== 0 ? this.#outsideOf(ref).buffer.length : 0);
  }

  // ---- inside ----

  #words(ref: number): Int32Array {
    return this.#arena.words[ref >>> 24];
  }

  #flags(ref: number): number {
    return this.#words(ref)[wordIndexOf(ref) + 1] >>> 24;
  }

  #setFlags(ref: number, cleared: number, set: number): void {
    const words = this.#words(ref);
    const at = wordIndexOf(ref) + 1;
    words[at] = (words[at] & ~(cleared << 24)) | (set << 24);
  }

  /** Copies the first `kept` bytes of a block to a new one of `wanted` bytes. */
  #move(ref: number, sizes: { blockBytes: number; wanted: number; kept: number }): number {
    const moved = this.#arena.allocate(sizes.wanted);
    const start = byteIndexOf(ref);
    const from = this.#arena.bytes[ref >>> 24];
    copyBytes(from, start, start + sizes.kept, this.#arena.bytes[moved >>> 24], byteIndexOf(moved));
    this.#arena.release(ref, sizes.blockBytes);
    return moved;
  }

  #outsideOf(ref: number): Readonly<OutsideString> {
    return this.#outside.get(this.#words(ref)[wordIndexOf(ref)]);
  }

  #putOutside(ref: number, buffer: Buffer): void {
    this.#words(ref)[wordIndexOf(ref)] = this.#outside.add(buffer);
    this.#setFlags(ref, 0, OUTSIDE);
  }

  #takeOutside(ref: number): Readonly<OutsideString> {
    return this.#outside.remove(this.#words(ref)[wordIndexOf(ref)]);
  }

  #moveOutside(ref: number, length: number, keepBytes: boolean): number {
    const buffer = Buffer.allocUnsafeSlow(length);
    if (keepBytes) {
      this.readString(ref);
      this.windowBuffer.copy(buffer, 0, this.windowStart, this.windowEnd);
    }
    const blockBytes = this.blockBytes(ref);
    const wanted = blockBytes - this.stringLength(ref);
    const moved = this.#move(ref, { blockBytes, wanted, kept: wanted });
    this.#putOutside(moved, buffer);
    return moved;
  }

  /** An outside string comes back in only when it is clearly short again. */
  #resizeOutside(ref: number, length: number, keepBytes: boolean): number {
    if (length < maxInlineBytes / 2) return this.#moveInside(ref, length, keepBytes);
    this.#outside.resize(this.#words(ref)[wordIndexOf(ref)], length, keepBytes);
    return ref;
  }

  #moveInside(ref: number, length: number, keepBytes: boolean): number {
    const blockBytes = this.blockBytes(ref);
    const outside = this.#takeOutside(ref);
    const moved = this.#move(ref, { blockBytes, wanted: blockBytes + length, kept: blockBytes });
    this.#words(moved)[wordIndexOf(moved)] = length;
    this.#setFlags(moved, OUTSIDE, 0);
    if (keepBytes) {
      this.readString(moved);
      outside.buffer.copy(this.windowBuffer, this.windowStart, 0, length);
    }
    return moved;
  }
}
