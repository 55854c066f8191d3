/** The server itself: its time, its end, and LOLWUT. */
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import type { CommandSpec } from '../command.ts';
import type { ShutdownRequest } from '../context.ts';
import { lolwutRow } from './lolwut.ts';

export const serverCommands: readonly CommandSpec[] = [
  {
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: [],
    group: 'server',
    since: '2.6.0',
    summary: "Tells the server's time: Unix seconds, and microseconds.",
    complexity: 'O(1)',
    handler: timeCommand,
  },
  {
    name: 'shutdown',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Saves if it should, and ends the server.',
    complexity: 'O(N) for all keys when it saves, else O(1)',
    handler: shutdownCommand,
  },
  lolwutRow,
];

function timeCommand({ reply, server }: Call): void {
  const nowMs = server.clock.now();
  reply.array(2);
  reply.bulkText(String(Math.floor(nowMs / 1000)));
  reply.bulkText(String(Math.floor((nowMs % 1000) * 1000)));
}

function shutdownCommand(call: Call): void {
  const { client, server } = call;
  const request = parseShutdown(call);
  if (request === null) {
    call.syntaxError();
    return;
  }
  if (request === 'abort') {
    if (server.abortShutdown()) call.reply.ok();
    else call.error('ERR No shutdown in progress.');
    return;
  }
  server.propagation.flushRun();
  client.set(clientFlags.blocked, true);
  client.blocked = { kind: 'shutdown', cancel: () => undefined };
  const loading = server.gates.loading === 'exclusive' ? ({ save: 'nosave' } as const) : {};
  void answerShutdown(call, { ...request, ...loading });
}

/** A client hears from SHUTDOWN only when it failed. */
async function answerShutdown({ client, server }: Call, request: ShutdownRequest): Promise<void> {
  const error = await server.shutdown(request);
  if (error === null || client.has(clientFlags.closed)) return;
  server.stats.countError(error);
  client.transport.write(Buffer.from(`-${error}\r\n`));
  client.blocked = null;
  client.set(clientFlags.blocked, false);
  server.executor.resumeInput(client);
}

/** Null for a syntax error. */
function parseShutdown(call: Call): ShutdownRequest | 'abort' | null {
  const asked = new Set<string>();
  for (let index = 1; index < call.argc; index++) asked.add(call.text(index).toLowerCase());
  for (const word of asked) {
    if (!['nosave', 'save', 'now', 'force', 'abort'].includes(word)) return null;
  }
  if (asked.has('abort')) return asked.size === 1 ? 'abort' : null;
  if (asked.has('save') && asked.has('nosave')) return null;
  const save = asked.has('save') ? 'save' : asked.has('nosave') ? 'nosave' : 'auto';
  return { save, force: asked.has('force'), now: asked.has('now') };
}
