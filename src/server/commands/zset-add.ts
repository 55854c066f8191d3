/**
 * Members added to sorted sets, and scores changed: ZADD, ZINCRBY; GEOADD, which is a ZADD of scores
 * that it computes, comes in through `addScores`.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { createAt, writeAs } from './values.ts';
import { findMember, replyScore, scoreArgument } from './zset-arguments.ts';

const row = {
  categories: ['sortedset'],
  keys: [1, 1, 1],
  flags: ['write', 'denyoom', 'fast'],
  since: '1.2.0',
  group: 'sorted-set',
} as const;

export const zsetAddCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'zadd',
    arity: -4,
    summary: 'Gives members of a sorted set their scores, if the given conditions hold.',
    complexity: 'O(log n) per member',
    handler: (call) => addMembers(call, 0),
  },
  {
    ...row,
    name: 'zincrby',
    arity: 4,
    summary: 'Adds to the score of a member and returns it.',
    complexity: 'O(log n)',
    handler: (call) => addMembers(call, zaddFlags.incr),
  },
];

/** What a request says of all its members; bits. */
export const zaddFlags = { nx: 1, xx: 2, gt: 4, lt: 8, ch: 16, incr: 32 } as const;

const firstLetter = 65;

/** Members and the scores they are to have, as a request gives them. */
export interface ScoredMembers {
  readonly flags: number;
  readonly scores: readonly number[];
  /** The argument index of the first member, and the step to the next. */
  readonly first: number;
  readonly step: number;
}

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
  if (scores !== null) addScores(call, { flags, scores, first: first + 1, step: 2 });
}

function zaddFlag(call: Call, index: number): number {
  // A score seldom begins with a letter: most end here.
  if (call.buffer[call.argStart[index]] < firstLetter) return 0;
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

/** Gives the members their scores and replies; true when that changed anything. */
export function addScores(call: Call, members: ScoredMembers): boolean {
  const { flags, scores, first, step } = members;
  const ref = call.lookupWrite(1);
  const tally: Tally = { added: 0, updated: 0, score: null };
  if (ref !== 0 || (flags & zaddFlags.xx) === 0) {
    const zset = zsetForWrite(call, ref);
    if (zset === null) return false;
    for (let place = 0; place < scores.length; place++) {
      if (!addMember(call, zset, first + place * step, scores[place], flags, tally)) {
        call.error('ERR resulting score is not a number (NaN)');
        return false;
      }
    }
  }
  replyTally(call, flags, tally);
  return tally.added + tally.updated !== 0;
}

/**
 * The sorted set under the key in argument 1, for which a lookup has just returned `ref`; made if
 * there is none. Null after an error.
 */
function zsetForWrite(call: Call, ref: number): ZsetValue | null {
  if (ref !== 0) return writeAs(call, ref, ZsetValue);
  const zset = new ZsetValue(call.keyspace.valueSettings);
  createAt(call, 1, zset);
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
