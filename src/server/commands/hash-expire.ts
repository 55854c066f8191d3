/**
 * How long fields of hashes live: the HEXPIRE family sets it, the HTTL family tells it, HPERSIST ends
 * it. As Redis 8.0 has them: a reply for each field; what they change goes to replicas as HPEXPIREAT,
 * or as HDEL where the time is past already.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { HashValue } from '../types/hash-value.ts';
import { isDueAtOnce } from './expire-time.ts';
import { readFields, readFieldTime, type TimeForm } from './field-arguments.ts';
import { argumentView } from './generic-arguments.ts';
import { liveFields, lookupHash, type NamedFields } from './hash-access.ts';
import { readAs, removeIfEmpty } from './values.ts';

/** What is replied for a field. */
const outcome = { noField: -2, lasting: -1, notMet: 0, done: 1, deleted: 2 } as const;

const row = {
  categories: ['hash'],
  keys: [1, 1, 1],
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(n log m) for n fields, with m fields of the hash that end',
} as const;

const inSeconds: TimeForm = { unit: 'seconds', absolute: false };
const inMilliseconds: TimeForm = { unit: 'milliseconds', absolute: false };
const atSecond: TimeForm = { unit: 'seconds', absolute: true };
const atMillisecond: TimeForm = { unit: 'milliseconds', absolute: true };

export const hashExpireCommands: readonly CommandSpec[] = [
  expireRow('hexpire', 'Lets fields of a hash end in so many seconds.', inSeconds),
  expireRow('hpexpire', 'Lets fields of a hash end in so many milliseconds.', inMilliseconds),
  expireRow('hexpireat', 'Lets fields of a hash end at a Unix time in seconds.', atSecond),
  expireRow(
    'hpexpireat',
    'Lets fields of a hash end at a Unix time in milliseconds.',
    atMillisecond,
  ),
  ttlRow('httl', 'Tells for how many seconds fields will live.', inSeconds),
  ttlRow('hpttl', 'Tells for how many milliseconds fields will live.', inMilliseconds),
  ttlRow('hexpiretime', 'Tells the Unix time in seconds at which fields end.', atSecond),
  ttlRow('hpexpiretime', 'Tells the Unix time in milliseconds at which fields end.', atMillisecond),
  {
    ...row,
    name: 'hpersist',
    arity: -5,
    flags: ['write', 'fast'],
    summary: 'Lets fields of a hash live as long as it does.',
    handler: hpersistCommand,
  },
];

function expireRow(name: string, summary: string, form: TimeForm): CommandSpec {
  const handler = (call: Call): void => expireFields(call, form);
  return { ...row, name, arity: -6, flags: ['write', 'fast'], summary, handler };
}

function ttlRow(name: string, summary: string, form: TimeForm): CommandSpec {
  const handler = (call: Call): void => tellTimesToLive(call, form);
  const complexity = 'O(n) for n fields';
  return { ...row, name, arity: -5, flags: ['readonly', 'fast'], summary, complexity, handler };
}

// ---- HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT ----

type Condition = 'nx' | 'xx' | 'gt' | 'lt';
const conditions: readonly Condition[] = ['nx', 'xx', 'gt', 'lt'];

interface ExpireRequest {
  readonly expireAtMs: number;
  readonly condition: Condition | null;
  readonly named: NamedFields;
}

function expireFields(call: Call, form: TimeForm): void {
  if (refusesKey(call)) return;
  const request = readExpireRequest(call, form);
  if (request === null) return;
  const { named, expireAtMs } = request;
  const ref = lookupHash(call, named.first, named.end);
  if (ref === 0) {
    replyToAll(call, named, outcome.noField);
    return;
  }
  const changed = isDueAtOnce(call, expireAtMs)
    ? deleteFields(call, ref, request)
    : setFieldTimes(call, ref, request);
  if (changed.length !== 0 && isDueAtOnce(call, expireAtMs)) propagateDeletion(call, changed);
  else if (changed.length !== 0) propagateTimes(call, form, request, changed);
}

/** True, and the error replied, when the key holds something else: that comes before all others. */
export function refusesKey(call: Call): boolean {
  const ref = call.lookupWrite(1);
  return ref !== 0 && readAs(call, ref, HashValue) === null;
}

/** Null after an error reply. */
function readExpireRequest(call: Call, form: TimeForm): ExpireRequest | null {
  const expireAtMs = readFieldTime(call, 2, form);
  if (Number.isNaN(expireAtMs)) return null;
  const condition = conditions.find((word) => call.is(3, word)) ?? null;
  const badCount = 'ERR Parameter `numFields` should be greater than 0';
  const named = readFields(call, condition === null ? 3 : 4, badCount);
  return named === null ? null : { expireAtMs, condition, named };
}

/** Sets the times, replies for each field; returns the arguments of those that have one now. */
function setFieldTimes(call: Call, ref: number, request: ExpireRequest): number[] {
  const { buffer, argStart, argEnd } = call;
  const { named, expireAtMs } = request;
  const { dict } = call.client.db;
  const hash = dict.value(ref) as HashValue;
  const changed = new Set<number>();
  const replies = listOutcomes(named, (index) => {
    const result = judge(call, hash, index, request);
    if (result !== outcome.done) return result;
    if (changed.size === 0) dict.valueForWrite(ref);
    hash.expireField(buffer, argStart[index], argEnd[index], expireAtMs);
    changed.add(index);
    return result;
  });
  if (changed.size !== 0) {
    dict.noteFieldTimes(ref);
    call.changed(1, changed.size);
    call.notify(notifyClass.hash, 'hexpire', 1);
  }
  replyOutcomes(call, replies);
  return [...changed];
}

