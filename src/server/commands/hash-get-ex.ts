/**
 * Fields of hashes read and ended in one go: HGETEX, HGETDEL, as Redis 8.0 has them. What they do goes
 * to replicas as the plain commands for it.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { HashValue } from '../types/hash-value.ts';
import { isDueAtOnce } from './expire-time.ts';
import { readFields, readFieldTime, timeFormAt } from './field-arguments.ts';
import { argumentView } from './generic-arguments.ts';
import { lookupHash, type NamedFields } from './hash-access.ts';
import { noteDeleted, propagateDeletion, propagateFieldTimes, refusesKey } from './hash-expire.ts';

const row = {
  categories: ['hash'],
  keys: [1, 1, 1],
  group: 'hash',
  since: '8.0.0',
  complexity: 'O(n log m) for n fields, with m fields of the hash that end',
} as const;

export const hashGetExCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'hgetex',
    arity: -5,
    flags: ['write', 'fast'],
    summary: 'Reads fields of a hash, and lets them end at a time or last.',
    handler: hgetexCommand,
  },
  {
    ...row,
    name: 'hgetdel',
    arity: -5,
    flags: ['write', 'fast'],
    summary: 'Reads fields of a hash and deletes them.',
    handler: hgetdelCommand,
  },
];

// ---- HGETDEL ----

function hgetdelCommand(call: Call): void {
  if (refusesKey(call)) return;
  const named = readFields(call, 2);
  if (named === null) return;
  const ref = lookupHash(call, named.first, named.end);
  if (ref === 0) {
    replyNothing(call, named);
    return;
  }
  const hash = call.client.db.dict.value(ref) as HashValue;
  const taken = takeFields(call, ref, hash, named);
  if (taken.length === 0) return;
  const fields = taken.map((index) => argumentView(call, index));
  call.propagateAs('HDEL', argumentView(call, 1), ...fields);
}

/** Replies the values of fields and deletes them; returns the arguments of those that were there. */
function takeFields(call: Call, ref: number, hash: HashValue, named: NamedFields): number[] {
  const { buffer, argStart, argEnd } = call;
  const taken: number[] = [];
  call.reply.array(named.end - named.first);
  for (let index = named.first; index < named.end; index++) {
    if (!replyField(call, hash, index)) continue;
    if (taken.length === 0) call.client.db.dict.valueForWrite(ref);
    hash.remove(buffer, argStart[index], argEnd[index]);
    taken.push(index);
  }
  noteDeleted(call, ref, hash, taken.length);
  return taken;
}

// ---- HGETEX ----

/** What becomes of the fields' times; `kept` without an option. */
type Wish =
  | { readonly kind: 'kept' }
  | { readonly kind: 'lasting' }
  | { readonly kind: 'ending'; readonly atMs: number };

function hgetexCommand(call: Call): void {
  if (refusesKey(call)) return;
  const request = readGetRequest(call);
  if (request === null) return;
  const { named, wish } = request;
  const ref = lookupHash(call, named.first, named.end);
  if (ref === 0) {
    replyNothing(call, named);
    return;
  }
  const hash = call.client.db.dict.value(ref) as HashValue;
  if (wish.kind === 'ending' && isDueAtOnce(call, wish.atMs)) {
    propagateDeletion(call, takeFields(call, ref, hash, named));
    return;
  }
  const found: number[] = [];
  call.reply.array(named.end - named.first);
  for (let index = named.first; index < named.end; index++) {
    if (replyField(call, hash, index)) found.push(index);
  }
  if (wish.kind === 'lasting') persistFields(call, ref, hash, found);
  else if (wish.kind === 'ending') endFields(call, ref, hash, found, wish.atMs);
}

/** Null after an error reply. */
function readGetRequest(call: Call): { named: NamedFields; wish: Wish } | null {
  let wish: Wish = { kind: 'kept' };
  let fieldsAt = 2;
  const form = timeFormAt(call, 2);
  if (form !== undefined) {
    const atMs = readFieldTime(call, 3, form);
    if (Number.isNaN(atMs)) return null;
    wish = { kind: 'ending', atMs };
    fieldsAt = 4;
  } else if (call.is(2, 'persist')) {
    wish = { kind: 'lasting' };
    fieldsAt = 3;
  }
  const named = readFields(call, fieldsAt);
  return named === null ? null : { named, wish };
}

function persistFields(call: Call, ref: number, hash: HashValue, indexes: readonly number[]): void {
  const { buffer, argStart, argEnd } = call;
  const ending = indexes.filter((at) => hash.expireAt(buffer, argStart[at], argEnd[at]) >= 0);
  if (ending.length === 0) return;
  call.client.db.dict.valueForWrite(ref);
  for (const at of ending) hash.persistField(buffer, argStart[at], argEnd[at]);
  call.client.db.dict.noteFieldTimes(ref);
  call.changed(1, ending.length);
  call.notify(notifyClass.hash, 'hpersist', 1);
  const fields = ending.map((at) => argumentView(call, at));
  call.propagateAs('HPERSIST', argumentView(call, 1), 'FIELDS', String(fields.length), ...fields);
}

/** Lets fields that are there end at a time to come. */
function endFields(
  call: Call,
  ref: number,
  hash: HashValue,
  indexes: readonly number[],
  atMs: number,
): void {
  if (indexes.length === 0) return;
  const { buffer, argStart, argEnd } = call;
  const { dict } = call.client.db;
  dict.valueForWrite(ref);
  for (const at of indexes) hash.expireField(buffer, argStart[at], argEnd[at], atMs);
  dict.noteFieldTimes(ref);
  call.changed(1, indexes.length);
  call.notify(notifyClass.hash, 'hexpire', 1);
  propagateFieldTimes(call, atMs, indexes);
}

// ---- replies ----

/** The value of the field in argument `index`, nil and false when it is not there. */
function replyField(call: Call, hash: HashValue, index: number): boolean {
  const field = hash.find(call.buffer, call.argStart[index], call.argEnd[index]);
  if (field === 0) {
    call.reply.nil();
    return false;
  }
  hash.readValue(field);
  call.reply.bulk(hash.windowBuffer, hash.windowStart, hash.windowEnd);
  return true;
}

function replyNothing(call: Call, { first, end }: NamedFields): void {
  call.reply.array(end - first);
  for (let index = first; index < end; index++) call.reply.nil();
}
