/**
 * The first of several lists that has elements: LMPOP, and those that wait until one has: BLPOP,
 * BRPOP, BLMPOP. Whatever came about, replicas hear of a plain LPOP or RPOP.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { ListEnd } from '../types/list-node.ts';
import { valueTypes } from '../types/value.ts';
import { timeoutSecondsArgument } from './block-timeout.ts';
import { argumentView, countedKeys, integerFrom } from './generic-arguments.ts';
import {
  endArgument,
  findList,
  type HeldList,
  popEvent,
  popMany,
  popOne,
  replyPopped,
} from './list-access.ts';

const row = { categories: ['list'], group: 'list' } as const;
const waits = {
  ...row,
  arity: -3,
  flags: ['write', 'noscript', 'blocking'],
  keys: [1, -2, 1],
  since: '2.0.0',
  complexity: 'O(n) for n keys given',
} as const;
const popsMany = { since: '7.0.0', complexity: 'O(n+m) for n keys given and m elements' } as const;

export const listPopCommands: readonly CommandSpec[] = [
  {
    ...row,
    ...popsMany,
    name: 'lmpop',
    arity: -4,
    flags: ['write', 'movablekeys'],
    findKeys: (call) => countedKeys(call, 1),
    summary: 'Takes elements from an end of the first list that has any.',
    handler: lmpopCommand,
  },
  {
    ...waits,
    name: 'blpop',
    summary: 'Takes the head of the first list that has one, and waits if none has.',
    handler: (call) => blockingPop(call, 'head'),
  },
  {
    ...waits,
    name: 'brpop',
    summary: 'Takes the tail of the first list that has one, and waits if none has.',
    handler: (call) => blockingPop(call, 'tail'),
  },
  {
    ...row,
    ...popsMany,
    name: 'blmpop',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    findKeys: (call) => countedKeys(call, 2),
    summary: 'Does what LMPOP does, and waits for elements if there are none.',
    handler: blmpopCommand,
  },
];

/** Pops from the list under the key in argument `index`, and replies. */
type Pop = (call: Call, index: number, held: HeldList) => void;

function lmpopCommand(call: Call): void {
  const request = readMultiPop(call, 1);
  if (request !== null && !popFirst(call, request.keys, request.pop) && !call.failed) {
    call.reply.nilArray();
  }
}

function blmpopCommand(call: Call): void {
  const request = readMultiPop(call, 2);
  if (request !== null) popOrWait(call, request.keys, 1, request.pop);
}

function blockingPop(call: Call, where: ListEnd): void {
  const keys = Array.from({ length: call.argc - 2 }, (_, place) => place + 1);
  popOrWait(call, keys, call.argc - 1, (each, index, held) => {
    popOne(each, index, held, where);
    each.reply.array(2);
    replyKey(each, index);
    replyPopped(each, held.list);
    each.propagateAs(popEvent(where).toUpperCase(), argumentView(each, index));
  });
}

/** `numkeys key … LEFT|RIGHT [COUNT n]` from argument `countIndex` on; null after an error. */
function readMultiPop(call: Call, countIndex: number): { keys: number[]; pop: Pop } | null {
  const keyCount = integerFrom(call, countIndex, 1, 'ERR numkeys should be greater than 0');
  if (Number.isNaN(keyCount)) return null;
  const whereIndex = countIndex + keyCount + 1;
  if (whereIndex >= call.argc) {
    call.syntaxError();
    return null;
  }
  const where = endArgument(call, whereIndex);
  if (where === null) return null;
  const most = readMultiPopCount(call, whereIndex + 1);
  if (Number.isNaN(most)) return null;
  const pop: Pop = (each, index, held) => {
    const count = Math.min(most, held.list.size);
    each.reply.array(2);
    replyKey(each, index);
    popMany(each, index, held, where, count);
    const words = [popEvent(where).toUpperCase(), argumentView(each, index), String(count)];
    each.propagateAs(...words);
  };
  return { keys: countedKeys(call, countIndex), pop };
}

/** NaN after an error. */
function readMultiPopCount(call: Call, index: number): number {
  if (index === call.argc) return 1;
  if (call.argc === index + 2 && call.is(index, 'count')) {
    return integerFrom(call, index + 1, 1, 'ERR count should be greater than 0');
  }
  call.syntaxError();
  return NaN;
}

/** Pops from the first of the keys that holds a list; false when none does, or after an error. */
function popFirst(call: Call, keys: readonly number[], pop: Pop): boolean {
  for (const index of keys) {
    const held = findList(call, index);
    if (call.failed) return false;
    if (held !== null) {
      pop(call, index, held);
      return true;
    }
  }
  return false;
}

function popOrWait(call: Call, keys: readonly number[], timeoutIndex: number, pop: Pop): void {
  const timeoutMs = timeoutSecondsArgument(call, timeoutIndex);
  if (Number.isNaN(timeoutMs) || popFirst(call, keys, pop) || call.failed) return;
  if (!call.mayBlock) {
    call.reply.nilArray();
    return;
  }
  call.block({
    until: 'keys',
    keys,
    wants: valueTypes.list,
    timeoutMs,
    attempt: (again, index) => popFirst(again, [index], pop),
    onTimeout: ({ reply }) => reply.nilArray(),
  });
}

function replyKey(call: Call, index: number): void {
  call.reply.bulk(call.buffer, call.argStart[index], call.argEnd[index]);
}
