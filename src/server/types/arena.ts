/**
 * Memory for many small things as bytes in a few large ArrayBuffers, outside the garbage collector's
 * sight: the entries of a Dict, the elements of a large collection. An arena belongs to its owner
 * alone, so that flushing a database or deleting a collection drops it whole.
 *
 * A block is addressed by a `ref`, a 32-bit integer (0 means none, it may be negative):
 *
 *     31            24 23                                   0
 *     [ chunk index  ][ offset in the chunk, 16-byte units  ]
 *
 * Block sizes are multiples of 16 bytes; up to 1 KiB each multiple is a class of its own, above
 * that there are four classes per doubling. Freed blocks wait in a list per class.
 */
import { assert } from '../../util/errors.ts';

const unitBytes = 16;
/** Chunks grow fourfold: an empty server stays small, a large one has few chunks. */
const defaultFirstChunkBytes = 1 << 20;
/** 2^24 units of 16 bytes, what the offset part of a ref can address. */
const maxChunkBytes = 1 << 28;
const maxChunks = 256;
const exactClasses = 64;
/** Room for a key of 16 MiB with its header: 2^21 units are 32 MiB. */
const maxUnits = 1 << 21;
const classCount = exactClasses + 1 + 4 * (21 - 6);
/** Splitting larger free blocks starts when more than 1/4 of the arena lies free. */
const splitWhenFreeShare = 4;

/** Where a ref points: `bytes[byteIndex]` in chunk `ref >>> 24`. */
export function byteIndexOf(ref: number): number {
  return (ref & 0xffffff) << 4;
}

/** The same for the 32-bit view: `words[wordIndex]`. */
export function wordIndexOf(ref: number): number {
  return (ref & 0xffffff) << 2;
}

export class Arena {
  /** The chunks as bytes and as 32-bit words, both by chunk index. Read-only for callers. */
  readonly bytes: Buffer[] = [];
  readonly words: Int32Array[] = [];
  /** Bytes in blocks that are handed out, rounded up to their class. */
  usedBytes = 0;
  #freeBytes = 0;
  #topUnit = 0;
  #capacityUnits = 0;
  readonly #freeHeads = new Int32Array(classCount);
  readonly #firstChunkBytes: number;

  constructor(options: { firstChunkBytes?: number } = {}) {
    this.#firstChunkBytes = options.firstChunkBytes ?? defaultFirstChunkBytes;
  }

  /** A block of at least `size` bytes; its contents are whatever was there before. */
  allocate(size: number): number {
    const units = roundUnits((size + unitBytes - 1) >>> 4);
    const freeClass = classOf(units);
    this.usedBytes += units * unitBytes;
    const head = this.#freeHeads[freeClass];
    if (head !== 0) {
      this.#unlinkHead(freeClass, head, units);
      return head;
    }
    if (this.#freeBytes * splitWhenFreeShare > this.usedBytes) {
      const split = this.#splitLarger(freeClass, units);
      if (split !== 0) return split;
    }
    return this.#bump(units);
  }

  /** Gives back a block that was allocated with `size` bytes (any size of the same class will do). */
  release(ref: number, size: number): void {
    const units = roundUnits((size + unitBytes - 1) >>> 4);
    this.usedBytes -= units * unitBytes;
    this.#linkHead(classOf(units), ref, units);
  }

  /** Whether blocks of both sizes are interchangeable, so that a value can be changed in place. */
  static sameClass(sizeA: number, sizeB: number): boolean {
    return roundUnits((sizeA + unitBytes - 1) >>> 4) === roundUnits((sizeB + unitBytes - 1) >>> 4);
  }

  /** Bytes of address space taken from the system, touched or not. */
  get reservedBytes(): number {
    let total = 0;
    for (const chunk of this.bytes) total += chunk.length;
    return total;
  }

  #unlinkHead(freeClass: number, ref: number, units: number): void {
    const words = this.words[ref >>> 24];
    this.#freeHeads[freeClass] = words[wordIndexOf(ref)];
    this.#freeBytes -= units * unitBytes;
  }

  #linkHead(freeClass: number, ref: number, units: number): void {
    const words = this.words[ref >>> 24];
    words[wordIndexOf(ref)] = this.#freeHeads[freeClass];
    this.#freeHeads[freeClass] = ref;
    this.#freeBytes += units * unitBytes;
  }

  #bump(units: number): number {
    if (this.#topUnit + units > this.#capacityUnits) this.#openChunk(units);
    const ref = ((this.bytes.length - 1) << 24) | this.#topUnit;
    this.#topUnit += units;
    return ref;
  }

  #openChunk(units: number): void {
    assert(this.bytes.length < maxChunks, `the arena is full: ${maxChunks} chunks in use`);
    // What is left of the old chunk serves smaller blocks later.
    if (this.#topUnit < this.#capacityUnits) {
      const tail = ((this.bytes.length - 1) << 24) | this.#topUnit;
      this.#carve(tail, this.#capacityUnits - this.#topUnit);
    }
    const wanted = this.#firstChunkBytes * 4 ** Math.min(this.bytes.length, 12);
    const capacity = Math.max(Math.min(wanted, maxChunkBytes), (units + 1) * unitBytes);
    const buffer = new ArrayBuffer(capacity);
    this.bytes.push(Buffer.from(buffer));
    this.words.push(new Int32Array(buffer));
    // Unit 0 of chunk 0 stays unused: ref 0 means none.
    this.#topUnit = this.bytes.length === 1 ? 1 : 0;
    this.#capacityUnits = capacity >>> 4;
  }

  #splitLarger(freeClass: number, units: number): number {
    for (let larger = freeClass + 1; larger < classCount; larger++) {
      const head = this.#freeHeads[larger];
      if (head === 0) continue;
      const headUnits = unitsOfClass(larger);
      this.#unlinkHead(larger, head, headUnits);
      this.#carve(head + units, headUnits - units);
      return head;
    }
    return 0;
  }

  /** Puts a run of free units into the free lists, as few blocks as the classes allow. */
  #carve(ref: number, units: number): void {
    let at = ref;
    let left = units;
    while (left > 0) {
      let freeClass = Math.min(classOf(roundUnits(left)), classCount - 1);
      while (unitsOfClass(freeClass) > left) freeClass--;
      const blockUnits = unitsOfClass(freeClass);
      this.#linkHead(freeClass, at, blockUnits);
      at += blockUnits;
      left -= blockUnits;
    }
  }
}

function roundUnits(units: number): number {
  if (units <= exactClasses) return units;
  assert(units <= maxUnits, 'a block of more than 32 MiB');
  const step = 1 << (29 - Math.clz32(units - 1));
  return (units + step - 1) & ~(step - 1);
}

/** The class of a unit count that `roundUnits` returned. */
function classOf(units: number): number {
  if (units <= exactClasses) return units;
  const log = 31 - Math.clz32(units - 1);
  return exactClasses + 4 * (log - 6) + ((units >>> (log - 2)) - 4);
}

function unitsOfClass(freeClass: number): number {
  if (freeClass <= exactClasses) return freeClass;
  const above = freeClass - exactClasses - 1;
  const log = 6 + (above >>> 2);
  return (5 + (above & 3)) << (log - 2);
}
