/**
 * SET and GET, and their forms that do something besides: get and delete, get and expire, set if
 * absent, set for a while. What other values of a request may be named is in string-options.ts.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import {
  deletionWord,
  isDueAtOnce,
  readExpireAt,
  setExpire,
  type ExpireUnit,
} from './expire-time.ts';
import { argumentView, exactInteger, refusesType, storeStringAt } from './generic-arguments.ts';
import { readOptions, setFlags, type StringOptions } from './string-options.ts';

const row = { categories: ['string'], keys: [1, 1, 1], group: 'string' } as const;

export const stringCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Reads a string.',
    complexity: 'O(1)',
    handler: getCommand,
  },
  {
    ...row,
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    since: '1.0.0',
    summary: 'Gives a key a string value, whatever it held, if the given conditions hold.',
    complexity: 'O(1)',
    handler: setCommand,
  },
  {
    ...row,
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.0.0',
    summary: 'Gives a key a string value unless it exists.',
    complexity: 'O(1)',
    handler: setnxCommand,
  },
  {
    ...row,
    name: 'setex',
    arity: 4,
    flags: ['write', 'denyoom'],
    since: '2.0.0',
    summary: 'Gives a key a string value for so many seconds.',
    complexity: 'O(1)',
    handler: (call) => setForAWhile(call, 'seconds'),
  },
  {
    ...row,
    name: 'psetex',
    arity: 4,
    flags: ['write', 'denyoom'],
    since: '2.6.0',
    summary: 'Gives a key a string value for so many milliseconds.',
    complexity: 'O(1)',
    handler: (call) => setForAWhile(call, 'milliseconds'),
  },
  {
    ...row,
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.0.0',
    summary: 'Gives a key a string value and returns the one it had.',
    complexity: 'O(1)',
    handler: getsetCommand,
  },
  {
    ...row,
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    since: '6.2.0',
    summary: 'Reads a string and deletes its key.',
    complexity: 'O(1)',
    handler: getdelCommand,
  },
  {
    ...row,
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    since: '6.2.0',
    summary: 'Reads a string and changes how long its key lives.',
    complexity: 'O(1)',
    handler: getexCommand,
  },
];

function getCommand(call: Call): void {
  replyValue(call, call.lookupRead(1));
}

/** False after the error for a value that is no string. */
function replyValue(call: Call, ref: number): boolean {
  if (ref === 0) {
    call.reply.nil();
    return true;
  }
  if (refusesType(call, ref)) return false;
  const { dict } = call.client.db;
  dict.readString(ref);
  call.reply.bulk(dict.windowBuffer, dict.windowStart, dict.windowEnd);
  return true;
}

function setCommand(call: Call): void {
  if (call.argc > 3) {
    setWithOptions(call);
    return;
  }
  storeArgument(call, call.lookupWrite(1), 2, false);
  call.changed(1);
  call.notify(notifyClass.string, 'set', 1);
  call.reply.ok();
}

function storeArgument(call: Call, ref: number, index: number, keepTtl: boolean): number {
  const { buffer, argStart, argEnd } = call;
  return storeStringAt(call, ref, 1, buffer, argStart[index], argEnd[index], keepTtl);
}

function setWithOptions(call: Call): void {
  const options = readOptions(call, 3, 'set');
  if (options === null) {
    call.syntaxError();
    return;
  }
  const { flags, expireIndex } = options;
  let expireAt = -1;
  if (expireIndex !== 0) {
    expireAt = readExpireAt(call, expireIndex, options.unit, options.absolute);
    if (Number.isNaN(expireAt)) return;
  }
  const replies = (flags & setFlags.get) === 0;
  if (!replies && !replyValue(call, call.lookupRead(1))) return;
  const ref = call.lookupWrite(1);
  if ((flags & (ref === 0 ? setFlags.xx : setFlags.nx)) !== 0) {
    if (replies) call.reply.nil();
    return;
  }
  // A time to live that is renewed below stays until then: putting it in anew costs more.
  const keepTtl = expireIndex !== 0 || (flags & setFlags.keepTtl) !== 0;
  const stored = storeArgument(call, ref, 2, keepTtl);
  call.notify(notifyClass.string, 'set', 1);
  if (expireIndex !== 0) {
    setExpire(call, stored, expireAt);
    call.notify(notifyClass.generic, 'expire', 1);
  }
  call.changed(1);
  if (replies) call.reply.ok();
  propagateSet(call, options, expireAt);
}

