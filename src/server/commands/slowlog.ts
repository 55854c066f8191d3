/** SLOWLOG: shows the log of slow commands, `../slowlog.ts`. */
import type { Call } from '../call.ts';
import type { CommandSpec, Handler } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import type { SlowlogEntry } from '../slowlog.ts';
import { type HelpRow, replyHelp } from './command-help.ts';

const byAdmin: readonly CommandFlag[] = ['admin', 'loading', 'stale'];
const defaultCount = 10;

/** name, arity, flags, since, complexity, handler, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, string, Handler, string];

const rows: readonly Row[] = [
  ['get', -2, byAdmin, '2.2.12', 'O(n) for n entries', getCommand, 'Shows the latest entries.'],
  ['help', 2, ['loading', 'stale'], '6.2.0', 'O(1)', helpCommand, 'Lists what SLOWLOG can do.'],
  ['len', 2, byAdmin, '2.2.12', 'O(1)', lenCommand, 'Counts the entries.'],
  ['reset', 2, byAdmin, '2.2.12', 'O(1)', resetCommand, 'Drops all entries.'],
];

export const slowlogCommands: readonly CommandSpec[] = [
  {
    name: 'slowlog',
    arity: -2,
    flags: [],
    categories: ['slow'],
    group: 'server',
    since: '2.2.12',
    summary: 'Shows which commands took long.',
    complexity: 'see the subcommands',
    subcommands: rows.map(([name, arity, flags, since, complexity, handler, summary]) => ({
      name,
      arity,
      flags,
      categories: [],
      group: 'server',
      since,
      summary,
      complexity,
      handler,
    })),
  },
];

const help: readonly HelpRow[] = [
  [
    'GET [<count>]',
    'Shows the latest entries, 10 unless told, all for -1. One is: number, Unix time,',
    'microseconds, arguments, client address, client name.',
  ],
  ['LEN', 'Counts the entries.'],
  ['RESET', 'Drops all entries.'],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'SLOWLOG', help);
}

function getCommand(call: Call): void {
  if (call.argc > 3) {
    call.error(
      `ERR unknown subcommand or wrong number of arguments for '${call.text(1)}'. Try SLOWLOG HELP.`,
    );
    return;
  }
  const count = call.argc === 3 ? call.integer(2) : defaultCount;
  if (!(count >= -1)) {
    call.error('ERR count should be greater than or equal to -1');
    return;
  }
  const { slowlog } = call.server;
  const entries = slowlog.latest(count === -1 ? slowlog.length : count);
  call.reply.array(entries.length);
  for (const entry of entries) replyEntry(call, entry);
}

function replyEntry({ reply }: Call, entry: SlowlogEntry): void {
  reply.array(6);
  reply.integer(entry.id);
  reply.integer(entry.timeSec);
  reply.integer(entry.durationUsec);
  reply.array(entry.args.length);
  for (const arg of entry.args) reply.bulk(arg);
  reply.bulkText(entry.clientAddress);
  reply.bulkText(entry.clientName);
}

function lenCommand(call: Call): void {
  call.reply.integer(call.server.slowlog.length);
}

function resetCommand(call: Call): void {
  call.server.slowlog.reset();
  call.reply.ok();
}
