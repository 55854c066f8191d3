/**
 * COMMAND DOCS: the rows of the command table for people, with what arguments each command takes
 * (command-arguments.ts). Of Redis's columns those are missing that are sentences about its history.
 */
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Command } from '../command.ts';
import type { CommandArgument, CommandArguments } from './command-arguments.ts';

/** Commands that are for servers among themselves and for tests. [7.0] */
const systemCommands = new Set(['pfdebug', 'pfselftest', 'replconf', 'restore-asking', 'debug']);

/** Commands that others have taken the place of, by the version that brought those. [7.0] */
const deprecated: readonly (readonly [since: string, ...commands: string[]])[] = [
  ['2.0.0', 'substr'],
  ['4.0.0', 'hmset'],
  ['5.0.0', 'cluster|slaves', 'slaveof'],
  ['6.2.0', 'getset', 'rpoplpush', 'brpoplpush'],
  ['6.2.0', 'zrangebylex', 'zrangebyscore', 'zrevrange', 'zrevrangebylex', 'zrevrangebyscore'],
  ['6.2.0', 'georadius', 'georadius_ro', 'georadiusbymember', 'georadiusbymember_ro'],
  ['7.0.0', 'cluster|slots'],
];

/** A command's name and its description; the caller has opened the map. */
export function replyCommandDocs(
  reply: ReplyWriter,
  command: Command,
  commandArguments: CommandArguments,
): void {
  const { fullName, spec, subcommands } = command;
  const deprecatedSince = deprecated.find(([, ...names]) => names.includes(fullName))?.[0];
  const isSystem = systemCommands.has(fullName);
  const list = commandArguments.of(fullName);
  const isFlagged = isSystem || deprecatedSince !== undefined;
  const optional = [isFlagged, deprecatedSince, list.length > 0, subcommands].filter(Boolean);
  reply.bulkText(fullName);
  reply.map(4 + optional.length);
  replyPair(reply, 'summary', spec.summary);
  replyPair(reply, 'since', spec.since);
  replyPair(reply, 'group', spec.group);
  replyPair(reply, 'complexity', spec.complexity);
  if (isFlagged) replyFlags(reply, 'doc_flags', [isSystem ? 'syscmd' : 'deprecated']);
  if (deprecatedSince !== undefined) replyPair(reply, 'deprecated_since', deprecatedSince);
  if (list.length > 0) replyArguments(reply, list);
  if (subcommands === null) return;
  reply.bulkText('subcommands');
  reply.map(subcommands.size);
  for (const subcommand of subcommands.values()) {
    replyCommandDocs(reply, subcommand, commandArguments);
  }
}

function replyArguments(reply: ReplyWriter, list: readonly CommandArgument[]): void {
  reply.bulkText('arguments');
  reply.array(list.length);
  for (const argument of list) replyArgument(reply, argument);
}

function replyArgument(reply: ReplyWriter, argument: CommandArgument): void {
  const { flags, keySpecIndex, parts } = argument;
  const texts = [
    ['token', argument.token],
    ['since', argument.since],
    ['deprecated_since', argument.deprecatedSince],
  ] as const;
  const optional = [keySpecIndex, ...texts.map(([, text]) => text)].filter(
    (column) => column !== undefined,
  );
  reply.map(2 + optional.length + Number(flags.length > 0) + Number(parts.length > 0));
  replyPair(reply, 'name', argument.name);
  replyPair(reply, 'type', argument.type);
  if (keySpecIndex !== undefined) {
    reply.bulkText('key_spec_index');
    reply.integer(keySpecIndex);
  }
  for (const [name, text] of texts) if (text !== undefined) replyPair(reply, name, text);
  if (flags.length > 0) replyFlags(reply, 'flags', flags);
  if (parts.length > 0) replyArguments(reply, parts);
}

/** Status replies, as Redis sends words that come from a table. */
function replyFlags(reply: ReplyWriter, name: string, flags: readonly string[]): void {
  reply.bulkText(name);
  reply.set(flags.length);
  for (const flag of flags) reply.simple(flag);
}

function replyPair(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name);
  reply.bulkText(value);
}
