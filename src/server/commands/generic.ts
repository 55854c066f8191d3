/** Keys whatever they hold: whether they exist, what type they are, that they go, how many. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { isFreedLazily } from '../keyspace/lazy-free.ts';
import { typeNames, type Value } from '../types/value.ts';
import { lookupUntouched } from './generic-arguments.ts';

const row = { categories: ['keyspace'], keys: [1, -1, 1], group: 'generic' } as const;

export const genericCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'del',
    arity: -2,
    flags: ['write'],
    since: '1.0.0',
    summary: 'Deletes keys; returns how many there were.',
    complexity: 'O(n) for n keys',
    handler: delCommand,
  },
  {
    ...row,
    name: 'unlink',
    arity: -2,
    flags: ['write', 'fast'],
    since: '4.0.0',
    summary: 'Deletes keys as DEL does: here no value takes long to free.',
    complexity: 'O(n) for n keys',
    handler: delCommand,
  },
  {
    ...row,
    name: 'exists',
    arity: -2,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Counts the given keys that exist; one given twice counts twice.',
    complexity: 'O(n) for n keys',
    handler: existsCommand,
  },
  {
    ...row,
    name: 'touch',
    arity: -2,
    flags: ['readonly', 'fast'],
    since: '3.2.1',
    summary: 'Counts the given keys that exist and marks them as just used.',
    complexity: 'O(n) for n keys',
    handler: touchCommand,
  },
  {
    ...row,
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [1, 1, 1],
    since: '1.0.0',
    summary: 'Names the type of the value that a key holds.',
    complexity: 'O(1)',
    handler: typeCommand,
  },
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    group: 'server',
    since: '1.0.0',
    summary: 'Counts the keys of the selected database.',
    complexity: 'O(1)',
    handler: (call) => call.reply.integer(call.db.dict.size),
  },
];

function delCommand(call: Call): void {
  const { dict } = call.client.db;
  let deleted = 0;
  for (let index = 1; index < call.argc; index++) {
    const ref = call.lookupWrite(index);
    if (ref === 0) continue;
    if (dict.isCollection(ref)) countLazyFree(call, dict.value(ref));
    dict.remove(ref);
    call.changed(index);
    call.notify(notifyClass.generic, 'del', index);
    deleted++;
  }
  call.reply.integer(deleted);
}

function countLazyFree(call: Call, value: Value): void {
  const { lazyfreeLazyUserDel } = call.server.config.values;
  const isLazy = lazyfreeLazyUserDel || call.command.fullName === 'unlink';
  if (isLazy && isFreedLazily(value)) call.keyspace.stats.lazyfreedObjects++;
}

function existsCommand(call: Call): void {
  let found = 0;
  for (let index = 1; index < call.argc; index++) {
    if (lookupUntouched(call, index) !== 0) found++;
  }
  call.reply.integer(found);
}

function touchCommand(call: Call): void {
  const { keyspace } = call;
  const touches = keyspace.touchOnLookup;
  keyspace.touchOnLookup = true;
  let found = 0;
  for (let index = 1; index < call.argc; index++) {
    if (call.lookupRead(index) !== 0) found++;
  }
  keyspace.touchOnLookup = touches;
  call.reply.integer(found);
}

function typeCommand(call: Call): void {
  const ref = lookupUntouched(call, 1);
  call.reply.simple(ref === 0 ? 'none' : typeNames[call.db.dict.type(ref)]);
}
