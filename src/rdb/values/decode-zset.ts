/**
 * Decodes sorted sets:
 *
 *     ZSET            length { member:string score:decimal }
 *     ZSET_2          length { member:string score:8 }              an IEEE double, little endian
 *     ZSET_ZIPLIST    ziplist of member, score, …
 *     ZSET_LISTPACK   listpack of member, score, …
 *
 *     decimal         length:1 digits      or 253 for no number, 254 for inf, 255 for -inf
 *
 * The compact forms are sorted by score and then by member.
 */
import { parseDouble } from '../../util/double.ts';
import type { RdbInput } from '../rdb-input.ts';
import { incomplete } from '../rdb-input.ts';
import {
  duplicateError,
  elementError,
  type ElementReader,
  type Place,
} from '../structure/element-reader.ts';
import { ListpackReader } from '../structure/listpack.ts';
import { surveyPairs } from '../structure/listpack-survey.ts';
import { ZiplistReader } from '../structure/ziplist.ts';
import type { StringWindow } from '../string-window.ts';
import type { ZsetTarget } from '../value-sink.ts';
import { readBlob, readLength, type Steps, type ValueContext } from './value-context.ts';

const twice = 'a member that is there twice';
const noNumber = 'a score that is no number';

/** First byte of a decimal that has no digits. */
const decimal = { noNumber: 253, inf: 254, minusInf: 255 } as const;

export function* decodeZset(context: ValueContext): Steps {
  yield* decodeMembers(context, readDecimal);
}

export function* decodeZset2(context: ValueContext): Steps {
  yield* decodeMembers(context, readDouble);
}

export function* decodeZsetZiplist(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Zset ziplist');
  const zset = context.sink.beginZset(context.entry);
  addElements(context, zset, new ZiplistReader(context.blob, place), place);
  context.sink.endCollection(context.entry);
}

export function* decodeZsetListpack(context: ValueContext): Steps {
  const place = yield* readBlob(context, 'Zset listpack');
  const { blob, entry, sink } = context;
  const zset = sink.beginZset(entry);
  if (!isAdopted(context, zset, place)) {
    addElements(context, zset, new ListpackReader(blob, place), place);
  }
  sink.endCollection(entry);
}

/** The score under the cursor, `unread` while it has not all come. */
type ReadScore = (input: RdbInput) => number;

/** No score is that: it is what JavaScript calls a number that is none. */
const unread = Number.NaN;

function* decodeMembers(context: ValueContext, readScore: ReadScore): Steps {
  let left = yield* readLength(context.input);
  const zset = context.sink.beginZset(context.entry);
  while ((left = addMembers(context, zset, left, readScore)) > 0) yield;
  context.sink.endCollection(context.entry);
}

/** Up to where the turn ends, or bytes are missing; returns how many are left. */
function addMembers(
  { input, first }: ValueContext,
  zset: ZsetTarget,
  count: number,
  readScore: ReadScore,
): number {
  let left = count;
  for (; left > 0 && input.at < input.pauseAt; left--) {
    const start = input.at;
    const score = input.string(first) ? readScore(input) : unread;
    if (Number.isNaN(score)) {
      input.at = start;
      break;
    }
    if (!zset.add(first.bytes, first.start, first.end, score)) {
      throw input.error('bad-element', twice);
    }
  }
  return left;
}

function readDouble(input: RdbInput): number {
  if (!input.peek(8)) return unread;
  const score = input.float64();
  if (Number.isNaN(score)) throw input.error('bad-element', noNumber);
  return score;
}

function readDecimal(input: RdbInput): number {
  const length = input.byte();
  if (length === decimal.minusInf) return Number.NEGATIVE_INFINITY;
  if (length === decimal.inf) return Number.POSITIVE_INFINITY;
  if (length === incomplete || (length < decimal.noNumber && !input.peek(length))) return unread;
  const score =
    length === decimal.noNumber
      ? Number.NaN
      : parseDouble(input.bytes, input.at, input.at + length);
  if (Number.isNaN(score)) throw input.error('bad-element', noNumber);
  input.at += length;
  return score;
}

function addElements(
  { first, second }: ValueContext,
  zset: ZsetTarget,
  reader: ElementReader,
  place: Place,
): void {
  while (reader.next(first)) {
    if (!reader.next(second)) throw elementError(place, 'a member without a score');
    const score = parseDouble(second.bytes, second.start, second.end);
    if (Number.isNaN(score)) throw elementError(place, noNumber);
    if (!zset.add(first.bytes, first.start, first.end, score)) throw duplicateError(place);
  }
}

/** Whether the sorted set takes the listpack as it is: it must also be in order. */
function isAdopted(context: ValueContext, zset: ZsetTarget, place: Place): boolean {
  if (zset.adoptListpack === undefined) return false;
  const { blob, seen } = context;
  const longestBytes = surveyPairs(blob, place, 'members and scores', seen);
  if (longestBytes < 0 || !isInOrder(context, new ListpackReader(blob, place), place)) return false;
  return zset.adoptListpack(blob.bytes, blob.start, blob.end, longestBytes);
}

/** By score, then by member; throws where a score is no number. */
function isInOrder(context: ValueContext, reader: ListpackReader, place: Place): boolean {
  let { first: member, second: memberBefore } = context;
  const { third } = context;
  let scoreBefore = Number.NEGATIVE_INFINITY;
  for (let isFirst = true; reader.next(member); isFirst = false) {
    reader.next(third);
    const score = parseDouble(third.bytes, third.start, third.end);
    if (Number.isNaN(score)) throw elementError(place, noNumber);
    if (score < scoreBefore) return false;
    if (score === scoreBefore && !isFirst && compare(memberBefore, member) > 0) return false;
    scoreBefore = score;
    [member, memberBefore] = [memberBefore, member];
  }
  return true;
}

function compare(a: StringWindow, b: StringWindow): number {
  return a.bytes.compare(b.bytes, b.start, b.end, a.start, a.end);
}
