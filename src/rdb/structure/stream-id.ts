/**
 * The id of a stream entry: two unsigned 64-bit numbers, milliseconds and sequence, ordered as one
 * of 128 bits. They are kept as four 32-bit words, most significant first: exact up to 2^64 − 1,
 * without a bigint on the way. The words are int32, which need no memory of their own in V8. Used by the stream structures (which keep ids as bytes or words and
 * read them into a StreamId when they compare) and by the commands.
 *
 * The text form is `ms-seq`; what else a client may write for an id is the commands' business.
 */

const wordSpan = 0x1_0000_0000;
/** All bits set. */
const wordMax = -1;
/** Turns the order of int32 into that of the same bits without a sign, and back. */
const signBit = 0x8000_0000 | 0;
/** Up to here high · 2^32 + low is a safe integer. */
const maxSafeHigh = 0x1f_ffff;
const maxShort = 2 ** 52;
const billion = 1e9;
const DASH = 45;
const ZERO = 48;

/** Bytes of an id in the RDB and in DEBUG's eyes: both numbers big endian. */
export const streamIdBytes = 16;
/** The longest text: two numbers of twenty digits and a dash. */
export const maxIdTextBytes = 41;

export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  /** From four words; what counts is their lowest 32 bits. */
  set(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh | 0;
    this.msLow = msLow | 0;
    this.seqHigh = seqHigh | 0;
    this.seqLow = seqLow | 0;
    return this;
  }

  copyFrom(id: Readonly<StreamId>): this {
    return this.set(id.msHigh, id.msLow, id.seqHigh, id.seqLow);
  }

  clone(): StreamId {
    return new StreamId().copyFrom(this);
  }

  /** 0-0, which no entry has. */
  setMin(): this {
    return this.set(0, 0, 0, 0);
  }

  setMax(): this {
    return this.set(wordMax, wordMax, wordMax, wordMax);
  }

  /** The milliseconds; a bigint where a number is not exact. */
  get ms(): number | bigint {
    return uint64(this.msHigh, this.msLow);
  }

  get seq(): number | bigint {
    return uint64(this.seqHigh, this.seqLow);
  }

  get isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0;
  }

  /** The milliseconds: a safe integer, or a bigint below 2^64. */
  setMs(ms: number | bigint): void {
    this.msHigh = highWord(ms);
    this.msLow = lowWord(ms);
  }

  /** The sequence; likewise. */
  setSeq(seq: number | bigint): void {
    this.seqHigh = highWord(seq);
    this.seqLow = lowWord(seq);
  }

  /** Moves on to the next id; false, and nothing done, when this is the last one. */
  increment(): boolean {
    if (this.isSeqMax) {
      if (this.msLow === wordMax && this.msHigh === wordMax) return false;
      this.msLow = (this.msLow + 1) | 0;
      if (this.msLow === 0) this.msHigh = (this.msHigh + 1) | 0;
      this.setSeq(0);
      return true;
    }
    this.seqLow = (this.seqLow + 1) | 0;
    if (this.seqLow === 0) this.seqHigh = (this.seqHigh + 1) | 0;
    return true;
  }

  /** Moves back to the id before; false, and nothing done, when this is 0-0. */
  decrement(): boolean {
    if (this.isZero) return false;
    if (this.seqHigh === 0 && this.seqLow === 0) {
      if (this.msLow === 0) this.msHigh = (this.msHigh - 1) | 0;
      this.msLow = (this.msLow - 1) | 0;
      this.seqHigh = wordMax;
      this.seqLow = wordMax;
      return true;
    }
    if (this.seqLow === 0) this.seqHigh = (this.seqHigh - 1) | 0;
    this.seqLow = (this.seqLow - 1) | 0;
    return true;
  }

  get isSeqMax(): boolean {
    return this.seqLow === wordMax && this.seqHigh === wordMax;
  }

  get isMax(): boolean {
    return this.isSeqMax && this.msLow === wordMax && this.msHigh === wordMax;
  }

  // ---- as bytes ----

  /** Reads `bytes[at … at + 16)`. */
  readBytes(bytes: Uint8Array, at: number): this {
    return this.set(
      readWord(bytes, at),
      readWord(bytes, at + 4),
      readWord(bytes, at + 8),
      readWord(bytes, at + 12),
    );
  }

  /** Writes 16 bytes; returns the position behind them. */
  writeBytes(bytes: Uint8Array, at: number): number {
    writeWord(bytes, at, this.msHigh);
    writeWord(bytes, at + 4, this.msLow);
    writeWord(bytes, at + 8, this.seqHigh);
    writeWord(bytes, at + 12, this.seqLow);
    return at + streamIdBytes;
  }

  // ---- as text ----

  /** Writes `ms-seq`, at most `maxIdTextBytes`; returns the position behind it. */
  writeText(bytes: Uint8Array, at: number): number {
    const dash = writeUint64Text(bytes, at, this.msHigh, this.msLow);
    bytes[dash] = DASH;
    return writeUint64Text(bytes, dash + 1, this.seqHigh, this.seqLow);
  }

  /** `ms-seq`, or with another character in the middle. */
  text(separator = '-'): string {
    return `${this.ms}${separator}${this.seq}`;
  }

  // ---- as a distance from another id, each number for itself, modulo 2^64 ----

  /** How far the milliseconds are from another id's: signed, a bigint where a number is not exact. */
  msFrom(base: Readonly<StreamId>): number | bigint {
    return difference(this.msHigh, this.msLow, base.msHigh, base.msLow);
  }

  seqFrom(base: Readonly<StreamId>): number | bigint {
    return difference(this.seqHigh, this.seqLow, base.seqHigh, base.seqLow);
  }

  /** Becomes the id so far from another one. */
  setFrom(base: Readonly<StreamId>, msDelta: number | bigint, seqDelta: number | bigint): void {
    if (isShort(msDelta) && isShort(seqDelta)) {
      const ms = (base.msLow >>> 0) + msDelta;
      const seq = (base.seqLow >>> 0) + seqDelta;
      this.msHigh = (base.msHigh + Math.floor(ms / wordSpan)) | 0;
      this.msLow = ms | 0;
      this.seqHigh = (base.seqHigh + Math.floor(seq / wordSpan)) | 0;
      this.seqLow = seq | 0;
      return;
    }
    this.setMs(BigInt.asUintN(64, joined(base.msHigh, base.msLow) + BigInt(msDelta)));
    this.setSeq(BigInt.asUintN(64, joined(base.seqHigh, base.seqLow) + BigInt(seqDelta)));
  }
}

