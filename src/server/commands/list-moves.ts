/** From one list to another: LMOVE and RPOPLPUSH, and the two that wait for something to move. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { ListEnd } from '../types/list-node.ts';
import { ListValue } from '../types/list-value.ts';
import { valueTypes } from '../types/value.ts';
import { timeoutSecondsArgument } from './block-timeout.ts';
import { argumentView } from './generic-arguments.ts';
import {
  beginWrite,
  endArgument,
  findList,
  type HeldList,
  listToPushTo,
  popEvent,
  pushEvent,
  replyPopped,
} from './list-access.ts';
import { readAs, removeIfEmpty } from './values.ts';

const row = { categories: ['list'], keys: [1, 2, 1], group: 'list', complexity: 'O(1)' } as const;
const waits = { ...row, flags: ['write', 'denyoom', 'noscript', 'blocking'] } as const;

export const listMoveCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'lmove',
    arity: 5,
    flags: ['write', 'denyoom'],
    since: '6.2.0',
    summary: 'Takes an element from an end of a list and puts it to an end of another.',
    handler: lmoveCommand,
  },
  {
    ...row,
    name: 'rpoplpush',
    arity: 3,
    flags: ['write', 'denyoom'],
    since: '1.2.0',
    summary: 'Moves an element from the tail of a list to the head of another.',
    handler: rpoplpushCommand,
  },
  {
    ...waits,
    name: 'blmove',
    arity: 6,
    since: '6.2.0',
    summary: 'Does what LMOVE does, and waits for an element if there is none.',
    handler: blmoveCommand,
  },
  {
    ...waits,
    name: 'brpoplpush',
    arity: 4,
    since: '2.2.0',
    summary: 'Does what RPOPLPUSH does, and waits for an element if there is none.',
    handler: brpoplpushCommand,
  },
];

interface Move {
  readonly from: ListEnd;
  readonly to: ListEnd;
}

const endWords = { head: 'left', tail: 'right' } as const;
const tailToHead: Move = { from: 'tail', to: 'head' };

function lmoveCommand(call: Call): void {
  const move = readMove(call);
  if (move !== null && !moveElement(call, move) && !call.failed) call.reply.nil();
}

function rpoplpushCommand(call: Call): void {
  if (!moveElement(call, tailToHead) && !call.failed) call.reply.nil();
}

function blmoveCommand(call: Call): void {
  const move = readMove(call);
  if (move !== null) moveOrWait(call, move, 5, propagateLmove);
}

function brpoplpushCommand(call: Call): void {
  moveOrWait(call, tailToHead, 3, propagateRpoplpush);
}

/** Null after an error. */
function readMove(call: Call): Move | null {
  const from = endArgument(call, 3);
  if (from === null) return null;
  const to = endArgument(call, 4);
  return to === null ? null : { from, to };
}

/** `propagate` says it in the words of the command that does not wait; `waited`: this one did. */
function moveOrWait(
  call: Call,
  move: Move,
  timeoutIndex: number,
  propagate: (call: Call, move: Move, waited: boolean) => void,
): void {
  const timeoutMs = timeoutSecondsArgument(call, timeoutIndex);
  if (Number.isNaN(timeoutMs)) return;
  const attempt = (again: Call, waited: boolean): boolean => {
    const moved = moveElement(again, move);
    if (moved) propagate(again, move, waited);
    return moved || again.failed;
  };
  if (attempt(call, false)) return;
  if (!call.mayBlock) {
    call.reply.nil();
    return;
  }
  call.block({
    until: 'keys',
    keys: [1],
    wants: valueTypes.list,
    timeoutMs,
    attempt: (again) => attempt(again, true),
    onTimeout: ({ reply }) => reply.nilArray(),
  });
}

/** Who waited is quoted in our own words, who did not in the client's. [7.0] */
function propagateLmove(call: Call, { from, to }: Move, waited: boolean): void {
  const view = (index: number): Uint8Array => argumentView(call, index);
  const ends = waited ? [endWords[from], endWords[to]] : [view(3), view(4)];
  call.propagateAs('LMOVE', view(1), view(2), ...ends);
}

function propagateRpoplpush(call: Call): void {
  call.propagateAs('RPOPLPUSH', argumentView(call, 1), argumentView(call, 2));
}

/** Moves an element and replies it; false when there is none, or after an error. */
function moveElement(call: Call, { from, to }: Move): boolean {
  const source = findList(call, 1);
  if (source === null) return false;
  const target = call.lookupWrite(2);
  if (target !== 0 && readAs(call, target, ListValue) === null) return false;
  beginWrite(call, source);
  source.list.pop(from);
  replyPopped(call, source.list);
  pushPopped(call, source.list, target, to);
  call.changed(2, 0);
  call.notify(notifyClass.list, pushEvent(to), 2);
  endMove(call, source, from);
  return true;
}

/** Pushes the element on which the source's window is open to the list in argument 2. */
function pushPopped(call: Call, source: ListValue, target: number, to: ListEnd): void {
  const list = listToPushTo(call, 2, target);
  if (list === null) return;
  const { windowBuffer, windowStart, windowEnd } = source;
  if (list !== source) {
    list.push(to, windowBuffer, windowStart, windowEnd);
    return;
  }
  // What is pushed may move the bytes of the very node that the window is on.
  const element = Buffer.from(windowBuffer.subarray(windowStart, windowEnd));
  list.push(to, element, 0, element.length);
}

function endMove(call: Call, { ref, list }: HeldList, from: ListEnd): void {
  call.notify(notifyClass.list, popEvent(from), 1);
  removeIfEmpty(call, 1, ref, list);
  call.changed(1);
}
