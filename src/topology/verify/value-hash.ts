/**
 * A sum over the elements of a value, 64 bits in two halves, fast in JavaScript and for nothing but
 * finding differences (it is not safe against someone who wants two values to collide). Texts hold
 * one byte per character. Used by element-reads.ts.
 */

const lowSeed = 0x9e3779b9;
const highSeed = 0x85ebca6b;

export class ValueHash {
  #low = lowSeed;
  #high = highSeed;
  #elements = 0;
  /** Sums of whole elements whose order does not matter. */
  #unorderedLow = 0;
  #unorderedHigh = 0;

  /** How many elements have been taken in, in either way. */
  get elements(): number {
    return this.#elements;
  }

  /** Takes in bytes of the element that is being read; pieces join as if they had been one. */
  bytes(text: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      low = Math.imul(low ^ code, 2_654_435_761);
      high = Math.imul(high ^ code, 1_597_334_677);
      // What a multiplication has carried up comes down again.
      low ^= low >>> 15;
      high ^= high >>> 13;
    }
    this.#low = low;
    this.#high = high;
  }

  /** The next element of a list or a stream. */
  ordered(text: string): void {
    this.bytes(text);
    // The length keeps `ab`, `c` apart from `a`, `bc`.
    this.bytes(`:${text.length};`);
    this.#elements++;
  }

  /** One more element of a set, or a pair of a hash. */
  unordered(...texts: string[]): void {
    this.mark(...texts);
    this.#elements++;
  }

  /** Something about an element, which is no element itself; in any order. */
  mark(...texts: string[]): void {
    const [low, high, elements] = [this.#low, this.#high, this.#elements];
    this.#low = lowSeed;
    this.#high = highSeed;
    for (const text of texts) this.ordered(text);
    this.#unorderedLow = (this.#unorderedLow + finish(this.#low)) | 0;
    this.#unorderedHigh = (this.#unorderedHigh + finish(this.#high)) | 0;
    [this.#low, this.#high, this.#elements] = [low, high, elements];
  }

  text(): string {
    const halves = [this.#low, this.#high, this.#unorderedLow, this.#unorderedHigh];
    return halves.map((half) => (half >>> 0).toString(16)).join('-');
  }
}

/** Spreads every bit over all, so that a sum of many elements keeps what each of them says. */
function finish(half: number): number {
  let mixed = half ^ (half >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
