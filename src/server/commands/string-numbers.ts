/**
 * Strings as numbers: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT. Integers are exact over 64 bits: as
 * JavaScript numbers while they are short, as bigints beyond.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import { int64Max, int64Min, parseInt64, parseSmallInteger } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { argumentView, bigintArgument, refusesType, storeStringAt } from './generic-arguments.ts';
import { addExtended, formatExtended, parseExtended, zero, type Extended } from './string-float.ts';

const row = {
  categories: ['string'],
  keys: [1, 1, 1],
  flags: ['write', 'denyoom', 'fast'],
  group: 'string',
  complexity: 'O(1)',
} as const;

export const stringNumberCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'incr',
    arity: 2,
    since: '1.0.0',
    summary: 'Adds one to a whole number; a missing key counts as zero.',
    handler: (call) => addSmall(call, 1),
  },
  {
    ...row,
    name: 'decr',
    arity: 2,
    since: '1.0.0',
    summary: 'Takes one from a whole number; a missing key counts as zero.',
    handler: (call) => addSmall(call, -1),
  },
  {
    ...row,
    name: 'incrby',
    arity: 3,
    since: '1.0.0',
    summary: 'Adds to a whole number; a missing key counts as zero.',
    handler: incrbyCommand,
  },
  {
    ...row,
    name: 'decrby',
    arity: 3,
    since: '1.0.0',
    summary: 'Takes from a whole number; a missing key counts as zero.',
    handler: decrbyCommand,
  },
  {
    ...row,
    name: 'incrbyfloat',
    arity: 3,
    since: '2.6.0',
    summary: 'Adds to a number that may have a fraction; a missing key counts as zero.',
    handler: incrbyfloatCommand,
  },
];

function incrbyCommand(call: Call): void {
  const delta = call.integer(2);
  if (!Number.isNaN(delta)) {
    addSmall(call, delta);
    return;
  }
  const exact = bigintArgument(call, 2);
  if (exact !== null) addExact(call, call.lookupWrite(1), exact);
}

function decrbyCommand(call: Call): void {
  const delta = call.integer(2);
  if (!Number.isNaN(delta)) {
    addSmall(call, -delta);
    return;
  }
  const exact = bigintArgument(call, 2);
  if (exact === null) return;
  if (exact === int64Min) call.error('ERR decrement would overflow');
  else addExact(call, call.lookupWrite(1), -exact);
}

/** `delta` is within ±10^15, as is a value that the fast path takes: their sum is exact. */
function addSmall(call: Call, delta: number): void {
  const ref = call.lookupWrite(1);
  let value = 0;
  if (ref !== 0) {
    if (refusesType(call, ref)) return;
    const { dict } = call.client.db;
    dict.readString(ref);
    value = parseSmallInteger(dict.windowBuffer, dict.windowStart, dict.windowEnd);
    if (Number.isNaN(value)) {
      addExact(call, ref, BigInt(delta));
      return;
    }
  }
  replyAndStore(call, ref, value + delta);
}

function addExact(call: Call, ref: number, delta: bigint): void {
  let value: bigint | null = 0n;
  if (ref !== 0) {
    if (refusesType(call, ref)) return;
    const { dict } = call.client.db;
    dict.readString(ref);
    value = parseInt64(dict.windowBuffer, dict.windowStart, dict.windowEnd);
  }
  if (value === null) {
    call.error(errorReplies.notInteger);
    return;
  }
  const sum = value + delta;
  if (sum > int64Max || sum < int64Min) call.error(errorReplies.overflow);
  else replyAndStore(call, ref, sum);
}

/** The digits of the reply are the new value: it is copied from there, and printed only once. */
function replyAndStore(call: Call, ref: number, value: number | bigint): void {
  if (call.keyspace.notifyMask !== 0) {
    storeAndReply(call, ref, value);
    return;
  }
  const { reply } = call;
  reply.integer(value);
  const end = reply.length - 2;
  let start = end;
  while (reply.buffer[start - 1] !== colon) start--;
  storeStringAt(call, ref, 1, reply.buffer, start, end, true);
  call.changed(1);
}

const colon = 58;

/** The same where a client may hear of the event: before its own reply, if it is the one. */
function storeAndReply(call: Call, ref: number, value: number | bigint): void {
  const text = Buffer.from(String(value));
  storeStringAt(call, ref, 1, text, 0, text.length, true);
  call.changed(1);
  call.notify(notifyClass.string, 'incrby', 1);
  call.reply.integer(value);
}

/** Goes out as a SET of the result: replicas on other machines may round differently. */
function incrbyfloatCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  if (ref !== 0 && refusesType(call, ref)) return;
  const value = ref === 0 ? zero : storedNumber(call, ref);
  const delta = parseExtended(call.text(2));
  if (value === 'invalid' || delta === 'invalid') {
    call.error(errorReplies.notFloat);
    return;
  }
  const sum = value === 'infinite' || delta === 'infinite' ? 'infinite' : addExtended(value, delta);
  if (sum === 'infinite') {
    call.error('ERR increment would produce NaN or Infinity');
    return;
  }
  const text = Buffer.from(formatExtended(sum), 'latin1');
  storeStringAt(call, ref, 1, text, 0, text.length, true);
  call.changed(1);
  call.notify(notifyClass.string, 'incrbyfloat', 1);
  call.reply.bulk(text);
  call.propagateAs('SET', argumentView(call, 1), text, 'KEEPTTL');
}

function storedNumber(call: Call, ref: number): Extended | 'infinite' | 'invalid' {
  const { dict } = call.client.db;
  dict.readString(ref);
  return parseExtended(dict.windowBuffer.toString('latin1', dict.windowStart, dict.windowEnd));
}
