/**
 * Decodes sets:
 *
 *     SET            length string…
 *     SET_INTSET     intset
 *     SET_LISTPACK   listpack          [Redis 7.2]
 */
import { duplicateError, type ElementReader, type Place } from '../structure/element-reader.ts';
import { IntsetReader } from '../structure/intset.ts';
import { ListpackReader } from '../structure/listpack.ts';
import type { StringWindow } from '../string-window.ts';
import type { SetTarget } from '../value-sink.ts';
import { readBlob, readLength, type Steps, type ValueContext } from './value-context.ts';

const twice = 'a member that is there twice';

export function* decodeSet(context: ValueContext): Steps {
  let left = yield* readLength(context.input);
  const set = context.sink.beginSet(context.entry);
  while ((left = addStrings(context, set, left)) > 0) yield;
  context.sink.endCollection(context.entry);
}

export function* decodeSetIntset(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Intset');
  const { blob, entry, sink } = context;
  const set = sink.beginSet(entry);
  if (!isAdopted(blob, set, place)) addElements(context, set, new IntsetReader(blob, place), place);
  sink.endCollection(entry);
}

export function* decodeSetListpack(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Set listpack');
  const set = context.sink.beginSet(context.entry);
  addElements(context, set, new ListpackReader(context.blob, place), place);
  context.sink.endCollection(context.entry);
}

/** Whether the set takes the intset as it is. */
function isAdopted(blob: StringWindow, set: SetTarget, place: Place): boolean {
  if (set.adoptIntset === undefined) return false;
  const reader = new IntsetReader(blob, place);
  let count = 0;
  while (reader.step()) count++;
  return count > 0 && set.adoptIntset(blob.bytes, blob.start, blob.end);
}

function addElements(
  { first }: ValueContext,
  set: SetTarget,
  reader: ElementReader,
  place: Place,
): void {
  while (reader.next(first)) {
    if (!set.add(first.bytes, first.start, first.end)) throw duplicateError(place);
  }
}

/** Up to where the turn ends, or bytes are missing; returns how many are left. */
function addStrings({ input, first }: ValueContext, set: SetTarget, count: number): number {
  let left = count;
  for (; left > 0 && input.at < input.pauseAt; left--) {
    if (!input.string(first)) break;
    if (!set.add(first.bytes, first.start, first.end)) throw input.error('bad-element', twice);
  }
  return left;
}
