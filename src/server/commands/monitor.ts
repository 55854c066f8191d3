/** MONITOR: this connection is shown every command from now on; see `../monitor.ts`. */
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import type { CommandSpec } from '../command.ts';

export const monitorCommands: readonly CommandSpec[] = [
  {
    name: 'monitor',
    arity: 1,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Shows every command that the server runs, as it runs.',
    complexity: 'O(1)',
    handler: monitorCommand,
  },
];

function monitorCommand(call: Call): void {
  const { client, server } = call;
  // Inside EXEC the replies of a transaction and the feed would get mixed.
  if (client.has(clientFlags.multi)) {
    call.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  // A replica's connection belongs to the stream; it is told nothing. [Redis 7.0]
  if (client.has(clientFlags.replica)) return;
  client.set(clientFlags.monitor, true);
  server.clients.monitors.add(client);
  call.reply.ok();
}
