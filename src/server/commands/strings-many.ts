/** Several strings at once: MGET, MSET, MSETNX. */
import { wrongArity } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { valueTypes } from '../types/value.ts';
import { storeStringAt } from './generic-arguments.ts';

const row = { categories: ['string'], group: 'string', complexity: 'O(n) for n keys' } as const;

export const manyStringCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: [1, -1, 1],
    since: '1.0.0',
    summary: 'Reads several strings; a key that holds none gives no value.',
    handler: mgetCommand,
  },
  {
    ...row,
    name: 'mset',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [1, -1, 2],
    since: '1.0.1',
    summary: 'Gives several keys a string value each, in one step.',
    handler: msetCommand,
  },
  {
    ...row,
    name: 'msetnx',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [1, -1, 2],
    since: '1.0.1',
    summary: 'Gives several keys a string value each unless one of them exists.',
    handler: msetnxCommand,
  },
];

function mgetCommand(call: Call): void {
  const { reply } = call;
  const { dict } = call.client.db;
  reply.array(call.argc - 1);
  for (let index = 1; index < call.argc; index++) {
    const ref = call.lookupRead(index);
    if (ref === 0 || dict.type(ref) !== valueTypes.string) {
      reply.nil();
    } else {
      dict.readString(ref);
      reply.bulk(dict.windowBuffer, dict.windowStart, dict.windowEnd);
    }
  }
}

function msetCommand(call: Call): void {
  if (!hasWholePairs(call)) return;
  storePairs(call);
  call.reply.ok();
}

function msetnxCommand(call: Call): void {
  if (!hasWholePairs(call)) return;
  for (let index = 1; index < call.argc; index += 2) {
    if (call.lookupWrite(index) !== 0) {
      call.reply.integer(0);
      return;
    }
  }
  storePairs(call);
  call.reply.integer(1);
}

function hasWholePairs(call: Call): boolean {
  if (call.argc % 2 === 1) return true;
  call.error(wrongArity(call.command.fullName));
  return false;
}

function storePairs(call: Call): void {
  const { buffer, argStart, argEnd } = call;
  for (let index = 1; index < call.argc; index += 2) {
    const ref = call.lookupWrite(index);
    storeStringAt(call, ref, index, buffer, argStart[index + 1], argEnd[index + 1], false);
    call.changed(index);
    call.notify(notifyClass.string, 'set', index);
  }
}
