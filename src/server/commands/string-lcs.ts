/** LCS: the longest common subsequence of two strings, its length, or where its runs lie in both. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { valueTypes } from '../types/value.ts';
import { integerArgument } from './generic-arguments.ts';

export const lcsCommands: readonly CommandSpec[] = [
  {
    name: 'lcs',
    arity: -3,
    flags: ['readonly'],
    categories: ['string'],
    keys: [1, 2, 1],
    group: 'string',
    since: '7.0.0',
    summary: 'Finds the longest sequence of bytes that two strings share in the same order.',
    complexity: 'O(n·m) in time and memory for strings of n and m bytes',
    handler: lcsCommand,
  },
];

interface LcsOptions {
  readonly ranges: boolean;
  readonly lengthOnly: boolean;
  readonly withLengths: boolean;
  readonly minLength: number;
}

/** A run of equal bytes: it begins at `a` in one string and at `b` in the other. */
interface Run {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

function lcsCommand(call: Call): void {
  const a = valueOf(call, 1);
  const b = valueOf(call, 2);
  if (a === null || b === null) {
    call.error('ERR The specified keys must contain string values');
    return;
  }
  const options = readLcsOptions(call);
  if (options === null) return;
  const table = lcsTable(a, b);
  if (table === null) {
    call.error('ERR Insufficient memory, failed allocating transient memory for LCS');
    return;
  }
  const length = table[table.length - 1];
  if (options.lengthOnly) call.reply.integer(length);
  else if (options.ranges) replyRuns(call, lcsRuns(a, b, table), length, options);
  else replySequence(call, a, lcsRuns(a, b, table));
}

/** A copy of the value, empty for a missing key; null when it is no string. */
function valueOf(call: Call, index: number): Buffer | null {
  const ref = call.lookupRead(index);
  if (ref === 0) return Buffer.alloc(0);
  const { dict } = call.db;
  return dict.type(ref) === valueTypes.string ? dict.stringValue(ref) : null;
}

/** Null after an error reply. */
function readLcsOptions(call: Call): LcsOptions | null {
  let ranges = false;
  let lengthOnly = false;
  let withLengths = false;
  let minLength = 0;
  for (let index = 3; index < call.argc; index++) {
    if (call.is(index, 'idx')) ranges = true;
    else if (call.is(index, 'len')) lengthOnly = true;
    else if (call.is(index, 'withmatchlen')) withLengths = true;
    else if (call.is(index, 'minmatchlen') && index + 1 < call.argc) {
      minLength = integerArgument(call, ++index);
      if (Number.isNaN(minLength)) return null;
    } else {
      call.syntaxError();
      return null;
    }
  }
  if (ranges && lengthOnly) {
    call.error('ERR If you want both the length and indexes, please just use IDX.');
    return null;
  }
  return { ranges, lengthOnly, withLengths, minLength };
}

/** Row i, column j: the length for the first i bytes of `a` and the first j of `b`. */
function lcsTable(a: Buffer, b: Buffer): Uint16Array | Uint32Array | null {
  const width = b.length + 1;
  const table = allocate((a.length + 1) * width, Math.min(a.length, b.length));
  if (table === null) return null;
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * width;
    const above = row - width;
    for (let j = 1; j <= b.length; j++) {
      table[row + j] =
        byte === b[j - 1]
          ? table[above + j - 1] + 1
          : Math.max(table[above + j], table[row + j - 1]);
    }
  }
  return table;
}

function allocate(cells: number, greatest: number): Uint16Array | Uint32Array | null {
  try {
    return greatest <= 0xffff ? new Uint16Array(cells) : new Uint32Array(cells);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The runs of one longest sequence, the last first. Of two ways back, the one in `b` is taken. */
function lcsRuns(a: Buffer, b: Buffer, table: Uint16Array | Uint32Array): Run[] {
  const width = b.length + 1;
  const runs: Run[] = [];
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    let length = 0;
    while (i > 0 && j > 0 && a[i - 1] === b[j - 1]) {
      i--;
      j--;
      length++;
    }
    if (length > 0) runs.push({ a: i, b: j, length });
    else if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  return runs;
}

function replySequence(call: Call, a: Buffer, runs: readonly Run[]): void {
  const parts = runs.map((run) => a.subarray(run.a, run.a + run.length));
  call.reply.bulk(Buffer.concat(parts.reverse()));
}

function replyRuns(call: Call, runs: readonly Run[], length: number, options: LcsOptions): void {
  const { reply } = call;
  const shown = runs.filter((run) => run.length >= options.minLength);
  reply.map(2);
  reply.bulkText('matches');
  reply.array(shown.length);
  for (const run of shown) {
    reply.array(options.withLengths ? 3 : 2);
    replyBounds(call, run.a, run.length);
    replyBounds(call, run.b, run.length);
    if (options.withLengths) reply.integer(run.length);
  }
  reply.bulkText('len');
  reply.integer(length);
}

function replyBounds(call: Call, start: number, length: number): void {
  call.reply.array(2);
  call.reply.integer(start);
  call.reply.integer(start + length - 1);
}
