/**
 * Members of sets, one or several: add, remove, move, ask for, list. Random ones are in
 * set-random.ts, several sets at once in set-algebra.ts.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { SetValue } from '../types/set-value.ts';
import { readScanCursor, replyNothingScanned, scanElements } from './scan-options.ts';
import { createAt, readAs, removeIfEmpty, writeAs } from './values.ts';

const row = { categories: ['set'], keys: [1, 1, 1], group: 'set' } as const;

export const setCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'sadd',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    since: '1.0.0',
    summary: 'Adds members to a set; returns how many of them are new.',
    complexity: 'O(n) for n members given',
    handler: saddCommand,
  },
  {
    ...row,
    name: 'srem',
    arity: -3,
    flags: ['write', 'fast'],
    since: '1.0.0',
    summary: 'Removes members from a set; returns how many there were.',
    complexity: 'O(n) for n members given',
    handler: sremCommand,
  },
  {
    ...row,
    name: 'smove',
    arity: 4,
    flags: ['write', 'fast'],
    keys: [1, 2, 1],
    since: '1.0.0',
    summary: 'Moves a member from one set to another.',
    complexity: 'O(1)',
    handler: smoveCommand,
  },
  {
    ...row,
    name: 'sismember',
    arity: 3,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Tells whether a set has a member.',
    complexity: 'O(1)',
    handler: sismemberCommand,
  },
  {
    ...row,
    name: 'smismember',
    arity: -3,
    flags: ['readonly', 'fast'],
    since: '6.2.0',
    summary: 'Tells of each given member whether a set has it.',
    complexity: 'O(n) for n members given',
    handler: smismemberCommand,
  },
  {
    ...row,
    name: 'scard',
    arity: 2,
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Counts the members of a set.',
    complexity: 'O(1)',
    handler: scardCommand,
  },
  {
    ...row,
    name: 'smembers',
    arity: 2,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Returns all members of a set.',
    complexity: 'O(n) for n members',
    handler: smembersCommand,
  },
  {
    ...row,
    name: 'sscan',
    arity: -3,
    flags: ['readonly'],
    since: '2.8.0',
    summary: 'Goes through the members of a set a few at a time.',
    complexity: 'O(1) per call, O(n) for all n members',
    handler: sscanCommand,
  },
];

function saddCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  const set = ref === 0 ? createSetAt(call, 1) : writeAs(call, ref, SetValue);
  if (set === null) return;
  const { buffer, argc, argStart, argEnd } = call;
  let added = 0;
  for (let index = 2; index < argc; index++) {
    if (set.add(buffer, argStart[index], argEnd[index])) added++;
  }
  if (added !== 0) {
    call.changed(1, added);
    call.notify(notifyClass.set, 'sadd', 1);
  }
  call.reply.integer(added);
}

/** A new set under the key in argument `index`, for which a lookup has just returned 0. */
function createSetAt(call: Call, index: number): SetValue {
  const set = new SetValue(call.keyspace.valueSettings);
  createAt(call, index, set);
  return set;
}

/** The set under the key in argument `index`; null when there is none, or when the call has failed. */
export function setForRead(call: Call, index: number): SetValue | null {
  const ref = call.lookupRead(index);
  return ref === 0 ? null : readAs(call, ref, SetValue);
}

function sremCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  const set = writeAs(call, ref, SetValue);
  if (set === null) return;
  const { buffer, argStart, argEnd } = call;
  let removed = 0;
  for (let index = 2; index < call.argc && set.size !== 0; index++) {
    if (set.remove(buffer, argStart[index], argEnd[index])) removed++;
  }
  if (removed !== 0) {
    call.changed(1, removed);
    call.notify(notifyClass.set, 'srem', 1);
    removeIfEmpty(call, 1, ref, set);
  }
  call.reply.integer(removed);
}

function smoveCommand(call: Call): void {
  const from = call.lookupWrite(1);
  if (from === 0) {
    call.reply.integer(0);
    return;
  }
  const source = readAs(call, from, SetValue);
  if (source === null) return;
  const to = call.lookupWrite(2);
  const target = to === 0 ? null : readAs(call, to, SetValue);
  if (call.failed) return;
  const { buffer, argStart, argEnd } = call;
  const member = source.find(buffer, argStart[3], argEnd[3]);
  if (member === 0 || source === target) {
    call.reply.integer(member === 0 ? 0 : 1);
    return;
  }
  call.db.dict.valueForWrite(from);
  source.removeRef(member);
  call.changed(1);
  call.notify(notifyClass.set, 'srem', 1);
  removeIfEmpty(call, 1, from, source);
  addMoved(call);
  call.reply.integer(1);
}

/** Adds the member in argument 3 to the set in argument 2, which may have to be made. */
function addMoved(call: Call): void {
  const { buffer, argStart, argEnd } = call;
  // Looked up again: the removal of the source may have moved entries.
  const ref = call.lookupWrite(2);
  const set = ref === 0 ? createSetAt(call, 2) : writeAs(call, ref, SetValue);
  if (set === null || !set.add(buffer, argStart[3], argEnd[3])) return;
  call.changed(2);
  call.notify(notifyClass.set, 'sadd', 2);
}

function sismemberCommand(call: Call): void {
  const set = setForRead(call, 1);
  if (!call.failed) call.reply.integer(hasMember(call, set, 2));
}

function smismemberCommand(call: Call): void {
  const set = setForRead(call, 1);
  if (call.failed) return;
  call.reply.array(call.argc - 2);
  for (let index = 2; index < call.argc; index++) call.reply.integer(hasMember(call, set, index));
}

function hasMember(call: Call, set: SetValue | null, index: number): 0 | 1 {
  if (set === null) return 0;
  return set.has(call.buffer, call.argStart[index], call.argEnd[index]) ? 1 : 0;
}

function scardCommand(call: Call): void {
  const set = setForRead(call, 1);
  if (!call.failed) call.reply.integer(set === null ? 0 : set.size);
}

function smembersCommand(call: Call): void {
  const set = setForRead(call, 1);
  if (call.failed) return;
  call.reply.set(set === null ? 0 : set.size);
  set?.walk(0, (ref) => replyMember(call, set, ref));
}

export function replyMember(call: Call, set: SetValue, ref: number): boolean {
  set.read(ref);
  call.reply.bulk(set.windowBuffer, set.windowStart, set.windowEnd);
  return true;
}

const memberScan = {
  width: 1,
  readName: (set: SetValue, ref: number): void => set.read(ref),
  reply: replyMember,
} as const;

function sscanCommand(call: Call): void {
  const cursor = readScanCursor(call, 2);
  if (cursor === null) return;
  const set = setForRead(call, 1);
  if (set !== null) scanElements(call, set, cursor, memberScan);
  else if (!call.failed) replyNothingScanned(call);
}
