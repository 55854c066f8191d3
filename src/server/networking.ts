/**
 * Sockets in: accepts clients, cuts their input into requests for dispatch; `output.ts` sends the
 * replies. Input is read into one buffer that all sockets share; only the unfinished end of a
 * request is copied per client.
 *
 * The order within a turn: for each client that has sent something: read → for each whole request:
 * dispatch; then all replies are sent.
 */
import type { Server, Socket } from 'node:net';
import { INCOMPLETE, PROTOCOL_ERROR, RequestReader } from '../protocol/request-reader.ts';
import { splitArgs } from '../redis-conf/split-args.ts';
import { Client, clientFlags, type ClientTransport } from './client.ts';
import type { ClientMemory } from './client-memory.ts';
import type { ServerContext } from './context.ts';
import type { Dispatcher } from './dispatch.ts';
import type { Output } from './output.ts';
import { readThroughSharedBuffer, SocketTransport } from './socket-transport.ts';
import { KeyScout } from './key-scout.ts';
import { discardTransaction } from './transaction.ts';

/** What one read may bring; larger buffers gained nothing, smaller ones cost system calls. */
const readBufferBytes = 64 * 1024;
/** A blocked client's input is read on up to here, then TCP holds it back. */
const maxBlockedInputBytes = 1024 * 1024;

/** Whatever such a client sends is not wanted any more. */
const isEnding = clientFlags.closeAfterReply | clientFlags.closed;
const stopsInput = clientFlags.blocked | isEnding;
/** CLIENT LIST shows of an argument from this length on what has arrived of it. [networking.c, 7.0] */
const largeArgumentBytes = 32 * 1024;

export class Networking {
  readonly #server: ServerContext;
  readonly #dispatcher: () => Dispatcher;
  readonly #output: Output;
  readonly #memory: ClientMemory;
  readonly #readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);
  #reader = new RequestReader(splitArgs);
  readonly #scout = new KeyScout();
  /** Whose requests are being run. */
  #current: Client | null = null;
  readonly #onClientGone: (client: Client) => void;
  readonly #defer: (fn: () => void) => void;

  constructor(options: {
    server: ServerContext;
    output: Output;
    memory: ClientMemory;
    dispatcher: () => Dispatcher;
    /** A client's connection has ended, from whichever side. */
    onClientGone: (client: Client) => void;
    defer: (fn: () => void) => void;
  }) {
    this.#server = options.server;
    this.#output = options.output;
    this.#memory = options.memory;
    this.#dispatcher = options.dispatcher;
    this.#onClientGone = options.onClientGone;
    this.#defer = options.defer;
  }

