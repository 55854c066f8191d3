/** Random members of sets: SPOP takes them, SRANDMEMBER shows them. */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { SetValue } from '../types/set-value.ts';
import { argumentView, integerFrom } from './generic-arguments.ts';
import { readRandomCount, sampleDistinct } from './random-elements.ts';
import { replyMember, setForRead } from './sets.ts';
import { readAs, removeIfEmpty } from './values.ts';

const row = { categories: ['set'], keys: [1, 1, 1], arity: -2, group: 'set' } as const;

export const randomMemberCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'spop',
    flags: ['write', 'fast'],
    since: '1.0.0',
    summary: 'Removes members that are picked at random, and returns them.',
    complexity: 'O(n) for n members returned',
    handler: spopCommand,
  },
  {
    ...row,
    name: 'srandmember',
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Returns members of a set that are picked at random.',
    complexity: 'O(n) for n members returned',
    handler: srandmemberCommand,
  },
];

/** Goes out as the SREM of what was picked. */
function spopCommand(call: Call): void {
  if (call.argc > 2) {
    popMany(call);
    return;
  }
  const ref = call.lookupWrite(1);
  const set = ref === 0 ? null : readAs(call, ref, SetValue);
  if (set === null) {
    if (!call.failed) call.reply.nil();
    return;
  }
  const { random } = call.server;
  const member = set.sample(() => random.float());
  call.notify(notifyClass.set, 'spop', 1);
  replyMember(call, set, member);
  propagateRemoval(call, set);
  call.db.dict.valueForWrite(ref);
  set.removeRef(member);
  call.changed(1);
  removeIfEmpty(call, 1, ref, set);
}

/** Of the member that the set's window is open on. */
function propagateRemoval(call: Call, set: SetValue): void {
  if (!call.propagates) {
    call.preventPropagation();
    return;
  }
  const member = set.windowBuffer.subarray(set.windowStart, set.windowEnd);
  call.propagateAs('SREM', argumentView(call, 1), member);
}

function popMany(call: Call): void {
  if (call.argc > 3) {
    call.syntaxError();
    return;
  }
  const count = integerFrom(call, 2, 0, errorReplies.mustBePositive);
  if (Number.isNaN(count)) return;
  const ref = call.lookupWrite(1);
  const set = ref === 0 ? null : readAs(call, ref, SetValue);
  if (call.failed) return;
  if (set === null || count === 0) call.reply.set(0);
  else if (count >= set.size) popAll(call, ref, set);
  else popSome(call, ref, set, count);
}

function popAll(call: Call, ref: number, set: SetValue): void {
  call.notify(notifyClass.set, 'spop', 1);
  call.reply.set(set.size);
  set.walk(0, (member) => replyMember(call, set, member));
  call.changed(1, set.size);
  call.db.dict.remove(ref);
  call.notify(notifyClass.generic, 'del', 1);
  call.propagateAs('DEL', argumentView(call, 1));
}

function popSome(call: Call, ref: number, set: SetValue, count: number): void {
  const members = sampleDistinct(set, count, call.server.random);
  call.notify(notifyClass.set, 'spop', 1);
  call.reply.set(count);
  for (const member of members) {
    replyMember(call, set, member);
    propagateRemoval(call, set);
  }
  call.db.dict.valueForWrite(ref);
  set.removeRefs(members);
  call.changed(1, count);
}

function srandmemberCommand(call: Call): void {
  if (call.argc > 2) {
    randomMembers(call);
    return;
  }
  const set = setForRead(call, 1);
  if (set === null) {
    if (!call.failed) call.reply.nil();
    return;
  }
  const { random } = call.server;
  replyMember(
    call,
    set,
    set.sample(() => random.float()),
  );
}

function randomMembers(call: Call): void {
  if (call.argc > 3) {
    call.syntaxError();
    return;
  }
  const count = readRandomCount(call, 2);
  if (Number.isNaN(count)) return;
  const set = setForRead(call, 1);
  if (set === null || count === 0) {
    if (!call.failed) call.reply.array(0);
    return;
  }
  if (count < 0) {
    replyRepeatedly(call, set, -count);
    return;
  }
  const members = sampleDistinct(set, count, call.server.random);
  call.reply.array(members.length);
  for (const member of members) replyMember(call, set, member);
}

/** Each member is picked from all of them, so that some may come more than once. */
function replyRepeatedly(call: Call, set: SetValue, count: number): void {
  const { random } = call.server;
  const draw = (): number => random.float();
  call.reply.array(count);
  for (let left = count; left > 0 && !call.isMoot; left--) replyMember(call, set, set.sample(draw));
}
