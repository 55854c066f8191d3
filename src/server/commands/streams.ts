/**
 * Entries of streams: add, delete, trim, count, and read by their ids. Reading on and waiting is in
 * stream-reads.ts, consumer groups are in stream-groups.ts and stream-claims.ts.
 */
import { errorReplies, wrongArity } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { compareIds, StreamId } from '../../rdb/structure/stream-id.ts';
import type { AppendResult } from '../types/stream-value.ts';
import { StreamValue } from '../types/stream-value.ts';
import { bigintArgument, integerArgument } from './generic-arguments.ts';
import {
  idArgument,
  idBytes,
  intervalEndArgument,
  intervalStartArgument,
  replyId,
} from './stream-ids.ts';
import { replyRange } from './stream-replies.ts';
import { type AddOptions, exactWords, readAddOptions, readTrimOptions } from './stream-trimming.ts';
import { createAt, readAs, writeAs } from './values.ts';
import { shortest } from '../../util/int64.ts';

const row = { categories: ['stream'], keys: [1, 1, 1], group: 'stream', since: '5.0.0' } as const;

export const streamCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'xadd',
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    summary: 'Adds an entry to a stream, and may trim it.',
    complexity: 'O(1) to add; O(n) for n entries trimmed',
    handler: xaddCommand,
  },
  {
    ...row,
    name: 'xlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    summary: 'Counts the entries of a stream.',
    complexity: 'O(1)',
    handler: xlenCommand,
  },
  {
    ...row,
    name: 'xrange',
    arity: -4,
    flags: ['readonly'],
    summary: 'Reads the entries whose ids lie in a range.',
    complexity: 'O(n) for n entries read',
    handler: (call) => readInterval(call, false),
  },
  {
    ...row,
    name: 'xrevrange',
    arity: -4,
    flags: ['readonly'],
    summary: 'Reads the entries whose ids lie in a range, from its end back.',
    complexity: 'O(n) for n entries read',
    handler: (call) => readInterval(call, true),
  },
  {
    ...row,
    name: 'xdel',
    arity: -3,
    flags: ['write', 'fast'],
    summary: 'Deletes entries by their ids; returns how many there were.',
    complexity: 'O(1) for each entry',
    handler: xdelCommand,
  },
  {
    ...row,
    name: 'xtrim',
    arity: -4,
    flags: ['write'],
    summary: 'Removes the oldest entries of a stream; returns how many.',
    complexity: 'O(n) for n entries removed',
    handler: xtrimCommand,
  },
  {
    ...row,
    name: 'xsetid',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    summary: 'Sets the last id of a stream; for replication and loading.',
    complexity: 'O(1)',
    handler: xsetidCommand,
  },
];

const appendErrors: Readonly<Record<Exclude<AppendResult, 'ok'>, string>> = {
  'id-too-small':
    'ERR The ID specified in XADD is equal or smaller than the target stream top item',
  'too-large': 'ERR Elements are too large to be stored',
};

/** The id that an entry is given; meaningless between calls. */
const newId = new StreamId();

function xaddCommand(call: Call): void {
  const id = newId;
  const options = readAddOptions(call, id);
  if (options === null) return;
  const count = call.argc - options.idIndex - 1;
  if (count < 2 || count % 2 === 1) {
    call.error(wrongArity(call.command.fullName));
    return;
  }
  if (options.id === 'exact' && id.isZero) {
    call.error('ERR The ID specified in XADD must be greater than 0-0');
    return;
  }
  const ref = call.lookupWrite(1);
  if (ref === 0 && !options.createStream) {
    call.reply.nil();
    return;
  }
  const stream =
    ref === 0 ? new StreamValue(call.keyspace.valueSettings) : readAs(call, ref, StreamValue);
  if (stream === null) return;
  if (stream.lastId.isMax) {
    call.error('ERR The stream has exhausted the last possible ID, unable to add more items');
    return;
  }
  if (!findId(call, stream, options, id)) return;
  if (ref !== 0) call.db.dict.valueForWrite(ref);
  const result = appendArguments(call, stream, options.idIndex + 1, id);
  if (result !== 'ok') {
    call.error(appendErrors[result]);
    return;
  }
  if (ref === 0) createAt(call, 1, stream);
  replyId(call, id);
  call.changed(1);
  call.notify(notifyClass.stream, 'xadd', 1);
  finishAdd(call, stream, options, id);
}

/** Fills in what the client has left to the server; false after an error. */
function findId(call: Call, stream: StreamValue, { id: kind }: AddOptions, id: StreamId): boolean {
  const { lastId } = stream;
  if (kind === 'auto') {
    stream.nextId(call.keyspace.nowMs, id);
  } else if (kind === 'auto-seq' && lastId.msHigh === id.msHigh && lastId.msLow === id.msLow) {
    if (lastId.isSeqMax) {
      // Redis mixes up its errors here: it shows whatever failed last, which is mostly nothing. [7.0]
      call.error(appendErrors['too-large']);
      return false;
    }
    id.copyFrom(lastId).increment();
  }
  return true;
}

function appendArguments(
  call: Call,
  stream: StreamValue,
  first: number,
  id: StreamId,
): AppendResult {
  const { buffer, argc, argStart: starts, argEnd: ends } = call;
  let bytes = 0;
  for (let index = first; index < argc; index++) bytes += ends[index] - starts[index];
  return stream.append(id, { buffer, starts, ends, first, count: (argc - first) / 2, bytes });
}

