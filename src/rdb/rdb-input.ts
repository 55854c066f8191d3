/**
 * The bytes of an RDB or a DUMP payload on their way in: a buffer that is fed in pieces of any
 * size, a cursor, and the primitives of the format (byte, length, string). Used by the RDB reader,
 * the value decoders and dump-payload.ts; the grammar of files is not known here. Counterpart of
 * rdb-output.ts.
 *
 * A primitive whose bytes are not all there says so (`incomplete` or false) and notes in `missing`
 * how many more it needs; the caller then goes back to where its item began (`at`) and asks the
 * world for more. Memory is taken for bytes that have come, never for what a length promises.
 */
import { maxInt32Chars, writeInt32Text } from './integer-text.ts';
import { lengthSize, readExactLength, readLength, stringEncoding } from './length-encoding.ts';
import { lzfDecompress, maxDecompressedBytes } from './lzf.ts';
import { RdbError, type RdbErrorReason } from './rdb-error.ts';
import type { StringWindow } from './string-window.ts';

/** What `byte` and `length` return when their bytes have not all come. */
export const incomplete = -1;

/** Redis's own limit for a string (proto-max-bulk-len); a longer one is a corrupt length. */
export const maxStringBytes = 512 * 1024 * 1024;

/** A buffer longer than this, which a long value has made grow, is not kept for short ones. */
const idleBytes = 1024 * 1024;

/** The smallest buffer. */
const minCapacity = 4096;

export class RdbInput {
  /** The cursor: an index of `bytes`. Set back to re-read an item. */
  at = 0;
  /** After an incomplete primitive: how many bytes must come before it can succeed. */
  missing = 0;
  /** Where whoever reads many things in a row shall pause: an index of `bytes`, void after a feed. */
  pauseAt = Number.POSITIVE_INFINITY;
  #bytes: Buffer = Buffer.alloc(0);
  /** End of what has come, as an index of `bytes`. */
  #end = 0;
  /** How many bytes have left the buffer: the offset of `bytes[0]`. */
  #dropped = 0;

  /** An input that is all there, read in place. */
  static over(bytes: Uint8Array): RdbInput {
    const input = new RdbInput();
    input.#bytes = asBuffer(bytes);
    input.#end = bytes.length;
    return input;
  }

