/**
 * Fields of hashes, one or several: set, read, delete, count. Numbers in fields are in
 * hash-numbers.ts, whole hashes in hash-walks.ts. A client that listens to its own events gets some
 * of them before its reply and some behind it: in Redis's order.
 */
import { wrongArity } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { type HashFields, HashValue } from '../types/hash-value.ts';
import { hashForRead, hashForWrite, lookupHash } from './hash-access.ts';
import { removeIfEmpty, writeAs } from './values.ts';

const row = { categories: ['hash'], keys: [1, 1, 1], group: 'hash' } as const;

export const hashCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'hset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    since: '2.0.0',
    summary: 'Sets fields of a hash; returns how many of them are new.',
    complexity: 'O(n) for n fields',
    handler: hsetCommand,
  },
  {
    ...row,
    name: 'hmset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    since: '2.0.0',
    summary: 'Sets fields of a hash, as HSET does, without saying how many are new.',
    complexity: 'O(n) for n fields',
    handler: hmsetCommand,
  },
  {
    ...row,
    name: 'hsetnx',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    since: '2.0.0',
    summary: 'Sets a field of a hash unless it is there.',
    complexity: 'O(1)',
    handler: hsetnxCommand,
  },
  {
    ...row,
    name: 'hget',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Reads a field of a hash.',
    complexity: 'O(1)',
    handler: hgetCommand,
  },
  {
    ...row,
    name: 'hmget',
    arity: -3,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Reads fields of a hash; one that is not there gives no value.',
    complexity: 'O(n) for n fields',
    handler: hmgetCommand,
  },
  {
    ...row,
    name: 'hdel',
    arity: -3,
    flags: ['write', 'fast'],
    since: '2.0.0',
    summary: 'Deletes fields of a hash; returns how many there were.',
    complexity: 'O(n) for n fields',
    handler: hdelCommand,
  },
  {
    ...row,
    name: 'hlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Counts the fields of a hash.',
    complexity: 'O(1)',
    handler: hlenCommand,
  },
  {
    ...row,
    name: 'hstrlen',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '3.2.0',
    summary: 'Returns the length of the value of a field.',
    complexity: 'O(1)',
    handler: hstrlenCommand,
  },
  {
    ...row,
    name: 'hexists',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Tells whether a hash has a field.',
    complexity: 'O(1)',
    handler: hexistsCommand,
  },
];

function hsetCommand(call: Call): void {
  const created = setFields(call);
  if (created < 0) return;
  call.reply.integer(created);
  call.notify(notifyClass.hash, 'hset', 1);
}

function hmsetCommand(call: Call): void {
  if (setFields(call) < 0) return;
  call.reply.ok();
  call.notify(notifyClass.hash, 'hset', 1);
}

/** Sets all fields of the request; returns how many are new, −1 after an error. */
function setFields(call: Call): number {
  const { argc } = call;
  if (argc % 2 === 1) {
    call.error(wrongArity(call.command.fullName));
    return -1;
  }
  const ref = lookupHash(call, 2, argc, 2);
  const hash = hashForWrite(call, ref);
  if (hash === null) return -1;
  let created = 0;
  for (let index = 2; index < argc; index += 2) {
    if (setField(call, hash, index)) created++;
  }
  if (hash.times !== null) call.client.db.dict.noteFieldTimes(ref);
  call.changed(1, (argc - 2) / 2);
  return created;
}

/** Sets the field in argument `index` to the one behind it; true when it is new. */
function setField(call: Call, hash: HashValue, index: number): boolean {
  const { buffer, argStart, argEnd } = call;
  const value = index + 1;
  return hash.set(buffer, argStart[index], argEnd[index], buffer, argStart[value], argEnd[value]);
}

function hsetnxCommand(call: Call): void {
  const hash = hashForWrite(call, lookupHash(call, 2));
  if (hash === null) return;
  if (findField(call, hash, 2) !== 0) {
    call.reply.integer(0);
    return;
  }
  setField(call, hash, 2);
  call.changed(1);
  call.reply.integer(1);
  call.notify(notifyClass.hash, 'hset', 1);
}

function hgetCommand(call: Call): void {
  const hash = hashForRead(call, 2);
  if (hash !== null) replyField(call, hash, 2);
  else if (!call.failed) call.reply.nil();
}

function hmgetCommand(call: Call): void {
  const hash = hashForRead(call, 2, call.argc);
  if (call.failed) return;
  call.reply.array(call.argc - 2);
  for (let index = 2; index < call.argc; index++) {
    if (hash === null) call.reply.nil();
    else replyField(call, hash, index);
  }
}

/** The value of the field in argument `index`, nil when it is not there. */
function replyField(call: Call, hash: HashFields, index: number): void {
  const field = findField(call, hash, index);
  if (field === 0) {
    call.reply.nil();
    return;
  }
  hash.readValue(field);
  call.reply.bulk(hash.windowBuffer, hash.windowStart, hash.windowEnd);
}

function findField(call: Call, hash: HashFields, index: number): number {
  return hash.find(call.buffer, call.argStart[index], call.argEnd[index]);
}

function hdelCommand(call: Call): void {
  const ref = lookupHash(call, 2, call.argc);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  const hash = writeAs(call, ref, HashValue);
  if (hash === null) return;
  const { buffer, argStart, argEnd } = call;
  let deleted = 0;
  for (let index = 2; index < call.argc && hash.size !== 0; index++) {
    if (hash.remove(buffer, argStart[index], argEnd[index])) deleted++;
  }
  if (deleted !== 0) {
    if (hash.times !== null) call.client.db.dict.noteFieldTimes(ref);
    call.changed(1, deleted);
    call.notify(notifyClass.hash, 'hdel', 1);
    removeIfEmpty(call, 1, ref, hash);
  }
  call.reply.integer(deleted);
}

function hlenCommand(call: Call): void {
  const hash = hashForRead(call);
  if (!call.failed) call.reply.integer(hash === null ? 0 : hash.size);
}

function hstrlenCommand(call: Call): void {
  const hash = hashForRead(call, 2);
  if (call.failed) return;
  const field = hash === null ? 0 : findField(call, hash, 2);
  if (hash === null || field === 0) {
    call.reply.integer(0);
    return;
  }
  hash.readValue(field);
  call.reply.integer(hash.windowEnd - hash.windowStart);
}

function hexistsCommand(call: Call): void {
  const hash = hashForRead(call, 2);
  if (call.failed) return;
  call.reply.integer(hash !== null && findField(call, hash, 2) !== 0 ? 1 : 0);
}
