/** Fields of hashes as numbers: HINCRBY, exact over 64 bits, and HINCRBYFLOAT. */
import { errorReplies } from '../../protocol/error-replies.ts';
import { maxInt64Chars, writeInt64Text } from '../../rdb/integer-text.ts';
import { int64Max, int64Min, parseInt64, parseSmallInteger } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { HashValue } from '../types/hash-value.ts';
import { argumentView, bigintArgument } from './generic-arguments.ts';
import { hashForWrite, lookupHash } from './hash-access.ts';
import { addExtended, formatExtended, parseExtended, zero, type Extended } from './string-float.ts';
import { readAs } from './values.ts';

const row = {
  categories: ['hash'],
  keys: [1, 1, 1],
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  group: 'hash',
  complexity: 'O(1)',
} as const;

export const hashNumberCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'hincrby',
    since: '2.0.0',
    summary: 'Adds to a whole number in a field; a missing one counts as zero.',
    handler: hincrbyCommand,
  },
  {
    ...row,
    name: 'hincrbyfloat',
    flags: [...row.flags, 'propagates_apart'],
    since: '2.6.0',
    summary: 'Adds to a number that may have a fraction; a missing field counts as zero.',
    handler: hincrbyfloatCommand,
  },
];

/** A sum on its way into its field; meaningless between calls. */
const digits = Buffer.alloc(maxInt64Chars);

function hincrbyCommand(call: Call): void {
  const small = call.integer(3);
  const delta = Number.isNaN(small) ? bigintArgument(call, 3) : small;
  if (delta === null) return;
  const ref = lookupHash(call, 2);
  const hash = ref === 0 ? null : readAs(call, ref, HashValue);
  if (call.failed) return;
  const sum = hash === null ? delta : sumWithField(call, hash, delta);
  if (sum === null) return;
  storeNumber(call, ref, digits, printInteger(sum));
  call.reply.integer(sum);
  call.notify(notifyClass.hash, 'hincrby', 1);
}

/** What the field in argument 2 is to become; null after an error. */
function sumWithField(call: Call, hash: HashValue, delta: number | bigint): number | bigint | null {
  if (!readField(call, hash)) return delta;
  const { windowBuffer, windowStart, windowEnd } = hash;
  const small = parseSmallInteger(windowBuffer, windowStart, windowEnd);
  // Both are within ±10^15: their sum is exact.
  if (!Number.isNaN(small) && typeof delta === 'number') return small + delta;
  const exact = parseInt64(windowBuffer, windowStart, windowEnd);
  if (exact === null) {
    call.error('ERR hash value is not an integer');
    return null;
  }
  const sum = exact + BigInt(delta);
  if (sum <= int64Max && sum >= int64Min) return sum;
  call.error(errorReplies.overflow);
  return null;
}

/** Goes out as an HSET of the result: replicas on other machines may round differently. */
function hincrbyfloatCommand(call: Call): void {
  const delta = parseExtended(call.text(3));
  if (delta === 'invalid' || delta === 'infinite') {
    call.error(delta === 'invalid' ? errorReplies.notFloat : 'ERR value is NaN or Infinity');
    return;
  }
  const ref = lookupHash(call, 2);
  const hash = ref === 0 ? null : readAs(call, ref, HashValue);
  if (call.failed) return;
  const value = hash === null ? zero : floatInField(call, hash);
  if (value === 'invalid') {
    call.error('ERR hash value is not a float');
    return;
  }
  const sum = value === 'infinite' ? value : addExtended(value, delta);
  if (sum === 'infinite') {
    call.error('ERR increment would produce NaN or Infinity');
    return;
  }
  const text = Buffer.from(formatExtended(sum), 'latin1');
  const expireAtMs = storeNumber(call, ref, text, text.length);
  call.reply.bulk(text);
  call.notify(notifyClass.hash, 'hincrbyfloat', 1);
  const [key, field] = [argumentView(call, 1), argumentView(call, 2)];
  call.propagateAs('HSET', key, field, text);
  // HSET makes the field last. Redis 8.0 leaves it at that, and its replicas have another time.
  if (expireAtMs >= 0)
    call.propagateAs('HPEXPIREAT', key, String(expireAtMs), 'FIELDS', '1', field);
}

function floatInField(call: Call, hash: HashValue): Extended | 'infinite' | 'invalid' {
  if (!readField(call, hash)) return zero;
  return parseExtended(hash.windowBuffer.toString('latin1', hash.windowStart, hash.windowEnd));
}

/** Opens the window on the field in argument 2; false when it is not there. */
function readField(call: Call, hash: HashValue): boolean {
  const field = hash.find(call.buffer, call.argStart[2], call.argEnd[2]);
  if (field !== 0) hash.readValue(field);
  return field !== 0;
}

/**
 * Gives the field in argument 2 its new text, with the time it ends at as before; the hash is made if
 * there is none. Returns that time, −1 for none.
 */
function storeNumber(call: Call, ref: number, text: Buffer, length: number): number {
  const hash = hashForWrite(call, ref);
  if (hash === null) return -1;
  const { buffer, argStart, argEnd } = call;
  hash.setKeepingTime(buffer, argStart[2], argEnd[2], text, 0, length);
  call.changed(1);
  return hash.expireAt(buffer, argStart[2], argEnd[2]);
}

/** Writes a number to `digits`; returns how many characters. */
function printInteger(value: number | bigint): number {
  if (typeof value === 'bigint') return digits.write(String(value), 'latin1');
  return writeInt64Text(digits, 0, Math.floor(value / 2 ** 32), value | 0);
}