/** The ids before and behind all others. */
export const minId: Readonly<StreamId> = new StreamId();
export const maxId: Readonly<StreamId> = new StreamId().setMax();

/** Negative, 0 or positive as `a` lies before, at or after `b`. */
export function compareIds(a: Readonly<StreamId>, b: Readonly<StreamId>): number {
  if (a.msHigh !== b.msHigh) return compareWords(a.msHigh, b.msHigh);
  if (a.msLow !== b.msLow) return compareWords(a.msLow, b.msLow);
  if (a.seqHigh !== b.seqHigh) return compareWords(a.seqHigh, b.seqHigh);
  return compareWords(a.seqLow, b.seqLow);
}

/** The same for two words of ids. */
export function compareWords(a: number, b: number): number {
  return a === b ? 0 : (a ^ signBit) < (b ^ signBit) ? -1 : 1;
}

/** Writes an unsigned 64-bit number in decimal; returns the position behind it. */
function writeUint64Text(bytes: Uint8Array, at: number, high: number, low: number): number {
  if (isSafeHigh(high)) return writeSafeText(bytes, at, high * wordSpan + (low >>> 0));
  const text = String(joined(high, low));
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** The digits of a 32-bit integer come several times as fast as those of a double. */
function writeSafeText(bytes: Uint8Array, at: number, value: number): number {
  if (value < billion) return writeDigits(bytes, at, value, digitsOf(value));
  const billions = Math.floor(value / billion);
  const middle = writeSafeText(bytes, at, billions);
  return writeDigits(bytes, middle, value - billions * billion, 9);
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; bound <= value; bound *= 10) digits++;
  return digits;
}

/** `value` is below 10^9. */
function writeDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let place = at + digits - 1; place >= at; place--) {
    const next = (rest / 10) | 0;
    bytes[place] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

function uint64(high: number, low: number): number | bigint {
  return isSafeHigh(high) ? high * wordSpan + (low >>> 0) : joined(high, low);
}

/** Whether a number can hold all that a high word begins. */
function isSafeHigh(high: number): boolean {
  return high >= 0 && high <= maxSafeHigh;
}

function difference(high: number, low: number, baseHigh: number, baseLow: number): number | bigint {
  const lows = (low >>> 0) - (baseLow >>> 0);
  if (high === baseHigh) return lows;
  const highs = (high >>> 0) - (baseHigh >>> 0);
  if (highs < maxSafeHigh && highs > -maxSafeHigh) return highs * wordSpan + lows;
  return BigInt.asIntN(64, joined(high, low) - joined(baseHigh, baseLow));
}

/** Small enough that adding a word to it stays exact. */
function isShort(delta: number | bigint): delta is number {
  return typeof delta === 'number' && delta < maxShort && delta > -maxShort;
}

function joined(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function highWord(value: number | bigint): number {
  return typeof value === 'number' ? (value / wordSpan) | 0 : Number(value >> 32n) | 0;
}

function lowWord(value: number | bigint): number {
  return typeof value === 'number' ? value | 0 : Number(value & 0xffff_ffffn) | 0;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
