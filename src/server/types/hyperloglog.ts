/**
 * A HyperLogLog as Redis stores it in a string, to the byte: a header, then 16384 registers of 6
 * bits, dense or in runs (hll-sparse.ts). The commands in commands/hyperloglog.ts wrap the string
 * of a key in one; it knows nothing of keys.
 *
 *     'HYLL'   encoding   0 0 0   cardinality (8 bytes, little-endian)   registers
 *
 * The encoding is 0 for dense, 1 for sparse. The cardinality is the last estimate; the highest bit
 * of its last byte says that registers have changed since.
 */
import { assert } from '../../util/errors.ts';
import { hllPlace, hllRegisters } from './hll-hash.ts';
import { estimateCardinality } from './hll-estimate.ts';
import {
  describeSparse,
  emptySparse,
  maxSparseGrowth,
  maxSparseValue,
  raiseSparse,
  walkSparse,
} from './hll-sparse.ts';

const magic = [0x48, 0x59, 0x4c, 0x4c];
const headerBytes = 16;
const encodingAt = 4;
const cardinalityAt = 8;
const staleAt = 15;
const staleBit = 0x80;
const dense = 0;
const sparse = 1;
const registerBits = 6;
const registerMax = 63;
const denseBytes = headerBytes + (hllRegisters * registerBits) / 8;

export type HllOutcome = 'changed' | 'same' | 'corrupt';

/** Whether a string looks like one; runs that make no sense are noticed when they are read. */
export function isHyperloglog(bytes: Uint8Array, start: number, end: number): boolean {
  const size = end - start;
  if (size < headerBytes) return false;
  for (let at = 0; at < magic.length; at++) if (bytes[start + at] !== magic[at]) return false;
  const encoding = bytes[start + encodingAt];
  return encoding === sparse || (encoding === dense && size === denseBytes);
}

export class Hyperloglog {
  /** The string is the first `length` of these; a sparse one has room to grow behind them. */
  #bytes: Uint8Array;
  #length: number;
  /** The string is where it was when this was made: whatever changed it changed it there. */
  #inPlace: boolean;

  private constructor(bytes: Uint8Array, length: number, inPlace: boolean) {
    this.#bytes = bytes;
    this.#length = length;
    this.#inPlace = inPlace;
  }

