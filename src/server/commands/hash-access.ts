/**
 * How the hash commands come by the hash under a key. Fields past their time are not there for them:
 * those that the request names are deleted first, and their deletion propagated, as Redis does; those
 * that are only met on the way are hidden and left to active expiry. A replica hides all of them and
 * waits for its master's HDEL; what the master itself sends sees them all. As long as no hash of the
 * database has fields that end, all this is one comparison.
 */
import type { Call } from '../call.ts';
import { type HashFields, HashValue } from '../types/hash-value.ts';
import { LiveFields } from '../types/live-fields.ts';
import { createAt, readAs, writeAs } from './values.ts';

/** The arguments that name fields: from `first` to before `end`. */
export interface NamedFields {
  readonly first: number;
  readonly end: number;
  readonly step?: number;
}

/**
 * The hash under the key in argument 1, of which the fields in arguments `first` to before `end` are
 * asked for, or any (0); null when there is none, or when the call has failed.
 */
export function hashForRead(call: Call, first = 0, end = first + 1): HashFields | null {
  const ref = call.lookupRead(1);
  if (ref === 0) return null;
  if (call.client.db.dict.volatileHashCount !== 0) return liveHash(call, ref, { first, end });
  return readAs(call, ref, HashValue);
}

function liveHash(call: Call, found: number, named: NamedFields): HashFields | null {
  const { keyspace } = call;
  const isDeleting = keyspace.expiryMode === 'delete' && named.first !== 0;
  const ref = isDeleting ? dropNamed(call, found, named) : found;
  if (ref === 0) return null;
  const hash = readAs(call, ref, HashValue);
  return hash === null ? null : liveFields(call, hash);
}

/** What a client may see of a hash. */
export function liveFields(call: Call, hash: HashValue): HashFields {
  return hasDue(call, hash) ? new LiveFields(hash, call.keyspace.nowMs) : hash;
}

/** Whether fields of a hash are past their time, as far as that matters at the moment. */
function hasDue({ keyspace }: Call, hash: HashValue): boolean {
  const { times } = hash;
  return times !== null && times.nextMs <= keyspace.nowMs && keyspace.expiryMode !== 'ignore';
}

/**
 * `lookupWrite` of the key in argument 1 for a command that changes the fields in arguments `first`,
 * `first` + `step` … to before `end`: none of those is past its time afterwards.
 */
export function lookupHash(call: Call, first: number, end = first + 1, step = 1): number {
  const ref = call.lookupWrite(1);
  if (ref === 0 || call.client.db.dict.volatileHashCount === 0) return ref;
  return dropNamed(call, ref, { first, end, step });
}

/** Deletes the named fields that are past their time; returns the hash's entry, 0 if that is gone. */
function dropNamed(call: Call, ref: number, { first, end, step = 1 }: NamedFields): number {
  const { db } = call.client;
  const hash = db.dict.isCollection(ref) ? db.dict.value(ref) : null;
  if (!(hash instanceof HashValue) || !hasDue(call, hash)) return ref;
  const { buffer, argStart, argEnd, keyspace } = call;
  const ended = new Map<string, Buffer>();
  for (let index = first; index < end; index += step) {
    const at = hash.expireAt(buffer, argStart[index], argEnd[index]);
    if (at >= 0 && at <= keyspace.nowMs) ended.set(call.text(index), call.arg(index));
  }
  if (ended.size === 0) return ref;
  const fields = [...ended.values()];
  if (keyspace.expiryMode === 'delete') keyspace.deleteExpiredFields(db, ref, fields);
  // A writable replica overwrites what it may not delete: its own copy is the user's business.
  else dropSilently(call, ref, fields);
  return call.lookupWrite(1);
}

function dropSilently(call: Call, ref: number, fields: readonly Buffer[]): void {
  const { dict } = call.client.db;
  const hash = dict.valueForWrite(ref) as HashValue;
  for (const field of fields) hash.remove(field, 0, field.length);
  if (hash.size === 0) dict.remove(ref);
}

/**
 * The hash under the key in argument 1, for which `lookupHash` has just returned `ref`; made if there
 * is none. Null after an error.
 */
export function hashForWrite(call: Call, ref: number): HashValue | null {
  if (ref !== 0) return writeAs(call, ref, HashValue);
  const hash = new HashValue(call.keyspace.valueSettings);
  createAt(call, 1, hash);
  return hash;
}
