/** Lists in the middle: LINSERT, LREM, LTRIM. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { SoughtElement } from '../types/list-cursor.ts';
import type { ListValue } from '../types/list-value.ts';
import { integerArgument } from './generic-arguments.ts';
import { beginWrite, findList } from './list-access.ts';
import { removeIfEmpty } from './values.ts';

const row = { categories: ['list'], keys: [1, 1, 1], group: 'list' } as const;

export const listEditCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'linsert',
    arity: 5,
    flags: ['write', 'denyoom'],
    since: '2.2.0',
    summary: 'Puts an element before or after the first one that equals another.',
    complexity: 'O(n) for n elements before that one',
    handler: linsertCommand,
  },
  {
    ...row,
    name: 'lrem',
    arity: 4,
    flags: ['write'],
    since: '1.0.0',
    summary: 'Removes elements that equal a given one: all, or so many from an end.',
    complexity: 'O(n) for n elements of the list',
    handler: lremCommand,
  },
  {
    ...row,
    name: 'ltrim',
    arity: 4,
    flags: ['write'],
    since: '1.0.0',
    summary: 'Removes all elements but those between two indexes.',
    complexity: 'O(n) for n elements removed',
    handler: ltrimCommand,
  },
];

function linsertCommand(call: Call): void {
  const isBefore = call.is(2, 'before');
  if (!isBefore && !call.is(2, 'after')) {
    call.syntaxError();
    return;
  }
  const held = findList(call, 1);
  if (held === null) {
    if (!call.failed) call.reply.integer(0);
    return;
  }
  const { buffer, argStart, argEnd } = call;
  const cursor = held.list.cursorAt(0);
  const pivot = new SoughtElement(buffer, argStart[3], argEnd[3]);
  if (cursor === null || !cursor.find(pivot, 'tail')) {
    call.reply.integer(-1);
    return;
  }
  beginWrite(call, held);
  held.list.insert(cursor, isBefore ? 'before' : 'after', buffer, argStart[4], argEnd[4]);
  call.changed(1);
  call.notify(notifyClass.list, 'linsert', 1);
  call.reply.integer(held.list.size);
}

function lremCommand(call: Call): void {
  const count = integerArgument(call, 2);
  if (Number.isNaN(count)) return;
  const held = findList(call, 1);
  if (held === null) {
    if (!call.failed) call.reply.integer(0);
    return;
  }
  beginWrite(call, held);
  const removed = removeEqual(call, held.list, count);
  if (removed > 0) {
    call.changed(1, removed);
    call.notify(notifyClass.list, 'lrem', 1);
  }
  removeIfEmpty(call, 1, held.ref, held.list);
  call.reply.integer(removed);
}

/** Removes up to |count| elements like argument 3, from the tail where it is negative; 0: all. */
function removeEqual(call: Call, list: ListValue, count: number): number {
  const towards = count < 0 ? 'head' : 'tail';
  const most = count === 0 ? Infinity : Math.abs(count);
  const sought = new SoughtElement(call.buffer, call.argStart[3], call.argEnd[3]);
  const cursor = list.cursorAt(count < 0 ? -1 : 0);
  let removed = 0;
  if (cursor === null) return removed;
  while (removed < most && cursor.find(sought, towards)) {
    removed++;
    if (!list.remove(cursor, towards)) break;
  }
  return removed;
}

function ltrimCommand(call: Call): void {
  const start = integerArgument(call, 2);
  if (Number.isNaN(start)) return;
  const stop = integerArgument(call, 3);
  if (Number.isNaN(stop)) return;
  const held = findList(call, 1);
  if (held === null) {
    if (!call.failed) call.reply.ok();
    return;
  }
  const { list } = held;
  const { size } = list;
  const first = Math.max(start < 0 ? start + size : start, 0);
  const last = Math.min(stop < 0 ? stop + size : stop, size - 1);
  const kept = Math.max(last - first + 1, 0);
  const fromHead = kept === 0 ? size : first;
  const fromTail = size - kept - fromHead;
  if (kept < size) {
    beginWrite(call, held);
    list.removeRange(0, fromHead);
    list.removeRange(list.size - fromTail, fromTail);
  }
  call.notify(notifyClass.list, 'ltrim', 1);
  removeIfEmpty(call, 1, held.ref, list);
  call.changed(1, size - kept);
  call.reply.ok();
}
