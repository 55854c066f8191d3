/**
 * LZF, the compression of strings inside RDB files and DUMP payloads. Used by the RDB output and
 * input. What is written here, Redis reads, and the other way round; the compressed bytes
 * themselves may differ from Redis's, since a compressor is free in which matches it takes.
 *
 * A compressed string is a sequence of
 *
 *   000nnnnn  n+1 bytes                     literals: copy the 1 … 32 bytes that follow
 *   lllooooo  oooooooo                      match: l+2 bytes from o+1 bytes back, l = 1 … 6
 *   111ooooo  llllllll  oooooooo            match: l+9 bytes from o+1 bytes back
 *
 * o has 13 bits, its high part in the first byte. A match may overlap its own output.
 */

const maxLiterals = 32;
const minMatch = 3;
const maxMatch = 264;
const maxDistance = 8192;

/** Redis keeps a compressed string only when it saves at least this much. */
const minSavedBytes = 4;

/** 16,384 slots, 64 KiB: fits the second-level cache; more slots find hardly more matches. */
const maxTableBits = 14;

/** 1,024 slots, enough for strings below 1 KiB, which are most. */
const minTableBits = 10;

/** After this many misses in a row (as a power of two) the search moves on by one byte more. */
const missesPerStepBits = 4;

/** Positions are stored as distances from the first byte ever seen; start over before 2^31. */
const maxBase = 2 ** 30;

/** Owns the table of positions, so that it need not be cleared between strings. */
export class LzfCompressor {
  /** Slot of a three-byte hash → where these were last seen, counted as `#base` says. */
  #seen = new Int32Array(1 << minTableBits);
  /** Stands for the first byte of the current string; smaller numbers are of earlier strings. */
  #base = 1;

  /**
   * Compresses `src[start … end)` to `dst` from `dstStart`.
   * Returns the compressed length, or 0 when that would not save 4 bytes. `dst` must have room for
   * `end - start - 4` bytes, whatever the outcome. The string must be shorter than 1 GiB.
   */
  compress(src: Uint8Array, start: number, end: number, dst: Uint8Array, dstStart: number): number {
    const length = end - start;
    const limit = dstStart + length - minSavedBytes;
    const bits = tableBits(length);
    if (this.#seen.length < 1 << bits || this.#base + length > maxBase) this.#forget(bits);
    const seen = this.#seen;
    const shift = 32 - bits;
    // A slot holds position + offset; below `base` it is left over from an earlier string.
    const base = this.#base;
    const offset = base - start;
    this.#base += length;

    let out = dstStart;
    let literalStart = start;
    let at = start;
    let misses = 0;
    const lastMatchStart = end - minMatch;
    while (at <= lastMatchStart) {
      const three = src[at] | (src[at + 1] << 8) | (src[at + 2] << 16);
      const slot = hashSlot(three, shift);
      const stored = seen[slot];
      seen[slot] = at + offset;
      const ref = stored - offset;
      const distance = at - ref;
      if (
        stored < base ||
        distance > maxDistance ||
        (src[ref] | (src[ref + 1] << 8) | (src[ref + 2] << 16)) !== three
      ) {
        at += 1 + (misses++ >> missesPerStepBits);
        continue;
      }

      const longest = Math.min(end - at, maxMatch);
      const matched = matchLength(src, ref, at, longest);

      if (at > literalStart) {
        out = putLiterals(src, literalStart, at, dst, out, limit);
        if (out === 0) return 0;
      }
      if (out + 3 > limit) return 0;
      const back = distance - 1;
      const extra = matched - 2;
      if (extra < 7) {
        dst[out++] = (extra << 5) | (back >> 8);
      } else {
        dst[out++] = (7 << 5) | (back >> 8);
        dst[out++] = extra - 7;
      }
      dst[out++] = back & 0xff;

      at += matched;
      literalStart = at;
      misses = 0;
      // Remember the match's last position too: repeats often go on where this one ended.
      if (at <= lastMatchStart) {
        const last = src[at - 1] | (src[at] << 8) | (src[at + 1] << 16);
        seen[hashSlot(last, shift)] = at - 1 + offset;
      }
    }
    if (literalStart < end) out = putLiterals(src, literalStart, end, dst, out, limit);
    return out === 0 ? 0 : out - dstStart;
  }

  #forget(bits: number): void {
    this.#seen = new Int32Array(Math.max(this.#seen.length, 1 << bits));
    this.#base = 1;
  }
}

/**
 * Decompresses `src[start … end)` to `dst[dstStart … dstEnd)`; touches nothing outside of these.
 * Returns how many bytes it wrote, or -1 when the input is corrupt or its output does not fit.
 */
export function lzfDecompress(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  dstStart: number,
  dstEnd: number,
): number {
  let at = start;
  let out = dstStart;
  while (at < end) {
    const control = src[at++];
    if (control < maxLiterals) {
      const stop = at + control + 1;
      if (stop > end || out + control + 1 > dstEnd) return -1;
      while (at < stop) dst[out++] = src[at++];
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9) {
      if (at >= end) return -1;
      length += src[at++];
    }
    if (at >= end) return -1;
    let ref = out - (((control & 0x1f) << 8) | src[at++]) - 1;
    const stop = out + length;
    if (ref < dstStart || stop > dstEnd) return -1;
    while (out < stop) dst[out++] = dst[ref++];
  }
  return out - dstStart;
}

/** The longest string that `compressedBytes` can stand for: 264 bytes from every 3. */
export function maxDecompressedBytes(compressedBytes: number): number {
  return Math.ceil(compressedBytes / 3) * maxMatch;
}

/** Short strings use only the beginning of the table, which stays in the first-level cache. */
function tableBits(length: number): number {
  return length < 1024 ? minTableBits : length < 8192 ? 12 : maxTableBits;
}

function hashSlot(three: number, shift: number): number {
  return Math.imul(three, 0x9e3779b1) >>> shift;
}

/** How many bytes at `ref` and `at` are the same, `minMatch` of them known to be, `longest` at most. */
function matchLength(src: Uint8Array, ref: number, at: number, longest: number): number {
  let matched = minMatch;
  // Four at a time: long matches are what compressing well means.
  while (
    matched + 4 <= longest &&
    src[ref + matched] === src[at + matched] &&
    src[ref + matched + 1] === src[at + matched + 1] &&
    src[ref + matched + 2] === src[at + matched + 2] &&
    src[ref + matched + 3] === src[at + matched + 3]
  ) {
    matched += 4;
  }
  while (matched < longest && src[ref + matched] === src[at + matched]) matched++;
  return matched;
}

/** Writes literal runs; returns the position after them, or 0 when they would pass `limit`. */
function putLiterals(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  dstStart: number,
  limit: number,
): number {
  const count = end - start;
  if (dstStart + count + Math.ceil(count / maxLiterals) > limit) return 0;
  let out = dstStart;
  let at = start;
  while (at < end) {
    const stop = Math.min(at + maxLiterals, end);
    dst[out++] = stop - at - 1;
    while (at < stop) dst[out++] = src[at++];
  }
  return out;
}
