/** MONITOR: shows every command, as it is about to run, to the clients that asked to watch. */
import type { Call } from './call.ts';
import { type Client, clientFlags } from './client.ts';
import { type Command, commandFlags } from './command.ts';
import type { ServerContext } from './context.ts';

export function showMonitors(server: ServerContext, call: Call, command: Command): void {
  if (server.clients.monitors.size === 0 || server.gates.loading) return;
  if ((command.bits & (commandFlags.skip_monitor | commandFlags.admin)) !== 0) return;
  const line = Buffer.from(monitorLine(server, call), 'latin1');
  for (const monitor of server.clients.monitors) monitor.transport.write(line);
}

function monitorLine(server: ServerContext, call: Call): string {
  const now = server.clock.now();
  const seconds = Math.floor(now / 1000);
  const micros = String(Math.floor((now % 1000) * 1000)).padStart(6, '0');
  const words: string[] = [];
  for (let index = 0; index < call.argc; index++) words.push(quote(call.text(index)));
  return `+${seconds}.${micros} [${call.client.db.id} ${origin(call.client)}] ${words.join(' ')}\r\n`;
}

function origin(client: Client): string {
  if (client.has(clientFlags.unixSocket)) return `unix:${client.transport.localAddress}`;
  return client.transport.address;
}

const escapes: Record<string, string> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

/** Quotes latin1 text so that it stays on one line, as Redis prints arguments. */
export function quote(text: string): string {
  let out = '"';
  for (const character of text) {
    const escape = escapes[character];
    const code = character.charCodeAt(0);
    if (escape !== undefined) out += escape;
    else if (code < 32 || code > 126) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else out += character;
  }
  return `${out}"`;
}
