/**
 * Strings too long for the arena, each in a Buffer of its own with room to grow in place: APPEND again
 * and again does not copy each time. The EntryStore owns them, and keeps their numbers in entries.
 */
import { ObjectTable } from '../types/object-table.ts';

export interface OutsideString {
  buffer: Buffer;
  /** How much of the buffer is the string. */
  length: number;
}

export class OutsideStrings {
  readonly #strings = new ObjectTable<OutsideString>();
  #memoryBytes = 0;

  /** Bytes of all buffers, room to grow included. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Takes over a buffer that is all string; returns its number. */
  add(buffer: Buffer): number {
    this.#memoryBytes += buffer.length;
    return this.#strings.add({ buffer, length: buffer.length });
  }

  get(number: number): Readonly<OutsideString> {
    return this.#strings.get(number);
  }

  /** Gives a string up; its number may be another's from now on. */
  remove(number: number): Readonly<OutsideString> {
    const outside = this.#strings.remove(number);
    this.#memoryBytes -= outside.buffer.length;
    return outside;
  }

  /** Makes a string longer or shorter. What is added, and without `keepBytes` all, is to be written. */
  resize(number: number, length: number, keepBytes: boolean): void {
    const outside = this.#strings.get(number);
    if (length > outside.buffer.length || length * 4 < outside.buffer.length) {
      const capacity = keepBytes && length > outside.length ? withRoomToGrow(length) : length;
      const buffer = Buffer.allocUnsafeSlow(capacity);
      if (keepBytes) outside.buffer.copy(buffer, 0, 0, Math.min(outside.length, length));
      this.#memoryBytes += buffer.length - outside.buffer.length;
      outside.buffer = buffer;
    }
    outside.length = length;
  }
}

/** At most twice the length, and at most 1 MiB more than it, as Redis preallocates. */
function withRoomToGrow(length: number): number {
  return length + Math.min(length, 1 << 20);
}
