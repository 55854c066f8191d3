/**
 * XCLAIM and XAUTOCLAIM: pending entries change hands. Entries that have been deleted from the
 * stream are taken off on the way. What became of each entry goes out as an XCLAIM of its own.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { compareIds, StreamId } from '../../rdb/structure/stream-id.ts';
import { int64Max, parseInt64, shortest } from '../../util/int64.ts';
import type { StreamConsumer } from '../types/stream-group.ts';
import type { StreamValue } from '../types/stream-value.ts';
import { integerArgument } from './generic-arguments.ts';
import {
  type FoundGroup,
  groupArgument,
  presentConsumer,
  propagateClaim,
  propagateGroupId,
} from './stream-groups.ts';
import { idArgument, intervalStartArgument, parseIdArgument, replyId } from './stream-ids.ts';
import { replyEntryAt } from './stream-replies.ts';

const row = { categories: ['stream'], keys: [1, 1, 1], group: 'stream' } as const;
const names = { keyIndex: 1, groupIndex: 2 };
const consumerIndex = 3;
const minIdleIndex = 4;
const firstIdIndex = 5;

export const streamClaimCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'xclaim',
    arity: -6,
    flags: ['write', 'fast'],
    since: '5.0.0',
    summary: 'Gives pending entries to a consumer, as if they were delivered to it.',
    complexity: 'O(log n) for each id, n entries pending',
    handler: xclaimCommand,
  },
  {
    ...row,
    name: 'xautoclaim',
    arity: -6,
    flags: ['write', 'fast'],
    since: '6.2.0',
    summary: 'Gives the next entries that have been pending for long to a consumer.',
    complexity: 'O(1) for a small COUNT',
    handler: xautoclaimCommand,
  },
];

/** Entries that XAUTOCLAIM claims without COUNT, and how many it looks at for each. [7.0] */
const defaultCount = 100;
const attemptsPerEntry = 10;
/** LONG_MAX by the size of an id. [7.0] */
const maxCount = int64Max / 16n;

/** For more ids than this there is no memory on any machine. */
const maxTransientIds = 2 ** 36;

/** What becomes of claimed entries. */
interface Claim {
  /** Null until it gets an entry: before, it is not made, and counts as unseen. [7.0] */
  consumer: StreamConsumer | null;
  readonly minIdleMs: number;
  readonly deliveredAtMs: number;
  /** null: one more, or as it was with `justId`. */
  readonly deliveries: number | bigint | null;
  readonly justId: boolean;
  /** Entries that are not pending become so. */
  readonly force: boolean;
}

type Outcome = 'claimed' | 'removed' | 'skipped';

// ---- XCLAIM ----

interface ClaimOptions {
  force: boolean;
  justId: boolean;
  deliveredAtMs: number;
  deliveries: number | bigint | null;
  readonly lastId: StreamId;
}

function xclaimCommand(call: Call): void {
  call.preventPropagation();
  const found = groupArgument(call, names);
  if (found === null) return;
  const minIdleMs = minIdleArgument(call);
  if (Number.isNaN(minIdleMs)) return;
  const ids = leadingIds(call);
  const options = readClaimOptions(call, firstIdIndex + ids.length);
  if (options === null) return;
  const { group, stream } = found;
  call.db.dict.valueForWrite(found.ref);
  const moved = compareIds(options.lastId, group.lastId) > 0;
  if (moved) group.lastId.copyFrom(options.lastId);
  const claim: Claim = { ...options, consumer: null, minIdleMs };
  const outcomes = ids.map((id) => claimEntry(call, found, claim, id));
  if (moved && outcomes.every((outcome) => outcome === 'skipped')) {
    propagateGroupId(call, names, group);
    call.keyspace.dirty++;
  }
  replyClaimed(
    call,
    stream,
    ids.filter((_, at) => outcomes[at] === 'claimed'),
    claim.justId,
  );
}

/** NaN after an error. */
function minIdleArgument(call: Call): number {
  const name = call.command.fullName.toUpperCase();
  const error = `ERR Invalid min-idle-time argument for ${name}`;
  return Math.max(0, integerArgument(call, minIdleIndex, error));
}

/** What comes behind the last word that can be an id are options. */
function leadingIds(call: Call): StreamId[] {
  const ids: StreamId[] = [];
  for (let index = firstIdIndex; index < call.argc; index++) {
    const id = new StreamId();
    if (!parseIdArgument(call, index, id)) break;
    ids.push(id);
  }
  return ids;
}

/** Null after an error. */
function readClaimOptions(call: Call, from: number): ClaimOptions | null {
  const { nowMs } = call.keyspace;
  const options: ClaimOptions = {
    force: false,
    justId: false,
    deliveredAtMs: nowMs,
    deliveries: null,
    lastId: new StreamId(),
  };
  for (let index = from; index < call.argc;) {
    const next = readClaimOption(call, index, options);
    if (next === -1) return null;
    index = next;
  }
  // Clients reckon with clocks of their own: what cannot be is no error.
  const { deliveredAtMs } = options;
  if (deliveredAtMs < 0 || deliveredAtMs > nowMs) options.deliveredAtMs = nowMs;
  return options;
}

/** Returns the index behind the option; −1 after an error. */
function readClaimOption(call: Call, index: number, options: ClaimOptions): number {
  const hasValue = index + 1 < call.argc;
  if (call.is(index, 'force')) options.force = true;
  else if (call.is(index, 'justid')) options.justId = true;
  else if (hasValue && call.is(index, 'lastid')) {
    return idArgument(call, index + 1, options.lastId) ? index + 2 : -1;
  } else if (hasValue && isNumberOption(call, index)) {
    return readNumberOption(call, index, options);
  } else {
    call.error(`ERR Unrecognized XCLAIM option '${call.text(index).split('\0', 1)[0]}'`);
    return -1;
  }
  return index + 1;
}

