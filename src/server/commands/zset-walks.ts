/** Members of sorted sets in no order that counts: ZSCAN, ZRANDMEMBER. */
import { formatDouble } from '../../util/double.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { ZsetValue } from '../types/zset-value.ts';
import { readRandomCount, refusesPairCount, sampleDistinct } from './random-elements.ts';
import { readScanCursor, replyNothingScanned, scanElements } from './scan-options.ts';
import { replyMember, replyMembersHead, zsetForRead } from './zset-arguments.ts';

const row = {
  categories: ['sortedset'],
  keys: [1, 1, 1],
  flags: ['readonly'],
  group: 'sorted-set',
} as const;

export const zsetWalkCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'zscan',
    arity: -3,
    since: '2.8.0',
    summary: 'Goes through the members of a sorted set a few at a time.',
    complexity: 'O(1) per call, O(n) for all n members',
    handler: zscanCommand,
  },
  {
    ...row,
    name: 'zrandmember',
    arity: -2,
    since: '6.2.0',
    summary: 'Returns members of a sorted set that are picked at random.',
    complexity: 'O(n) for n members returned',
    handler: zrandmemberCommand,
  },
];

const memberScan = {
  width: 2,
  readName: (zset: ZsetValue, ref: number): void => zset.readMember(ref),
  reply: replyScanned,
} as const;

function zscanCommand(call: Call): void {
  const cursor = readScanCursor(call, 2);
  if (cursor === null) return;
  const zset = zsetForRead(call);
  if (zset !== null) scanElements(call, zset, cursor, memberScan);
  else if (!call.failed) replyNothingScanned(call);
}

/** Scores are strings here, in RESP3 too. [Redis] */
function replyScanned(call: Call, zset: ZsetValue, ref: number): void {
  replyMember(call, zset, ref, false);
  call.reply.bulkText(formatDouble(zset.scoreOf(ref)));
}

function zrandmemberCommand(call: Call): void {
  if (call.argc > 2) {
    randomMembers(call);
    return;
  }
  const zset = zsetForRead(call);
  if (zset === null) {
    if (!call.failed) call.reply.nil();
    return;
  }
  const { random } = call.server;
  const ref = zset.sample(() => random.float());
  replyMember(call, zset, ref, false);
}

function randomMembers(call: Call): void {
  const count = readRandomCount(call, 2);
  if (Number.isNaN(count)) return;
  const withScores = call.argc > 3;
  if (withScores && (call.argc > 4 || !call.is(3, 'withscores'))) {
    call.syntaxError();
    return;
  }
  if (withScores && refusesPairCount(call, 2)) return;
  const zset = zsetForRead(call);
  if (zset === null || count === 0) {
    if (!call.failed) call.reply.array(0);
    return;
  }
  if (count < 0) replyRepeatedly(call, zset, -count, withScores);
  else if (count < zset.size) replyDistinct(call, zset, count, withScores);
  else replyAll(call, zset, withScores);
}

/** Each member is picked from all of them, so that some may come more than once. */
function replyRepeatedly(call: Call, zset: ZsetValue, count: number, withScores: boolean): void {
  const { random } = call.server;
  const draw = (): number => random.float();
  replyMembersHead(call, count, withScores);
  for (let left = count; left > 0 && !call.isMoot; left--) {
    replyMember(call, zset, zset.sample(draw), withScores);
  }
}

function replyDistinct(call: Call, zset: ZsetValue, count: number, withScores: boolean): void {
  const picked = sampleDistinct(zset, count, call.server.random);
  replyMembersHead(call, count, withScores);
  for (const ref of picked) replyMember(call, zset, ref, withScores);
}

/** From the highest score down, as Redis does. */
function replyAll(call: Call, zset: ZsetValue, withScores: boolean): void {
  replyMembersHead(call, zset.size, withScores);
  zset.seek(zset.size - 1);
  do replyMember(call, zset, zset.cursorRef, withScores);
  while (zset.previous());
}
