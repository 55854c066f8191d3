/**
 * What the readers of compact structures (listpack, ziplist, zipmap, intset) have in common. Each
 * hands out the elements of one structure, in order, and checks every byte that it steps over
 * before it believes it: nothing is read beyond the structure's end, and each step gets on.
 *
 *     reader = new ListpackReader(blob, place)      checks the header
 *     while (reader.next(element)) …                checks one element and fills the window
 *
 * Whatever is wrong is thrown as an RdbError 'bad-structure'. After the last element the structure
 * has been checked whole, its count and its end included.
 */
import { RdbError } from '../rdb-error.ts';
import type { StringWindow } from '../string-window.ts';

/** Where a structure was found: its name in messages, and the offset of its string in the RDB. */
export interface Place {
  readonly what: string;
  readonly offset: number;
}

export interface ElementReader {
  /** Moves on and fills the window with the next element; false when there is none. */
  next(into: StringWindow): boolean;
}

/** About the byte `at` of the structure, counted from its own first one. */
export function structureError({ what, offset }: Place, why: string, at: number): RdbError {
  const detail = `${what} integrity check failed: ${why} (byte ${at} of it)`;
  return new RdbError('bad-structure', offset, detail);
}

/** About a field or member that is there twice. */
export function duplicateError({ what, offset }: Place): RdbError {
  const detail = `${what} with dup elements, integrity check failed`;
  return new RdbError('bad-element', offset, detail);
}

/** About its elements, which are sound by themselves but cannot make up a value. */
export function elementError({ what, offset }: Place, why: string): RdbError {
  return new RdbError('bad-element', offset, `${what} integrity check failed: ${why}`);
}
