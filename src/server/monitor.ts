/** MONITOR: shows every command, as it has run, to the clients that asked to watch. */
import { quoteArg } from '../redis-conf/split-args.ts';
import type { Call } from './call.ts';
import { type Client, clientFlags } from './client.ts';
import type { Command } from './command.ts';
import { commandFlags } from './command-flags.ts';
import type { ServerContext } from './context.ts';

export function showMonitors(server: ServerContext, call: Call, command: Command): void {
  if (server.clients.monitors.size === 0 || server.gates.loading === 'exclusive') return;
  if ((command.bits & (commandFlags.skip_monitor | commandFlags.admin)) !== 0) return;
  const line = Buffer.from(monitorLine(server, call), 'latin1');
  for (const monitor of server.clients.monitors) server.executor.push(monitor, line);
}

function monitorLine(server: ServerContext, call: Call): string {
  const now = server.clock.now();
  const seconds = Math.floor(now / 1000);
  const micros = String(Math.floor((now % 1000) * 1000)).padStart(6, '0');
  const words: string[] = [];
  for (let index = 0; index < call.argc; index++) {
    words.push(call.secrets.includes(index) ? '"(redacted)"' : quoteArg(call.text(index)));
  }
  return `+${seconds}.${micros} [${call.client.db.id} ${origin(call.client)}] ${words.join(' ')}\r\n`;
}

function origin(client: Client): string {
  if (client.has(clientFlags.unixSocket)) return `unix:${client.transport.localAddress}`;
  return client.transport.address;
}