  static empty(): Hyperloglog {
    const head = [...magic, sparse, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const bytes = new Uint8Array([...head, ...emptySparse(), 0, 0, 0]);
    return new Hyperloglog(bytes, bytes.length - maxSparseGrowth, false);
  }

  /**
   * Over a string for which `isHyperloglog` holds. A dense one is changed where it lies, a sparse
   * one is copied: see `isInPlace`.
   */
  static over(bytes: Uint8Array, start: number, end: number): Hyperloglog {
    const window = bytes.subarray(start, end);
    if (window[encodingAt] === dense) return new Hyperloglog(window, window.length, true);
    const copy = new Uint8Array(window.length + maxSparseGrowth);
    copy.set(window);
    return new Hyperloglog(copy, window.length, false);
  }

  /** False when the string must be stored anew after a change. */
  get isInPlace(): boolean {
    return this.#inPlace;
  }

  get encoding(): 'dense' | 'sparse' {
    return this.#bytes[encodingAt] === dense ? 'dense' : 'sparse';
  }

  /** The string; valid until the next change. */
  get string(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Adds an element. It goes dense rather than grow beyond `sparseMaxBytes`. */
  add(element: Uint8Array, start: number, end: number, sparseMaxBytes: number): HllOutcome {
    const place = hllPlace(element, start, end);
    return this.raise(place & (hllRegisters - 1), place >>> 14, sparseMaxBytes);
  }

  /** Raises one register; the estimate in the header is stale from then on, if that changed it. */
  raise(index: number, value: number, sparseMaxBytes: number): HllOutcome {
    if (this.encoding === 'dense') return this.#raiseDense(index, value);
    if (value <= maxSparseValue) {
      const place = { start: headerBytes, end: this.#length, maxEnd: sparseMaxBytes };
      const change = raiseSparse(this.#bytes, place, index, value);
      if (change.kind === 'same' || change.kind === 'corrupt') return change.kind;
      if (change.kind === 'changed') {
        this.#setLength(change.end);
        this.markStale();
        return 'changed';
      }
    }
    return this.toDense() ? this.#raiseDense(index, value) : 'corrupt';
  }

  /** Raises every register to at least what it is in `registers`. */
  absorb(registers: Uint8Array, sparseMaxBytes: number): HllOutcome {
    for (let index = 0; index < hllRegisters; index++) {
      if (registers[index] === 0) continue;
      if (this.raise(index, registers[index], sparseMaxBytes) === 'corrupt') return 'corrupt';
    }
    this.markStale();
    return 'changed';
  }

  /** Raises each of `registers` to what it is here; false when the runs make no sense. */
  mergeInto(registers: Uint8Array): boolean {
    if (this.encoding === 'dense') {
      for (let index = 0; index < hllRegisters; index++) {
        const value = this.#register(index);
        if (value > registers[index]) registers[index] = value;
      }
      return true;
    }
    return this.#walk((value, run, first) => {
      if (value === 0) return;
      for (let index = first; index < first + run; index++) {
        if (value > registers[index]) registers[index] = value;
      }
    });
  }

  /** The last estimate, null when registers have changed since. */
  get cachedCardinality(): bigint | null {
    if ((this.#bytes[staleAt] & staleBit) !== 0) return null;
    // Whoever wrote the string by hand may have put more there than a double holds.
    let value = 0n;
    for (let at = staleAt; at >= cardinalityAt; at--) {
      value = (value << 8n) | BigInt(this.#bytes[at]);
    }
    return value;
  }

  /** The estimate, also put into the header; null when the runs make no sense. */
  count(): number | null {
    const cardinality = this.#estimate();
    if (cardinality === null) return null;
    for (let at = cardinalityAt, rest = cardinality; at <= staleAt; at++) {
      this.#bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return cardinality;
  }

  /** Says that the cached estimate is no longer right. */
  markStale(): void {
    this.#bytes[staleAt] |= staleBit;
  }

  /** Goes dense; false when the runs make no sense. */
  toDense(): boolean {
    if (this.encoding === 'dense') return true;
    const target = new Hyperloglog(new Uint8Array(denseBytes), denseBytes, false);
    target.#bytes.set(this.#bytes.subarray(0, headerBytes));
    target.#bytes[encodingAt] = dense;
    const sound = this.#walk((value, run, first) => {
      if (value === 0) return;
      for (let index = first; index < first + run; index++) target.#setRegister(index, value);
    });
    if (!sound) return false;
    this.#bytes = target.#bytes;
    this.#length = denseBytes;
    this.#inPlace = false;
    return true;
  }

  /** The runs of a sparse one, as PFDEBUG DECODE shows them. */
  describeRuns(): string {
    assert(this.encoding === 'sparse', 'only a sparse one has runs');
    return describeSparse(this.#bytes, headerBytes, this.#length);
  }

  #raiseDense(index: number, value: number): HllOutcome {
    if (this.#register(index) >= value) return 'same';
    this.#setRegister(index, value);
    this.markStale();
    return 'changed';
  }

  /** Keeps the room behind a sparse string that the next change may need. */
  #setLength(length: number): void {
    this.#length = length;
    if (this.#bytes.length >= length + maxSparseGrowth) return;
    const larger = new Uint8Array(length * 2);
    larger.set(this.string);
    this.#bytes = larger;
  }

  #estimate(): number | null {
    const histogram = new Int32Array(registerMax + 1);
    if (this.encoding === 'sparse') {
      const sound = this.#walk((value, run) => {
        histogram[value] += run;
      });
      return sound ? estimateCardinality(histogram) : null;
    }
    for (let index = 0; index < hllRegisters; index++) histogram[this.#register(index)]++;
    return estimateCardinality(histogram);
  }

  #walk(visit: (value: number, run: number, first: number) => void): boolean {
    return walkSparse(this.#bytes, headerBytes, this.#length, visit);
  }

  /** Registers are packed from each byte's lowest bit up, across bytes. */
  #register(index: number): number {
    const bit = index * registerBits;
    const at = headerBytes + (bit >>> 3);
    return ((this.#bytes[at] | (this.#bytes[at + 1] << 8)) >>> (bit & 7)) & registerMax;
  }

  #setRegister(index: number, value: number): void {
    const bit = index * registerBits;
    const at = headerBytes + (bit >>> 3);
    const pair = this.#bytes[at] | (this.#bytes[at + 1] << 8);
    const changed = (pair & ~(registerMax << (bit & 7))) | (value << (bit & 7));
    this.#bytes[at] = changed;
    if (at + 1 < this.#bytes.length) this.#bytes[at + 1] = changed >>> 8;
  }
}

/** Registers one byte each, all 0: for merging. */
export function newRegisters(): Uint8Array {
  return new Uint8Array(hllRegisters);
}

/** The estimate for registers that are not in a string: PFCOUNT of several keys. */
export function countRegisters(registers: Uint8Array): number {
  const histogram = new Int32Array(registerMax + 1);
  for (let index = 0; index < hllRegisters; index++) histogram[registers[index]]++;
  return estimateCardinality(histogram);
}
