/**
 * Entries that are written while another one, which is large, is only half written: they wait here
 * until it is complete. Used by the snapshot.
 */
import type { EntryWriter } from './entry-writer.ts';

export class EntriesAside {
  /** Takes the entries. */
  readonly writer: EntryWriter;
  readonly #blocks: Uint8Array[] = [];
  /** Blocks that have been moved. */
  #moved = 0;

  /** For entries that `owner` will have to take. */
  constructor(owner: EntryWriter) {
    // A borrowed block is a window on a value that is about to change.
    this.writer = owner.another((block, borrowed) => {
      this.#blocks.push(borrowed ? Buffer.from(block) : block);
    });
  }

  /** Moves some of what has been collected to the end of a writer; true when nothing is left. */
  drainTo(owner: EntryWriter): boolean {
    this.writer.flush();
    if (this.#moved < this.#blocks.length) owner.raw(this.#blocks[this.#moved++]);
    if (this.#moved < this.#blocks.length) return false;
    this.#blocks.length = this.#moved = 0;
    return true;
  }
}
