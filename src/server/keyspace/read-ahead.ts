/**
 * Brings entries into the processor's caches before they are looked up. A lookup in a large data set
 * mostly waits for memory; loads of one bare loop do not wait for each other. The Dict owns one:
 * `key-scout.ts` announces through it the keys of a pipeline, the snapshot touches what it will emit.
 *
 * It only reads. A key that is not there, or an entry that moves before it is used, costs a load.
 */
import type { HashIndex } from '../types/hash-index.ts';
import type { EntryStore } from './entry-store.ts';

/** Keys that are touched ahead at a time: their entries fit the first-level cache. */
export const maxAnnouncedKeys = 64;

export class ReadAhead {
  /** Where the touched bytes go, so that reading them is not optimised away. */
  touched = 0;
  #count = 0;
  readonly #hashes = new Int32Array(maxAnnouncedKeys);
  readonly #refs = new Int32Array(maxAnnouncedKeys);

  /** Notes the hash of a key that will be looked up soon; those beyond `maxAnnouncedKeys` go unheard. */
  announce(hash: number): void {
    if (this.#count < maxAnnouncedKeys) this.#hashes[this.#count++] = hash;
  }

  /** Reads the memory that lookups of the announced keys will need, and forgets them. */
  touchAnnounced(index: HashIndex, entries: EntryStore): void {
    const count = this.#count;
    const [hashes, refs] = [this.#hashes, this.#refs];
    for (let at = 0; at < count; at++) refs[at] = index.guess(hashes[at]);
    for (let at = 0; at < count; at++) {
      if (refs[at] !== 0) this.touched ^= entries.peek(refs[at]);
    }
    this.#count = 0;
  }

  /** The same for entries that are known. */
  touchEntries(entries: EntryStore, refs: readonly number[]): void {
    let touched = 0;
    for (let at = 0; at < refs.length; at++) touched ^= entries.peek(refs[at]);
    this.touched ^= touched;
  }
}
