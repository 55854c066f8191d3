/** XGROUP: consumer groups and their consumers made, moved and removed. */
import { badSubcommand } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { entriesReadUnknown } from '../types/stream-group.ts';
import { StreamId } from '../../rdb/structure/stream-id.ts';
import { StreamValue } from '../types/stream-value.ts';
import { shortest } from '../../util/int64.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { bigintArgument } from './generic-arguments.ts';
import { createConsumer, type FoundGroup, noSuchGroup } from './stream-groups.ts';
import { idArgument, idOrEndArgument, isCharacter } from './stream-ids.ts';
import { createAt, readAs } from './values.ts';

const row = {
  categories: ['stream'],
  keys: [2, 2, 1],
  group: 'stream',
  since: '5.0.0',
} as const;
const names = { keyIndex: 2, groupIndex: 3 };

export const streamGroupCommands: readonly CommandSpec[] = [
  {
    name: 'xgroup',
    arity: -2,
    flags: [],
    categories: [],
    group: 'stream',
    since: '5.0.0',
    summary: 'Manages the consumer groups of a stream.',
    complexity: 'Depends on the subcommand',
    subcommands: [
      {
        ...row,
        name: 'create',
        arity: -5,
        flags: ['write', 'denyoom'],
        summary: 'Makes a consumer group that will be served what lies behind an id.',
        complexity: 'O(1)',
        handler: xgroupCreateCommand,
      },
      {
        ...row,
        name: 'setid',
        arity: -5,
        flags: ['write'],
        summary: 'Sets the id behind which a group will be served.',
        complexity: 'O(1)',
        handler: xgroupSetidCommand,
      },
      {
        ...row,
        name: 'destroy',
        arity: 4,
        flags: ['write'],
        summary: 'Removes a consumer group with all that is pending in it.',
        complexity: 'O(n) for n entries pending',
        handler: xgroupDestroyCommand,
      },
      {
        ...row,
        name: 'createconsumer',
        arity: 5,
        flags: ['write', 'denyoom'],
        since: '6.2.0',
        summary: 'Makes a consumer of a group.',
        complexity: 'O(1)',
        handler: xgroupCreateconsumerCommand,
      },
      {
        ...row,
        name: 'delconsumer',
        arity: 5,
        flags: ['write'],
        summary: 'Removes a consumer with what it had pending; returns how much that was.',
        complexity: 'O(n) for n entries pending',
        handler: xgroupDelconsumerCommand,
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
        handler: (call) => replyHelp(call, 'XGROUP', help),
      },
    ],
  },
];

const help: readonly HelpRow[] = [
  [
    'CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]',
    'Makes a group that will be served what lies behind the id, $ being the last one.',
    'With MKSTREAM the stream is made too if there is none.',
    'ENTRIESREAD says how many entries lie up to the id.',
  ],
  ['SETID <key> <group> <id|$> [ENTRIESREAD <count>]', 'Moves a group to another id.'],
  ['DESTROY <key> <group>', 'Removes a group.'],
  ['CREATECONSUMER <key> <group> <consumer>', 'Makes a consumer.'],
  ['DELCONSUMER <key> <group> <consumer>', 'Removes a consumer and what it has pending.'],
];

interface GroupOptions {
  makeStream: boolean;
  entriesRead: number | bigint;
}

function xgroupCreateCommand(call: Call): void {
  const options = readOptions(call, true);
  if (options === null) return;
  const ref = call.lookupWrite(2);
  let stream = ref === 0 ? null : readAs(call, ref, StreamValue);
  if (ref !== 0 && stream === null) return;
  if (stream === null && !options.makeStream) {
    refuseMissingKey(call);
    return;
  }
  if (call.argc > 8) {
    refuseWords(call);
    return;
  }
  const id = new StreamId();
  if (isNow(call)) id.copyFrom(stream?.lastId ?? id);
  else if (!idArgument(call, 4, id)) return;
  const name = call.text(3);
  if (stream !== null && stream.group(name) !== null) {
    call.error('BUSYGROUP Consumer Group name already exists');
    return;
  }
  if (stream === null) {
    stream = new StreamValue(call.keyspace.valueSettings);
    createAt(call, 2, stream);
    call.changed(2, 0);
  } else {
    call.db.dict.valueForWrite(ref);
  }
  const group = stream.createGroup(name);
  group.lastId.copyFrom(id);
  group.entriesRead = options.entriesRead;
  finish(call, 'xgroup-create');
  call.reply.ok();
}

