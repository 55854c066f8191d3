/**
 * The lowest or highest members of sorted sets, taken out: ZPOPMIN, ZMPOP, and the forms that wait
 * for them. What names several keys takes from the first that holds a sorted set, and goes out to
 * replicas as the ZPOPMIN or ZPOPMAX of that key.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { valueTypes } from '../types/value.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { timeoutSecondsArgument } from './block-timeout.ts';
import { argumentView, countedKeys, integerFrom } from './generic-arguments.ts';
import { removeIfEmpty, writeAs } from './values.ts';
import { replyScore } from './zset-arguments.ts';

const row = {
  categories: ['sortedset'],
  group: 'sorted-set',
  complexity: 'O(m × log n) for m members taken of n',
} as const;
const popRow = { ...row, keys: [1, 1, 1], arity: -2, flags: ['write', 'fast'] } as const;
const waitRow = {
  ...row,
  keys: [1, -2, 1],
  arity: -3,
  flags: ['write', 'noscript', 'blocking', 'fast'],
  complexity: 'O(log n)',
} as const;

export const zsetPopCommands: readonly CommandSpec[] = [
  {
    ...popRow,
    name: 'zpopmin',
    since: '5.0.0',
    summary: 'Takes the members with the lowest scores out of a sorted set.',
    handler: (call) => zpopCommand(call, 'min'),
  },
  {
    ...popRow,
    name: 'zpopmax',
    since: '5.0.0',
    summary: 'Takes the members with the highest scores out of a sorted set.',
    handler: (call) => zpopCommand(call, 'max'),
  },
  {
    ...row,
    name: 'zmpop',
    arity: -4,
    flags: ['write', 'movablekeys'],
    findKeys: (call) => countedKeys(call, 1),
    since: '7.0.0',
    summary: 'Takes members out of the first of several sorted sets that has any.',
    handler: zmpopCommand,
  },
  {
    ...waitRow,
    name: 'bzpopmin',
    since: '5.0.0',
    summary: 'Takes the member with the lowest score out of one of the sorted sets; waits for one.',
    handler: (call) => bzpopCommand(call, 'min'),
  },
  {
    ...waitRow,
    name: 'bzpopmax',
    since: '5.0.0',
    summary:
      'Takes the member with the highest score out of one of the sorted sets; waits for one.',
    handler: (call) => bzpopCommand(call, 'max'),
  },
  {
    ...row,
    name: 'bzmpop',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    findKeys: (call) => countedKeys(call, 2),
    since: '7.0.0',
    summary: 'Takes members out of the first of several sorted sets that has any; waits for one.',
    handler: bzmpopCommand,
  },
];

interface Pop {
  readonly end: 'min' | 'max';
  readonly count: number;
  /** The key comes first in the reply. */
  readonly withKey: boolean;
  /** Each member makes an array with its score; otherwise they come by turns. */
  readonly inPairs: boolean;
}

function zpopCommand(call: Call, end: 'min' | 'max'): void {
  if (call.argc > 3) {
    call.syntaxError();
    return;
  }
  const counted = call.argc === 3;
  const count = counted ? integerFrom(call, 2, 0, errorReplies.mustBePositive) : 1;
  if (Number.isNaN(count)) return;
  const inPairs = counted && call.reply.resp3;
  if (!popFrom(call, 1, { end, count, withKey: false, inPairs }) && !call.failed) {
    call.reply.array(0);
  }
}

function zmpopCommand(call: Call): void {
  const request = readMpop(call, 1);
  if (request === null) return;
  if (!popFirst(call, request.keys, request.pop) && !call.failed) call.reply.nilArray();
}

function bzpopCommand(call: Call, end: 'min' | 'max'): void {
  const keys = Array.from({ length: call.argc - 2 }, (_, place) => place + 1);
  const pop = { end, count: 1, withKey: true, inPairs: false };
  popOrWait(call, keys, call.argc - 1, pop);
}

