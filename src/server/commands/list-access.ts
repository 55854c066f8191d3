/** What the list commands do alike: come by a list, take elements from an end, and tell of it. */
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Call } from '../call.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { ListCursor } from '../types/list-cursor.ts';
import type { ListEnd } from '../types/list-node.ts';
import { ListValue } from '../types/list-value.ts';
import { createAt, readAs, removeIfEmpty, writeAs } from './values.ts';

/** Below so many elements, or bytes of one on average, copying each by itself is cheaper. */
const leastStaged = 4;
const leastStagedBytes = 24;
/** A node is staged if at least one in so many of its elements is wanted. */
const wastedShare = 4;

/** An entry and the list in it. */
export interface HeldList {
  readonly ref: number;
  readonly list: ListValue;
}

/** The list under the key in argument `index`; null when there is none, or when the call has failed. */
export function listForRead(call: Call, index: number): ListValue | null {
  const ref = call.lookupRead(index);
  return ref === 0 ? null : readAs(call, ref, ListValue);
}

/** The same to be changed, but nothing is yet: see `beginWrite`. */
export function findList(call: Call, index: number): HeldList | null {
  const ref = call.lookupWrite(index);
  if (ref === 0) return null;
  const list = readAs(call, ref, ListValue);
  return list === null ? null : { ref, list };
}

/** The list in `ref` will be changed. */
export function beginWrite(call: Call, { ref }: HeldList): void {
  call.db.dict.valueForWrite(ref);
}

/**
 * The list under the key in argument `index`, for which a lookup has just returned `ref`, or a new
 * one there; null after the error for a key of another type.
 */
export function listToPushTo(call: Call, index: number, ref: number): ListValue | null {
  if (ref !== 0) return writeAs(call, ref, ListValue);
  const list = new ListValue(call.keyspace.valueSettings);
  createAt(call, index, list);
  return list;
}

/** LEFT or RIGHT in argument `index`; null after an error. */
export function endArgument(call: Call, index: number): ListEnd | null {
  if (call.is(index, 'left')) return 'head';
  if (call.is(index, 'right')) return 'tail';
  call.syntaxError();
  return null;
}

/** The event of a push to an end, or of a pop from it. */
export function pushEvent(where: ListEnd): string {
  return where === 'head' ? 'lpush' : 'rpush';
}

export function popEvent(where: ListEnd): string {
  return where === 'head' ? 'lpop' : 'rpop';
}

/** Takes one element, on which the list's window is then open, and tells of it. */
export function popOne(call: Call, index: number, held: HeldList, where: ListEnd): void {
  beginWrite(call, held);
  held.list.pop(where);
  tellPopped(call, index, held, where, 1);
}

/** Replies `count` elements from an end, as an array, and takes them; there must be so many. */
export function popMany(
  call: Call,
  index: number,
  held: HeldList,
  where: ListEnd,
  count: number,
): void {
  const { list } = held;
  call.reply.array(count);
  if (count === 0) return;
  replyElements(call, list.cursorAt(where === 'head' ? 0 : -1), count, where);
  beginWrite(call, held);
  list.removeRange(where === 'head' ? 0 : list.size - count, count);
  tellPopped(call, index, held, where, count);
}

/** Replies elements from a place on, walking away from an end of the list. */
export function replyElements(
  call: Call,
  cursor: ListCursor | null,
  count: number,
  from: ListEnd,
): void {
  if (cursor === null) return;
  const { reply } = call;
  let left = count;
  while (left > 0) {
    const staged = from === 'head' ? replyStaged(reply, cursor, left) : 0;
    left -= staged;
    if (staged > 0) continue;
    cursor.read();
    reply.bulk(cursor.windowBuffer, cursor.windowStart, cursor.windowEnd);
    left--;
    if (from === 'head') cursor.next();
    else cursor.previous();
  }
}

/**
 * Replies up to `count` elements of one node by way of `ReplyWriter.stage`, and leaves the cursor
 * behind them; returns how many: 0 where elements are too short, or too few, to be worth it.
 */
function replyStaged(reply: ReplyWriter, cursor: ListCursor, count: number): number {
  const { node, at } = cursor;
  const wanted = Math.min(count, node.count);
  if (wanted * wastedShare < node.count || wanted < leastStaged) return 0;
  if (node.end - node.start < node.count * leastStagedBytes) return 0;
  const stagedAt = reply.stage(node.bytes, at, node.end, wanted);
  if (stagedAt < 0) return 0;
  const shift = stagedAt - at;
  let replied = 0;
  do {
    cursor.read();
    const { windowBuffer, windowStart, windowEnd } = cursor;
    if (windowBuffer === node.bytes) reply.stagedBulk(windowStart + shift, windowEnd + shift);
    else reply.bulk(windowBuffer, windowStart, windowEnd);
    replied++;
  } while (cursor.next() && replied < wanted && cursor.node === node);
  return replied;
}

/** Replies the element on which the list's window is open. */
export function replyPopped(call: Call, list: ListValue): void {
  call.reply.bulk(list.windowBuffer, list.windowStart, list.windowEnd);
}

function tellPopped(
  call: Call,
  index: number,
  { ref, list }: HeldList,
  where: ListEnd,
  count: number,
): void {
  call.notify(notifyClass.list, popEvent(where), index);
  removeIfEmpty(call, index, ref, list);
  call.changed(index, count);
}
