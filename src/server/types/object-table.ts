/**
 * Objects known by a small number, so that typed arrays can refer to them. Numbers are reused. Kept
 * in chunks: growing never copies more than the list of chunks.
 */
import { assert } from '../../util/errors.ts';

const chunkBits = 10;
const chunkMask = (1 << chunkBits) - 1;

export class ObjectTable<T> {
  readonly #chunks: (T | null)[][] = [];
  readonly #free: number[] = [];
  #top = 0;

  /** Another table with the same objects under the same numbers. */
  copy(): ObjectTable<T> {
    const copy = new ObjectTable<T>();
    for (const chunk of this.#chunks) copy.#chunks.push(chunk.slice());
    for (const number of this.#free) copy.#free.push(number);
    copy.#top = this.#top;
    return copy;
  }

  /** Keeps an object; returns its number. */
  add(object: T): number {
    const number = this.#free.pop() ?? this.#top++;
    const chunk = (this.#chunks[number >>> chunkBits] ??= []);
    chunk[number & chunkMask] = object;
    return number;
  }

  get(number: number): T {
    const object = this.#chunks[number >>> chunkBits][number & chunkMask];
    assert(object !== null, 'the number is in use');
    return object;
  }

  /** Puts another object in place of one. */
  replace(number: number, object: T): void {
    this.#chunks[number >>> chunkBits][number & chunkMask] = object;
  }

  /** Forgets an object and returns it. */
  remove(number: number): T {
    const object = this.get(number);
    this.#chunks[number >>> chunkBits][number & chunkMask] = null;
    this.#free.push(number);
    return object;
  }
}
