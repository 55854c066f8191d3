/** LPOS: where in a list an element is. */
import { int64Min } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { SoughtElement } from '../types/list-cursor.ts';
import type { ListValue } from '../types/list-value.ts';
import { bigintArgument, integerFrom } from './generic-arguments.ts';
import { listForRead } from './list-access.ts';

export const listPositionCommands: readonly CommandSpec[] = [
  {
    name: 'lpos',
    arity: -3,
    flags: ['readonly'],
    categories: ['list'],
    keys: [1, 1, 1],
    group: 'list',
    since: '6.0.6',
    summary: 'Returns the index of an element, or of several that are equal.',
    complexity: 'O(n) for n elements looked at',
    handler: lposCommand,
  },
];

interface LposOptions {
  /** The first match to be returned, counted from 1; from the tail where it is negative. */
  rank: number;
  /** How many to return at most, 0 for all; null: one, not in an array. */
  count: number | null;
  /** How many elements to look at, 0 for all. */
  maxlen: number;
}

function lposCommand(call: Call): void {
  const options = readLposOptions(call);
  if (options === null) return;
  const list = listForRead(call, 1);
  if (call.failed) return;
  const found = list === null ? [] : positions(call, list, options);
  if (options.count !== null) {
    call.reply.array(found.length);
    for (const index of found) call.reply.integer(index);
  } else if (found.length === 0) {
    call.reply.nil();
  } else {
    call.reply.integer(found[0]);
  }
}

/** Null after an error. */
function readLposOptions(call: Call): LposOptions | null {
  const options: LposOptions = { rank: 1, count: null, maxlen: 0 };
  for (let index = 3; index < call.argc; index += 2) {
    if (index + 1 === call.argc || !readLposOption(call, index, options)) {
      if (!call.failed) call.syntaxError();
      return null;
    }
  }
  return options;
}

/** False for an unknown word, or after an error. */
function readLposOption(call: Call, index: number, options: LposOptions): boolean {
  if (call.is(index, 'rank')) {
    options.rank = readRank(call, index + 1);
    return !Number.isNaN(options.rank);
  }
  if (call.is(index, 'count')) {
    options.count = integerFrom(call, index + 1, 0, "ERR COUNT can't be negative");
    return !Number.isNaN(options.count);
  }
  if (call.is(index, 'maxlen')) {
    options.maxlen = integerFrom(call, index + 1, 0, "ERR MAXLEN can't be negative");
    return !Number.isNaN(options.maxlen);
  }
  return false;
}

/** NaN after an error. */
function readRank(call: Call, index: number): number {
  const rank = bigintArgument(call, index);
  if (rank === null) return NaN;
  if (rank === 0n) {
    call.error(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second " +
        '... or use negative to start from the end of the list',
    );
    return NaN;
  }
  // The one number whose opposite does not fit 64 bits counts as the first match. [7.0.15]
  return rank === int64Min ? -1 : Number(rank);
}

function positions(call: Call, list: ListValue, { rank, count, maxlen }: LposOptions): number[] {
  const found: number[] = [];
  const fromTail = rank < 0;
  const most = count === 0 ? Infinity : (count ?? 1);
  const looks = maxlen === 0 ? list.size : Math.min(maxlen, list.size);
  const sought = new SoughtElement(call.buffer, call.argStart[2], call.argEnd[2]);
  const cursor = list.cursorAt(fromTail ? -1 : 0);
  if (cursor === null) return found;
  let matches = 0;
  for (let looked = 0; looked < looks && found.length < most; looked++) {
    if (sought.isAt(cursor) && ++matches >= Math.abs(rank)) {
      found.push(fromTail ? list.size - 1 - looked : looked);
    }
    if (fromTail) cursor.previous();
    else cursor.next();
  }
  return found;
}
