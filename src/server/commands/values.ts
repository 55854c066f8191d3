/**
 * How handlers come by the collection under a key, and put one there: the type checked, a snapshot
 * given the old state, events told. Used by the commands of every type but strings.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { Value } from '../types/value.ts';

/** The class of a collection type, by which values are told apart. */
type ValueClass<T extends Value> = abstract new (...args: never[]) => T;

/** The collection in an entry, for reading; null after the error for one of another type. */
export function readAs<T extends Value>(call: Call, ref: number, type: ValueClass<T>): T | null {
  const { dict } = call.db;
  if (dict.isCollection(ref)) {
    const value = dict.value(ref);
    if (value instanceof type) return value;
  }
  call.error(errorReplies.wrongType);
  return null;
}

/** The same, to be changed: to be called before the first change, and only if there will be one. */
export function writeAs<T extends Value>(call: Call, ref: number, type: ValueClass<T>): T | null {
  const value = readAs(call, ref, type);
  if (value !== null) call.db.dict.valueForWrite(ref);
  return value;
}

/** Puts a collection under the key in argument `index`, for which a lookup has just returned 0. */
export function createAt(call: Call, index: number, value: Value): number {
  const ref = call.db.dict.insertValue(
    call.buffer,
    call.argStart[index],
    call.argEnd[index],
    value,
  );
  call.notify(notifyClass.newKey, 'new', index);
  return ref;
}

/** Puts a collection under the key in argument `index` whatever it holds; its time to live goes. */
export function replaceAt(call: Call, index: number, value: Value): number {
  const ref = call.lookupWrite(index);
  if (ref === 0) return createAt(call, index, value);
  return call.db.dict.overwriteValue(ref, value, false);
}

/** A collection that a change has left empty goes, and its going is told. */
export function removeIfEmpty(call: Call, index: number, ref: number, value: Value): void {
  if (value.size !== 0) return;
  call.db.dict.remove(ref);
  call.notify(notifyClass.generic, 'del', index);
}
