/** Copying of byte strings that are mostly short: entries, replies, the replication log, the RDB output. */

/** Up to here a loop beats `set(subarray)`, which costs 70 ns however little it copies. */
const loopMaxBytes = 64;

/** Copies `src[start … end)` to `dst[at …]`; returns the position after the copy. */
export function copyBytes(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  at: number,
): number {
  if (end - start > loopMaxBytes) {
    // Not `subarray`: of a Buffer that is a Buffer, which costs more to make than all the copying.
    dst.set(new Uint8Array(src.buffer, src.byteOffset + start, end - start), at);
    return at + end - start;
  }
  // Four at a time: a third off the time of the plain loop.
  for (; start + 4 <= end; start += 4, at += 4) {
    dst[at] = src[start];
    dst[at + 1] = src[start + 1];
    dst[at + 2] = src[start + 2];
    dst[at + 3] = src[start + 3];
  }
  while (start < end) dst[at++] = src[start++];
  return at;
}
