/**
 * The bytes of an RDB or a DUMP payload on their way out: the primitives of the format (byte,
 * length, string), collected into blocks that go to a sink when they are full, and the checksum
 * over all of them. Used by the RDB writer and dump-payload.ts; the grammar of files is not known
 * here. Counterpart of rdb-input.ts.
 */
import { assert } from '../util/errors.ts';
import { copyBytes } from '../util/copy-bytes.ts';
import { Crc64 } from './crc64.ts';
import { maxInt32Chars, notAnInt32, parseInt32 } from './integer-text.ts';
import {
  maxLengthBytes,
  specialString,
  stringEncoding,
  writeExactLength,
  writeLength,
} from './length-encoding.ts';
import { LzfCompressor } from './lzf.ts';

/** Large enough that the cost per block vanishes, small enough to go out within a slice. */
const defaultBlockBytes = 128 * 1024;

/** Written blocks kept for the next round; more would only hold memory. */
const maxSpareBlocks = 8;

/** Redis does not try to compress strings up to this length. */
const uncompressedMaxBytes = 20;

/**
 * Longer strings are written as they are: compressing takes 3 ms or more per MiB, during which
 * the server answers no one. Redis compresses them too, in a process of its own.
 */
const compressedMaxBytes = 1024 * 1024;

/**
 * Takes a block. It belongs to the sink until it is given back with `recycle`, which is optional.
 * A *borrowed* block is a window on the caller's own value, too long to copy: the sink must have
 * used or copied it before that value may change, and it is never recycled.
 */
export type BlockSink = (block: Uint8Array, borrowed: boolean) => void;

/** In place of a block while there is none. */
const noBlock = Buffer.alloc(0);

export interface RdbOutputOptions {
  sink: BlockSink;
  /** The directive `rdbchecksum`; without it the footer holds zeros. Default true. */
  checksum?: boolean;
  /** The directive `rdbcompression`. Default true. */
  compress?: boolean;
  blockBytes?: number;
}

export class RdbOutput {
  /** Whether strings are compressed where it pays. */
  readonly compresses: boolean;
  readonly #sink: BlockSink;
  readonly #crc: Crc64 | undefined;
  readonly #blockBytes: number;
  readonly #spareBlocks: Buffer[] = [];
  /** The memory of blocks that are with the sink, to tell them from borrowed ones. */
  readonly #blocksOut = new WeakSet<ArrayBufferLike>();
  /** Empty until something is written. */
  #block: Buffer = noBlock;
  /** Where in the block the next byte goes. */
  #at = 0;
  /** Compression output; as long as the longest string compressed so far. */
  #compressed: Uint8Array = new Uint8Array(0);
  #lzf: LzfCompressor | undefined;
  #flushedBytes = 0;
  #ended = false;

  constructor(options: RdbOutputOptions) {
    this.#sink = options.sink;
    this.#crc = (options.checksum ?? true) ? new Crc64() : undefined;
    this.compresses = options.compress ?? true;
    this.#blockBytes = Math.max(options.blockBytes ?? defaultBlockBytes, 64);
  }

  /** Bytes written so far, those still in the unfinished block included. */
  get bytesWritten(): number {
    return this.#flushedBytes + this.#at;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#block[this.#at++] = value;
  }

  /** A safe integer, not negative, in RDB's variable-length form. */
  length(value: number): void {
    this.#reserve(maxLengthBytes);
    this.#at = writeLength(this.#block, this.#at, value);
  }

  /** The same for a number of up to 64 bits, a bigint where a number is not exact. */
  exactLength(value: number | bigint): void {
    this.#reserve(maxLengthBytes);
    this.#at = writeExactLength(this.#block, this.#at, value);
  }

  /** Little endian, two's complement; exact for safe integers. */
  int64(value: number): void {
    this.#reserve(8);
    const block = this.#block;
    const at = this.#at;
    const upper = Math.floor(value / 2 ** 32);
    block[at] = value & 0xff;
    block[at + 1] = (value >>> 8) & 0xff;
    block[at + 2] = (value >>> 16) & 0xff;
    block[at + 3] = value >>> 24;
    block[at + 4] = upper & 0xff;
    block[at + 5] = (upper >>> 8) & 0xff;
    block[at + 6] = (upper >>> 16) & 0xff;
    block[at + 7] = upper >>> 24;
    this.#at = at + 8;
  }

