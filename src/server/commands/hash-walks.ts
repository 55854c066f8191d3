/** Many fields of a hash at once: HKEYS, HVALS, HGETALL, HSCAN, HRANDFIELD. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { HashFields } from '../types/hash-value.ts';
import { hashForRead } from './hash-access.ts';
import { readRandomCount, refusesPairCount, sampleDistinct } from './random-elements.ts';
import { readScanCursor, replyNothingScanned, scanElements } from './scan-options.ts';

const row = {
  categories: ['hash'],
  keys: [1, 1, 1],
  arity: 2,
  flags: ['readonly'],
  group: 'hash',
  complexity: 'O(n) for n fields',
} as const;

export const hashWalkCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'hkeys',
    since: '2.0.0',
    summary: 'Returns the names of all fields of a hash.',
    handler: hkeysCommand,
  },
  {
    ...row,
    name: 'hvals',
    since: '2.0.0',
    summary: 'Returns the values of all fields of a hash.',
    handler: hvalsCommand,
  },
  {
    ...row,
    name: 'hgetall',
    since: '2.0.0',
    summary: 'Returns all fields of a hash with their values.',
    handler: hgetallCommand,
  },
  {
    ...row,
    name: 'hscan',
    arity: -3,
    since: '2.8.0',
    summary: 'Goes through the fields of a hash a few at a time.',
    complexity: 'O(1) per call, O(n) for all n fields',
    handler: hscanCommand,
  },
  {
    ...row,
    name: 'hrandfield',
    arity: -2,
    since: '6.2.0',
    summary: 'Returns fields of a hash that are picked at random.',
    complexity: 'O(n) for n fields returned',
    handler: hrandfieldCommand,
  },
];

function hkeysCommand(call: Call): void {
  const hash = hashForRead(call);
  if (call.failed) return;
  call.reply.array(hash === null ? 0 : hash.size);
  hash?.walk(0, (ref) => replyName(call, hash, ref));
}

function hvalsCommand(call: Call): void {
  const hash = hashForRead(call);
  if (call.failed) return;
  call.reply.array(hash === null ? 0 : hash.size);
  hash?.walk(0, (ref) => replyValue(call, hash, ref));
}

function hgetallCommand(call: Call): void {
  const hash = hashForRead(call);
  if (call.failed) return;
  call.reply.map(hash === null ? 0 : hash.size);
  hash?.walk(0, (ref) => replyPair(call, hash, ref));
}

function replyName(call: Call, hash: HashFields, ref: number): boolean {
  hash.readField(ref);
  call.reply.bulk(hash.windowBuffer, hash.windowStart, hash.windowEnd);
  return true;
}

function replyValue(call: Call, hash: HashFields, ref: number): boolean {
  hash.readValue(ref);
  call.reply.bulk(hash.windowBuffer, hash.windowStart, hash.windowEnd);
  return true;
}

function replyPair(call: Call, hash: HashFields, ref: number): boolean {
  replyName(call, hash, ref);
  return replyValue(call, hash, ref);
}

const pairScan = {
  width: 2,
  readName: (hash: HashFields, ref: number): void => hash.readField(ref),
  reply: replyPair,
} as const;

function hscanCommand(call: Call): void {
  const cursor = readScanCursor(call, 2);
  if (cursor === null) return;
  const hash = hashForRead(call);
  if (hash !== null) scanElements(call, hash, cursor, pairScan);
  else if (!call.failed) replyNothingScanned(call);
}

function hrandfieldCommand(call: Call): void {
  if (call.argc > 2) {
    randomFields(call);
    return;
  }
  const hash = hashForRead(call);
  if (hash === null) {
    if (!call.failed) call.reply.nil();
    return;
  }
  const { random } = call.server;
  const ref = hash.sample(() => random.float());
  if (ref === 0) call.reply.nil();
  else replyName(call, hash, ref);
}

function randomFields(call: Call): void {
  const count = readRandomCount(call, 2);
  if (Number.isNaN(count)) return;
  const withValues = call.argc > 3;
  if (withValues && (call.argc > 4 || !call.is(3, 'withvalues'))) {
    call.syntaxError();
    return;
  }
  if (withValues && refusesPairCount(call, 2)) return;
  const hash = hashForRead(call);
  if (hash === null || hash.size === 0 || count === 0) {
    if (!call.failed) call.reply.array(0);
    return;
  }
  if (count < 0) replyRepeatedly(call, hash, -count, withValues);
  else replyDistinct(call, hash, count, withValues);
}

/** Each field is picked from all of them, so that some may come more than once. */
function replyRepeatedly(call: Call, hash: HashFields, count: number, withValues: boolean): void {
  const { random } = call.server;
  const draw = (): number => random.float();
  replyHead(call, count, withValues);
  for (let left = count; left > 0 && !call.isMoot; left--) {
    replyPicked(call, hash, hash.sample(draw), withValues);
  }
}

function replyDistinct(call: Call, hash: HashFields, count: number, withValues: boolean): void {
  const picked = sampleDistinct(hash, count, call.server.random);
  replyHead(call, picked.length, withValues);
  for (const ref of picked) replyPicked(call, hash, ref, withValues);
}

function replyHead(call: Call, count: number, withValues: boolean): void {
  call.reply.array(withValues && !call.reply.resp3 ? count * 2 : count);
}

function replyPicked(call: Call, hash: HashFields, ref: number, withValues: boolean): void {
  if (!withValues) {
    replyName(call, hash, ref);
    return;
  }
  if (call.reply.resp3) call.reply.array(2);
  replyPair(call, hash, ref);
}
