/**
 * Opens the sockets that the configuration asks for: every `bind` address at `port`, and the Unix
 * socket. All or nothing: when one that is not optional fails, those opened are closed again.
 * Who connects before the server serves is kept waiting, not lost.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { systemMessage } from '../redis-conf/conf-file.ts';
import { type Config, pathOf } from './config.ts';
import type { Logger } from './log.ts';

/** An optional address (`-::1`) may be missing on this machine. */
const missingAddressCodes = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT']);

export interface Listener {
  readonly server: Server;
  /** The path of a Unix socket, null for TCP. */
  readonly unixPath: string | null;
  /** Those who connected before `serveListeners`. */
  readonly early: Socket[];
}

/** Resolves once all listen; rejects with the first failure, described for the operator. */
export async function openListeners(config: Config, log: Logger): Promise<Listener[]> {
  const opened: Listener[] = [];
  try {
    for (const address of config.values.port === 0 ? [] : config.values.bind) {
      const listener = await openTcp(address, config, log);
      if (listener !== null) opened.push(listener);
    }
    const unix = await openUnix(config, log);
    if (unix !== null) opened.push(unix);
    if (opened.length === 0) throw new Error('Configured to not listen anywhere');
    return opened;
  } catch (error) {
    closeListeners(opened);
    throw error;
  }
}

/** Hands every connection over, those that came early first. */
export function serveListeners(
  listeners: readonly Listener[],
  serve: (server: Server, unixPath: string | null) => void,
): void {
  for (const { server, unixPath, early } of listeners) {
    server.removeAllListeners('connection');
    serve(server, unixPath);
    for (const socket of early.splice(0)) server.emit('connection', socket);
  }
}

/** Stops listening, and removes the Unix socket's file. */
export function closeListeners(listeners: readonly Listener[]): void {
  for (const { server, unixPath, early } of listeners) {
    server.close();
    for (const socket of early) socket.destroy();
    if (unixPath !== null) rmSync(unixPath, { force: true });
  }
}

async function openTcp(bound: string, config: Config, log: Logger): Promise<Listener | null> {
  const optional = bound.startsWith('-');
  const address = optional ? bound.slice(1) : bound;
  const { port, tcpBacklog: backlog } = config.values;
  try {
    return await open({ port, backlog, ...hostOf(address) }, null, log);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (optional && missingAddressCodes.has(code ?? '')) {
      log.verbose(`Not listening on ${address}: ${systemMessage(error)}`);
      return null;
    }
    throw new Error(`Could not listen on ${address}:${port}: ${systemMessage(error)}`, {
      cause: error,
    });
  }
}

async function openUnix(config: Config, log: Logger): Promise<Listener | null> {
  const { unixsocket, unixsocketperm, tcpBacklog: backlog } = config.values;
  const path = pathOf(unixsocket ?? '');
  if (path === '') return null;
  const unixPath = resolve(path);
  try {
    rmSync(unixPath, { force: true });
    const listener = await open({ path, backlog }, unixPath, log);
    if (unixsocketperm !== 0) chmodSync(unixPath, unixsocketperm);
    return listener;
  } catch (error) {
    throw new Error(`Could not open the Unix socket ${unixPath}: ${systemMessage(error)}`, {
      cause: error,
    });
  }
}

function open(options: ListenOptions, unixPath: string | null, log: Logger): Promise<Listener> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  const early: Socket[] = [];
  server.on('connection', (socket) => {
    early.push(socket);
  });
  return new Promise((fulfil, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      server.on('error', (error) => log.warning(`Accepting a client failed: ${error.message}`));
      fulfil({ server, unixPath, early });
    });
  });
}

/** `*` and `::*` are redis.conf's words for all addresses of one family. */
function hostOf(address: string): ListenOptions {
  if (address === '*') return { host: '0.0.0.0' };
  if (address === '::*') return { host: '::', ipv6Only: true };
  return { host: address, ipv6Only: address.includes(':') };
}
