/**
 * A sorted set of 64-bit integers in one block of memory, in Redis's own form, so that RDB and DUMP
 * copy it as it is: how small sets of integers are kept. Members come in and go out as decimal text.
 *
 *     intset   width:4 count:4 member…     little endian, members ascending, each `width` bytes
 *
 * The width (2, 4 or 8) is that of the widest member there ever was: it only grows. A member is
 * addressed by its index. Used by the set value; adding moves what lies behind, so it is for some
 * thousand members at most.
 */
import { maxInt64Chars, parseInt64, writeInt64Text } from '../../rdb/integer-text.ts';
import { copyBytes } from '../../util/copy-bytes.ts';

/** The member that is looked for or added, low and high half; meaningless between calls. */
const wanted = new Int32Array(2);
/** The window on a member's text, until the next one is read from any intset. */
const text = Buffer.alloc(maxInt64Chars);

const headerBytes = 8;

export class IntSet {
  /** The window that `read` last opened starts at 0 of this. */
  readonly windowBuffer: Buffer = text;
  windowEnd = 0;

  #bytes: Buffer;
  #width = 2;
  #size = 0;

  constructor() {
    this.#bytes = Buffer.allocUnsafeSlow(16);
    this.#writeHeader();
  }

  /** A copy of a whole, valid intset. */
  static from(bytes: Uint8Array, start = 0, end = bytes.length): IntSet {
    const set = new IntSet();
    set.#bytes = Buffer.allocUnsafeSlow(end - start);
    copyBytes(bytes, start, end, set.#bytes, 0);
    set.#width = set.#bytes.readUInt32LE(0);
    set.#size = set.#bytes.readUInt32LE(4);
    return set;
  }

  copy(): IntSet {
    return IntSet.from(this.#bytes, 0, this.byteLength);
  }

  get size(): number {
    return this.#size;
  }

  /** The intset itself: `bytes[0 … byteLength)`. Read-only for callers; a change may replace it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get byteLength(): number {
    return headerBytes + this.#size * this.#width;
  }

  /** Bytes taken from the system, spare room included. */
  get reservedBytes(): number {
    return this.#bytes.length;
  }

  /** The index of the member that `src[start … end)` spells; −1 for none. */
  indexOf(src: Uint8Array, start: number, end: number): number {
    if (!parseInt64(src, start, end, wanted)) return -1;
    const index = this.#search();
    return index < this.#size && this.#compare(index) === 0 ? index : -1;
  }

  add(src: Uint8Array, start: number, end: number): 'added' | 'present' | 'not-an-integer' {
    if (!parseInt64(src, start, end, wanted)) return 'not-an-integer';
    const index = this.#search();
    if (index < this.#size && this.#compare(index) === 0) return 'present';
    this.#widen(widthOf(wanted[1], wanted[0]));
    this.#reserve(this.byteLength + this.#width);
    const at = headerBytes + index * this.#width;
    this.#bytes.copyWithin(at + this.#width, at, this.byteLength);
    this.#write(at, wanted[1], wanted[0]);
    this.#size++;
    this.#writeHeader();
    return 'added';
  }

  removeAt(index: number): void {
    const at = headerBytes + index * this.#width;
    this.#bytes.copyWithin(at, at + this.#width, this.byteLength);
    this.#size--;
    this.#writeHeader();
  }

  /** Opens the window on the text of the member at `index`. */
  read(index: number): void {
    this.windowEnd = writeInt64Text(text, 0, this.#high(index), this.#low(index));
  }

  /** The first index whose member is not below `wanted`. */
  #search(): number {
    // Members mostly come in order.
    if (this.#size === 0 || this.#compare(this.#size - 1) < 0) return this.#size;
    let low = 0;
    let high = this.#size - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How the member at `index` stands to `wanted`: negative, zero or positive. */
  #compare(index: number): number {
    const high = this.#high(index);
    if (high !== wanted[1]) return high < wanted[1] ? -1 : 1;
    return (this.#low(index) >>> 0) - (wanted[0] >>> 0);
  }

  #low(index: number): number {
    const bytes = this.#bytes;
    const at = headerBytes + index * this.#width;
    const low = bytes[at] | (bytes[at + 1] << 8);
    return this.#width === 2
      ? (low << 16) >> 16
      : low | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }

  #high(index: number): number {
    if (this.#width !== 8) return this.#low(index) >> 31;
    const bytes = this.#bytes;
    const at = headerBytes + index * 8 + 4;
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }

  #write(at: number, high: number, low: number): void {
    const bytes = this.#bytes;
    for (let place = 0; place < this.#width; place++) {
      bytes[at + place] = (place < 4 ? low : high) >>> ((place & 3) * 8);
    }
  }

  #widen(width: number): void {
    if (width <= this.#width) return;
    const narrow = IntSet.from(this.#bytes, 0, this.byteLength);
    this.#width = width;
    this.#reserve(this.byteLength);
    for (let index = 0; index < this.#size; index++) {
      this.#write(headerBytes + index * width, narrow.#high(index), narrow.#low(index));
    }
  }

  #reserve(size: number): void {
    const from = this.#bytes;
    if (size <= from.length) return;
    this.#bytes = Buffer.allocUnsafeSlow((size + (size >>> 2) + 15) & ~15);
    from.copy(this.#bytes);
  }

  #writeHeader(): void {
    this.#bytes.writeUInt32LE(this.#width, 0);
    this.#bytes.writeUInt32LE(this.#size, 4);
  }
}

function widthOf(high: number, low: number): number {
  if (high !== low >> 31) return 8;
  return low === (low << 16) >> 16 ? 2 : 4;
}
