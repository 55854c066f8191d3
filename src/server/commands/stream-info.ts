/** XINFO: a stream, its groups and their consumers as they are, for people and tools that look. */
import { badSubcommand, errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { radixNodeCount } from '../types/radix-size.ts';
import {
  entriesReadUnknown,
  type StreamConsumer,
  type StreamGroup,
} from '../types/stream-group.ts';
import { maxId, minId, StreamId } from '../../rdb/structure/stream-id.ts';
import { StreamValue } from '../types/stream-value.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { integerArgument } from './generic-arguments.ts';
import { noSuchGroup } from './stream-groups.ts';
import { replyId } from './stream-ids.ts';
import { replyEntry, replyRange } from './stream-replies.ts';
import { readAs } from './values.ts';

const row = {
  flags: ['readonly'],
  categories: ['stream'],
  keys: [2, 2, 1],
  group: 'stream',
  since: '5.0.0',
} as const;

export const streamInfoCommands: readonly CommandSpec[] = [
  {
    name: 'xinfo',
    arity: -2,
    flags: [],
    categories: [],
    group: 'stream',
    since: '5.0.0',
    summary: 'Tells about streams and their consumer groups.',
    complexity: 'Depends on the subcommand',
    subcommands: [
      {
        ...row,
        name: 'stream',
        arity: -3,
        summary: 'Tells about a stream, with FULL about all that is in it.',
        complexity: 'O(n) for n nodes of the stream',
        handler: xinfoStreamCommand,
      },
      {
        ...row,
        name: 'groups',
        arity: 3,
        summary: 'Tells about the consumer groups of a stream.',
        complexity: 'O(n) for n groups',
        handler: xinfoGroupsCommand,
      },
      {
        ...row,
        name: 'consumers',
        arity: 4,
        summary: 'Tells about the consumers of a group.',
        complexity: 'O(n) for n consumers',
        handler: xinfoConsumersCommand,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        categories: ['stream'],
        group: 'stream',
        since: '5.0.0',
        summary: 'Shows what the subcommands do.',
        complexity: 'O(1)',
        handler: (call) => replyHelp(call, 'XINFO', help),
      },
    ],
  },
];

const help: readonly HelpRow[] = [
  ['STREAM <key> [FULL [COUNT <count>]]', 'Tells about a stream; FULL shows what is in it too.'],
  ['GROUPS <key>', 'Tells about the consumer groups of a stream.'],
  ['CONSUMERS <key> <group>', 'Tells about the consumers of a group.'],
];

/** What FULL shows of each list without COUNT. [7.0] */
const defaultCount = 10;

function xinfoStreamCommand(call: Call): void {
  const ref = call.lookupRead(2);
  if (ref === 0) {
    call.error(errorReplies.noSuchKey);
    return;
  }
  const stream = readAs(call, ref, StreamValue);
  if (stream === null) return;
  if (call.argc === 3) {
    replyStream(call, stream);
    return;
  }
  const count = fullCount(call);
  if (count === null) call.error(badSubcommand('xinfo', call.text(1)));
  else if (!Number.isNaN(count)) replyFullStream(call, stream, count);
}

/** `FULL [COUNT n]`; null when it is not that, NaN after an error. */
function fullCount(call: Call): number | null {
  if (!call.is(3, 'full') || (call.argc !== 4 && call.argc !== 6)) return null;
  if (call.argc === 4) return defaultCount;
  if (!call.is(4, 'count')) return null;
  const count = integerArgument(call, 5);
  if (Number.isNaN(count)) return NaN;
  return count < 0 ? defaultCount : count === 0 ? Infinity : count;
}

function replyStream(call: Call, stream: StreamValue): void {
  const { reply } = call;
  reply.map(10);
  replyStreamFacts(call, stream);
  reply.bulkText('groups');
  reply.integer(stream.groupCount);
  for (const [name, reverse] of [
    ['first-entry', false],
    ['last-entry', true],
  ] as const) {
    reply.bulkText(name);
    const reader = stream.read({ start: minId, end: maxId }, reverse);
    if (reader.next()) replyEntry(call, reader);
    else reply.nil();
  }
}

function replyStreamFacts(call: Call, stream: StreamValue): void {
  const { reply } = call;
  replyNumber(call, 'length', stream.size);
  replyNumber(call, 'radix-tree-keys', stream.nodes.count);
  replyNumber(call, 'radix-tree-nodes', radixNodeCount(stream.nodes.ids));
  for (const [name, id] of [
    ['last-generated-id', stream.lastId],
    ['max-deleted-entry-id', stream.maxDeletedId],
  ] as const) {
    reply.bulkText(name);
    replyId(call, id);
  }
  replyNumber(call, 'entries-added', stream.entriesAdded);
  reply.bulkText('recorded-first-entry-id');
  replyId(call, stream.firstId);
}

function replyFullStream(call: Call, stream: StreamValue, count: number): void {
  const { reply } = call;
  reply.map(9);
  replyStreamFacts(call, stream);
  reply.bulkText('entries');
  replyRange(call, stream, { start: minId, end: maxId }, count);
  reply.bulkText('groups');
  reply.array(stream.groupCount);
  for (const group of stream.groups()) replyFullGroup(call, stream, group, count);
}

function replyFullGroup(call: Call, stream: StreamValue, group: StreamGroup, count: number): void {
  const { reply } = call;
  const { pending } = group;
  reply.map(7);
  replyName(call, group.name);
  replyProgress(call, stream, group);
  replyNumber(call, 'pel-count', pending.size);
  reply.bulkText('pending');
  const shown = Math.min(count, pending.size);
  reply.array(shown);
  let place = pending.first();
  for (let left = shown; left > 0; left--) {
    reply.array(4);
    replyId(call, pending.readId(place, new StreamId()));
    reply.bulk(Buffer.from(group.ownerAt(place)?.name ?? '', 'latin1'));
    reply.integer(group.deliveredAtMs(place));
    reply.integer(group.deliveriesAt(place));
    place = pending.next(place);
  }
  reply.bulkText('consumers');
  reply.array(group.consumerCount);
  for (const consumer of group.consumers()) replyFullConsumer(call, group, consumer, count);
}

function replyFullConsumer(
  call: Call,
  group: StreamGroup,
  consumer: StreamConsumer,
  count: number,
): void {
  const { reply } = call;
  const { pending } = consumer;
  reply.map(4);
  replyName(call, consumer.name);
  replyNumber(call, 'seen-time', consumer.seenAtMs);
  replyNumber(call, 'pel-count', pending.size);
  reply.bulkText('pending');
  const shown = Math.min(count, pending.size);
  reply.array(shown);
  const id = new StreamId();
  let place = pending.first();
  for (let left = shown; left > 0; left--) {
    const inGroup = group.pending.find(pending.readId(place, id));
    reply.array(3);
    replyId(call, id);
    reply.integer(group.deliveredAtMs(inGroup));
    reply.integer(group.deliveriesAt(inGroup));
    place = pending.next(place);
  }
}

function xinfoGroupsCommand(call: Call): void {
  const stream = streamArgument(call);
  if (stream === null) return;
  const { reply } = call;
  reply.array(stream.groupCount);
  for (const group of stream.groups()) {
    reply.map(6);
    replyName(call, group.name);
    replyNumber(call, 'consumers', group.consumerCount);
    replyNumber(call, 'pending', group.pending.size);
    replyProgress(call, stream, group);
  }
}

function xinfoConsumersCommand(call: Call): void {
  const stream = streamArgument(call);
  if (stream === null) return;
  const group = stream.group(call.text(3));
  if (group === null) {
    call.error(noSuchGroup(call, { keyIndex: 2, groupIndex: 3 }));
    return;
  }
  const { reply, keyspace } = call;
  reply.array(group.consumerCount);
  for (const consumer of group.consumers()) {
    reply.map(3);
    replyName(call, consumer.name);
    replyNumber(call, 'pending', consumer.pending.size);
    replyNumber(call, 'idle', Math.max(0, keyspace.nowMs - consumer.seenAtMs));
  }
}

/** Null after an error. */
function streamArgument(call: Call): StreamValue | null {
  const ref = call.lookupRead(2);
  if (ref !== 0) return readAs(call, ref, StreamValue);
  call.error(errorReplies.noSuchKey);
  return null;
}

/** How far a group has been served, as far as it is known. */
function replyProgress(call: Call, stream: StreamValue, group: StreamGroup): void {
  const { reply } = call;
  reply.bulkText('last-delivered-id');
  replyId(call, group.lastId);
  reply.bulkText('entries-read');
  if (group.entriesRead === entriesReadUnknown) reply.nil();
  else reply.integer(group.entriesRead);
  const lag = stream.lag(group);
  reply.bulkText('lag');
  if (lag === null) reply.nil();
  else reply.integer(lag);
}

function replyName(call: Call, name: string): void {
  call.reply.bulkText('name');
  call.reply.bulk(Buffer.from(name, 'latin1'));
}

function replyNumber(call: Call, name: string, value: number | bigint): void {
  call.reply.bulkText(name);
  // Redis counts without a sign and shows with one.
  call.reply.integer(typeof value === 'bigint' ? BigInt.asIntN(64, value) : value);
}