  /** Appends a copy of `chunk`. Indexes and windows from before are void. */
  feed(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The buffer that `at` is an index of. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Offset of the cursor from the first byte ever fed. */
  get offset(): number {
    return this.#dropped + this.at;
  }

  /** Bytes fed and not yet read. */
  get unread(): number {
    return this.#end - this.at;
  }

  /** The unread bytes themselves, as a window. */
  rest(): Buffer {
    return this.#bytes.subarray(this.at, this.#end);
  }

  byte(): number {
    if (!this.#has(1)) return incomplete;
    return this.#bytes[this.at++];
  }

  /** Moves past `count` bytes; false while they have not all come. */
  skip(count: number): boolean {
    if (!this.#has(count)) return false;
    this.at += count;
    return true;
  }

  /** Whether the next `count` bytes have come. */
  peek(count: number): boolean {
    return this.#has(count);
  }

  /** An IEEE double, little endian, whose 8 bytes the caller knows to have come (`peek`). */
  float64(): number {
    const value = this.#bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** Two's complement, little endian, rounded beyond 2^53; the 8 bytes must have come. */
  int64(): number {
    const { at } = this;
    this.at += 8;
    return this.#bytes.readInt32LE(at + 4) * 2 ** 32 + this.#bytes.readUInt32LE(at);
  }

  /** Throws RdbError 'bad-length', also for a special string encoding. */
  length(): number {
    const size = this.#lengthSize();
    if (size === incomplete) return incomplete;
    const value = readLength(this.#bytes, this.at);
    if (value < 0) throw this.error('bad-length', 'a string encoding in place of a length');
    this.at += size;
    return value;
  }

  /** The same for a number of up to 64 bits, a bigint where a number is not exact. */
  exactLength(): number | bigint {
    const { at } = this;
    const length = this.length();
    return Number.isSafeInteger(length) ? length : readExactLength(this.#bytes, at);
  }

  /** Throws RdbError 'bad-length', 'bad-encoding' or 'bad-compression'. */
  string(into: StringWindow): boolean {
    const size = this.#lengthSize();
    if (size === incomplete) return false;
    const length = readLength(this.#bytes, this.at);
    if (length < 0) return this.#specialString(-1 - length, into);
    this.#checkStringLength(length);
    if (!this.#has(size + length)) return false;
    into.bytes = this.#bytes;
    into.start = this.at + size;
    this.at = into.end = into.start + length;
    return true;
  }

  /** An RdbError about the byte under the cursor. */
  error(reason: RdbErrorReason, detail: string): RdbError {
    return new RdbError(reason, this.offset, detail);
  }

  /** `incomplete` while the length has not all come. */
  #lengthSize(): number {
    if (!this.#has(1)) return incomplete;
    const size = lengthSize(this.#bytes[this.at]);
    if (size === 0) throw this.error('bad-length', 'a malformed length');
    return this.#has(size) ? size : incomplete;
  }

  #specialString(encoding: number, into: StringWindow): boolean {
    const at = this.at + 1;
    switch (encoding) {
      case stringEncoding.int8:
        return this.#has(2) && this.#integer(into, at + 1, this.#bytes.readInt8(at));
      case stringEncoding.int16:
        return this.#has(3) && this.#integer(into, at + 2, this.#bytes.readInt16LE(at));
      case stringEncoding.int32:
        return this.#has(5) && this.#integer(into, at + 4, this.#bytes.readInt32LE(at));
      case stringEncoding.lzf:
        return this.#compressedString(into);
      default:
        throw this.error('bad-encoding', `unknown string encoding ${encoding}`);
    }
  }

  #integer(into: StringWindow, next: number, value: number): true {
    into.end = writeInt32Text(into.own(maxInt32Chars), 0, value);
    this.at = next;
    return true;
  }

  #compressedString(into: StringWindow): boolean {
    const item = this.at;
    this.at = item + 1;
    const compressedLength = this.length();
    const length = compressedLength === incomplete ? incomplete : this.length();
    const start = this.at;
    this.at = item;
    if (length === incomplete) return false;
    this.#checkStringLength(compressedLength);
    this.#checkStringLength(length);
    if (length > maxDecompressedBytes(compressedLength)) {
      throw this.error('bad-compression', `${compressedLength} bytes cannot stand for ${length}`);
    }
    if (!this.#has(start - item + compressedLength)) return false;
    const next = start + compressedLength;
    if (lzfDecompress(this.#bytes, start, next, into.own(length), 0, length) !== length) {
      throw this.error('bad-compression', 'a corrupt compressed string');
    }
    this.at = next;
    return true;
  }

  #checkStringLength(length: number): void {
    if (length <= maxStringBytes) return;
    throw this.error('bad-length', `a string of ${length} bytes, the limit is ${maxStringBytes}`);
  }

  #has(count: number): boolean {
    const short = this.at + count - this.#end;
    if (short <= 0) return true;
    this.missing = short;
    return false;
  }

  /**
   * Drops what has been read, and doubles the buffer when that would not free half of it: so each
   * byte is moved a bounded number of times, however small the pieces.
   */
  #makeRoom(count: number): void {
    const { unread } = this;
    const needed = unread + count;
    const capacity = this.#bytes.length;
    if (needed <= capacity / 2 && (capacity <= idleBytes || needed > capacity / 4)) {
      this.#bytes.copyWithin(0, this.at, this.#end);
    } else {
      // Also the way back down, after a long value.
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * needed, minCapacity));
      this.#bytes.copy(grown, 0, this.at, this.#end);
      this.#bytes = grown;
    }
    this.#dropped += this.at;
    this.at = 0;
    this.#end = unread;
  }
}

/** A Buffer over the same memory. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
