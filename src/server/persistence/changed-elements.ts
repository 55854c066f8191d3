/**
 * The elements of a large collection that have changed while its body is being written: their old
 * state, as soon as it is about to be lost, and their names, so that the walk passes them over when
 * it meets them again. Used by the bodies whose elements may come in any order.
 */
import { RdbOutput } from '../../rdb/rdb-output.ts';

export class ChangedElements {
  /** Takes the old state of an element that is not written yet. */
  readonly output: RdbOutput;
  readonly #names = new Set<string>();
  readonly #blocks: Uint8Array[] = [];

  constructor() {
    const sink = (block: Uint8Array, borrowed: boolean): void => {
      // A borrowed block is a window on a value that is about to change.
      this.#blocks.push(borrowed ? Buffer.from(block) : block);
    };
    this.output = new RdbOutput({ sink, checksum: false, compress: false });
  }

  /** Notes a name; false when it was noted before. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    const before = this.#names.size;
    this.#names.add(textOf(bytes, start, end));
    return this.#names.size > before;
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#names.size !== 0 && this.#names.has(textOf(bytes, start, end));
  }

  /** Moves the old states that have been collected to the body they belong to. */
  moveTo(body: RdbOutput): void {
    if (this.#names.size === 0) return;
    this.output.flush();
    for (const block of this.#blocks) body.raw(block, 0, block.length);
    this.#blocks.length = 0;
  }
}

/** One character a byte. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