  /** An IEEE double, little endian. */
  float64(value: number): void {
    this.#reserve(8);
    this.#at = this.#block.writeDoubleLE(value, this.#at);
  }

  /** `src[start … end)` as it is, without a length. */
  raw(src: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#blockBytes) {
      this.#lend(src.subarray(start, end));
      return;
    }
    this.#reserve(length);
    this.#at = copyBytes(src, start, end, this.#block, this.#at);
  }

  /** `src[start … end)` as an RDB string: as an integer, compressed, or plain. */
  string(src: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length <= maxInt32Chars) {
      const integer = parseInt32(src, start, end);
      if (integer !== notAnInt32) {
        this.#integer(integer);
        return;
      }
    } else if (length > uncompressedMaxBytes && length <= compressedMaxBytes) {
      if (this.compresses && this.#compress(src, start, end)) return;
    }
    this.length(length);
    this.raw(src, start, end);
  }

  /** Hands over what has been collected, however little. */
  flush(): void {
    if (this.#at === 0) return;
    this.#crc?.update(this.#block, 0, this.#at);
    this.#emit();
  }

  /** The checksum of everything so far (or zeros), and the last flush. Nothing may follow. */
  end(): void {
    this.#reserve(8);
    this.#crc?.update(this.#block, 0, this.#at);
    this.#block.set(this.#crc?.digest() ?? Buffer.alloc(8), this.#at);
    this.#at += 8;
    this.#emit();
    this.#ended = true;
  }

  /** Gives back a block that the sink got, once nobody reads it any more. */
  recycle(block: Uint8Array): void {
    if (!this.#blocksOut.delete(block.buffer)) return;
    if (this.#spareBlocks.length < maxSpareBlocks) {
      this.#spareBlocks.push(Buffer.from(block.buffer));
    }
  }

  #integer(value: number): void {
    this.#reserve(5);
    const block = this.#block;
    let at = this.#at;
    if (value === (value << 24) >> 24) {
      block[at++] = specialString | stringEncoding.int8;
      block[at++] = value & 0xff;
    } else if (value === (value << 16) >> 16) {
      block[at++] = specialString | stringEncoding.int16;
      block[at++] = value & 0xff;
      block[at++] = (value >>> 8) & 0xff;
    } else {
      block[at++] = specialString | stringEncoding.int32;
      block[at++] = value & 0xff;
      block[at++] = (value >>> 8) & 0xff;
      block[at++] = (value >>> 16) & 0xff;
      block[at++] = value >>> 24;
    }
    this.#at = at;
  }

  /** False, and nothing written, when compressing does not pay. */
  #compress(src: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    this.#lzf ??= new LzfCompressor();
    if (this.#compressed.length < length) this.#compressed = Buffer.allocUnsafeSlow(2 * length);
    const compressedLength = this.#lzf.compress(src, start, end, this.#compressed, 0);
    if (compressedLength === 0) return false;
    this.#reserve(1 + 2 * maxLengthBytes);
    this.#block[this.#at++] = specialString | stringEncoding.lzf;
    this.#at = writeLength(this.#block, this.#at, compressedLength);
    this.#at = writeLength(this.#block, this.#at, length);
    if (compressedLength > this.#blockBytes) this.#copyInPieces(compressedLength);
    else this.raw(this.#compressed, 0, compressedLength);
    return true;
  }

  /** The compression buffer is used again: its content must never be lent to the sink. */
  #copyInPieces(compressedLength: number): void {
    for (let at = 0; at < compressedLength; at += this.#blockBytes) {
      this.raw(this.#compressed, at, Math.min(at + this.#blockBytes, compressedLength));
    }
  }

  /** Passes a window on the caller's bytes through to the sink, after what came before it. */
  #lend(window: Uint8Array): void {
    this.flush();
    this.#crc?.update(window);
    this.#flushedBytes += window.length;
    this.#sink(window, true);
  }

  /** Makes sure that `count` bytes (at most a block) fit. */
  #reserve(count: number): void {
    if (this.#at + count > this.#block.length) {
      assert(!this.#ended, 'an RDB output was written to after its end');
      this.flush();
      this.#block = this.#spareBlocks.pop() ?? Buffer.allocUnsafeSlow(this.#blockBytes);
    }
  }

  #emit(): void {
    const block = this.#block.subarray(0, this.#at);
    this.#flushedBytes += this.#at;
    this.#at = 0;
    this.#block = noBlock;
    this.#blocksOut.add(block.buffer);
    this.#sink(block, false);
  }
}