  /** Serves the connections of a listening server created with `pauseOnConnect`. */
  serve(listener: Server, unixPath: string | null): void {
    listener.on('connection', (socket: Socket) => this.#accept(socket, unixPath));
  }

  #accept(accepted: Socket, unixPath: string | null): void {
    let client: Client | null = null;
    const socket = readThroughSharedBuffer(accepted, this.#readBuffer, (buffer, length) => {
      if (client !== null) this.#onInput(client, buffer, length);
    });
    socket.on('error', () => socket.destroy());
    const transport = new SocketTransport(socket, unixPath);
    const added = this.addClient(transport, unixPath !== null);
    if (added === null) return;
    client = added;
    socket.setNoDelay(true);
    const keepAliveSec = this.#server.config.values.tcpKeepalive;
    if (keepAliveSec > 0) socket.setKeepAlive(true, keepAliveSec * 1000);
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#forget(added));
  }

  /** Admits a client on any transport (tests and the simulator have their own), or refuses it. */
  addClient(transport: ClientTransport, unixSocket: boolean): Client | null {
    const server = this.#server;
    server.stats.totalConnectionsReceived++;
    const refusal = this.#refusal(transport, unixSocket);
    if (refusal !== null) {
      server.stats.rejectedConnections++;
      transport.write(Buffer.from(refusal));
      transport.end();
      return null;
    }
    const client = new Client({
      id: server.clients.nextId(),
      transport,
      db: server.keyspace.databases[0],
      nowMs: server.clock.now(),
    });
    client.set(clientFlags.unixSocket, unixSocket);
    client.set(clientFlags.needsAuth, server.config.values.requirepass !== '');
    server.clients.add(client);
    return client;
  }

  #refusal(transport: ClientTransport, unixSocket: boolean): string | null {
    const { config, clients } = this.#server;
    if (clients.count >= config.values.maxclients) {
      return '-ERR max number of clients reached\r\n';
    }
    const guarded = config.values.protectedMode && config.values.requirepass === '';
    if (guarded && !unixSocket && !isLoopback(transport.address)) return protectedModeRefusal;
    return null;
  }

  /** `proto-max-bulk-len`, for requests that begin from now on. */
  setMaxBulkBytes(bytes: number): void {
    this.#reader.maxBulkBytes = bytes;
  }

  // ---- input ----

  /** Takes `buffer[0 … length)` as input of a client of `addClient`; it may be reused afterwards. */
  receive(client: Client, buffer: Buffer, length: number): void {
    if (!client.has(clientFlags.closed)) this.#onInput(client, buffer, length);
  }

  #onInput(client: Client, buffer: Buffer, length: number): void {
    const { stats, clock } = this.#server;
    if (client.has(clientFlags.replica)) stats.totalNetReplInputBytes += length;
    else stats.totalNetInputBytes += length;
    if ((client.flags & isEnding) !== 0) return;
    const { pending } = client;
    if ((client.flags & stopsInput) !== 0) {
      client.lastInteractionMs = clock.now();
      this.#keep(client, buffer, 0, length);
      if (pending.length > maxBlockedInputBytes) client.transport.pause();
    } else if (pending.length > 0) {
      this.#keep(client, buffer, 0, length);
      this.#runPending(client);
    } else {
      client.inputAtHand = length;
      const at = this.#runRequests(client, buffer, 0, length);
      client.inputAtHand = 0;
      if (at < length) this.#keep(client, buffer, at, length);
    }
  }

  /** Goes on, in a later turn, with what a client sent while it was blocked. */
  resumeInput(client: Client): void {
    this.#defer(() => {
      if ((client.flags & stopsInput) !== 0) return;
      client.transport.resume();
      if (client.pending.length > 0) this.#runPending(client);
    });
  }

  #runPending(client: Client): void {
    const { pending } = client;
    if (pending.length < pending.needed || client.has(clientFlags.closed)) return;
    const at = this.#runRequests(client, pending.buffer, 0, pending.length);
    pending.dropFront(Math.min(at, pending.length));
  }

  /** Runs the whole requests in `buffer[from … end)`; returns where the first unfinished begins. */
  #runRequests(client: Client, buffer: Buffer, from: number, end: number): number {
    const dispatcher = this.#dispatcher();
    this.#current = client;
    this.#output.begin(client);
    dispatcher.beginBatch();
    client.lastInteractionMs = this.#server.keyspace.nowMs;
    client.pending.needed = 0;
    let at = from;
    // The first request runs at once: without a second one there is nothing to look ahead for.
    let scoutedTo = from + 1;
    while (at < end) {
      if (at >= scoutedTo) scoutedTo = this.#scout.lookAhead(client.db.dict, buffer, at, end);
      const reader = client.midwayReader ?? this.#reader;
      const authenticated = (client.flags & clientFlags.needsAuth) === 0;
      const next =
        client.midwayReader === null
          ? reader.parse(buffer, at, end, authenticated)
          : reader.resume(buffer, end, authenticated);
      if (next === INCOMPLETE) {
        this.#suspend(client, reader, at);
        break;
      }
      if (next === PROTOCOL_ERROR) {
        this.#failProtocol(client, reader.error);
        at = end;
        break;
      }
      if (reader.argc === 0 && client.replicaConnection !== null) {
        this.#server.replication.handleBlankLine(client.replicaConnection);
      }
      if (reader.argc > 0 && dispatcher.run(client, reader, buffer, at, next) === 'postponed') {
        client.blocked = { kind: 'pause', cancel: () => undefined };
        client.set(clientFlags.blocked, true);
        break;
      }
      client.midwayReader = null;
      at = next;
      if (this.#output.isTooMuch) this.#output.close(client);
      if ((client.flags & stopsInput) !== 0) break;
    }
    dispatcher.endBatch(client);
    this.#output.end(client);
    this.#current = null;
    // Else it is looked at when its output is sent.
    if (!client.outputIsDue) this.#memory.update(client);
    if (client.has(clientFlags.closed)) return end;
    if (client.has(clientFlags.closeAfterReply)) {
      client.transport.end();
      return end;
    }
    return at;
  }

  /** Remembers how far an unfinished request has been read; its first byte will move to 0. */
  #suspend(client: Client, reader: RequestReader, start: number): void {
    const { pending } = client;
    pending.needed = reader.neededEnd - start;
    const { argumentStart, neededEnd } = reader;
    if (argumentStart >= 0 && neededEnd - argumentStart >= largeArgumentBytes) {
      pending.argumentStart = argumentStart - start;
    }
    if (!reader.isMidway) return;
    reader.rebase(start);
    if (client.midwayReader !== null) return;
    client.midwayReader = reader;
    this.#reader = new RequestReader(splitArgs);
    this.#reader.maxBulkBytes = reader.maxBulkBytes;
  }

  #keep(client: Client, buffer: Buffer, from: number, end: number): void {
    const { pending } = client;
    pending.append(buffer, from, end);
    if (pending.length <= this.#server.config.clientQueryBufferLimit) {
      this.#memory.update(client);
      return;
    }
    const { address } = client.transport;
    this.#server.log.warning(
      `Closing client ${address}: its unfinished request has ${pending.length} bytes`,
    );
    this.close(client);
  }

  #failProtocol(client: Client, error: string): void {
    this.#server.log.verbose(`Protocol error from client ${client.transport.address}: ${error}`);
    this.#server.stats.countError('ERR');
    this.#output.reply.error(`ERR Protocol error: ${error}`);
    client.set(clientFlags.closeAfterReply, true);
  }

  // ---- closing ----

  /** Ends a client's connection, when what it was replied is sent. */
  close(client: Client): void {
    if (client.has(clientFlags.closed)) return;
    client.transport.sendGathered();
    this.drop(client);
  }

  /** Ends it at once. */
  drop(client: Client): void {
    if (client.has(clientFlags.closed)) return;
    client.transport.destroy();
    this.#forget(client);
  }

  /** Ends it after the replies so far. */
  closeAfterReply(client: Client): void {
    client.set(clientFlags.closeAfterReply, true);
    if (client !== this.#current) client.transport.end();
  }

  #forget(client: Client): void {
    if (client.has(clientFlags.closed)) return;
    client.set(clientFlags.closed, true);
    client.blocked?.cancel();
    client.blocked = null;
    client.pending.clear();
    client.midwayReader = null;
    discardTransaction(client);
    this.#output.forget(client);
    this.#memory.forget(client);
    this.#server.clients.remove(client);
    this.#onClientGone(client);
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('[::1]');
}

const protectedModeRefusal =
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password ' +
  'is set for the default user. In this mode connections are only accepted from the loopback ' +
  'interface. To allow others, set a password (requirepass), or turn protected-mode off, and ' +
  'bind to the right addresses.\r\n';
