/**
 * One decoded string, handed on without a copy where that is possible. Filled by the RDB input and
 * by the readers of compact structures, read by decoders and sinks.
 */

/** Memory longer than this, which a long string has made grow, is not kept for short ones. */
const idleBytes = 1024 * 1024;

/** Holds any integer as text, and most decompressed strings without growing. */
const minScratchBytes = 4096;

/**
 * The string is `bytes[start … end)`: a window on the input where it stands there as it is,
 * otherwise on memory of its own. Valid until the next string is read into it and the next feed.
 */
export class StringWindow {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  #scratch: Buffer | undefined;

  /** Points the window at other memory. */
  show(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Points the window at `[0 … length)` of its own memory, which the caller then fills. */
  own(length: number): Buffer {
    let scratch = this.#scratch;
    if (scratch === undefined || scratch.length < length || scratch.length > idleBytes) {
      scratch = Buffer.allocUnsafeSlow(Math.max(length, minScratchBytes));
      this.#scratch = scratch;
    }
    this.bytes = scratch;
    this.start = 0;
    this.end = length;
    return scratch;
  }

  /** Copies the string to its own memory, where it outlasts the next feed. */
  keep(): void {
    const { bytes, start, end } = this;
    if (bytes !== this.#scratch) bytes.copy(this.own(end - start), 0, start, end);
  }
}
