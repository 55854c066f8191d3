/**
 * Bytes that were received and not executed yet: the end of an unfinished request, or what a
 * blocked client goes on sending. The memory is kept for the next time while it is small.
 */
const smallestBytes = 16 * 1024;
/** A larger buffer is given back as soon as it is empty. */
const keptBytes = 128 * 1024;
/** Room for as much is made at once. */
const believedBytes = 1024 * 1024;
const none = Buffer.alloc(0);

export class PendingInput {
  /** The bytes are `buffer[0 … length)`. */
  buffer: Buffer = none;
  length = 0;
  /** Parsing is pointless before `length` reaches this. */
  needed = 0;
  /** Where a large argument begins of which more is awaited; what is before it has been parsed. */
  argumentStart = 0;

  append(from: Buffer, start: number, end: number): void {
    const wanted = this.length + end - start;
    if (this.buffer.length < wanted) {
      // Beyond that, twice what has arrived: a lying length must not cost memory.
      const believed = Math.max(wanted * 2, believedBytes);
      const room = Math.min(believed, Math.max(wanted, this.needed, smallestBytes));
      const grown = Buffer.allocUnsafeSlow(room);
      this.buffer.copy(grown, 0, 0, this.length);
      this.buffer = grown;
    }
    from.copy(this.buffer, this.length, start, end);
    this.length = wanted;
  }

  /** The first `count` bytes are done with. */
  dropFront(count: number): void {
    if (count > 0 && count < this.length) this.buffer.copyWithin(0, count, this.length);
    this.length -= count;
    this.argumentStart = 0;
    if (this.length === 0 && this.buffer.length > keptBytes) this.buffer = none;
  }

  clear(): void {
    this.buffer = none;
    this.length = 0;
    this.needed = 0;
    this.argumentStart = 0;
  }
}
