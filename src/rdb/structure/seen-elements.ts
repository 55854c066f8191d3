/**
 * Finds elements that a listpack has twice, for the decoders of hashes and sorted sets: a table of
 * where each element stands, by a hash of its bytes. It works on encoded bytes, so it is right only
 * where equal elements have equal encodings.
 */
import { elementBytes } from './listpack-encoding.ts';

/** The hash has no secret seed: who makes elements collide shall not make us slow. */
const maxProbes = 64;

export type Sighting = 'new' | 'seen' | 'unknown';

export class SeenElements {
  /** A slot holds where an element stands, relative to `#base`; 0 is free. */
  #slots = new Int32Array(64);
  #mask = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;

  /** Forgets all; elements of the listpack `bytes[start … end)` will come, every other at most. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    // An element takes two bytes at least: that is room for twice as many as can come.
    const size = 1 << (32 - Math.clz32((end - start) >>> 1));
    if (this.#slots.length < size) this.#slots = new Int32Array(size);
    else this.#slots.fill(0, 0, size);
    this.#mask = size - 1;
    this.#bytes = bytes;
    this.#base = start - 1;
  }

  /** Notes the element whose encoding and data are `[start … end)`. */
  add(start: number, end: number): Sighting {
    const bytes = this.#bytes;
    const slots = this.#slots;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (let probe = 0; probe < maxProbes; probe++) {
      if (slots[slot] === 0) {
        slots[slot] = start - this.#base;
        return 'new';
      }
      if (this.#isSame(slots[slot] + this.#base, start, end)) return 'seen';
      slot = (slot + 1) & this.#mask;
    }
    return 'unknown';
  }

  #isSame(other: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (elementBytes(bytes, other) !== end - start) return false;
    for (let at = start; at < end; at++) if (bytes[other + at - start] !== bytes[at]) return false;
    return true;
  }
}
