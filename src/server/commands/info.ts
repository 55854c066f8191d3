/** INFO: the text; what it says is `../info.ts`. */
import { printInfo } from '../../protocol/info.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { infoSections } from '../info/sections.ts';

export const infoCommands: readonly CommandSpec[] = [
  {
    name: 'info',
    arity: -1,
    flags: ['loading', 'stale'],
    categories: ['dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Shows the state of the server: all usual sections, or those named.',
    complexity: 'O(1), and O(N) for connections',
    handler: infoCommand,
  },
];

function infoCommand(call: Call): void {
  const words = Array.from({ length: call.argc - 1 }, (_, at) => call.text(at + 1).toLowerCase());
  // The figures of replication count everything up to this command.
  call.server.propagation.flushRun();
  call.reply.verbatim(printInfo(infoSections(call.server, words)));
}
