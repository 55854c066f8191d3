/**
 * Ranges of sorted sets by rank, score or name: returned (ZRANGE and its older forms), stored
 * (ZRANGESTORE), counted, removed. They differ in what their arguments mean, and all end as a
 * window of ranks.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { integerArgument } from './generic-arguments.ts';
import { removeIfEmpty, writeAs } from './values.ts';
import {
  type Borders,
  type RangeKind,
  type Ranks,
  ranksWithin,
  readBorders,
  replyMember,
  replyMembersHead,
  zsetForRead,
} from './zset-arguments.ts';
import { storeZset } from './zset-store.ts';

const row = {
  categories: ['sortedset'],
  keys: [1, 1, 1],
  arity: -4,
  flags: ['readonly'],
  group: 'sorted-set',
  complexity: 'O(log n + m) for n members and m returned',
} as const;
const countRow = {
  ...row,
  arity: 4,
  flags: ['readonly', 'fast'],
  complexity: 'O(log n)',
} as const;
const removeRow = {
  ...row,
  arity: 4,
  flags: ['write'],
  complexity: 'O(log n + m) for n members and m removed',
} as const;

export const zsetRangeCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'zrange',
    since: '1.2.0',
    summary: 'Returns the members in a range of ranks, scores or names, from either end.',
    handler: (call) => replyRange(call, {}),
  },
  {
    ...row,
    name: 'zrevrange',
    since: '1.2.0',
    summary: 'Returns the members in a range of ranks that count from the highest score.',
    handler: (call) => replyRange(call, { kind: 'rank', reverse: true }),
  },
  {
    ...row,
    name: 'zrangebyscore',
    since: '1.0.5',
    summary: 'Returns the members in a range of scores.',
    handler: (call) => replyRange(call, { kind: 'score', reverse: false }),
  },
  {
    ...row,
    name: 'zrevrangebyscore',
    since: '2.2.0',
    summary: 'Returns the members in a range of scores, from the highest.',
    handler: (call) => replyRange(call, { kind: 'score', reverse: true }),
  },
  {
    ...row,
    name: 'zrangebylex',
    since: '2.8.9',
    summary: 'Returns the members in a range of names, where all scores are the same.',
    handler: (call) => replyRange(call, { kind: 'lex', reverse: false }),
  },
  {
    ...row,
    name: 'zrevrangebylex',
    since: '2.8.9',
    summary:
      'Returns the members in a range of names, from the last, where all scores are the same.',
    handler: (call) => replyRange(call, { kind: 'lex', reverse: true }),
  },
  {
    ...row,
    name: 'zrangestore',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: [1, 2, 1],
    since: '6.2.0',
    summary: 'Stores the members in a range as a sorted set under another key.',
    complexity: 'O(log n + m) for n members and m stored',
    handler: zrangestoreCommand,
  },
  {
    ...countRow,
    name: 'zcount',
    since: '2.0.0',
    summary: 'Counts the members in a range of scores.',
    handler: (call) => replyCount(call, 'score'),
  },
  {
    ...countRow,
    name: 'zlexcount',
    since: '2.8.9',
    summary: 'Counts the members in a range of names, where all scores are the same.',
    handler: (call) => replyCount(call, 'lex'),
  },
  {
    ...removeRow,
    name: 'zremrangebyrank',
    since: '2.0.0',
    summary: 'Removes the members in a range of ranks.',
    handler: (call) => removeRange(call, 'rank'),
  },
  {
    ...removeRow,
    name: 'zremrangebyscore',
    since: '1.2.0',
    summary: 'Removes the members in a range of scores.',
    handler: (call) => removeRange(call, 'score'),
  },
  {
    ...removeRow,
    name: 'zremrangebylex',
    since: '2.8.9',
    summary: 'Removes the members in a range of names, where all scores are the same.',
    handler: (call) => removeRange(call, 'lex'),
  },
];

/** What a command says by its name; the words of ZRANGE say the rest. */
interface RangeForm {
  readonly kind?: RangeKind;
  readonly reverse?: boolean;
  /** ZRANGESTORE: no WITHSCORES, which it does anyway. */
  readonly store?: boolean;
}

interface RangeRequest {
  readonly borders: Borders;
  readonly reverse: boolean;
  readonly withScores: boolean;
  /** LIMIT: so many are left out, and at most so many taken; all if negative. */
  readonly offset: number;
  readonly limit: number;
}

function replyRange(call: Call, form: RangeForm): void {
  const request = readRange(call, form, 1);
  if (request === null) return;
  const zset = zsetForRead(call);
  if (call.failed) return;
  if (zset === null) {
    call.reply.array(0);
    return;
  }
  const { from, to } = ranksAsked(call, zset, request);
  replyMembersHead(call, to - from, request.withScores);
  if (from === to) return;
  const { reverse, withScores } = request;
  zset.seek(reverse ? to - 1 : from);
  for (let left = to - from; left > 0; left--) {
    replyMember(call, zset, zset.cursorRef, withScores);
    if (reverse) zset.previous();
    else zset.next();
  }
}

