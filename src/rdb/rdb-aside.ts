/**
 * Entries that are written while another one, which is large, is only half written: they wait here
 * until it is complete. Used by the snapshot.
 */
import type { RdbOutput } from './rdb-output.ts';
import { RdbWriter } from './rdb-writer.ts';

export class RdbAside {
  /** Takes the entries. */
  readonly writer: RdbWriter;
  readonly #blocks: Uint8Array[] = [];

  constructor(options: { compress: boolean }) {
    this.writer = new RdbWriter({
      ...options,
      checksum: false,
      // A borrowed block is a window on a value that is about to change.
      sink: (block, borrowed) => this.#blocks.push(borrowed ? Buffer.from(block) : block),
    });
  }

  /** Moves what has been collected, if anything, to the end of an output. */
  appendTo(output: RdbOutput): void {
    this.writer.output.flush();
    for (const block of this.#blocks) output.raw(block, 0, block.length);
    this.#blocks.length = 0;
  }
}