function isNumberOption(call: Call, index: number): boolean {
  return call.is(index, 'idle') || call.is(index, 'time') || call.is(index, 'retrycount');
}

function readNumberOption(call: Call, index: number, options: ClaimOptions): number {
  const value = parseInt64(call.buffer, call.argStart[index + 1], call.argEnd[index + 1]);
  if (value === null) {
    const name = call.text(index).toUpperCase();
    call.error(`ERR Invalid ${name} option argument for XCLAIM`);
    return -1;
  }
  if (call.is(index, 'idle')) options.deliveredAtMs = call.keyspace.nowMs - Number(value);
  else if (call.is(index, 'time')) options.deliveredAtMs = Number(value);
  else options.deliveries = value < 0n ? null : shortest(value);
  return index + 2;
}

// ---- XAUTOCLAIM ----

interface AutoclaimOptions {
  count: number;
  justId: boolean;
}

function xautoclaimCommand(call: Call): void {
  call.preventPropagation();
  // A key that is not there is missed, and that is told, even where the words are wrong. [7.0]
  const ref = call.lookupRead(names.keyIndex);
  const minIdleMs = minIdleArgument(call);
  if (Number.isNaN(minIdleMs)) return;
  const start = new StreamId();
  if (!intervalStartArgument(call, firstIdIndex, start)) return;
  const options = readAutoclaimOptions(call);
  if (options === null) return;
  const found = groupArgument(call, names, ref);
  if (found === null) return;
  if (options.count > maxTransientIds) {
    call.error('ERR Insufficient memory, failed allocating transient memory, COUNT too high.');
    return;
  }
  call.db.dict.valueForWrite(found.ref);
  const claim: Claim = {
    consumer: null,
    minIdleMs,
    deliveredAtMs: call.keyspace.nowMs,
    deliveries: null,
    justId: options.justId,
    force: false,
  };
  const { claimed, removed, cursor } = claimFrom(call, found, claim, start, options.count);
  call.reply.array(3);
  replyId(call, cursor);
  replyClaimed(call, found.stream, claimed, options.justId);
  replyClaimed(call, found.stream, removed, true);
}

/** Null after an error. */
function readAutoclaimOptions(call: Call): AutoclaimOptions | null {
  const options: AutoclaimOptions = { count: defaultCount, justId: false };
  for (let index = firstIdIndex + 1; index < call.argc; index++) {
    if (index + 1 < call.argc && call.is(index, 'count')) {
      const count = countArgument(call, ++index);
      if (count === null) return null;
      options.count = count;
      continue;
    }
    if (!call.is(index, 'justid')) {
      call.syntaxError();
      return null;
    }
    options.justId = true;
  }
  return options;
}

function countArgument(call: Call, index: number): number | null {
  const count = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  if (count !== null && count >= 1n && count <= maxCount) return Number(count);
  call.error('ERR COUNT must be > 0');
  return null;
}

/** Claims up to `count` entries from an id on; the cursor is where the next call goes on. */
function claimFrom(
  call: Call,
  found: FoundGroup,
  claim: Claim,
  start: StreamId,
  count: number,
): { claimed: StreamId[]; removed: StreamId[]; cursor: StreamId } {
  const { pending } = found.group;
  const [claimed, removed]: StreamId[][] = [[], []];
  let place = pending.seek(start);
  for (let attempts = count * attemptsPerEntry; attempts > 0 && place !== -1; attempts--) {
    if (claimed.length + removed.length === count) break;
    const id = pending.readId(place, new StreamId());
    const outcome = claimEntry(call, found, claim, id);
    if (outcome === 'claimed') claimed.push(id);
    if (outcome === 'removed') removed.push(id);
    place = outcome === 'removed' ? pending.seek(id) : pending.next(place);
  }
  const cursor = new StreamId();
  if (place !== -1) pending.readId(place, cursor);
  return { claimed, removed, cursor };
}

// ---- both ----

function claimEntry(
  call: Call,
  { stream, group }: FoundGroup,
  claim: Claim,
  id: StreamId,
): Outcome {
  const { deliveries } = claim;
  const { nowMs } = call.keyspace;
  let place = group.pending.find(id);
  if (!stream.has(id)) {
    if (place === -1) return 'skipped';
    propagateClaim(call, names, group, place, id);
    group.removePending(place);
    call.keyspace.dirty++;
    return 'removed';
  }
  if (place === -1) {
    if (!claim.force) return 'skipped';
  } else if (claim.minIdleMs > nowMs - group.deliveredAtMs(place) && claim.minIdleMs > 0) {
    return 'skipped';
  }
  claim.consumer ??= presentConsumer(call, group, consumerIndex, names.keyIndex);
  if (place === -1) place = group.deliver(id, claim.consumer, nowMs);
  else group.assign(place, id, claim.consumer);
  group.setDeliveredAtMs(place, claim.deliveredAtMs);
  if (deliveries !== null) group.setDeliveries(place, deliveries);
  else if (!claim.justId) group.countDelivery(place);
  propagateClaim(call, names, group, place, id);
  call.keyspace.dirty++;
  return 'claimed';
}

function replyClaimed(
  call: Call,
  stream: StreamValue,
  ids: readonly StreamId[],
  justId: boolean,
): void {
  call.reply.array(ids.length);
  for (const id of ids) {
    if (justId) replyId(call, id);
    else replyEntryAt(call, stream, id);
  }
}
