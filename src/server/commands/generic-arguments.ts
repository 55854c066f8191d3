/**
 * What the handlers of several command groups do with their arguments and entries alike: integers
 * of 64 bits, type checks, the words that a rewritten request keeps.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import { int64Max, int64Min, parseInt64 } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { valueTypes } from '../types/value.ts';

const int32Max = 0x7fff_ffff;

/**
 * Argument `index` as a 64-bit integer: exact up to ±2^53, rounded beyond. Anything else is
 * answered with `error`, and NaN returned.
 */
export function integerArgument(
  call: Call,
  index: number,
  error: string = errorReplies.notInteger,
): number {
  const value = call.integer(index);
  if (!Number.isNaN(value)) return value;
  const exact = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  if (exact !== null) return Number(exact);
  call.error(error);
  return NaN;
}

/** The same from `min` on, with the command's own error for everything else. */
export function integerFrom(call: Call, index: number, min: number, error: string): number {
  const exact = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  if (exact !== null && exact >= min) return Number(exact);
  call.error(error);
  return NaN;
}

/** The same within 32 bits, which a database's number must be; the two errors differ [7.0]. */
export function int32Argument(call: Call, index: number): number {
  const value = integerArgument(call, index);
  if (Number.isNaN(value) || (value >= -int32Max - 1 && value <= int32Max)) return value;
  call.error(`ERR value is out of range, value must between -${int32Max + 1} and ${int32Max}`);
  return NaN;
}

/** The same, always exact; null after an error. */
export function bigintArgument(call: Call, index: number): bigint | null {
  const value = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  if (value === null) call.error(errorReplies.notInteger);
  return value;
}

/** A whole number as it is to be printed: past 2^53 a double prints with the wrong digits. */
export function exactInteger(value: number): number | bigint {
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(value);
  return exact > int64Max ? int64Max : exact < int64Min ? int64Min : exact;
}

/** The indexes of the keys behind their number at `countIndex`; none when there are fewer. */
export function countedKeys(call: Call, countIndex: number): number[] {
  const count = call.integer(countIndex);
  if (!(count > 0 && count < call.argc - countIndex)) return [];
  return Array.from({ length: count }, (_, place) => countIndex + 1 + place);
}

/** The bytes of argument `index` where they lie: for a use that is over before the handler is. */
export function argumentView(call: Call, index: number): Uint8Array {
  return call.buffer.subarray(call.argStart[index], call.argEnd[index]);
}

/** True, and the error replied, when the entry is no string. */
export function refusesType(call: Call, ref: number): boolean {
  if (call.db.dict.type(ref) === valueTypes.string) return false;
  call.error(errorReplies.wrongType);
  return true;
}

/** `lookupRead` for commands that only ask about a key: its access time stays as it is. */
export function lookupUntouched(call: Call, index: number): number {
  const { keyspace } = call;
  const touches = keyspace.touchOnLookup;
  keyspace.touchOnLookup = false;
  const ref = call.lookupRead(index);
  keyspace.touchOnLookup = touches;
  return ref;
}

/**
 * Gives the key in argument `index`, for which `lookupWrite` has just returned `ref`, a string value;
 * returns its entry. Counts no change.
 */
export function storeStringAt(
  call: Call,
  ref: number,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  keepTtl: boolean,
): number {
  const { dict } = call.client.db;
  if (ref !== 0) return dict.overwriteString(ref, bytes, start, end, keepTtl);
  const { buffer, argStart, argEnd } = call;
  const added = dict.insertString(buffer, argStart[index], argEnd[index], bytes, start, end);
  call.notify(notifyClass.newKey, 'new', index);
  return added;
}
