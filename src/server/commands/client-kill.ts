/**
 * CLIENT KILL: by address, or by filters that must all fit. Replicas' connections are clients like
 * any other; the link to our own master is no client here but can be killed as one. Both come back
 * by themselves.
 */
import type { Call } from '../call.ts';
import type { Client } from '../client.ts';
import { type ClientType, parseClientType, typeOf } from './client-line.ts';

interface KillFilter {
  id?: number;
  type?: ClientType;
  addr?: string;
  laddr?: string;
  user?: string;
  skipMe: boolean;
}

export function clientKillCommand(call: Call): void {
  if (call.argc === 3) {
    killAddress(call, call.text(2));
    return;
  }
  const filter = parseFilter(call);
  if (filter === null) return;
  const doomed = call.server.clients.all().filter((client) => fits(client, filter, call.client));
  for (const client of doomed) kill(call, client);
  call.reply.integer(doomed.length + (fitsMasterLink(call, filter) ? killMasterLink(call) : 0));
}

/** The form before 2.8.12: answers OK or an error instead of a count. */
function killAddress(call: Call, address: string): void {
  const found = call.server.clients.all().find(({ transport }) => transport.address === address);
  if (found !== undefined) {
    kill(call, found);
    call.reply.ok();
  } else if (address === masterLinkAddress(call)) {
    killMasterLink(call);
    call.reply.ok();
  } else {
    call.error('ERR No such client');
  }
}

/** Oneself only after having heard of it. */
function kill(call: Call, client: Client): void {
  call.server.executor.close(client, client === call.client ? 'after-reply' : 'now');
}

/** `host:port` of the master that we are connected to, null without one. */
function masterLinkAddress({ server }: Call): string | null {
  const { linkState, master } = server.replication;
  return linkState === 'connected' && master !== undefined ? `${master.host}:${master.port}` : null;
}

function fitsMasterLink(call: Call, { id, type, addr, laddr, user }: KillFilter): boolean {
  const address = masterLinkAddress(call);
  if (address === null || id !== undefined || laddr !== undefined || user !== undefined)
    return false;
  if (type !== undefined && type !== 'master') return false;
  return addr === undefined ? type === 'master' : addr === address;
}

/** Tells how many were killed: one. */
function killMasterLink({ server }: Call): number {
  server.replication.disconnectMaster('killed by CLIENT KILL');
  return 1;
}

function fits(client: Client, filter: KillFilter, me: Client): boolean {
  if (filter.addr !== undefined && client.transport.address !== filter.addr) return false;
  if (filter.laddr !== undefined && client.transport.localAddress !== filter.laddr) return false;
  if (filter.type !== undefined && typeOf(client) !== filter.type) return false;
  if (filter.id !== undefined && client.id !== filter.id) return false;
  if (filter.user !== undefined && client.user !== filter.user) return false;
  return client !== me || !filter.skipMe;
}

/** Null when an error has been replied. */
function parseFilter(call: Call): KillFilter | null {
  const filter: KillFilter = { skipMe: true };
  for (let index = 2; index < call.argc; index += 2) {
    if (index + 1 === call.argc) return refuse(call, 'ERR syntax error');
    const problem = addOption(filter, call, index);
    if (problem !== null) return refuse(call, problem);
  }
  return filter;
}

/** Takes the option at `index` and its value; returns an error or null. */
function addOption(filter: KillFilter, call: Call, index: number): string | null {
  const value = call.text(index + 1);
  switch (call.text(index).toLowerCase()) {
    case 'id': {
      const id = call.integer(index + 1);
      if (!(id > 0)) return 'ERR client-id should be greater than 0';
      filter.id = id;
      return null;
    }
    case 'type': {
      const type = parseClientType(value);
      if (type === null) return `ERR Unknown client type '${value}'`;
      filter.type = type;
      return null;
    }
    case 'addr':
      filter.addr = value;
      return null;
    case 'laddr':
      filter.laddr = value;
      return null;
    case 'user':
      if (value !== 'default') return `ERR No such user '${value}'`;
      filter.user = value;
      return null;
    case 'skipme':
      if (!/^(?:yes|no)$/i.test(value)) return 'ERR syntax error';
      filter.skipMe = value.toLowerCase() === 'yes';
      return null;
    default:
      return 'ERR syntax error';
  }
}

function refuse(call: Call, error: string): null {
  call.error(error);
  return null;
}
