/**
 * A map from byte strings to byte strings, for the elements of large collections: entries as bytes
 * in an arena, found by the hash of their key. Nothing is an object of its own, and growing never
 * copies more than one segment of the index.
 *
 *     word 0   key length, or −1 when key and value lie outside because they are long
 *     word 1   value length, or the number of the outside pair
 *     then     the key's bytes, then the value's
 *
 * An entry is addressed by its `ref`, valid until the entry is written again.
 */
import { compareBytes } from '../../util/compare-bytes.ts';
import { copyBytes } from '../../util/copy-bytes.ts';
import { Arena, byteIndexOf, wordIndexOf } from './arena.ts';
import { hashBytes } from './hash.ts';
import { HashIndex, homeOf } from './hash-index.ts';
import { ObjectTable } from './object-table.ts';

const headerBytes = 8;
/** A collection that has just outgrown its compact form has some hundred elements. */
const firstChunkBytes = 8 * 1024;
/** Longer pairs are Buffers of their own: arena blocks stay cheap to copy and reuse. */
const maxInlineBytes = 16 * 1024;
const OUTSIDE = -1;
/** The object itself, the index's and the arena's. */
const overheadBytes = 256;

interface OutsidePair {
  readonly key: Buffer;
  readonly value: Buffer;
}

export class ByteMap {
  /** The window that `readKey` or `readValue` last opened; valid until the next write. */
  windowBuffer: Buffer = Buffer.alloc(0);
  windowStart = 0;
  windowEnd = 0;

