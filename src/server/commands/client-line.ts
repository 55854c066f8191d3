/**
 * One client as CLIENT LIST and CLIENT INFO show it: a line of fields in the order of Redis 7.0.15,
 * and the type that CLIENT LIST TYPE and CLIENT KILL TYPE go by.
 *
 * What this server has not got is printed as Redis prints "none": file descriptors (-1), tracking,
 * and a reply buffer of each client's own (all share one).
 */
import { BlockedClient } from '../blocked-clients.ts';
import type { Call } from '../call.ts';
import { type Client, clientFlags } from '../client.ts';
import { clientMemoryBytes } from '../client-memory.ts';

export const clientTypes = ['normal', 'master', 'replica', 'pubsub'] as const;
export type ClientType = (typeof clientTypes)[number];

/** The type named by a word in any case, null when there is none such. */
export function parseClientType(word: string): ClientType | null {
  const lower = word.toLowerCase();
  return clientTypes.find((type) => type === lower) ?? (lower === 'slave' ? 'replica' : null);
}

export function typeOf(client: Client): ClientType {
  if (client.has(clientFlags.master)) return 'master';
  if (client.has(clientFlags.replica)) return 'replica';
  return client.has(clientFlags.pubsub) ? 'pubsub' : 'normal';
}

/** `call` is the one that asks: its arguments count as held by its client. */
export function clientLine(client: Client, call: Call): string {
  const nowMs = call.server.clock.now();
  const { pending, subscriptions, transport } = client;
  const argvBytes = client === call.client ? argumentBytes(call) : blockedBytes(client);
  const fields: [string, string | number][] = [
    ['id', client.id],
    ['addr', transport.address],
    ['laddr', transport.localAddress],
    ['fd', -1],
    ['name', client.name],
    ['age', Math.floor((nowMs - client.createdAtMs) / 1000)],
    ['idle', Math.floor((nowMs - client.lastInteractionMs) / 1000)],
    ['flags', flagLetters(client)],
    ['db', client.db.id],
    ['sub', subscriptions?.channel.size ?? 0],
    ['psub', subscriptions?.pattern.size ?? 0],
    ['ssub', subscriptions?.shard.size ?? 0],
    ['multi', client.has(clientFlags.multi) ? client.queue.length : -1],
    ['qbuf', pending.length - pending.argumentStart + client.inputAtHand],
    ['qbuf-free', pending.buffer.length - pending.length],
    ['argv-mem', argvBytes],
    ['multi-mem', client.queueBytes],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', transport.pendingBytes > 0 ? 1 : 0],
    ['omem', transport.pendingBytes],
    ['tot-mem', clientMemoryBytes(client) + argvBytes],
    ['events', transport.pendingBytes > 0 ? 'rw' : 'r'],
    ['cmd', client.lastCommand?.fullName ?? 'NULL'],
    ['user', client.has(clientFlags.master) ? '(superuser)' : client.user],
    ['redir', -1],
    ['resp', client.resp3 ? 3 : 2],
  ];
  // Redis 7.0 does not know them: they are shown when they are given.
  if (client.libName !== '') fields.push(['lib-name', client.libName]);
  if (client.libVer !== '') fields.push(['lib-ver', client.libVer]);
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** The letters of `flags=`, in the order in which Redis prints them. */
const letters: readonly (readonly [letter: string, has: (client: Client) => boolean])[] = [
  ['O', (client) => client.has(clientFlags.monitor)],
  ['S', (client) => client.has(clientFlags.replica)],
  ['M', (client) => client.has(clientFlags.master)],
  ['P', (client) => client.has(clientFlags.pubsub)],
  ['x', (client) => client.has(clientFlags.multi)],
  ['b', (client) => client.has(clientFlags.blocked)],
  ['d', (client) => client.dirtyCas],
  ['c', (client) => client.has(clientFlags.closeAfterReply)],
  ['U', (client) => client.has(clientFlags.unixSocket)],
  ['e', (client) => client.has(clientFlags.noEvict)],
  ['T', (client) => client.has(clientFlags.noTouch)],
];

function flagLetters(client: Client): string {
  const shown = letters.filter(([, has]) => has(client)).map(([letter]) => letter);
  return shown.join('') || 'N';
}

/** What a client that waits in a command has of it. */
function blockedBytes({ blocked }: Client): number {
  return blocked instanceof BlockedClient ? blocked.request.buffer.length : 0;
}

function argumentBytes(call: Call): number {
  let bytes = 0;
  for (let index = 0; index < call.argc; index++) bytes += call.argLength(index);
  return bytes;
}