function zrangestoreCommand(call: Call): void {
  const request = readRange(call, { store: true }, 2);
  if (request === null) return;
  const source = zsetForRead(call, 2);
  if (call.failed) return;
  const stored = new ZsetValue(call.keyspace.valueSettings);
  if (source !== null) copyRange(source, ranksAsked(call, source, request), stored);
  storeZset(call, stored, 'zrangestore');
}

function copyRange(source: ZsetValue, { from, to }: Ranks, target: ZsetValue): void {
  if (from === to) return;
  source.seek(from);
  for (let left = to - from; left > 0; left--) {
    const score = source.cursorScore;
    source.readMember(source.cursorRef);
    target.add(source.windowBuffer, source.windowStart, source.windowEnd, score);
    source.next();
  }
}

/** Reads the request from its key in argument `keyIndex` on; null after an error. */
function readRange(call: Call, form: RangeForm, keyIndex: number): RangeRequest | null {
  const words = readRangeWords(call, form, keyIndex + 3);
  if (words === null) return null;
  const { kind = 'rank', reverse = false, withScores, offset, limit } = words;
  if (limit !== -1 && kind === 'rank') {
    call.error(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
    return null;
  }
  if (withScores && kind === 'lex') {
    call.error('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
    return null;
  }
  // Ranges of scores and names are given from their beginning, which may be the upper end.
  const swapped = reverse && kind !== 'rank';
  const [min, max] = swapped ? [keyIndex + 2, keyIndex + 1] : [keyIndex + 1, keyIndex + 2];
  const borders = readBorders(call, kind, min, max);
  return borders === null ? null : { borders, reverse, withScores, offset, limit };
}

interface RangeWords {
  kind: RangeKind | undefined;
  reverse: boolean | undefined;
  withScores: boolean;
  offset: number;
  limit: number;
}

/** The words behind the range; null after an error. */
function readRangeWords(call: Call, form: RangeForm, first: number): RangeWords | null {
  const words: RangeWords = {
    kind: form.kind,
    reverse: form.reverse,
    withScores: false,
    offset: 0,
    limit: -1,
  };
  for (let index = first; index < call.argc; index++) {
    if (form.store !== true && call.is(index, 'withscores')) {
      words.withScores = true;
    } else if (call.is(index, 'limit') && index + 2 < call.argc) {
      words.offset = integerArgument(call, ++index);
      if (Number.isNaN(words.offset)) return null;
      words.limit = integerArgument(call, ++index);
      if (Number.isNaN(words.limit)) return null;
    } else if (words.reverse === undefined && call.is(index, 'rev')) {
      words.reverse = true;
    } else if (words.kind === undefined && call.is(index, 'bylex')) {
      words.kind = 'lex';
    } else if (words.kind === undefined && call.is(index, 'byscore')) {
      words.kind = 'score';
    } else {
      call.syntaxError();
      return null;
    }
  }
  return words;
}

function ranksAsked(call: Call, zset: ZsetValue, request: RangeRequest): Ranks {
  const { borders, reverse, offset, limit } = request;
  const { from, to } = ranksWithin(call, zset, borders, reverse);
  if (borders.kind === 'rank') return { from, to };
  // An offset below 0 is past every end. [Redis]
  const left = offset < 0 ? 0 : Math.max(0, to - from - offset);
  const count = limit < 0 ? left : Math.min(left, limit);
  if (count === 0) return { from, to: from };
  return reverse
    ? { from: to - offset - count, to: to - offset }
    : { from: from + offset, to: from + offset + count };
}

function replyCount(call: Call, kind: RangeKind): void {
  const borders = readBorders(call, kind, 2, 3);
  if (borders === null) return;
  const zset = zsetForRead(call);
  if (call.failed) return;
  if (zset === null) {
    call.reply.integer(0);
    return;
  }
  const { from, to } = ranksWithin(call, zset, borders);
  call.reply.integer(to - from);
}

function removeRange(call: Call, kind: RangeKind): void {
  const borders = readBorders(call, kind, 2, 3);
  if (borders === null) return;
  const ref = call.lookupWrite(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  const zset = writeAs(call, ref, ZsetValue);
  if (zset === null) return;
  const { from, to } = ranksWithin(call, zset, borders);
  if (from !== to) {
    zset.removeRanks(from, to);
    call.changed(1, to - from);
    call.notify(notifyClass.zset, call.command.fullName, 1);
    removeIfEmpty(call, 1, ref, zset);
  }
  call.reply.integer(to - from);
}
