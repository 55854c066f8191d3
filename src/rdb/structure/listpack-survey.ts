/**
 * Looks a listpack over whole, for the decoders that would rather hand it on as it is than element
 * by element. That is right only where it could as well have been written here: every element in
 * the form in which Redis writes it, so that whoever looks for one may compare bytes.
 */
import type { StringWindow } from '../string-window.ts';
import { duplicateError, type Place } from './element-reader.ts';
import { ListpackReader } from './listpack.ts';
import type { SeenElements } from './seen-elements.ts';

/** Longer ones are no small hashes or sorted sets any more: who has a use for them as they are? */
const maxSurveyedBytes = 64 * 1024;

/**
 * How many elements a list's node has; −1 when it should be taken element by element. Throws
 * RdbError. A long one is as good as any: a single long element may have a node to itself.
 */
export function canonicalCount(blob: StringWindow, place: Place): number {
  const reader = new ListpackReader(blob, place);
  while (reader.step()) if (!reader.isCanonical) return -1;
  return reader.hasCanonicalCount ? reader.count : -1;
}

/** Pairs in a listpack; each first half may be there only once. */
export type Pairs =
  /** Hashes: a value counts among the elements as a field does. */
  | 'fields and values'
  /** Sorted sets. */
  | 'members and scores';

/**
 * The same for pairs: returns the length of the longest field, value or member; −1 when they should
 * be taken one by one. Throws RdbError.
 */
export function surveyPairs(
  blob: StringWindow,
  place: Place,
  pairs: Pairs,
  seen: SeenElements,
): number {
  if (blob.end - blob.start > maxSurveyedBytes) return -1;
  const reader = new ListpackReader(blob, place);
  seen.begin(blob.bytes, blob.start, blob.end);
  let longestBytes = 0;
  while (reader.step()) {
    if (!reader.isCanonical) return -1;
    if (reader.count % 2 === 1) {
      const sighting = seen.add(reader.elementStart, reader.elementEnd);
      if (sighting === 'seen') throw duplicateError(place);
      if (sighting === 'unknown') return -1;
    } else if (pairs === 'members and scores') {
      continue;
    }
    const { textBytes } = reader;
    if (textBytes > longestBytes) longestBytes = textBytes;
  }
  return reader.count % 2 === 0 && reader.hasCanonicalCount ? longestBytes : -1;
}
