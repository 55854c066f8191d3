/**
 * Opens the sockets that the configuration asks for: every `bind` address at `port`, and the Unix
 * socket. All or nothing: when one that is not optional fails, those opened are closed again.
 * Who connects before the server serves is kept waiting, not lost. Port and addresses may change
 * while it runs.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { systemMessage } from '../redis-conf/conf-file.ts';
import { type Config, pathOf } from './config.ts';
import type { Logger } from './log.ts';

/** An optional address (`-::1`) may be missing on this machine. */
const missingAddressCodes = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT']);

interface Listener {
  readonly server: Server;
  /** The path of a Unix socket, null for TCP. */
  readonly unixPath: string | null;
  /** Those who connected before they could be served. */
  readonly early: Socket[];
}

/** Hands a listening server's connections over. */
export type Serve = (server: Server, unixPath: string | null) => void;

/** All that a server listens on. */
export class Listening {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #unix: Listener | null;
  #tcp: readonly Listener[];
  /** Where the TCP sockets are. */
  #at: TcpSettings;
  #serve: Serve | null = null;

  constructor(options: {
    config: Config;
    log: Logger;
    tcp: readonly Listener[];
    unix: Listener | null;
  }) {
    this.#config = options.config;
    this.#log = options.log;
    this.#tcp = options.tcp;
    this.#unix = options.unix;
    this.#at = tcpSettings(options.config);
  }

  /** Hands every connection over, those that came early first. */
  serve(serve: Serve): void {
    this.#serve = serve;
    for (const listener of this.#unix === null ? this.#tcp : [...this.#tcp, this.#unix]) {
      serveListener(listener, serve);
    }
  }

  /** CONFIG SET port, bind: see `ServerEnvironment.listenAnew`. */
  async listenAnew(): Promise<string | null> {
    const wanted = tcpSettings(this.#config);
    // On another port both can be open for a moment; addresses of one port may get in each other's way.
    const samePort = wanted.port === this.#at.port;
    if (samePort) closeListeners(this.#tcp);
    try {
      const opened = await openAllTcp(wanted, this.#log);
      if (!samePort) closeListeners(this.#tcp);
      this.#replace(opened, wanted);
      return null;
    } catch (error) {
      this.#log.warning((error as Error).message);
      if (!samePort) return 'Unable to listen on this port. Check server logs.';
      this.#replace(await openAllTcp(this.#at, this.#log), this.#at);
      return 'Failed to bind to specified addresses.';
    }
  }

  #replace(listeners: readonly Listener[], at: TcpSettings): void {
    this.#tcp = listeners;
    this.#at = at;
    for (const listener of listeners) {
      if (this.#serve !== null) serveListener(listener, this.#serve);
    }
  }

  /** Stops listening, and removes the Unix socket's file. */
  close(): void {
    closeListeners(this.#unix === null ? this.#tcp : [...this.#tcp, this.#unix]);
  }
}

/** Resolves once all listen; rejects with the first failure, described for the operator. */
export async function openListeners(config: Config, log: Logger): Promise<Listening> {
  const tcp = await openAllTcp(tcpSettings(config), log);
  try {
    const unix = await openUnix(config, log);
    if (tcp.length === 0 && unix === null) throw new Error('Configured to not listen anywhere');
    return new Listening({ config, log, tcp, unix });
  } catch (error) {
    closeListeners(tcp);
    throw error;
  }
}

function serveListener({ server, unixPath, early }: Listener, serve: Serve): void {
  server.removeAllListeners('connection');
  serve(server, unixPath);
  for (const socket of early.splice(0)) server.emit('connection', socket);
}

function closeListeners(listeners: readonly Listener[]): void {
  for (const { server, unixPath, early } of listeners) {
    server.close();
    for (const socket of early) socket.destroy();
    if (unixPath !== null) rmSync(unixPath, { force: true });
  }
}

interface TcpSettings {
  readonly port: number;
  readonly bind: readonly string[];
  readonly backlog: number;
}

function tcpSettings({ values }: Config): TcpSettings {
  return { port: values.port, bind: values.bind, backlog: values.tcpBacklog };
}

/** All or nothing. */
async function openAllTcp(settings: TcpSettings, log: Logger): Promise<Listener[]> {
  const opened: Listener[] = [];
  try {
    for (const address of settings.port === 0 ? [] : settings.bind) {
      const listener = await openTcp(address, settings, log);
      if (listener !== null) opened.push(listener);
    }
    return opened;
  } catch (error) {
    closeListeners(opened);
    throw error;
  }
}

async function openTcp(
  bound: string,
  { port, backlog }: TcpSettings,
  log: Logger,
): Promise<Listener | null> {
  const optional = bound.startsWith('-');
  const address = optional ? bound.slice(1) : bound;
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