  readonly #seed: number;
  readonly #arena = new Arena({ firstChunkBytes });
  readonly #index = new HashIndex();
  readonly #outside = new ObjectTable<OutsidePair>();
  #outsideBytes = 0;
  /** The hash of the key that `find` last looked for: `insert` goes on from there. */
  #foundHash = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#index.size;
  }

  get memoryBytes(): number {
    return this.#arena.usedBytes + this.#index.memoryBytes + this.#outsideBytes + overheadBytes;
  }

  /** The entry with this key, 0 when there is none. */
  find(key: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(key, start, end, this.#seed);
    this.#foundHash = hash;
    const segment = this.#index.segmentOf(hash);
    const { slots, mask } = segment;
    for (let slot = homeOf(segment, hash); ; slot = (slot + 1) & mask) {
      const ref = slots[slot * 2 + 1];
      if (ref === 0) return 0;
      if (slots[slot * 2] === hash && this.#hasKey(ref, key, start, end)) return ref;
    }
  }

  /** Where in the order of `walk` the key has its place that the last `find` looked for. */
  get foundPosition(): number {
    return this.#foundHash >>> 0;
  }

  /** Adds an entry under the key that the last `find` looked for and did not find. */
  insert(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const ref = this.#create(key, keyStart, keyEnd, value, valueStart, valueEnd);
    this.#index.insert(this.#foundHash, ref);
    return ref;
  }

  /** Adds an entry under a key that is known not to be there. */
  insertNew(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    this.#foundHash = hashBytes(key, keyStart, keyEnd, this.#seed);
    return this.insert(key, keyStart, keyEnd, value, valueStart, valueEnd);
  }

  /** Gives an entry another value; returns its ref, which may be a new one. */
  setValue(ref: number, value: Uint8Array, valueStart: number, valueEnd: number): number {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    const length = valueEnd - valueStart;
    const keyLength = words[word];
    if (keyLength !== OUTSIDE && keyLength + length <= maxInlineBytes) {
      const block = headerBytes + keyLength;
      if (Arena.sameClass(block + words[word + 1], block + length)) {
        words[word + 1] = length;
        copyBytes(value, valueStart, valueEnd, this.#arena.bytes[ref >>> 24], (word << 2) + block);
        return ref;
      }
    }
    this.readKey(ref);
    const { windowBuffer: key, windowStart: keyStart, windowEnd: keyEnd } = this;
    const at = this.#create(key, keyStart, keyEnd, value, valueStart, valueEnd);
    this.#index.replace(hashBytes(key, keyStart, keyEnd, this.#seed), ref, at);
    this.#destroy(ref);
    return at;
  }

  /** Removes an entry; its ref is dead afterwards. */
  remove(ref: number): void {
    this.#index.remove(this.#hashOf(ref), ref);
    this.#destroy(ref);
  }

  /** Opens the window on the key's bytes. */
  readKey(ref: number): void {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    if (words[word] === OUTSIDE) {
      this.#openWindow(this.#outside.get(words[word + 1]).key);
      return;
    }
    this.windowBuffer = this.#arena.bytes[ref >>> 24];
    this.windowStart = (word << 2) + headerBytes;
    this.windowEnd = this.windowStart + words[word];
  }

  /** Opens the window on the value's bytes; they may be written over in place. */
  readValue(ref: number): void {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    if (words[word] === OUTSIDE) {
      this.#openWindow(this.#outside.get(words[word + 1]).value);
      return;
    }
    this.windowBuffer = this.#arena.bytes[ref >>> 24];
    this.windowStart = (word << 2) + headerBytes + words[word];
    this.windowEnd = this.windowStart + words[word + 1];
  }

  /** Negative, 0 or positive as the entry's key sorts before, at or after the given bytes. */
  compareKey(ref: number, other: Uint8Array, start: number, end: number): number {
    const word = wordIndexOf(ref);
    const length = this.#words(ref)[word];
    if (length === OUTSIDE) {
      const { key } = this.#outside.get(this.#words(ref)[word + 1]);
      return compareBytes(key, 0, key.length, other, start, end);
    }
    const at = (word << 2) + headerBytes;
    return compareBytes(this.#arena.bytes[ref >>> 24], at, at + length, other, start, end);
  }

  /** See `HashIndex.walk`: HSCAN and its like go through here. */
  walk(from: number, visit: (ref: number) => boolean): number {
    return this.#index.walk(from, visit);
  }

  /** A random entry, 0 when there is none; O(1) on average. */
  sample(random: () => number): number {
    return this.#index.sample(random);
  }

  /** With another seed: see `takeHashSeed`. */
  copy(seed: number): ByteMap {
    const copy = new ByteMap(seed);
    this.walk(0, (ref) => {
      this.readKey(ref);
      const { windowBuffer: key, windowStart: keyStart, windowEnd: keyEnd } = this;
      this.readValue(ref);
      copy.insertNew(key, keyStart, keyEnd, this.windowBuffer, this.windowStart, this.windowEnd);
      return true;
    });
    return copy;
  }

  #create(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    const outside = keyLength + valueLength > maxInlineBytes;
    const ref = this.#arena.allocate(headerBytes + (outside ? 0 : keyLength + valueLength));
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    if (outside) {
      const pair = {
        key: Buffer.from(key.subarray(keyStart, keyEnd)),
        value: Buffer.from(value.subarray(valueStart, valueEnd)),
      };
      words[word] = OUTSIDE;
      words[word + 1] = this.#outside.add(pair);
      this.#outsideBytes += keyLength + valueLength;
      return ref;
    }
    words[word] = keyLength;
    words[word + 1] = valueLength;
    const bytes = this.#arena.bytes[ref >>> 24];
    const valueAt = copyBytes(key, keyStart, keyEnd, bytes, (word << 2) + headerBytes);
    copyBytes(value, valueStart, valueEnd, bytes, valueAt);
    return ref;
  }

  #destroy(ref: number): void {
    const words = this.#words(ref);
    const word = wordIndexOf(ref);
    if (words[word] === OUTSIDE) {
      const { key, value } = this.#outside.remove(words[word + 1]);
      this.#outsideBytes -= key.length + value.length;
      this.#arena.release(ref, headerBytes);
    } else {
      this.#arena.release(ref, headerBytes + words[word] + words[word + 1]);
    }
  }

  #hasKey(ref: number, key: Uint8Array, start: number, end: number): boolean {
    const chunk = ref >>> 24;
    const length = this.#arena.words[chunk][wordIndexOf(ref)];
    if (length !== end - start) return length === OUTSIDE && this.#hasLongKey(ref, key, start, end);
    const bytes = this.#arena.bytes[chunk];
    let at = byteIndexOf(ref) + headerBytes;
    for (let index = start; index < end; index++) {
      if (bytes[at++] !== key[index]) return false;
    }
    return true;
  }

  #hasLongKey(ref: number, key: Uint8Array, start: number, end: number): boolean {
    this.readKey(ref);
    const { windowBuffer, windowStart, windowEnd } = this;
    return windowBuffer.compare(key, start, end, windowStart, windowEnd) === 0;
  }

  #openWindow(bytes: Buffer): void {
    this.windowBuffer = bytes;
    this.windowStart = 0;
    this.windowEnd = bytes.length;
  }

  #words(ref: number): Int32Array {
    return this.#arena.words[ref >>> 24];
  }

  #hashOf(ref: number): number {
    this.readKey(ref);
    return hashBytes(this.windowBuffer, this.windowStart, this.windowEnd, this.#seed);
  }
}
