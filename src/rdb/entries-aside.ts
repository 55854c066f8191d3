/**
 * Entries that are written while another one, which is large, is only half written: they wait here
 * until it is complete. Used by the snapshot.
 */
import type { EntryWriter } from './entry-writer.ts';

export class EntriesAside {
  /** Takes the entries. */
  readonly writer: EntryWriter;
  readonly #blocks: Uint8Array[] = [];

  /** For entries that `owner` will have to take. */
  constructor(owner: EntryWriter) {
    // A borrowed block is a window on a value that is about to change.
    this.writer = owner.another((block, borrowed) => {
      this.#blocks.push(borrowed ? Buffer.from(block) : block);
    });
  }

  /** Moves what has been collected, if anything, to the end of a writer. */
  appendTo(owner: EntryWriter): void {
    this.writer.flush();
    for (const block of this.#blocks) owner.raw(block);
    this.#blocks.length = 0;
  }
}