function bzmpopCommand(call: Call): void {
  const request = readMpop(call, 2);
  if (request !== null) popOrWait(call, request.keys, 1, request.pop);
}

/** The keys behind their number at `countIndex`, and what is to be taken; null after an error. */
function readMpop(call: Call, countIndex: number): { keys: readonly number[]; pop: Pop } | null {
  const numkeys = integerFrom(call, countIndex, 1, 'ERR numkeys should be greater than 0');
  if (Number.isNaN(numkeys)) return null;
  const endIndex = countIndex + numkeys + 1;
  const end = endIndex >= call.argc ? null : readEnd(call, endIndex);
  if (end === null) {
    call.syntaxError();
    return null;
  }
  const count = readMpopCount(call, endIndex + 1);
  if (Number.isNaN(count)) return null;
  const pop = { end, count, withKey: true, inPairs: true };
  return { keys: countedKeys(call, countIndex), pop };
}

function readEnd(call: Call, index: number): 'min' | 'max' | null {
  if (call.is(index, 'min')) return 'min';
  return call.is(index, 'max') ? 'max' : null;
}

/** COUNT at most once, and nothing else; NaN after an error. */
function readMpopCount(call: Call, index: number): number {
  if (index === call.argc) return 1;
  if (!call.is(index, 'count') || index + 1 === call.argc) {
    call.syntaxError();
    return NaN;
  }
  const count = integerFrom(call, index + 1, 1, 'ERR count should be greater than 0');
  if (Number.isNaN(count) || index + 2 === call.argc) return count;
  call.syntaxError();
  return NaN;
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
    wants: valueTypes.zset,
    timeoutMs,
    attempt: (served, index) => popFirst(served, [index], pop),
    onTimeout: (served) => served.reply.nilArray(),
  });
}

/** Takes from the first of the keys that is there, and says so to replicas; false when none is. */
function popFirst(call: Call, keys: readonly number[], pop: Pop): boolean {
  for (const index of keys) {
    const taken = popFrom(call, index, pop);
    if (call.failed) return false;
    if (taken === 0) continue;
    const name = pop.end === 'min' ? 'ZPOPMIN' : 'ZPOPMAX';
    const key = argumentView(call, index);
    if (pop.inPairs) call.propagateAs(name, key, String(taken));
    else call.propagateAs(name, key);
    return true;
  }
  return false;
}

/** Takes and replies members of the sorted set under one key; returns how many, 0 without a reply. */
function popFrom(call: Call, index: number, pop: Pop): number {
  const ref = call.lookupWrite(index);
  const zset = ref === 0 ? null : writeAs(call, ref, ZsetValue);
  if (zset === null) return 0;
  const count = Math.min(pop.count, zset.size);
  if (count === 0) return 0;
  replyTaken(call, index, zset, pop, count);
  const from = pop.end === 'min' ? 0 : zset.size - count;
  zset.removeRanks(from, from + count);
  call.changed(index, count);
  call.notify(notifyClass.zset, pop.end === 'min' ? 'zpopmin' : 'zpopmax', index);
  removeIfEmpty(call, index, ref, zset);
  return count;
}

function replyTaken(call: Call, index: number, zset: ZsetValue, pop: Pop, count: number): void {
  const { reply } = call;
  const { end, withKey, inPairs } = pop;
  if (withKey) {
    reply.array(inPairs ? 2 : 1 + count * 2);
    reply.bulk(call.buffer, call.argStart[index], call.argEnd[index]);
  }
  if (inPairs || !withKey) reply.array(inPairs ? count : count * 2);
  zset.seek(end === 'min' ? 0 : zset.size - 1);
  for (let left = count; left > 0; left--) {
    if (inPairs) reply.array(2);
    zset.readMember(zset.cursorRef);
    reply.bulk(zset.windowBuffer, zset.windowStart, zset.windowEnd);
    replyScore(call, zset.cursorScore);
    if (end === 'min') zset.next();
    else zset.previous();
  }
}
