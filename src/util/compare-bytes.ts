/** Order of byte strings as memcmp gives it, the shorter first where one begins with the other. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const shift = bStart - aStart;
  const end = Math.min(aEnd, bEnd - shift);
  for (let at = aStart; at < end; at++) {
    const order = a[at] - b[at + shift];
    if (order !== 0) return order;
  }
  return aEnd - aStart - (bEnd - bStart);
}
