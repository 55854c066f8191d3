/**
 * Ids of stream entries as clients write them, and as replies show them:
 *
 *     ms-seq   ms (what is missing is filled in)   - and + (the ends)   (id (the one behind or before)
 *
 * The two numbers are read as C's strtoull reads them, which takes more than plain digits. Used by
 * all stream commands.
 */
import { parseSmallInteger } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import { maxId, maxIdTextBytes, type StreamId } from '../../rdb/structure/stream-id.ts';

const invalidId = 'ERR Invalid stream ID specified as stream command argument';
/** Redis copies an id to a buffer of 128 bytes, its end mark included. [t_stream.c, 7.0] */
const maxTextBytes = 127;
const int64Span = 2n ** 63n;
const uint64Span = 2n ** 64n;
const DASH = 45;
const PLUS = 43;
const STAR = 42;
const PARENTHESIS = 40;

/** What a sequence is that was not given: the first one or the last. */
export type MissingSeq = 0 | 'max';

/** `auto`: the sequence was a star, and is 0. */
export type ParsedId = 'exact' | 'auto' | 'invalid';

/** Reads argument `index`, an id that is no end of the stream; false after an error. */
export function idArgument(call: Call, index: number, into: StreamId): boolean {
  if (parseIdArgument(call, index, into)) return true;
  call.error(invalidId);
  return false;
}

/** The same without an error. */
export function parseIdArgument(call: Call, index: number, into: StreamId): boolean {
  return parseId(call.buffer, call.argStart[index], call.argEnd[index], 0, into) === 'exact';
}

/** Reads an id whose sequence may be a star; `invalid` after an error. */
export function autoIdArgument(call: Call, index: number, into: StreamId): ParsedId {
  const { buffer, argStart, argEnd } = call;
  const parsed = parseId(buffer, argStart[index], argEnd[index], 0, into);
  if (parsed === 'invalid') call.error(invalidId);
  return parsed;
}

/** Reads an id, or `-` or `+`; false after an error. */
export function idOrEndArgument(
  call: Call,
  index: number,
  missingSeq: MissingSeq,
  into: StreamId,
): boolean {
  if (isEnd(call, index, DASH)) into.setMin();
  else if (isEnd(call, index, PLUS)) into.setMax();
  else {
    const { buffer, argStart, argEnd } = call;
    const parsed = parseId(buffer, argStart[index], argEnd[index], missingSeq, into);
    if (parsed === 'exact') return true;
    call.error(invalidId);
    return false;
  }
  return true;
}

/** Reads where an interval starts: `(` leaves the id itself out. False after an error. */
export function intervalStartArgument(call: Call, index: number, into: StreamId): boolean {
  if (!isExclusive(call, index)) return idOrEndArgument(call, index, 0, into);
  if (!exclusiveArgument(call, index, 0, into)) return false;
  if (into.increment()) return true;
  call.error('ERR invalid start ID for the interval');
  return false;
}

/** Reads where an interval ends. */
export function intervalEndArgument(call: Call, index: number, into: StreamId): boolean {
  if (!isExclusive(call, index)) return idOrEndArgument(call, index, 'max', into);
  if (!exclusiveArgument(call, index, 'max', into)) return false;
  if (into.decrement()) return true;
  call.error('ERR invalid end ID for the interval');
  return false;
}

/** Whether argument `index` is this one character. */
export function isCharacter(call: Call, index: number, character: number): boolean {
  return call.argLength(index) === 1 && call.buffer[call.argStart[index]] === character;
}

export function replyId(call: Call, id: Readonly<StreamId>): void {
  call.reply.bulk(idText, 0, id.writeText(idText, 0));
}

/** The id as an argument of a command that is propagated. */
export function idBytes(id: Readonly<StreamId>): Buffer {
  return Buffer.from(id.text(), 'latin1');
}

/** Room for an id's text on its way out. */
const idText = Buffer.alloc(maxIdTextBytes);

function isEnd(call: Call, index: number, character: number): boolean {
  return isCharacter(call, index, character);
}

function isExclusive(call: Call, index: number): boolean {
  return call.argLength(index) > 1 && call.buffer[call.argStart[index]] === PARENTHESIS;
}

function exclusiveArgument(
  call: Call,
  index: number,
  missingSeq: MissingSeq,
  into: StreamId,
): boolean {
  const { buffer, argStart, argEnd } = call;
  if (parseId(buffer, argStart[index] + 1, argEnd[index], missingSeq, into) === 'exact') {
    return true;
  }
  call.error(invalidId);
  return false;
}

function parseId(
  bytes: Uint8Array,
  start: number,
  end: number,
  missingSeq: MissingSeq,
  into: StreamId,
): ParsedId {
  if (end - start > maxTextBytes) return 'invalid';
  const textEnd = indexOf(bytes, start, end, 0);
  const dash = indexOf(bytes, start, textEnd, DASH);
  const ms = parseUint64(bytes, start, dash);
  if (ms === null) return 'invalid';
  into.setMs(ms);
  if (dash === textEnd) {
    if (missingSeq === 0) into.setSeq(0);
    else into.set(into.msHigh, into.msLow, maxId.seqHigh, maxId.seqLow);
    return 'exact';
  }
  if (textEnd - dash === 2 && bytes[dash + 1] === STAR) {
    into.setSeq(0);
    return 'auto';
  }
  const seq = parseUint64(bytes, dash + 1, textEnd);
  if (seq === null) return 'invalid';
  into.setSeq(seq);
  return 'exact';
}

/** `end` when it is not there. */
function indexOf(bytes: Uint8Array, start: number, end: number, byte: number): number {
  let at = start;
  while (at < end && bytes[at] !== byte) at++;
  return at;
}

function parseUint64(bytes: Uint8Array, start: number, end: number): number | bigint | null {
  const small = parseSmallInteger(bytes, start, end);
  if (small >= 0) return small;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  const match = /^[\t-\r ]*([+-]?)(\d+)$/.exec(text);
  if (match === null) return null;
  const magnitude = BigInt(match[2]);
  if (magnitude >= uint64Span) return null;
  if (match[1] !== '-') return magnitude;
  // What is a plain negative integer is refused; any other one goes round, as in C.
  if (/^-[1-9]/.test(text) && magnitude <= int64Span) return null;
  return BigInt.asUintN(64, -magnitude);
}