/** Trims, and sees that replicas get the same id and trim alike. */
function finishAdd(call: Call, stream: StreamValue, options: AddOptions, id: StreamId): void {
  const { trim, idIndex } = options;
  if (trim !== null && stream.trim(trim) > 0) call.notify(notifyClass.stream, 'xtrim', 1);
  const idFound = options.id !== 'exact';
  if (!idFound && trim?.approximate !== true) return;
  if (!call.isPropagated) return;
  const found = idFound ? { index: idIndex, bytes: idBytes(id) } : null;
  call.propagateAs(...exactWords(call, stream, trim, found));
}

function xlenCommand(call: Call): void {
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  const stream = readAs(call, ref, StreamValue);
  if (stream !== null) call.reply.integer(stream.size);
}

/** XREVRANGE names the end of the range first. */
function readInterval(call: Call, reverse: boolean): void {
  const range = { start: new StreamId(), end: new StreamId() };
  if (!intervalStartArgument(call, reverse ? 3 : 2, range.start)) return;
  if (!intervalEndArgument(call, reverse ? 2 : 3, range.end)) return;
  const max = readCount(call, 4);
  if (Number.isNaN(max)) return;
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.array(0);
    return;
  }
  const stream = readAs(call, ref, StreamValue);
  if (stream === null) return;
  if (max === 0) call.reply.nilArray();
  else replyRange(call, stream, range, max < 0 ? Infinity : max, reverse);
}

/** `COUNT n` from argument `index` on; negative for no limit, NaN after an error. */
function readCount(call: Call, from: number): number {
  let count = -1;
  for (let index = from; index < call.argc; index += 2) {
    if (!call.is(index, 'count') || index + 1 >= call.argc) {
      call.syntaxError();
      return NaN;
    }
    count = integerArgument(call, index + 1);
    if (Number.isNaN(count)) return NaN;
    count = Math.max(0, count);
  }
  return count;
}

function xdelCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  const stream = readAs(call, ref, StreamValue);
  if (stream === null) return;
  const id = new StreamId();
  for (let index = 2; index < call.argc; index++) if (!idArgument(call, index, id)) return;
  call.db.dict.valueForWrite(ref);
  let deleted = 0;
  for (let index = 2; index < call.argc; index++) {
    idArgument(call, index, id);
    if (stream.delete(id)) deleted++;
  }
  if (deleted > 0) {
    call.changed(1, deleted);
    call.notify(notifyClass.stream, 'xdel', 1);
  }
  call.reply.integer(deleted);
}

function xtrimCommand(call: Call): void {
  const trim = readTrimOptions(call);
  if (trim === null) return;
  const ref = call.lookupWrite(1);
  if (ref === 0) {
    call.reply.integer(0);
    return;
  }
  const stream = writeAs(call, ref, StreamValue);
  if (stream === null) return;
  const removed = stream.trim(trim);
  if (removed > 0) {
    call.notify(notifyClass.stream, 'xtrim', 1);
    if (trim.approximate && call.isPropagated) {
      call.propagateAs(...exactWords(call, stream, trim, null));
    }
    call.changed(1, removed);
  }
  call.reply.integer(removed);
}

function xsetidCommand(call: Call): void {
  const id = new StreamId();
  if (!idArgument(call, 2, id)) return;
  const options = readSetidOptions(call, id);
  if (options === null) return;
  const ref = call.lookupWrite(1);
  if (ref === 0) {
    call.error(errorReplies.noSuchKey);
    return;
  }
  const stream = readAs(call, ref, StreamValue);
  if (stream === null) return;
  const refusal = setidRefusal(stream, id, options.entriesAdded);
  if (refusal !== null) {
    call.error(refusal);
    return;
  }
  call.db.dict.valueForWrite(ref);
  stream.lastId.copyFrom(id);
  if (options.entriesAdded !== null) stream.entriesAdded = options.entriesAdded;
  if (!options.maxDeletedId.isZero) stream.maxDeletedId.copyFrom(options.maxDeletedId);
  call.reply.ok();
  call.keyspace.dirty++;
  call.notify(notifyClass.stream, 'xsetid', 1);
}

interface SetidOptions {
  entriesAdded: number | bigint | null;
  /** 0-0 when it was not given. */
  readonly maxDeletedId: StreamId;
}

/** Null after an error. */
function readSetidOptions(call: Call, id: StreamId): SetidOptions | null {
  const options: SetidOptions = { entriesAdded: null, maxDeletedId: new StreamId() };
  for (let index = 3; index < call.argc; index += 2) {
    const hasValue = index + 1 < call.argc;
    if (hasValue && call.is(index, 'entriesadded')) {
      const value = bigintArgument(call, index + 1);
      if (value === null) return null;
      if (value < 0n) return refuse(call, 'ERR entries_added must be positive');
      options.entriesAdded = shortest(value);
    } else if (hasValue && call.is(index, 'maxdeletedid')) {
      if (!idArgument(call, index + 1, options.maxDeletedId)) return null;
      if (compareIds(id, options.maxDeletedId) < 0) {
        return refuse(
          call,
          'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id',
        );
      }
    } else {
      return refuse(call, errorReplies.syntax);
    }
  }
  return options;
}

function refuse(call: Call, error: string): null {
  call.error(error);
  return null;
}

function setidRefusal(
  stream: StreamValue,
  id: StreamId,
  entriesAdded: number | bigint | null,
): string | null {
  if (stream.size === 0) return null;
  const last = new StreamId();
  stream.lastEntryId(last);
  if (compareIds(id, last) < 0) {
    return 'ERR The ID specified in XSETID is smaller than the target stream top item';
  }
  if (entriesAdded !== null && stream.size > entriesAdded) {
    return 'ERR The entries_added specified in XSETID is smaller than the target stream length';
  }
  return null;
}