function xgroupSetidCommand(call: Call): void {
  const options = readOptions(call, false);
  if (options === null) return;
  const found = groupToChange(call);
  if (found === null) return;
  if (call.argc > 7) {
    refuseWords(call);
    return;
  }
  const { stream, group } = found;
  const id = new StreamId();
  if (isNow(call)) id.copyFrom(stream.lastId);
  else if (!idOrEndArgument(call, 4, 0, id)) return;
  call.db.dict.valueForWrite(found.ref);
  group.lastId.copyFrom(id);
  group.entriesRead = options.entriesRead;
  finish(call, 'xgroup-setid');
  call.reply.ok();
}

function xgroupDestroyCommand(call: Call): void {
  const ref = call.lookupWrite(2);
  const stream = ref === 0 ? null : readAs(call, ref, StreamValue);
  if (stream === null) {
    if (ref === 0) refuseMissingKey(call);
    return;
  }
  if (stream.group(call.text(3)) === null) {
    call.reply.integer(0);
    return;
  }
  call.db.dict.valueForWrite(ref);
  stream.destroyGroup(call.text(3));
  finish(call, 'xgroup-destroy');
  call.reply.integer(1);
  // Those who wait for the group will hear that it is gone.
  call.signalReady(2);
}

function xgroupCreateconsumerCommand(call: Call): void {
  const found = groupToChange(call);
  if (found === null) return;
  const exists = found.group.consumer(call.text(4)) !== null;
  if (!exists) {
    call.db.dict.valueForWrite(found.ref);
    createConsumer(call, found.group, 4, 2);
  }
  call.reply.integer(exists ? 0 : 1);
}

function xgroupDelconsumerCommand(call: Call): void {
  const found = groupToChange(call);
  if (found === null) return;
  const { group } = found;
  const consumer = group.consumer(call.text(4));
  if (consumer === null) {
    call.reply.integer(0);
    return;
  }
  const pending = consumer.pending.size;
  call.db.dict.valueForWrite(found.ref);
  group.deleteConsumer(consumer);
  finish(call, 'xgroup-delconsumer');
  call.reply.integer(pending);
}

// ---- inside ----

/** From argument 5 on; null after an error. */
function readOptions(call: Call, mayMakeStream: boolean): GroupOptions | null {
  const options: GroupOptions = { makeStream: false, entriesRead: entriesReadUnknown };
  for (let index = 5; index < call.argc; index++) {
    if (mayMakeStream && call.is(index, 'mkstream')) {
      options.makeStream = true;
    } else if (index + 1 < call.argc && call.is(index, 'entriesread')) {
      const value = bigintArgument(call, ++index);
      if (value === null) return null;
      options.entriesRead = shortest(value);
      if (value >= BigInt(entriesReadUnknown)) continue;
      call.error('ERR value for ENTRIESREAD must be positive or -1');
      return null;
    } else {
      refuseWords(call);
      return null;
    }
  }
  return options;
}

function groupToChange(call: Call): FoundGroup | null {
  const ref = call.lookupWrite(2);
  const stream = ref === 0 ? null : readAs(call, ref, StreamValue);
  if (stream === null) {
    if (ref === 0) refuseMissingKey(call);
    return null;
  }
  const group = stream.group(call.text(3));
  if (group !== null) return { ref, stream, group };
  call.error(noSuchGroup(call, names));
  return null;
}

function refuseMissingKey(call: Call): void {
  call.error(
    'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use ' +
      'the MKSTREAM option to create an empty stream automatically.',
  );
}

function refuseWords(call: Call): void {
  call.error(badSubcommand('xgroup', call.text(1)));
}

/** Whether the id is `$`. */
function isNow(call: Call): boolean {
  return isCharacter(call, 4, 36);
}

/** A group is not what WATCH looks at: the change is counted, and told to those who listen. */
function finish(call: Call, event: string): void {
  call.keyspace.dirty++;
  call.notify(notifyClass.stream, event, 2);
}
