/** How the bodies of collections count what they do, so that a slice of a snapshot ends in time. */

/** So many bytes of an element count as another element: long ones are slow to compress. */
const bytesPerWork = 256;

/** What an element under this window counts for. */
export function workOf({
  windowStart,
  windowEnd,
}: {
  readonly windowStart: number;
  readonly windowEnd: number;
}): number {
  return workOfBytes(windowEnd - windowStart);
}

export function workOfBytes(length: number): number {
  return 1 + Math.floor(length / bytesPerWork);
}
