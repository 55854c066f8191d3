/**
 * XREAD and XREADGROUP: what has been added to streams since, for one client or for the consumers
 * of a group, at once or as soon as there is something.
 *
 * A request goes three ways: its words are read, then each stream is asked what it has, which for a
 * group changes the group (stream-deliveries.ts), and at last all that was found is replied.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { compareIds, maxId, StreamId } from '../../rdb/structure/stream-id.ts';
import type { IdRange } from '../types/stream-reader.ts';
import { StreamValue } from '../types/stream-value.ts';
import { valueTypes } from '../types/value.ts';
import { timeoutMsArgument } from './block-timeout.ts';
import { integerArgument } from './generic-arguments.ts';
import { deliverNew, deliverPending, type PendingEntry } from './stream-deliveries.ts';
import { noSuchKeyOrGroup } from './stream-groups.ts';
import { idArgument, isCharacter, replyId } from './stream-ids.ts';
import { replyEntryAt, replyRange } from './stream-replies.ts';
import { readAs } from './values.ts';

const row = { categories: ['stream'], group: 'stream', since: '5.0.0' } as const;

export const streamReadCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'xread',
    arity: -4,
    flags: ['readonly', 'blocking', 'movablekeys'],
    findKeys: (call) => streamKeys(call, 1),
    summary: 'Reads what lies behind given ids of streams; may wait for it.',
    complexity: 'O(n) for n entries read',
    handler: xreadCommand,
  },
  {
    ...row,
    name: 'xreadgroup',
    arity: -7,
    flags: ['write', 'blocking', 'movablekeys'],
    findKeys: (call) => streamKeys(call, 4),
    summary: 'Reads for a consumer: what its group has not been served yet, or what it still has.',
    complexity: 'O(n) for n entries read',
    handler: xreadCommand,
  },
];

const DOLLAR = 36;
const GREATER = 62;
/** A client that has waited is sent so much at most, unless it said COUNT. [7.0] */
const maxAfterWaiting = 1000;

const nowOfGroup =
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this ' +
  'consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just ' +
  'return an empty result set.';
const newWithoutGroup =
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.';

interface ReadRequest {
  /** XREADGROUP. */
  readonly ofGroup: boolean;
  /** NaN when it does not wait. */
  timeoutMs: number;
  /** Entries of each stream; Infinity for all. */
  count: number;
  noAck: boolean;
  /** The argument that names the group; the consumer's name follows. */
  groupIndex: number;
  /** Keys from here on, then as many ids. */
  keysIndex: number;
  keyCount: number;
}

/** What goes to the client of one stream. */
type Found = { readonly keyIndex: number; readonly stream: StreamValue } & (
  | { readonly kind: 'range'; readonly range: IdRange; readonly count: number }
  | { readonly kind: 'pending'; readonly entries: readonly PendingEntry[] }
);

function xreadCommand(call: Call): void {
  // A group's changes go out in other words, and reading alone does not go out.
  call.preventPropagation();
  const request = readRequest(call);
  if (request === null) return;
  const lastSeen = readLastSeenIds(call, request);
  if (lastSeen === null) return;
  const found: Found[] = [];
  for (let place = 0; place < request.keyCount; place++) {
    const each = findInStream(call, request, request.keysIndex + place, lastSeen[place]);
    if (each !== null) found.push(each);
  }
  if (found.length > 0) replyFound(call, found);
  else if (Number.isNaN(request.timeoutMs) || !call.mayBlock) call.reply.nilArray();
  else waitForEntries(call, request, lastSeen);
}

// ---- reading the request ----

function readRequest(call: Call): ReadRequest | null {
  const request: ReadRequest = {
    ofGroup: call.command.fullName === 'xreadgroup',
    timeoutMs: NaN,
    count: Infinity,
    noAck: false,
    groupIndex: 0,
    keysIndex: 0,
    keyCount: 0,
  };
  for (let index = 1; index < call.argc;) {
    index = readOption(call, index, request);
    if (index === -1) return null;
  }
  if (request.keysIndex === 0) {
    call.syntaxError();
    return null;
  }
  if (request.ofGroup && request.groupIndex === 0) {
    call.error('ERR Missing GROUP option for XREADGROUP');
    return null;
  }
  return request;
}

