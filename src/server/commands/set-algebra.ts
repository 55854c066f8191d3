/** Several sets at once: what they have in common, all they have, what only the first one has. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { SetValue } from '../types/set-value.ts';
import { countedKeys, integerFrom } from './generic-arguments.ts';
import { replyMember, setForRead } from './sets.ts';
import { replaceAt } from './values.ts';

const row = { categories: ['set'], group: 'set' } as const;
const shows = { ...row, arity: -2, flags: ['readonly'], keys: [1, -1, 1] } as const;
const stores = { ...row, arity: -3, flags: ['write', 'denyoom'], keys: [1, -1, 1] } as const;
const intersection = { complexity: 'O(n × m) for m sets, the smallest of n members' } as const;
const everything = { complexity: 'O(n) for n members in all sets' } as const;

export const setAlgebraCommands: readonly CommandSpec[] = [
  {
    ...shows,
    ...intersection,
    name: 'sinter',
    since: '1.0.0',
    summary: 'Returns the members that all the given sets have.',
    handler: sinterCommand,
  },
  {
    ...row,
    ...intersection,
    name: 'sintercard',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    findKeys: (call) => countedKeys(call, 1),
    since: '7.0.0',
    summary: 'Counts the members that all the given sets have, up to a limit if one is given.',
    handler: sintercardCommand,
  },
  {
    ...stores,
    ...intersection,
    name: 'sinterstore',
    since: '1.0.0',
    summary: 'Stores as a set the members that all the given sets have.',
    handler: sinterstoreCommand,
  },
  {
    ...shows,
    ...everything,
    name: 'sunion',
    since: '1.0.0',
    summary: 'Returns the members that any of the given sets has.',
    handler: (call) => replyCombined(call, unionOf),
  },
  {
    ...stores,
    ...everything,
    name: 'sunionstore',
    since: '1.0.0',
    summary: 'Stores as a set the members that any of the given sets has.',
    handler: (call) => storeCombined(call, unionOf),
  },
  {
    ...shows,
    ...everything,
    name: 'sdiff',
    since: '1.0.0',
    summary: 'Returns the members of the first set that no other given set has.',
    handler: (call) => replyCombined(call, differenceOf),
  },
  {
    ...stores,
    ...everything,
    name: 'sdiffstore',
    since: '1.0.0',
    summary: 'Stores as a set the members of the first set that no other given set has.',
    handler: (call) => storeCombined(call, differenceOf),
  },
];

/** A source: null for a key that is not there, an empty set. */
type Source = SetValue | null;

/** The sets under the keys in arguments `first` to `end` − 1; null after an error. */
function readSources(call: Call, first: number, end: number): Source[] | null {
  const sources: Source[] = [];
  for (let index = first; index < end; index++) {
    sources.push(setForRead(call, index));
    if (call.failed) return null;
  }
  return sources;
}

// ---- intersections ----

function sinterCommand(call: Call): void {
  const sources = readSources(call, 1, call.argc);
  if (sources === null) return;
  const smallest = smallestOf(sources);
  const common = commonMembers(sources, smallest, Infinity);
  call.reply.set(common.length);
  for (const member of common) replyMember(call, smallest!, member);
}

function sinterstoreCommand(call: Call): void {
  const sources = readSources(call, 2, call.argc);
  if (sources === null) return;
  const smallest = smallestOf(sources);
  if (smallest === null) {
    // Here alone the deletion is told before the reply. [7.0]
    if (removeTarget(call)) call.notify(notifyClass.generic, 'del', 1);
    call.reply.integer(0);
    return;
  }
  const target = new SetValue(call.keyspace.valueSettings);
  for (const member of commonMembers(sources, smallest, Infinity)) {
    addMember(target, smallest, member);
  }
  storeResult(call, target);
}

function sintercardCommand(call: Call): void {
  const count = readKeyCount(call);
  if (Number.isNaN(count)) return;
  const limit = readLimit(call, 2 + count);
  if (Number.isNaN(limit)) return;
  const sources = readSources(call, 2, 2 + count);
  if (sources === null) return;
  call.reply.integer(commonMembers(sources, smallestOf(sources), limit || Infinity).length);
}

/** NaN after an error. */
function readKeyCount(call: Call): number {
  const count = integerFrom(call, 1, 1, 'ERR numkeys should be greater than 0');
  if (Number.isNaN(count) || count <= call.argc - 2) return count;
  call.error("ERR Number of keys can't be greater than number of args");
  return NaN;
}

