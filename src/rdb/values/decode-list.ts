/**
 * Decodes lists:
 *
 *     LIST               length string…
 *     LIST_ZIPLIST       ziplist
 *     LIST_QUICKLIST     length ziplist…
 *     LIST_QUICKLIST_2   length { node:length string }      node 1: one element, 2: a listpack
 */
import { quicklistNode } from '../opcodes.ts';
import type { ElementReader, Place } from '../structure/element-reader.ts';
import { structureError } from '../structure/element-reader.ts';
import { ListpackReader } from '../structure/listpack.ts';
import { canonicalCount } from '../structure/listpack-survey.ts';
import { ZiplistReader } from '../structure/ziplist.ts';
import type { ListTarget } from '../value-sink.ts';
import { readBlob, readLength, type Steps, type ValueContext } from './value-context.ts';

export function* decodeList(context: ValueContext): Steps {
  let left = yield* readLength(context.input);
  const list = context.sink.beginList(context.entry);
  while ((left = pushStrings(context, list, left)) > 0) yield;
  context.sink.endCollection(context.entry);
}

export function* decodeListZiplist(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'List ziplist');
  const list = context.sink.beginList(context.entry);
  pushElements(context, list, new ZiplistReader(context.blob, place));
  context.sink.endCollection(context.entry);
}

export function* decodeQuicklist(context: ValueContext): Steps {
  const { input, entry } = context;
  const nodes = yield* readLength(input);
  const list = context.sink.beginList(entry);
  for (let node = 0; node < nodes; node++) {
    if (input.at >= input.pauseAt) yield;
    const place = yield* readBlob(context, 'Quicklist ziplist');
    pushElements(context, list, new ZiplistReader(context.blob, place));
  }
  context.sink.endCollection(entry);
}

export function* decodeQuicklist2(context: ValueContext): Steps {
  const { input, entry } = context;
  const nodes = yield* readLength(input);
  const list = context.sink.beginList(entry);
  for (let node = 0; node < nodes; node++) {
    if (input.at >= input.pauseAt) yield;
    const container = yield* readLength(input);
    const place = yield* readBlob(context, 'Quicklist listpack');
    pushNode(context, list, container, place);
  }
  context.sink.endCollection(entry);
}

function pushNode(context: ValueContext, list: ListTarget, container: number, place: Place): void {
  const { bytes, start, end } = context.blob;
  if (container === quicklistNode.packed) {
    pushListpack(context, list, place);
  } else if (container === quicklistNode.plain && end > start) {
    if (list.pushPlain === undefined) list.pushTail(bytes, start, end);
    else list.pushPlain(bytes, start, end);
  } else {
    throw structureError(place, `a node of kind ${container} with ${end - start} bytes`, 0);
  }
}

/** Whole where the list takes it so. */
function pushListpack(context: ValueContext, list: ListTarget, place: Place): void {
  const { blob } = context;
  if (list.pushListpack !== undefined) {
    const count = canonicalCount(blob, place);
    if (count > 0 && list.pushListpack(blob.bytes, blob.start, blob.end, count)) return;
  }
  pushElements(context, list, new ListpackReader(blob, place));
}

function pushElements({ first }: ValueContext, list: ListTarget, reader: ElementReader): void {
  while (reader.next(first)) list.pushTail(first.bytes, first.start, first.end);
}

/** Up to where the turn ends, or bytes are missing; returns how many are left. */
function pushStrings({ input, first }: ValueContext, list: ListTarget, count: number): number {
  let left = count;
  for (; left > 0 && input.at < input.pauseAt; left--) {
    if (!input.string(first)) break;
    list.pushTail(first.bytes, first.start, first.end);
  }
  return left;
}
