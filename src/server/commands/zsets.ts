/**
 * Members of sorted sets and their scores: add, change, remove, ask. Ranges are in zset-ranges.ts,
 * pops in zset-pops.ts, combinations of several sets in zset-combine.ts.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { createAt, removeIfEmpty, writeAs } from './values.ts';
import { findMember, replyScore, scoreArgument, zsetForRead } from './zset-arguments.ts';

const row = { categories: ['sortedset'], keys: [1, 1, 1], group: 'sorted-set' } as const;

export const zsetCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'zadd',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.2.0',
    summary: 'Gives members of a sorted set their scores, if the given conditions hold.',
    complexity: 'O(log n) per member',
    handler: (call) => addMembers(call, 0),
  },
  {
    ...row,
    name: 'zincrby',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.2.0',
    summary: 'Adds to the score of a member and returns it.',
    complexity: 'O(log n)',
    handler: (call) => addMembers(call, zaddFlags.incr),
  },
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

const zaddFlags = { nx: 1, xx: 2, gt: 4, lt: 8, ch: 16, incr: 32 } as const;

/** What one request has done to its sorted set so far. */
interface Tally {
  added: number;
  updated: number;
  /** The score of the latest member; null when it was left alone. */
  score: number | null;
}

/** ZADD, and ZINCRBY as the ZADD with INCR that it is. */
function addMembers(call: Call, given: number): void {
  let flags = given;
  let first = 2;
  for (; first < call.argc; first++) {
    const flag = zaddFlag(call, first);
    if (flag === 0) break;
    flags |= flag;
  }
  const refusal = refusalOf(flags, call.argc - first);
  if (refusal !== null) {
    call.error(refusal);
    return;
  }
  const scores = readScores(call, first);
  if (scores === null) return;
  const ref = call.lookupWrite(1);
  const tally: Tally = { added: 0, updated: 0, score: null };
  if (ref !== 0 || (flags & zaddFlags.xx) === 0) {
    const zset = zsetForWrite(call, 1, ref);
    if (zset === null) return;
    let outcome = true;
    for (let place = 0; outcome && place < scores.length; place++) {
      outcome = addMember(call, zset, first + 1 + place * 2, scores[place], flags, tally);
    }
    if (!outcome) {
      call.error('ERR resulting score is not a number (NaN)');
      return;
    }
  }
  replyTally(call, flags, tally);
}

function zaddFlag(call: Call, index: number): number {
  // Scores begin with no letter of these words, infinity apart: most end here.
  if (call.argLength(index) < 2) return 0;
  if (call.is(index, 'nx')) return zaddFlags.nx;
  if (call.is(index, 'xx')) return zaddFlags.xx;
  if (call.is(index, 'gt')) return zaddFlags.gt;
  if (call.is(index, 'lt')) return zaddFlags.lt;
  if (call.is(index, 'ch')) return zaddFlags.ch;
  return call.is(index, 'incr') ? zaddFlags.incr : 0;
}

/** Why a request with these flags, and so many arguments behind them, makes no sense. */
function refusalOf(flags: number, rest: number): string | null {
  const { nx, xx, gt, lt, incr } = zaddFlags;
  if (rest === 0 || rest % 2 === 1) return errorReplies.syntax;
  if (hasAll(flags, nx | xx)) return 'ERR XX and NX options at the same time are not compatible';
  if (hasAll(flags, gt | nx) || hasAll(flags, lt | nx) || hasAll(flags, gt | lt)) {
    return 'ERR GT, LT, and/or NX options at the same time are not compatible';
  }
  if (hasAll(flags, incr) && rest > 2) {
    return 'ERR INCR option supports a single increment-element pair';
  }
  return null;
}

function hasAll(flags: number, wanted: number): boolean {
  return (flags & wanted) === wanted;
}

/** All of them before anything is changed; null after an error. */
function readScores(call: Call, first: number): number[] | null {
  const scores: number[] = [];
  for (let index = first; index < call.argc; index += 2) {
    const score = scoreArgument(call, index);
    if (Number.isNaN(score)) return null;
    scores.push(score);
  }
  return scores;
}

/**
 * The sorted set under the key in argument `index`, for which a lookup has just returned `ref`; made
 * if there is none. Null after an error.
 */
function zsetForWrite(call: Call, index: number, ref: number): ZsetValue | null {
  if (ref !== 0) return writeAs(call, ref, ZsetValue);
  const zset = new ZsetValue(call.keyspace.valueSettings);
  createAt(call, index, zset);
  return zset;
}

/** False when the sum of the scores is no number. */
function addMember(
  call: Call,
  zset: ZsetValue,
  index: number,
  given: number,
  flags: number,
  tally: Tally,
): boolean {
  tally.score = null;
  const ref = findMember(call, zset, index);
  if (ref === 0) {
    if ((flags & zaddFlags.xx) !== 0) return true;
    zset.insert(given, call.buffer, call.argStart[index], call.argEnd[index]);
    tally.added++;
    tally.score = given;
    return true;
  }
  if ((flags & zaddFlags.nx) !== 0) return true;
  const old = zset.scoreOf(ref);
  const score = (flags & zaddFlags.incr) !== 0 ? old + given : given;
  if (Number.isNaN(score)) return false;
  if ((flags & zaddFlags.gt) !== 0 && score <= old) return true;
  if ((flags & zaddFlags.lt) !== 0 && score >= old) return true;
  tally.score = score;
  if (score !== old) {
    zset.rescore(ref, score);
    tally.updated++;
  }
  return true;
}

function replyTally(call: Call, flags: number, { added, updated, score }: Tally): void {
  const incr = (flags & zaddFlags.incr) !== 0;
  if (!incr) call.reply.integer((flags & zaddFlags.ch) !== 0 ? added + updated : added);
  else if (score === null) call.reply.nil();
  else replyScore(call, score);
  if (added + updated === 0) return;
  call.changed(1, added + updated);
  call.notify(notifyClass.zset, incr ? 'zincr' : 'zadd', 1);
}

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
