/**
 * COMMAND INFO: the rows of the command table as Redis 7.0 shows them to programs, in maps and sets
 * where the client speaks RESP3. How people see them is in command-docs.ts.
 */
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Command } from '../command.ts';
import { commandFlags, type CommandFlag } from '../command-flags.ts';
import { type KeySpec, keySpecsOf, tipsOf } from './command-key-specs.ts';

/** Flags that Redis keeps to itself. [7.0] */
const hiddenFlags: readonly CommandFlag[] = [
  'protected',
  'may_replicate',
  'touches_arbitrary_keys',
  'propagates_apart',
];
/** Flags that are shown, in order. */
const shownFlags = (Object.keys(commandFlags) as CommandFlag[]).filter(
  (flag) => !hiddenFlags.includes(flag),
);

/** All ACL categories, in the order in which a command's are shown. */
const allCategories =
  'keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking dangerous connection transaction scripting'.split(
    ' ',
  );

/** ACL categories of a command: those of its row, and those that follow from its flags. */
export function categoriesOf(command: Command): string[] {
  const own = new Set(command.spec.categories);
  if (command.has('write')) own.add('write');
  if (command.has('readonly') && !own.has('scripting')) own.add('read');
  if (command.has('admin')) own.add('admin').add('dangerous');
  if (command.has('pubsub')) own.add('pubsub');
  if (command.has('blocking')) own.add('blocking');
  own.add(command.has('fast') ? 'fast' : 'slow');
  return allCategories.filter((category) => own.has(category));
}

export function replyCommandInfo(reply: ReplyWriter, command: Command | null): void {
  if (command === null) {
    reply.nil();
    return;
  }
  const [first, last, step] = command.spec.keys ?? [0, 0, 0];
  const subcommands = [...(command.subcommands?.values() ?? [])];
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(command.arity);
  replyWords(
    reply,
    shownFlags.filter((flag) => command.has(flag)),
  );
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  replyWords(
    reply,
    categoriesOf(command).map((category) => `@${category}`),
  );
  const tips = tipsOf(command);
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  const specs = keySpecsOf(command);
  reply.set(specs.length);
  for (const spec of specs) replyKeySpec(reply, spec);
  if (subcommands.length === 0) reply.set(0);
  else reply.array(subcommands.length);
  for (const subcommand of subcommands) replyCommandInfo(reply, subcommand);
}

/** Status replies, as Redis sends words that come from a table. */
function replyWords(reply: ReplyWriter, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

function replyKeySpec(reply: ReplyWriter, { notes, flags, begin, range }: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) replyPair(reply, 'notes', notes);
  reply.bulkText('flags');
  replyWords(reply, flags);
  reply.bulkText('begin_search');
  if (begin === 'unknown') replySearch(reply, 'unknown', []);
  else if (typeof begin === 'number') replySearch(reply, 'index', [['index', begin]]);
  else {
    const { keyword, startFrom } = begin;
    replySearch(reply, 'keyword', [
      ['keyword', keyword],
      ['startfrom', startFrom],
    ]);
  }
  reply.bulkText('find_keys');
  if (range === 'unknown') replySearch(reply, 'unknown', []);
  else if (range === 'counted') {
    replySearch(reply, 'keynum', [
      ['keynumidx', 0],
      ['firstkey', 1],
      ['keystep', 1],
    ]);
  } else {
    replySearch(reply, 'range', [
      ['lastkey', range[0]],
      ['keystep', range[1]],
      ['limit', range[2] ?? 0],
    ]);
  }
}

function replySearch(
  reply: ReplyWriter,
  type: string,
  spec: readonly (readonly [string, string | number])[],
): void {
  reply.map(2);
  replyPair(reply, 'type', type);
  reply.bulkText('spec');
  reply.map(spec.length);
  for (const [name, value] of spec) {
    reply.bulkText(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkText(value);
  }
}

function replyPair(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name);
  reply.bulkText(value);
}
