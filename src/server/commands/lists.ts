/**
 * Lists at their ends and by index: push, pop, length, ranges. What is changed in the middle is
 * list-edits.ts, searched list-positions.ts, moved list-moves.ts; several keys and waiting for one
 * are list-pops.ts.
 */
import { errorReplies, wrongArity } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { ListEnd } from '../types/list-node.ts';
import { integerArgument, integerFrom } from './generic-arguments.ts';
import {
  beginWrite,
  findList,
  listForRead,
  listToPushTo,
  popMany,
  popOne,
  pushEvent,
  replyElements,
  replyPopped,
} from './list-access.ts';

const row = { categories: ['list'], keys: [1, 1, 1], group: 'list' } as const;
const pushes = { ...row, arity: -3, flags: ['write', 'denyoom', 'fast'] } as const;
const pops = { ...row, arity: -2, flags: ['write', 'fast'], since: '1.0.0' } as const;

export const listCommands: readonly CommandSpec[] = [
  {
    ...pushes,
    name: 'lpush',
    since: '1.0.0',
    summary: 'Puts elements before the head of a list, one after the other.',
    complexity: 'O(n) for n elements given',
    handler: (call) => push(call, 'head', false),
  },
  {
    ...pushes,
    name: 'rpush',
    since: '1.0.0',
    summary: 'Puts elements behind the tail of a list.',
    complexity: 'O(n) for n elements given',
    handler: (call) => push(call, 'tail', false),
  },
  {
    ...pushes,
    name: 'lpushx',
    since: '2.2.0',
    summary: 'Puts elements before the head of a list if there is one.',
    complexity: 'O(n) for n elements given',
    handler: (call) => push(call, 'head', true),
  },
  {
    ...pushes,
    name: 'rpushx',
    since: '2.2.0',
    summary: 'Puts elements behind the tail of a list if there is one.',
    complexity: 'O(n) for n elements given',
    handler: (call) => push(call, 'tail', true),
  },
  {
    ...pops,
    name: 'lpop',
    summary: 'Takes elements from the head of a list.',
    complexity: 'O(n) for n elements taken',
    handler: (call) => pop(call, 'head'),
  },
  {
    ...pops,
    name: 'rpop',
    summary: 'Takes elements from the tail of a list.',
    complexity: 'O(n) for n elements taken',
    handler: (call) => pop(call, 'tail'),
  },
  {
    ...row,
    name: 'llen',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Counts the elements of a list.',
    complexity: 'O(1)',
    handler: llenCommand,
  },
  {
    ...row,
    name: 'lindex',
    arity: 3,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Returns the element at an index, counted from the tail where it is negative.',
    complexity: 'O(n) for n elements between it and the nearer end',
    handler: lindexCommand,
  },
  {
    ...row,
    name: 'lrange',
    arity: 4,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Returns the elements between two indexes.',
    complexity: 'O(s+n) for n elements, the first of them s away from the nearer end',
    handler: lrangeCommand,
  },
  {
    ...row,
    name: 'lset',
    arity: 4,
    flags: ['write', 'denyoom'],
    since: '1.0.0',
    summary: 'Puts another element in the place of the one at an index.',
    complexity: 'O(n) for n elements between it and the nearer end',
    handler: lsetCommand,
  },
];

function push(call: Call, where: ListEnd, onlyIfThere: boolean): void {
  const ref = call.lookupWrite(1);
  if (ref === 0 && onlyIfThere) {
    call.reply.integer(0);
    return;
  }
  const list = listToPushTo(call, 1, ref);
  if (list === null) return;
  const { buffer, argc, argStart, argEnd } = call;
  for (let index = 2; index < argc; index++) {
    if (where === 'head') list.pushHead(buffer, argStart[index], argEnd[index]);
    else list.pushTail(buffer, argStart[index], argEnd[index]);
  }
  call.changed(1, argc - 2);
  call.notify(notifyClass.list, pushEvent(where), 1);
  call.reply.integer(list.size);
}

function pop(call: Call, where: ListEnd): void {
  if (call.argc > 3) {
    call.error(wrongArity(call.command.fullName));
    return;
  }
  const hasCount = call.argc === 3;
  const count = hasCount ? integerFrom(call, 2, 0, errorReplies.mustBePositive) : 1;
  if (Number.isNaN(count)) return;
  const held = findList(call, 1);
  if (held === null) {
    if (call.failed) return;
    if (hasCount) call.reply.nilArray();
    else call.reply.nil();
  } else if (hasCount) {
    popMany(call, 1, held, where, Math.min(count, held.list.size));
  } else {
    popOne(call, 1, held, where);
    replyPopped(call, held.list);
  }
}

function llenCommand(call: Call): void {
  const list = listForRead(call, 1);
  if (!call.failed) call.reply.integer(list === null ? 0 : list.size);
}

function lindexCommand(call: Call): void {
  const list = listForRead(call, 1);
  if (list === null) {
    if (!call.failed) call.reply.nil();
    return;
  }
  const index = integerArgument(call, 2);
  if (Number.isNaN(index)) return;
  const cursor = list.cursorAt(index);
  if (cursor === null) call.reply.nil();
  else replyElements(call, cursor, 1, 'head');
}

function lrangeCommand(call: Call): void {
  const start = integerArgument(call, 2);
  if (Number.isNaN(start)) return;
  const stop = integerArgument(call, 3);
  if (Number.isNaN(stop)) return;
  const list = listForRead(call, 1);
  if (call.failed) return;
  const size = list === null ? 0 : list.size;
  const first = Math.max(start < 0 ? start + size : start, 0);
  const last = Math.min(stop < 0 ? stop + size : stop, size - 1);
  const count = Math.max(last - first + 1, 0);
  call.reply.array(count);
  if (list !== null && count > 0) replyElements(call, list.cursorAt(first), count, 'head');
}

function lsetCommand(call: Call): void {
  const held = findList(call, 1);
  if (held === null) {
    if (!call.failed) call.error(errorReplies.noSuchKey);
    return;
  }
  const index = integerArgument(call, 2);
  if (Number.isNaN(index)) return;
  const cursor = held.list.cursorAt(index);
  if (cursor === null) {
    call.error(errorReplies.outOfRange);
    return;
  }
  beginWrite(call, held);
  held.list.replace(cursor, call.buffer, call.argStart[3], call.argEnd[3]);
  call.reply.ok();
  call.changed(1);
  call.notify(notifyClass.list, 'lset', 1);
}