/** Returns the index behind the option, −1 after an error. */
function readOption(call: Call, index: number, request: ReadRequest): number {
  const left = call.argc - index - 1;
  if (left > 0 && call.is(index, 'block')) {
    request.timeoutMs = timeoutMsArgument(call, index + 1);
    return Number.isNaN(request.timeoutMs) ? -1 : index + 2;
  }
  if (left > 0 && call.is(index, 'count')) {
    const count = integerArgument(call, index + 1);
    request.count = count > 0 ? count : Infinity;
    return Number.isNaN(count) ? -1 : index + 2;
  }
  if (left > 0 && call.is(index, 'streams')) return readKeys(call, index + 1, request);
  if (left > 1 && call.is(index, 'group')) {
    request.groupIndex = index + 1;
    return request.ofGroup ? index + 3 : refuseOption(call, 'GROUP');
  }
  if (call.is(index, 'noack')) {
    request.noAck = true;
    return request.ofGroup ? index + 1 : refuseOption(call, 'NOACK');
  }
  call.syntaxError();
  return -1;
}

function readKeys(call: Call, index: number, request: ReadRequest): number {
  const words = call.argc - index;
  if (words % 2 !== 0) {
    call.error(
      "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
    );
    return -1;
  }
  request.keysIndex = index;
  request.keyCount = words / 2;
  return call.argc;
}

