/** A value under another key or in another database: RENAME, RENAMENX, COPY, MOVE. */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { Database } from '../keyspace/database.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { Value } from '../types/value.ts';
import { int32Argument } from './generic-arguments.ts';

const row = { categories: ['keyspace'], keys: [1, 2, 1], group: 'generic' } as const;

export const moveCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'rename',
    arity: 3,
    flags: ['write'],
    since: '1.0.0',
    summary: 'Gives a value another key, in place of what that key held.',
    complexity: 'O(1), copying a string apart',
    handler: (call) => rename(call, true),
  },
  {
    ...row,
    name: 'renamenx',
    arity: 3,
    flags: ['write', 'fast'],
    since: '1.0.0',
    summary: 'Gives a value another key unless that one exists.',
    complexity: 'O(1), copying a string apart',
    handler: (call) => rename(call, false),
  },
  {
    ...row,
    name: 'copy',
    arity: -3,
    flags: ['write', 'denyoom'],
    since: '6.2.0',
    summary: 'Copies a value and its time to live to another key, also of another database.',
    complexity: 'O(n) for a value of n bytes',
    handler: copyCommand,
  },
  {
    ...row,
    name: 'move',
    arity: 3,
    flags: ['write', 'fast'],
    keys: [1, 1, 1],
    since: '1.0.0',
    summary: 'Moves a key to another database unless it exists there.',
    complexity: 'O(1), copying a string apart',
    handler: moveCommand,
  },
];

function rename(call: Call, replace: boolean): void {
  const source = call.lookupWrite(1);
  if (source === 0) {
    call.error(errorReplies.noSuchKey);
    return;
  }
  if (isSameKey(call)) {
    replyRenamed(call, replace, false);
    return;
  }
  const { dict } = call.db;
  const target = call.lookupWrite(2);
  if (target !== 0) {
    if (!replace) {
      replyRenamed(call, replace, false);
      return;
    }
    dict.remove(target);
    call.lookupWrite(2);
  }
  moveEntry(call, source, call.db, 2);
  call.changed(1, 0);
  call.changed(2);
  call.notify(notifyClass.generic, 'rename_from', 1);
  call.notify(notifyClass.generic, 'rename_to', 2);
  replyRenamed(call, replace, true);
}

function replyRenamed(call: Call, replace: boolean, renamed: boolean): void {
  if (replace) call.reply.ok();
  else call.reply.integer(renamed ? 1 : 0);
}

function copyCommand(call: Call): void {
  const options = readCopyOptions(call);
  if (options === null) return;
  const { target, replace } = options;
  if (target === call.db && isSameKey(call)) {
    call.error(errorReplies.sameObject);
    return;
  }
  const source = call.lookupRead(1);
  if (source === 0) {
    call.reply.integer(0);
    return;
  }
  const held = lookupIn(call, target, 2);
  if (held !== 0) {
    if (!replace) {
      call.reply.integer(0);
      return;
    }
    target.dict.remove(held);
    lookupIn(call, target, 2);
  }
  copyEntry(call, source, target, 2);
  changedIn(call, target, 2);
  notifyIn(call, target, 'copy_to', 2);
  call.reply.integer(1);
}

/** Null after an error reply. */
function readCopyOptions(call: Call): { target: Database; replace: boolean } | null {
  let target = call.db;
  let replace = false;
  for (let index = 3; index < call.argc; index++) {
    if (call.is(index, 'replace')) {
      replace = true;
    } else if (call.is(index, 'db') && index + 1 < call.argc) {
      const db = databaseArgument(call, ++index);
      if (db === null) return null;
      target = db;
    } else {
      call.syntaxError();
      return null;
    }
  }
  return { target, replace };
}

function moveCommand(call: Call): void {
  const target = databaseArgument(call, 2);
  if (target === null) return;
  if (target === call.db) {
    call.error(errorReplies.sameObject);
    return;
  }
  const source = call.lookupWrite(1);
  if (source === 0 || lookupIn(call, target, 1) !== 0) {
    call.reply.integer(0);
    return;
  }
  moveEntry(call, source, target, 1);
  changedIn(call, target, 1);
  call.changed(1, 0);
  call.notify(notifyClass.generic, 'move_from', 1);
  notifyIn(call, target, 'move_to', 1);
  call.reply.integer(1);
}

/** Null after an error reply. */
function databaseArgument(call: Call, index: number): Database | null {
  const id = int32Argument(call, index);
  if (Number.isNaN(id)) return null;
  const db = call.keyspace.databases[id];
  if (db === undefined) {
    call.error(errorReplies.dbIndexOutOfRange);
    return null;
  }
  return db;
}

function isSameKey(call: Call): boolean {
  const { buffer, argStart, argEnd } = call;
  return buffer.compare(buffer, argStart[1], argEnd[1], argStart[2], argEnd[2]) === 0;
}

function lookupIn(call: Call, db: Database, index: number): number {
  return call.keyspace.lookupWrite(db, call.buffer, call.argStart[index], call.argEnd[index]);
}

function changedIn(call: Call, db: Database, index: number): void {
  const { keyspace, buffer, argStart, argEnd } = call;
  keyspace.dirty++;
  keyspace.signalModified(db, buffer, argStart[index], argEnd[index]);
}

function notifyIn(call: Call, db: Database, event: string, index: number): void {
  const { keyspace, buffer, argStart, argEnd } = call;
  const kind = event === 'new' ? notifyClass.newKey : notifyClass.generic;
  keyspace.notify(kind, event, db, buffer, argStart[index], argEnd[index]);
}

/** Puts an entry's value under the key in argument `index` of `target`, which holds none yet. */
function moveEntry(call: Call, source: number, target: Database, index: number): void {
  const { dict } = call.db;
  const access = dict.accessedAt(source);
  let moved = 0;
  if (dict.isCollection(source)) {
    const expireAt = dict.expireAt(source);
    const value = dict.value(source);
    dict.remove(source);
    lookupIn(call, target, index);
    moved = placeCollection(call, value, expireAt, target, index);
  } else {
    moved = copyEntry(call, source, target, index);
    dict.remove(source);
  }
  target.dict.setAccessedAt(moved, access);
}

/** The same with the value staying where it was, too; returns the new entry. */
function copyEntry(call: Call, source: number, target: Database, index: number): number {
  const { dict } = call.db;
  const expireAt = dict.expireAt(source);
  if (dict.isCollection(source)) {
    return placeCollection(call, dict.value(source).copy(), expireAt, target, index);
  }
  const raw = dict.isRaw(source);
  dict.readString(source);
  const { windowBuffer, windowStart, windowEnd } = dict;
  const { buffer, argStart, argEnd } = call;
  let ref = target.dict.insertString(
    buffer,
    argStart[index],
    argEnd[index],
    windowBuffer,
    windowStart,
    windowEnd,
  );
  if (raw) ref = target.dict.resizeString(ref, windowEnd - windowStart);
  if (expireAt >= 0) ref = target.dict.setExpireAt(ref, expireAt);
  notifyIn(call, target, 'new', index);
  return ref;
}

function placeCollection(
  call: Call,
  value: Value,
  expireAt: number,
  target: Database,
  index: number,
): number {
  const { buffer, argStart, argEnd } = call;
  let ref = target.dict.insertValue(buffer, argStart[index], argEnd[index], value);
  if (expireAt >= 0) ref = target.dict.setExpireAt(ref, expireAt);
  notifyIn(call, target, 'new', index);
  return ref;
}
