/** MODULE: there are none, and none can be loaded: they are machine code for redis-server. */
import type { Call } from '../call.ts';
import type { CommandSpec, Handler } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { protectedRefusal } from './protected-gate.ts';

const changing: readonly CommandFlag[] = ['admin', 'noscript', 'no_async_loading', 'protected'];

/** name, arity, flags, since, handler, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, Handler, string];

const rows: readonly Row[] = [
  ['help', 2, ['loading', 'stale'], '5.0.0', helpCommand, 'Lists what MODULE can do.'],
  ['list', 2, ['admin', 'noscript'], '4.0.0', listCommand, 'Shows the modules: there are none.'],
  ['load', -3, changing, '4.0.0', loadCommand, 'Fails: modules cannot be loaded here.'],
  ['loadex', -3, changing, '7.0.0', loadCommand, 'Fails: modules cannot be loaded here.'],
  ['unload', 3, changing, '4.0.0', unloadCommand, 'Fails: there are no modules.'],
];

export const moduleCommands: readonly CommandSpec[] = [
  {
    name: 'module',
    arity: -2,
    flags: [],
    categories: ['slow'],
    group: 'server',
    since: '4.0.0',
    summary: 'Manages modules, of which there are none.',
    complexity: 'O(1)',
    subcommands: rows.map(([name, arity, flags, since, handler, summary]) => ({
      name,
      arity,
      flags,
      categories: [],
      group: 'server',
      since,
      summary,
      complexity: 'O(1)',
      handler,
    })),
  },
];

const help: readonly HelpRow[] = [
  ['LIST', 'Shows the modules: there are none.'],
  ['LOAD <path> [<arg> ...]', 'Fails: modules are machine code for redis-server.'],
  ['LOADEX <path> [CONFIG <name> <value> ...] [ARGS <arg> ...]', 'Fails for the same reason.'],
  ['UNLOAD <name>', 'Fails: there is no such module.'],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'MODULE', help);
}

function listCommand({ reply }: Call): void {
  reply.array(0);
}

function loadCommand(call: Call): void {
  const refusal = protectedRefusal(call, call.command);
  if (refusal === null)
    call.server.log.warning(`Module ${call.text(2)} failed to load: no modules`);
  call.error(refusal ?? 'ERR Error loading the extension. Please check the server logs.');
}

function unloadCommand(call: Call): void {
  const refusal = protectedRefusal(call, call.command);
  call.error(refusal ?? 'ERR Error unloading module: no such module with that name');
}
