/**
 * What the commands on sorted sets share: how they come by one, how scores and the borders of ranges
 * are written, and how members and scores are replied.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import { formatDouble, parseDouble, parseLenientDouble } from '../../util/double.ts';
import type { Call } from '../call.ts';
import type { ShortZset } from '../types/short-zset.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { integerArgument } from './generic-arguments.ts';
import { readAs } from './values.ts';

/** What a range is about; see `readBorders`. */
export type RangeKind = 'rank' | 'score' | 'lex';

/** The two ends of a range as they were asked for, before any sorted set is looked at. */
export type Borders =
  /** Both ranks belong to the range; negative ones count from the other end. */
  | { readonly kind: 'rank'; readonly start: number; readonly stop: number }
  | { readonly kind: 'score'; readonly min: ScoreBorder; readonly max: ScoreBorder }
  | { readonly kind: 'lex'; readonly min: LexBorder; readonly max: LexBorder };

interface ScoreBorder {
  readonly score: number;
  /** The border itself is outside. */
  readonly exclusive: boolean;
}

interface LexBorder {
  /** `-` and `+` stand before and behind all members; others at the bytes they give. */
  readonly place: 'lowest' | 'highest' | 'bytes';
  readonly start: number;
  readonly end: number;
  readonly exclusive: boolean;
}

/** Ranks `from` … `to` − 1, counted from the lowest score; empty when they are equal. */
export interface Ranks {
  readonly from: number;
  readonly to: number;
}

const OPEN = 40; // (
const BRACKET = 91; // [
const MINUS = 45;
const PLUS = 43;

/** The sorted set under a key, for reading; null when there is none, or when the call has failed. */
export function zsetForRead(call: Call, index = 1): ZsetValue | null {
  const ref = call.lookupRead(index);
  return ref === 0 ? null : readAs(call, ref, ZsetValue);
}

/** The member in argument `index`, 0 when it is none. */
export function findMember(call: Call, zset: ZsetValue, index: number): number {
  return zset.find(call.buffer, call.argStart[index], call.argEnd[index]);
}

/** NaN after an error. */
export function scoreArgument(
  call: Call,
  index: number,
  error: string = errorReplies.notFloat,
): number {
  const score = parseDouble(call.buffer, call.argStart[index], call.argEnd[index]);
  if (Number.isNaN(score)) call.error(error);
  return score;
}

/** Reads a range's lower end in argument `min` and its upper in `max`; null after an error. */
export function readBorders(call: Call, kind: RangeKind, min: number, max: number): Borders | null {
  if (kind === 'rank') return readRankBorders(call, min, max);
  return kind === 'score' ? readScoreBorders(call, min, max) : readLexBorders(call, min, max);
}

function readRankBorders(call: Call, min: number, max: number): Borders | null {
  const start = integerArgument(call, min);
  if (Number.isNaN(start)) return null;
  const stop = integerArgument(call, max);
  return Number.isNaN(stop) ? null : { kind: 'rank', start, stop };
}

function readScoreBorders(call: Call, min: number, max: number): Borders | null {
  const [low, high] = [readScoreBorder(call, min), readScoreBorder(call, max)];
  if (Number.isNaN(low.score) || Number.isNaN(high.score)) {
    call.error('ERR min or max is not a float');
    return null;
  }
  return { kind: 'score', min: low, max: high };
}

function readScoreBorder({ buffer, argStart, argEnd }: Call, index: number): ScoreBorder {
  const start = argStart[index];
  const exclusive = buffer[start] === OPEN && argEnd[index] > start;
  const score = parseLenientDouble(buffer, exclusive ? start + 1 : start, argEnd[index]);
  return { score, exclusive };
}

function readLexBorders(call: Call, min: number, max: number): Borders | null {
  const [low, high] = [readLexBorder(call, min), readLexBorder(call, max)];
  if (low === null || high === null) {
    call.error('ERR min or max not valid string range item');
    return null;
  }
  return { kind: 'lex', min: low, max: high };
}

function readLexBorder({ buffer, argStart, argEnd }: Call, index: number): LexBorder | null {
  const [at, end] = [argStart[index], argEnd[index]];
  if (end === at) return null;
  const mark = buffer[at];
  if (mark === OPEN || mark === BRACKET) {
    return { place: 'bytes', start: at + 1, end, exclusive: mark === OPEN };
  }
  if (end - at > 1 || (mark !== MINUS && mark !== PLUS)) return null;
  return { place: mark === MINUS ? 'lowest' : 'highest', start: end, end, exclusive: false };
}

/** The members of `zset` within the borders; `reverse`: their ranks count from the highest score. */
export function ranksWithin(call: Call, zset: ZsetValue, borders: Borders, reverse = false): Ranks {
  if (borders.kind === 'rank') return ranksOfRanks(zset.size, borders, reverse);
  const [from, to] =
    borders.kind === 'score'
      ? [
          zset.countBelowScore(borders.min.score, borders.min.exclusive),
          zset.countBelowScore(borders.max.score, !borders.max.exclusive),
        ]
      : [
          countBelowLex(call, zset, borders.min, borders.min.exclusive),
          countBelowLex(call, zset, borders.max, !borders.max.exclusive),
        ];
  return { from, to: Math.max(from, to) };
}

function ranksOfRanks(
  size: number,
  borders: { readonly start: number; readonly stop: number },
  reverse: boolean,
): Ranks {
  const start = Math.max(0, borders.start < 0 ? borders.start + size : borders.start);
  const stop = Math.min(size - 1, borders.stop < 0 ? borders.stop + size : borders.stop);
  if (start > stop) return { from: 0, to: 0 };
  return reverse ? { from: size - 1 - stop, to: size - start } : { from: start, to: stop + 1 };
}

function countBelowLex(call: Call, zset: ZsetValue, border: LexBorder, orAt: boolean): number {
  if (border.place === 'lowest') return 0;
  if (border.place === 'highest') return zset.size;
  return zset.countBelowMember(call.buffer, border.start, border.end, orAt);
}

/** Opens the array of members, or of members and scores: pairs in RESP3, by turns in RESP2. */
export function replyMembersHead(call: Call, count: number, withScores: boolean): void {
  call.reply.array(withScores && !call.reply.resp3 ? count * 2 : count);
}

/** An element of that array. */
export function replyMember(
  call: Call,
  zset: ZsetValue | ShortZset,
  ref: number,
  withScores: boolean,
): void {
  const { reply } = call;
  if (withScores && reply.resp3) reply.array(2);
  zset.readMember(ref);
  reply.bulk(zset.windowBuffer, zset.windowStart, zset.windowEnd);
  if (withScores) replyScore(call, zset.scoreOf(ref));
}

export function replyScore(call: Call, score: number): void {
  call.reply.double(formatDouble(score));
}
