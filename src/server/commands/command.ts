/** COMMAND: the command table, described to clients. Its rows become replies in `command-info.ts`. */
import { globMatch } from '../../util/glob.ts';
import type { Call } from '../call.ts';
import type { Command, CommandSpec, Handler } from '../command.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { CommandArguments } from './command-arguments.ts';
import { replyCommandDocs } from './command-docs.ts';
import { categoriesOf, replyCommandInfo } from './command-info.ts';
import { getkeysandflagsCommand, getkeysCommand } from './command-keys.ts';

/** name, arity, since, handler, summary */
type Row = readonly [string, number, string, Handler, string];

const rows: readonly Row[] = [
  ['count', 2, '2.8.13', countCommand, 'Tells how many commands there are.'],
  ['docs', -2, '7.0.0', docsCommand, 'Describes commands to people.'],
  ['getkeys', -4, '2.8.13', getkeysCommand, 'Picks the keys out of a request.'],
  ['getkeysandflags', -4, '7.0.0', getkeysandflagsCommand, 'The same, with what happens to them.'],
  ['help', 2, '5.0.0', helpCommand, 'Lists what COMMAND can do.'],
  ['info', -2, '2.8.13', infoCommand, 'Describes commands to programs.'],
  ['list', -2, '7.0.0', listCommand, 'Names the commands.'],
];

export const commandCommands: readonly CommandSpec[] = [
  {
    name: 'command',
    arity: -1,
    flags: ['loading', 'stale'],
    categories: ['connection'],
    group: 'server',
    since: '2.8.13',
    summary: 'Describes all commands to programs.',
    complexity: 'O(N) for all commands',
    handler: (call) => replyInfos(call, [...call.server.commands.all.values()]),
    subcommands: rows.map(([name, arity, since, handler, summary]) => ({
      name,
      arity,
      flags: ['loading', 'stale'],
      categories: ['connection'],
      group: 'server',
      since,
      summary,
      complexity: name === 'count' || name === 'help' ? 'O(1)' : 'O(N) for the commands asked for',
      handler,
    })),
  },
];

const help: readonly HelpRow[] = [
  ['(alone)', 'Describes all commands to programs.'],
  ['COUNT', 'Tells how many commands there are.'],
  ['DOCS [<command> ...]', 'Describes commands to people: all, or those named.'],
  ['GETKEYS <request>', 'Picks the keys out of a request.'],
  ['GETKEYSANDFLAGS <request>', 'The same, with what the request does to each.'],
  ['INFO [<command> ...]', 'Describes commands to programs: all, or those named.'],
  [
    'LIST [FILTERBY MODULE|ACLCAT|PATTERN <value>]',
    'Names all commands, or those of an ACL category or with a name that fits.',
  ],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'COMMAND', help);
}

function countCommand(call: Call): void {
  call.reply.integer(call.server.commands.all.size);
}

function infoCommand(call: Call): void {
  const { all } = call.server.commands;
  replyInfos(call, call.argc === 2 ? [...all.values()] : namedCommands(call));
}

function replyInfos({ reply }: Call, commands: readonly (Command | null)[]): void {
  reply.array(commands.length);
  for (const command of commands) replyCommandInfo(reply, command);
}

function docsCommand(call: Call): void {
  const { all } = call.server.commands;
  const asked = call.argc === 2 ? [...all.values()] : namedCommands(call);
  const commands = asked.filter((command) => command !== null);
  call.reply.map(commands.length);
  const commandArguments = new CommandArguments();
  for (const command of commands) replyCommandDocs(call.reply, command, commandArguments);
}

/** In the order asked for, null where there is none of that name. */
function namedCommands(call: Call): (Command | null)[] {
  const commands: (Command | null)[] = [];
  for (let index = 2; index < call.argc; index++) {
    commands.push(call.server.commands.byName(call.text(index)));
  }
  return commands;
}

function listCommand(call: Call): void {
  const filter = parseFilter(call);
  if (filter === null) {
    call.syntaxError();
    return;
  }
  const names: string[] = [];
  for (const command of call.server.commands.all.values()) {
    for (const each of [command, ...(command.subcommands?.values() ?? [])]) {
      if (filter(each)) names.push(each.fullName);
    }
  }
  call.reply.array(names.length);
  for (const name of names) call.reply.bulkText(name);
}

/** Null for a syntax error. */
function parseFilter(call: Call): ((command: Command) => boolean) | null {
  if (call.argc === 2) return () => true;
  if (call.argc !== 5 || !call.is(2, 'filterby')) return null;
  const value = call.text(4);
  if (call.is(3, 'module')) return () => false;
  if (call.is(3, 'aclcat')) {
    const category = value.toLowerCase();
    return (command) => categoriesOf(command).includes(category);
  }
  if (call.is(3, 'pattern')) return (command) => globMatch(value, command.fullName, true);
  return null;
}