/** A time in the past is as good as HDEL; returns the arguments of the fields that are gone. */
function deleteFields(call: Call, ref: number, request: ExpireRequest): number[] {
  const { buffer, argStart, argEnd } = call;
  const { dict } = call.client.db;
  const hash = dict.value(ref) as HashValue;
  const deleted: number[] = [];
  const replies = listOutcomes(request.named, (index) => {
    const result = judge(call, hash, index, request);
    if (result !== outcome.done) return result;
    if (deleted.length === 0) dict.valueForWrite(ref);
    hash.remove(buffer, argStart[index], argEnd[index]);
    deleted.push(index);
    return outcome.deleted;
  });
  noteDeleted(call, ref, hash, deleted.length);
  replyOutcomes(call, replies);
  return deleted;
}

/** So many fields of a hash have been deleted by a command. */
export function noteDeleted(call: Call, ref: number, hash: HashValue, count: number): void {
  if (count === 0) return;
  call.client.db.dict.noteFieldTimes(ref);
  call.changed(1, count);
  call.notify(notifyClass.hash, 'hdel', 1);
  removeIfEmpty(call, 1, ref, hash);
}

/** Whether the field in argument `index` is to get the time; a lasting one ends after any time. */
function judge(call: Call, hash: HashValue, index: number, request: ExpireRequest): number {
  const { buffer, argStart, argEnd } = call;
  const { condition, expireAtMs } = request;
  if (!hash.has(buffer, argStart[index], argEnd[index])) return outcome.noField;
  if (condition === null) return outcome.done;
  const current = hash.expireAt(buffer, argStart[index], argEnd[index]);
  const lasts = current < 0;
  const met = {
    nx: lasts,
    xx: !lasts,
    gt: !lasts && expireAtMs > current,
    lt: lasts || expireAtMs < current,
  };
  return met[condition] ? outcome.done : outcome.notMet;
}

/** One by one, as fields past their time go. */
export function propagateDeletion(call: Call, indexes: readonly number[]): void {
  for (const index of indexes) {
    call.propagateAs('HDEL', argumentView(call, 1), argumentView(call, index));
  }
}

/** Only the fields that were changed: a condition may come out differently on a replica. */
function propagateTimes(
  call: Call,
  form: TimeForm,
  { condition, expireAtMs, named }: ExpireRequest,
  changed: readonly number[],
): void {
  const isExact = form === atMillisecond && changed.length === named.end - named.first;
  if (isExact) return;
  const words = condition === null ? [] : [argumentView(call, 3)];
  propagateFieldTimes(call, expireAtMs, changed, words);
}

/** A replica must not count the time anew. */
export function propagateFieldTimes(
  call: Call,
  expireAtMs: number,
  indexes: readonly number[],
  condition: readonly Uint8Array[] = [],
): void {
  const fields = indexes.map((index) => argumentView(call, index));
  const words = [String(expireAtMs), ...condition, 'FIELDS', String(fields.length), ...fields];
  call.propagateAs('HPEXPIREAT', argumentView(call, 1), ...words);
}

// ---- HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME ----

function tellTimesToLive(call: Call, form: TimeForm): void {
  const ref = call.lookupRead(1);
  const hash = ref === 0 ? null : readAs(call, ref, HashValue);
  if (call.failed) return;
  const named = readFields(call, 2);
  if (named === null) return;
  const timeOf = (index: number): number =>
    hash === null ? outcome.noField : timeToLive(call, hash, index, form);
  replyOutcomes(call, listOutcomes(named, timeOf));
}

function timeToLive(call: Call, hash: HashValue, index: number, form: TimeForm): number {
  const { buffer, argStart, argEnd } = call;
  const [start, end] = [argStart[index], argEnd[index]];
  if (liveFields(call, hash).find(buffer, start, end) === 0) return outcome.noField;
  const expireAt = hash.expireAt(buffer, start, end);
  if (expireAt < 0) return outcome.lasting;
  const time = form.absolute ? expireAt : Math.max(0, expireAt - call.keyspace.nowMs);
  return form.unit === 'seconds' ? Math.ceil(time / 1000) : time;
}

// ---- HPERSIST ----

function hpersistCommand(call: Call): void {
  if (refusesKey(call)) return;
  const named = readFields(call, 2);
  if (named === null) return;
  const ref = lookupHash(call, named.first, named.end);
  if (ref === 0) {
    replyToAll(call, named, outcome.noField);
    return;
  }
  const { buffer, argStart, argEnd } = call;
  const { dict } = call.client.db;
  const hash = dict.value(ref) as HashValue;
  let persisted = 0;
  const replies = listOutcomes(named, (index) => {
    const [start, end] = [argStart[index], argEnd[index]];
    if (!hash.has(buffer, start, end)) return outcome.noField;
    if (hash.expireAt(buffer, start, end) < 0) return outcome.lasting;
    if (persisted++ === 0) dict.valueForWrite(ref);
    hash.persistField(buffer, start, end);
    return outcome.done;
  });
  if (persisted !== 0) {
    dict.noteFieldTimes(ref);
    call.changed(1, persisted);
    call.notify(notifyClass.hash, 'hpersist', 1);
  }
  replyOutcomes(call, replies);
}

// ---- replies ----

function listOutcomes({ first, end }: NamedFields, of: (index: number) => number): number[] {
  const outcomes: number[] = [];
  for (let index = first; index < end; index++) outcomes.push(of(index));
  return outcomes;
}

function replyToAll(call: Call, named: NamedFields, result: number): void {
  const outcomes = listOutcomes(named, () => result);
  replyOutcomes(call, outcomes);
}

function replyOutcomes({ reply }: Call, outcomes: readonly number[]): void {
  reply.array(outcomes.length);
  for (const each of outcomes) reply.integer(each);
}