function refuseOption(call: Call, option: string): number {
  call.error(`ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);
  return -1;
}

/** The ids that the client has seen last, the last possible one for `>`; null after an error. */
function readLastSeenIds(call: Call, request: ReadRequest): StreamId[] | null {
  const ids: StreamId[] = [];
  const { keysIndex, keyCount, groupIndex } = request;
  for (let keyIndex = keysIndex; keyIndex < keysIndex + keyCount; keyIndex++) {
    const ref = call.lookupRead(keyIndex);
    const stream = ref === 0 ? null : readAs(call, ref, StreamValue);
    if (ref !== 0 && stream === null) return null;
    if (request.ofGroup && (stream?.group(call.text(groupIndex)) ?? null) === null) {
      const missing = noSuchKeyOrGroup(call, { keyIndex, groupIndex });
      call.error(`${missing} in XREADGROUP with GROUP option`);
      return null;
    }
    const id = new StreamId();
    if (!readLastSeenId(call, request, keyIndex + keyCount, stream, id)) return null;
    ids.push(id);
  }
  return ids;
}

/** False after an error. */
function readLastSeenId(
  call: Call,
  { ofGroup }: ReadRequest,
  index: number,
  stream: StreamValue | null,
  into: StreamId,
): boolean {
  const isNow = isCharacter(call, index, DOLLAR);
  if (!isNow && !isCharacter(call, index, GREATER)) return idArgument(call, index, into);
  if (isNow && !ofGroup) {
    if (stream !== null) into.copyFrom(stream.lastId);
    return true;
  }
  into.setMax();
  if (!isNow && ofGroup) return true;
  call.error(isNow ? nowOfGroup : newWithoutGroup);
  return false;
}

// ---- asking the streams ----

/** What a stream has for the client now; null for nothing. */
function findInStream(
  call: Call,
  request: ReadRequest,
  keyIndex: number,
  lastSeen: StreamId,
): Found | null {
  const ref = call.lookupRead(keyIndex);
  const stream = ref === 0 ? null : readAs(call, ref, StreamValue);
  if (stream === null) return null;
  const group = request.ofGroup ? stream.group(call.text(request.groupIndex)) : null;
  if (group !== null && !lastSeen.isMax) {
    call.db.dict.valueForWrite(ref);
    const read = { ...request, keyIndex, stream, group };
    return { kind: 'pending', keyIndex, stream, entries: deliverPending(call, read, lastSeen) };
  }
  if (!hasEntryAfter(stream, group?.lastId ?? lastSeen)) return null;
  return findNew(call, request, keyIndex, ref, lastSeen);
}

function hasEntryAfter(stream: StreamValue, id: Readonly<StreamId>): boolean {
  if (compareIds(stream.lastId, id) <= 0) return false;
  const last = new StreamId();
  stream.lastEntryId(last);
  return compareIds(last, id) > 0;
}

/** What lies behind the last id that the client has seen, or its group has been served. */
function findNew(
  call: Call,
  request: ReadRequest,
  keyIndex: number,
  ref: number,
  lastSeen: StreamId,
): Found {
  const stream = call.db.dict.value(ref) as StreamValue;
  const group = request.ofGroup ? stream.group(call.text(request.groupIndex)) : null;
  if (group !== null) {
    call.db.dict.valueForWrite(ref);
    const delivery = deliverNew(call, { ...request, keyIndex, stream, group });
    return { kind: 'range', keyIndex, stream, ...delivery };
  }
  const range = { start: lastSeen.clone(), end: maxId };
  range.start.increment();
  return { kind: 'range', keyIndex, stream, range, count: stream.count(range, request.count) };
}

function replyFound(call: Call, found: readonly Found[]): void {
  const { reply } = call;
  if (reply.resp3) reply.map(found.length);
  else reply.array(found.length);
  for (const each of found) {
    if (!reply.resp3) reply.array(2);
    reply.bulk(call.buffer, call.argStart[each.keyIndex], call.argEnd[each.keyIndex]);
    if (each.kind === 'range') replyRange(call, each.stream, each.range, each.count);
    else replyPending(call, each.stream, each.entries);
  }
}

/** A deleted entry is shown by its id alone. */
function replyPending(call: Call, stream: StreamValue, entries: readonly PendingEntry[]): void {
  call.reply.array(entries.length);
  for (const { id, exists } of entries) {
    if (exists) {
      replyEntryAt(call, stream, id);
    } else {
      call.reply.array(2);
      replyId(call, id);
      call.reply.nilArray();
    }
  }
}

// ---- waiting ----

function waitForEntries(call: Call, request: ReadRequest, lastSeen: readonly StreamId[]): void {
  const { keysIndex, keyCount, timeoutMs, count } = request;
  const waiting = { ...request, count: count === Infinity ? maxAfterWaiting : count };
  call.block({
    until: 'keys',
    keys: Array.from({ length: keyCount }, (_, place) => keysIndex + place),
    wants: valueTypes.stream,
    wantsLoss: request.ofGroup,
    timeoutMs,
    attempt: (later, keyIndex) =>
      serveWaiter(later, waiting, keyIndex, lastSeen[keyIndex - keysIndex]),
    onTimeout: (later) => later.reply.nilArray(),
  });
}

/** True when the client has been answered. */
function serveWaiter(
  call: Call,
  request: ReadRequest,
  keyIndex: number,
  lastSeen: StreamId,
): boolean {
  const ref = call.lookupWrite(keyIndex);
  const { dict } = call.db;
  const stream = ref !== 0 && dict.isCollection(ref) ? dict.value(ref) : null;
  if (!(stream instanceof StreamValue)) {
    call.error('UNBLOCKED the stream key no longer exists');
    return true;
  }
  let after: Readonly<StreamId> = lastSeen;
  if (request.ofGroup) {
    const group = stream.group(call.text(request.groupIndex));
    if (group === null) {
      call.error('NOGROUP the consumer group this client was blocked on no longer exists');
      return true;
    }
    after = group.lastId;
  }
  // What was added may be deleted again: the client has waited for it all the same. [7.0]
  if (compareIds(stream.lastId, after) <= 0) return false;
  replyFound(call, [findNew(call, request, keyIndex, ref, lastSeen)]);
  return true;
}

/** The first half of what follows STREAMS, looked for from argument `from` on. */
function streamKeys(call: Call, from: number): number[] {
  for (let index = from; index < call.argc; index++) {
    if (!call.is(index, 'streams')) continue;
    const length = Math.floor((call.argc - index - 1) / 2);
    return Array.from({ length }, (_, place) => index + 1 + place);
  }
  return [];
}
