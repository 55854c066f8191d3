/**
 * Members of sorted sets and their scores: ask and remove. They are added in zset-add.ts; ranges are in
 * zset-ranges.ts, pops in zset-pops.ts, combinations of several sets in zset-combine.ts.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { removeIfEmpty, writeAs } from './values.ts';
import { findMember, replyScore, zsetForRead } from './zset-arguments.ts';

const row = { categories: ['sortedset'], keys: [1, 1, 1], group: 'sorted-set' } as const;

export const zsetCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'zrem',
    arity: -3,
    flags: ['write', 'fast'],
    since: '1.2.0',
    summary: 'Removes members from a sorted set; returns how many there were.',
    complexity: 'O(log n) per member',
    handler: zremCommand,
  },
  {
    ...row,
    name: 'zcard',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '1.2.0',
    summary: 'Counts the members of a sorted set.',
    complexity: 'O(1)',
    handler: zcardCommand,
  },
  {
    ...row,
    name: 'zscore',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '1.2.0',
    summary: 'Returns the score of a member.',
    complexity: 'O(1)',
    handler: zscoreCommand,
  },
  {
    ...row,
    name: 'zmscore',
    arity: -3,
    flags: ['readonly', 'fast'],
    since: '6.2.0',
    summary: 'Returns the scores of several members.',
    complexity: 'O(n) for n members asked for',
    handler: zmscoreCommand,
  },
  {
    ...row,
    name: 'zrank',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Returns how many members stand below a member.',
    complexity: 'O(log n)',
    handler: (call) => replyRank(call, false),
  },
  {
    ...row,
    name: 'zrevrank',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Returns how many members stand above a member.',
    complexity: 'O(log n)',
    handler: (call) => replyRank(call, true),
  },
];

function zremCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  const zset = writeAs(call, ref, ZsetValue);
  if (zset === null) return;
  const { buffer, argStart, argEnd } = call;
  let removed = 0;
  for (let index = 2; index < call.argc && zset.size !== 0; index++) {
    if (zset.remove(buffer, argStart[index], argEnd[index])) removed++;
  }
  if (removed !== 0) {
    call.changed(1, removed);
    call.notify(notifyClass.zset, 'zrem', 1);
    removeIfEmpty(call, 1, ref, zset);
  }
  call.reply.integer(removed);
}

function zcardCommand(call: Call): void {
  const zset = zsetForRead(call);
  if (!call.failed) call.reply.integer(zset === null ? 0 : zset.size);
}

function zscoreCommand(call: Call): void {
  const zset = zsetForRead(call);
  if (!call.failed) replyScoreOf(call, zset, 2);
}

function zmscoreCommand(call: Call): void {
  const zset = zsetForRead(call);
  if (call.failed) return;
  call.reply.array(call.argc - 2);
  for (let index = 2; index < call.argc; index++) replyScoreOf(call, zset, index);
}

/** The score of the member in argument `index`, nil when it is none. */
function replyScoreOf(call: Call, zset: ZsetValue | null, index: number): void {
  const ref = zset === null ? 0 : findMember(call, zset, index);
  if (zset === null || ref === 0) call.reply.nil();
  else replyScore(call, zset.scoreOf(ref));
}

function replyRank(call: Call, reverse: boolean): void {
  const zset = zsetForRead(call);
  if (call.failed) return;
  const ref = zset === null ? 0 : findMember(call, zset, 2);
  if (zset === null || ref === 0) {
    call.reply.nil();
    return;
  }
  const rank = zset.rankOf(ref);
  call.reply.integer(reverse ? zset.size - 1 - rank : rank);
}
