/** A value under another key or in another database: RENAME, RENAMENX, COPY, MOVE. */
import { errorReplies } from '../../protocol/error-replies.ts';
import { assert } from '../../util/errors.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { Dict } from '../keyspace/dict.ts';
import { valueTypes } from '../types/value.ts';
import type { Database } from '../keyspace/keyspace.ts';
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
  copyEntry(call, dict, source, dict, 2);
  dict.remove(source);
  call.changed(1, 0);
  call.changed(2);
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
  copyEntry(call, call.db.dict, source, target.dict, 2);
  changedIn(call, target, 2);
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
  copyEntry(call, call.db.dict, source, target.dict, 1);
  call.db.dict.remove(source);
  changedIn(call, target, 1);
  call.changed(1, 0);
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

/**
 * Copies an entry with its time to live to the key in argument `index`, which was the last one
 * looked up in `target` and is not there.
 */
function copyEntry(call: Call, from: Dict, source: number, target: Dict, index: number): void {
  assert(from.type(source) === valueTypes.string, 'a type that can be copied');
  const expireAt = from.expireAt(source);
  const raw = from.isRaw(source);
  from.readString(source);
  const { windowBuffer, windowStart, windowEnd } = from;
  const { buffer, argStart, argEnd } = call;
  let ref = target.insertString(
    buffer,
    argStart[index],
    argEnd[index],
    windowBuffer,
    windowStart,
    windowEnd,
  );
  if (raw) ref = target.resizeString(ref, windowEnd - windowStart);
  if (expireAt >= 0) target.setExpireAt(ref, expireAt);
}