/** The last LIMIT counts; 0 is none. NaN after an error. */
function readLimit(call: Call, first: number): number {
  let limit = 0;
  for (let index = first; index < call.argc; index += 2) {
    if (!call.is(index, 'limit') || index + 1 === call.argc) {
      call.syntaxError();
      return NaN;
    }
    limit = integerFrom(call, index + 1, 0, "ERR LIMIT can't be negative");
    if (Number.isNaN(limit)) return NaN;
  }
  return limit;
}

/** Null when one of the sets is empty. */
function smallestOf(sources: readonly Source[]): SetValue | null {
  let smallest = sources[0];
  for (const source of sources) {
    if (source === null || smallest === null) return null;
    if (source.size < smallest.size) smallest = source;
  }
  return smallest;
}

/** Up to `limit` members that all sources have, as refs of the smallest. */
function commonMembers(
  sources: readonly Source[],
  smallest: SetValue | null,
  limit: number,
): readonly number[] {
  const common: number[] = [];
  if (smallest === null) return common;
  const others = bySize(sources).filter((source) => source !== smallest);
  smallest.walk(0, (member) => {
    smallest.read(member);
    if (common.length < limit && others.every((other) => hasOpen(other, smallest))) {
      common.push(member);
    }
    return common.length < limit;
  });
  return common;
}

function bySize(sources: readonly Source[]): SetValue[] {
  return sources.filter((source) => source !== null).sort((a, b) => a.size - b.size);
}

/** Whether a set has the member on which the window of another is open. */
function hasOpen(set: SetValue, other: SetValue): boolean {
  return set.has(other.windowBuffer, other.windowStart, other.windowEnd);
}

// ---- unions and differences ----

/** Puts the combination of the sources into an empty set. */
type Combine = (sources: readonly Source[], target: SetValue) => void;

function unionOf(sources: readonly Source[], target: SetValue): void {
  for (const source of sources) addAll(target, source);
}

/**
 * Either asks of each member of the first set whether another one has it, or takes the members of
 * all others from a copy of the first: whichever looks at fewer members.
 */
function differenceOf(sources: readonly Source[], target: SetValue): void {
  const [first, ...rest] = sources;
  if (first === null || rest.includes(first)) return;
  // Large sets first: they are the likeliest to have a member.
  const others = bySize(rest).reverse();
  const total = others.reduce((sum, other) => sum + other.size, first.size);
  // Asking is mostly over before the last set: it counts half. [t_set.c, 7.0]
  if ((first.size * sources.length) / 2 <= total) addUnshared(target, first, others);
  else {
    addAll(target, first);
    for (const other of others) removeAll(target, other);
  }
}

function addUnshared(target: SetValue, first: SetValue, others: readonly SetValue[]): void {
  first.walk(0, (member) => {
    first.read(member);
    if (!others.some((other) => hasOpen(other, first))) addMember(target, first, member);
    return true;
  });
}

function addAll(target: SetValue, source: Source): void {
  source?.walk(0, (member) => addMember(target, source, member));
}

function addMember(target: SetValue, source: SetValue, member: number): true {
  source.read(member);
  target.add(source.windowBuffer, source.windowStart, source.windowEnd);
  return true;
}

function removeAll(target: SetValue, source: SetValue): void {
  source.walk(0, (member) => {
    source.read(member);
    target.remove(source.windowBuffer, source.windowStart, source.windowEnd);
    return true;
  });
}

function replyCombined(call: Call, combine: Combine): void {
  const sources = readSources(call, 1, call.argc);
  if (sources === null) return;
  const result = new SetValue(call.keyspace.valueSettings);
  combine(sources, result);
  call.reply.set(result.size);
  result.walk(0, (member) => replyMember(call, result, member));
}

function storeCombined(call: Call, combine: Combine): void {
  const sources = readSources(call, 2, call.argc);
  if (sources === null) return;
  const target = new SetValue(call.keyspace.valueSettings);
  combine(sources, target);
  storeResult(call, target);
}

/** Puts a result in place of whatever the key in argument 1 holds; an empty one is not kept. */
function storeResult(call: Call, result: SetValue): void {
  if (result.size === 0) {
    const removed = removeTarget(call);
    call.reply.integer(0);
    if (removed) call.notify(notifyClass.generic, 'del', 1);
    return;
  }
  replaceAt(call, 1, result);
  call.changed(1);
  call.reply.integer(result.size);
  call.notify(notifyClass.set, call.command.fullName, 1);
}

/** True when there was something under the key in argument 1. */
function removeTarget(call: Call): boolean {
  const ref = call.lookupWrite(1);
  if (ref === 0) return false;
  call.db.dict.remove(ref);
  call.changed(1);
  return true;
}