/** A replica must not count the time anew, and need not read: no relative time, no GET. */
function propagateSet(call: Call, options: StringOptions, expireAt: number): void {
  if (options.expireIndex !== 0) propagateWithExpire(call, 2, expireAt);
  else if ((options.flags & setFlags.get) !== 0) {
    const words: Uint8Array[] = [];
    for (let index = 0; index < call.argc; index++) {
      if (index < 3 || !call.is(index, 'get')) words.push(argumentView(call, index));
    }
    call.propagateAs(...words);
  }
}

function propagateWithExpire(call: Call, valueIndex: number, expireAt: number): void {
  const value = argumentView(call, valueIndex);
  const time = String(exactInteger(expireAt));
  call.propagateAs('SET', argumentView(call, 1), value, 'PXAT', time);
}

function setnxCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  if (ref !== 0) {
    call.reply.integer(0);
    return;
  }
  storeArgument(call, ref, 2, false);
  call.changed(1);
  call.notify(notifyClass.string, 'set', 1);
  call.reply.integer(1);
}

function setForAWhile(call: Call, unit: ExpireUnit): void {
  const expireAt = readExpireAt(call, 2, unit, false);
  if (Number.isNaN(expireAt)) return;
  const ref = storeArgument(call, call.lookupWrite(1), 3, true);
  call.notify(notifyClass.string, 'set', 1);
  setExpire(call, ref, expireAt);
  call.notify(notifyClass.generic, 'expire', 1);
  call.changed(1);
  call.reply.ok();
  propagateWithExpire(call, 3, expireAt);
}

function getsetCommand(call: Call): void {
  if (!replyValue(call, call.lookupRead(1))) return;
  storeArgument(call, call.lookupWrite(1), 2, false);
  call.changed(1);
  call.notify(notifyClass.string, 'set', 1);
  call.propagateAs('SET', argumentView(call, 1), argumentView(call, 2));
}

function getdelCommand(call: Call): void {
  if (!replyValue(call, call.lookupRead(1))) return;
  const ref = call.lookupWrite(1);
  if (ref === 0) return;
  call.db.dict.remove(ref);
  call.changed(1);
  call.notify(notifyClass.generic, 'del', 1);
  call.propagateAs('DEL', argumentView(call, 1));
}

/** It never goes out as it came: only what it did to the time to live does. */
function getexCommand(call: Call): void {
  const options = readOptions(call, 2, 'getex');
  if (options === null) {
    call.syntaxError();
    return;
  }
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.nil();
    return;
  }
  if (refusesType(call, ref)) return;
  if (options.expireIndex === 0) {
    replyValue(call, ref);
    if ((options.flags & setFlags.persist) !== 0) getexPersist(call, ref);
    return;
  }
  const expireAt = readExpireAt(call, options.expireIndex, options.unit, options.absolute);
  if (Number.isNaN(expireAt)) return;
  replyValue(call, ref);
  if (options.absolute && isDueAtOnce(call, expireAt)) {
    call.db.dict.remove(ref);
    call.changed(1);
    call.notify(notifyClass.generic, 'del', 1);
    call.propagateAs(deletionWord(call), argumentView(call, 1));
    return;
  }
  setExpire(call, ref, expireAt);
  call.changed(1);
  call.notify(notifyClass.generic, 'expire', 1);
  call.propagateAs('PEXPIREAT', argumentView(call, 1), String(exactInteger(expireAt)));
}

function getexPersist(call: Call, ref: number): void {
  const { dict } = call.db;
  if (dict.expireAt(ref) < 0) return;
  dict.clearExpire(ref);
  call.changed(1);
  call.notify(notifyClass.generic, 'persist', 1);
  call.propagateAs('PERSIST', argumentView(call, 1));
}
