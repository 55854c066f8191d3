/**
 * Opens the sockets that the configuration asks for: every `bind` address at `port`, and the Unix
 * socket. All or nothing: when one that is not optional fails, those opened are closed again.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { type Config, pathOf } from './config.ts';
import type { Logger } from './log.ts';

/** An optional address (`-::1`) may be missing on this machine. */
const missingAddressCodes = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT']);

export interface Listeners {
  readonly tcp: readonly Server[];
  /** The Unix socket and its path. */
  readonly unix: { readonly server: Server; readonly path: string } | null;
}

/** Resolves once all listen; rejects with the first failure, described for the operator. */
export async function openListeners(config: Config, log: Logger): Promise<Listeners> {
  const tcp: Server[] = [];
  try {
    for (const address of config.values.port === 0 ? [] : config.values.bind) {
      const server = await openTcp(address, config, log);
      if (server !== null) tcp.push(server);
    }
    return { tcp, unix: await openUnix(config) };
  } catch (error) {
    for (const server of tcp) server.close();
    throw error;
  }
}

/** Stops listening, and removes the Unix socket's file. */
export function closeListeners({ tcp, unix }: Listeners): void {
  for (const server of tcp) server.close();
  unix?.server.close();
  if (unix !== null) rmSync(unix.path, { force: true });
}

async function openTcp(bound: string, config: Config, log: Logger): Promise<Server | null> {
  const optional = bound.startsWith('-');
  const address = optional ? bound.slice(1) : bound;
  const { port, tcpBacklog: backlog } = config.values;
  try {
    return await open({ port, backlog, ...hostOf(address) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (optional && missingAddressCodes.has(code ?? '')) {
      log.verbose(`Not listening on ${address}: ${message}`);
      return null;
    }
    const why = code === 'EADDRINUSE' ? 'Address already in use' : message;
    throw new Error(`Could not listen on ${address}:${port}: ${why}`, { cause: error });
  }
}

async function openUnix(config: Config): Promise<Listeners['unix']> {
  const path = pathOf(config.values.unixsocket ?? '');
  if (path === '') return null;
  rmSync(path, { force: true });
  const server = await open({ path });
  const mode = config.values.unixsocketperm;
  if (mode !== 0) chmodSync(path, mode);
  return { server, path };
}

function open(options: ListenOptions): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

/** `*` and `::*` are redis.conf's words for all addresses of one family. */
function hostOf(address: string): ListenOptions {
  if (address === '*') return { host: '0.0.0.0' };
  if (address === '::*') return { host: '::', ipv6Only: true };
  return { host: address, ipv6Only: address.includes(':') };
}
