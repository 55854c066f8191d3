/**
 * HSETEX: sets fields of a hash together with the time they end at, as Redis 8.0 has it. It goes to
 * replicas as HSET and HPEXPIREAT, where Redis 8 sends an HSETEX: a replica of an older version would
 * be left without the values.
 */
import { wrongArity } from '../../protocol/error-replies.ts';
import { parseInt64 } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { HashValue } from '../types/hash-value.ts';
import { isDueAtOnce } from './expire-time.ts';
import { readFieldTime, timeFormAt } from './field-arguments.ts';
import { argumentView } from './generic-arguments.ts';
import { hashForWrite, lookupHash } from './hash-access.ts';
import { propagateDeletion, propagateFieldTimes, refusesKey } from './hash-expire.ts';
import { removeIfEmpty } from './values.ts';

const maxFields = 0x7fff_ffff;

export const hashSetExCommands: readonly CommandSpec[] = [
  {
    name: 'hsetex',
    arity: -6,
    flags: ['write', 'denyoom', 'fast', 'propagates_apart'],
    categories: ['hash'],
    keys: [1, 1, 1],
    group: 'hash',
    since: '8.0.0',
    summary: 'Sets fields of a hash that end at a time, all of them or none.',
    complexity: 'O(n log m) for n fields, with m fields of the hash that end',
    handler: hsetexCommand,
  },
];

/** Without an option the fields last, as HSET makes them. */
type Wish =
  | { readonly kind: 'lasting' }
  /** KEEPTTL */
  | { readonly kind: 'kept' }
  | { readonly kind: 'ending'; readonly atMs: number };

interface SetRequest {
  /** Where the first field stands; each is followed by its value. */
  readonly first: number;
  readonly wish: Wish;
  /** All of the fields must be there, or none. */
  readonly condition: 'fxx' | 'fnx' | null;
}

function hsetexCommand(call: Call): void {
  const request = readSetRequest(call);
  if (request === null || refusesKey(call)) return;
  const { first, condition } = request;
  const ref = lookupHash(call, first, call.argc, 2);
  if (condition !== null && !holds(call, ref, request)) {
    call.reply.integer(0);
    return;
  }
  setFields(call, ref, request);
  call.reply.integer(1);
}

/** Null after an error reply. */
function readSetRequest(call: Call): SetRequest | null {
  let wish: Wish | null = null;
  let condition: SetRequest['condition'] = null;
  let index = 2;
  for (; index < call.argc && !call.is(index, 'fields'); index++) {
    const form = timeFormAt(call, index);
    if (form !== undefined || call.is(index, 'keepttl')) {
      if (wish !== null) {
        call.error('ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified');
        return null;
      }
      wish = { kind: 'kept' };
      if (form === undefined) continue;
      index++;
      const atMs = index < call.argc ? readFieldTime(call, index, form) : refuseArity(call);
      if (Number.isNaN(atMs)) return null;
      wish = { kind: 'ending', atMs };
    } else if (call.is(index, 'fxx') || call.is(index, 'fnx')) {
      if (condition !== null) {
        call.error('ERR Only one of FXX or FNX arguments can be specified');
        return null;
      }
      condition = call.is(index, 'fxx') ? 'fxx' : 'fnx';
    } else {
      call.error(`ERR unknown argument: ${call.text(index)}`);
      return null;
    }
  }
  const first = readPairCount(call, index);
  if (Number.isNaN(first)) return null;
  return { first, wish: wish ?? { kind: 'lasting' }, condition };
}

function refuseArity(call: Call): number {
  call.error(wrongArity(call.command.fullName));
  return NaN;
}

/** Where the pairs begin behind `FIELDS n` at argument `index`; NaN after an error reply. */
function readPairCount(call: Call, index: number): number {
  const first = index + 2;
  if (first > call.argc) return refuseArity(call);
  const count = parseInt64(call.buffer, call.argStart[index + 1], call.argEnd[index + 1]);
  if (count === null || count < 1n || count > maxFields) {
    call.error('ERR invalid number of fields');
    return NaN;
  }
  return Number(count) * 2 === call.argc - first ? first : refuseArity(call);
}

function holds(call: Call, ref: number, { first, condition }: SetRequest): boolean {
  const { buffer, argStart, argEnd } = call;
  const hash = ref === 0 ? null : (call.client.db.dict.value(ref) as HashValue);
  const wanted = condition === 'fxx';
  for (let index = first; index < call.argc; index += 2) {
    const has = hash !== null && hash.has(buffer, argStart[index], argEnd[index]);
    if (has !== wanted) return false;
  }
  return true;
}

function setFields(call: Call, found: number, request: SetRequest): void {
  const { first, wish } = request;
  const hash = hashForWrite(call, found);
  if (hash === null) return;
  const { argc } = call;
  for (let index = first; index < argc; index += 2) setField(call, hash, index, wish);
  call.changed(1, (argc - first) / 2);
  call.notify(notifyClass.hash, 'hset', 1);
  const ref = call.lookupWrite(1);
  if (wish.kind === 'ending' && isDueAtOnce(call, wish.atMs)) {
    deleteAgain(call, ref, hash, first);
    return;
  }
  call.client.db.dict.noteFieldTimes(ref);
  if (wish.kind === 'ending') call.notify(notifyClass.hash, 'hexpire', 1);
  propagateSet(call, hash, first);
}

/** Sets the field in argument `index` to the value behind it. */
function setField(call: Call, hash: HashValue, index: number, wish: Wish): void {
  const { buffer, argStart, argEnd } = call;
  const field = [buffer, argStart[index], argEnd[index]] as const;
  const value = [buffer, argStart[index + 1], argEnd[index + 1]] as const;
  if (wish.kind === 'kept') hash.setKeepingTime(...field, ...value);
  else hash.set(...field, ...value, wish.kind === 'ending' ? wish.atMs : -1);
}

/** The time of fields that have just been set is past already. */
function deleteAgain(call: Call, ref: number, hash: HashValue, first: number): void {
  const { buffer, argStart, argEnd, argc } = call;
  const indexes: number[] = [];
  for (let index = first; index < argc; index += 2) indexes.push(index);
  for (const at of indexes) hash.remove(buffer, argStart[at], argEnd[at]);
  call.notify(notifyClass.hash, 'hdel', 1);
  removeIfEmpty(call, 1, ref, hash);
  propagateDeletion(call, indexes);
}

/** HSET makes all of the fields last; those that end are told again. */
function propagateSet(call: Call, hash: HashValue, first: number): void {
  if (!call.isPropagated) {
    call.preventPropagation();
    return;
  }
  const { buffer, argStart, argEnd } = call;
  const indexesByTime = new Map<number, number[]>();
  const pairs: Uint8Array[] = [];
  for (let index = first; index < call.argc; index++) {
    pairs.push(argumentView(call, index));
    if ((index - first) % 2 === 1) continue;
    const atMs = hash.expireAt(buffer, argStart[index], argEnd[index]);
    if (atMs < 0) continue;
    const indexes = indexesByTime.get(atMs);
    if (indexes === undefined) indexesByTime.set(atMs, [index]);
    else indexes.push(index);
  }
  call.propagateAs('HSET', argumentView(call, 1), ...pairs);
  for (const [atMs, indexes] of indexesByTime) propagateFieldTimes(call, atMs, indexes);
}
