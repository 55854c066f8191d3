/**
 * Sockets in, sockets out: accepts clients, cuts their input into requests for dispatch, sends the
 * replies of a turn in one write. Input is read into one buffer that all sockets share; only the
 * unfinished end of a request is copied per client.
 *
 * The order within a turn: read → for each whole request: dispatch → one flush.
 */
import type { Server, Socket } from 'node:net';
import { INCOMPLETE, PROTOCOL_ERROR, RequestReader } from '../protocol/request-reader.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { splitArgs } from '../redis-conf/split-args.ts';
import { Client, clientFlags, type ClientTransport } from './client.ts';
import type { ServerContext } from './context.ts';
import type { Dispatcher } from './dispatch.ts';
import { OutputLimits } from './output-limits.ts';
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

export class Networking {
  readonly #server: ServerContext;
  readonly #dispatcher: () => Dispatcher;
  readonly #reply: ReplyWriter;
  readonly #readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);
  #reader = new RequestReader(splitArgs);
  readonly #scout = new KeyScout();
  readonly #limits: OutputLimits;
  /** Whose replies are in the reply buffer. */
  #current: Client | null = null;
  /** How much more it may be replied before it has too much unread. */
  #replyRoomBytes = Infinity;
  readonly #onClientGone: (client: Client) => void;
  readonly #defer: (fn: () => void) => void;

  constructor(options: {
    server: ServerContext;
    reply: ReplyWriter;
    dispatcher: () => Dispatcher;
    /** A client's connection has ended, from whichever side. */
    onClientGone: (client: Client) => void;
    defer: (fn: () => void) => void;
  }) {
    this.#server = options.server;
    this.#reply = options.reply;
    this.#dispatcher = options.dispatcher;
    this.#onClientGone = options.onClientGone;
    this.#limits = new OutputLimits(options.server.config, options.server.clock);
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
    client.lastInteractionMs = clock.now();
    if ((client.flags & isEnding) !== 0) return;
    const { pending } = client;
    if ((client.flags & stopsInput) !== 0) {
      this.#keep(client, buffer, 0, length);
      if (pending.length > maxBlockedInputBytes) client.transport.pause();
    } else if (pending.length > 0) {
      this.#keep(client, buffer, 0, length);
      this.#runPending(client);
    } else {
      const at = this.#runRequests(client, buffer, 0, length);
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
    if (pending.length < pending.needed) return;
    const at = this.#runRequests(client, pending.buffer, 0, pending.length);
    pending.dropFront(Math.min(at, pending.length));
  }

  /** Runs the whole requests in `buffer[from … end)`; returns where the first unfinished begins. */
  #runRequests(client: Client, buffer: Buffer, from: number, end: number): number {
    const dispatcher = this.#dispatcher();
    this.#current = client;
    this.#reply.resp3 = client.resp3;
    this.#replyRoomBytes = this.#limits.hardBytes(client) - client.transport.pendingBytes;
    dispatcher.beginBatch();
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
      if (this.#reply.length > this.#replyRoomBytes) this.#closeForOutput(client);
      if ((client.flags & stopsInput) !== 0) break;
    }
    dispatcher.endBatch(client);
    this.#flush(client);
    this.#current = null;
    if (client.has(clientFlags.closed)) return end;
    if (client.has(clientFlags.closeAfterReply)) {
      client.transport.end();
      return end;
    }
    return at;
  }

  /** Remembers how far an unfinished request has been read; its first byte will move to 0. */
  #suspend(client: Client, reader: RequestReader, start: number): void {
    client.pending.needed = reader.neededEnd - start;
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
    if (pending.length <= this.#server.config.clientQueryBufferLimit) return;
    const { address } = client.transport;
    this.#server.log.warning(
      `Closing client ${address}: its unfinished request has ${pending.length} bytes`,
    );
    this.close(client);
  }

  #failProtocol(client: Client, error: string): void {
    this.#server.log.verbose(`Protocol error from client ${client.transport.address}: ${error}`);
    this.#server.stats.countError('ERR');
    this.#reply.error(`ERR Protocol error: ${error}`);
    client.set(clientFlags.closeAfterReply, true);
  }

  // ---- output ----

  /** Sends the replies gathered for the client at hand. */
  flushReplies(client: Client): void {
    this.#flush(client);
  }

  /** The reply buffer is full in the middle of a reply. */
  onReplyFull(): void {
    if (this.#current === null) this.#reply.length = 0;
    else this.#flush(this.#current);
  }

  /** A reply too large for the buffer, which is empty now. */
  onLargeReply(bytes: Buffer): void {
    const client = this.#current;
    if (client === null || client.has(silenced)) return;
    this.#server.stats.totalNetOutputBytes += bytes.length;
    if (!this.#takeRoom(client, bytes.length)) return;
    if (this.#replyRoomBytes === Infinity) client.transport.write(bytes);
    else client.transport.gather(bytes);
  }

  /** Passes on what is no reply (a message, MONITOR's line) in order with the replies. */
  push(client: Client, bytes: Uint8Array): void {
    if (client.has(silenced)) return;
    if (client === this.#current) {
      if (!client.has(clientFlags.replyOff | clientFlags.replySkip)) {
        this.#reply.raw(bytes);
        return;
      }
      this.#flush(client);
    }
    this.#server.stats.totalNetOutputBytes += bytes.length;
    client.transport.gather(bytes);
    if (this.#limits.exceeds(client, client.transport.pendingBytes)) this.#closeForOutput(client);
  }

  #flush(client: Client): void {
    const reply = this.#reply;
    const { length } = reply;
    if (length === 0) return;
    reply.length = 0;
    if (client.has(clientFlags.closed | clientFlags.master)) return;
    this.#server.stats.totalNetOutputBytes += length;
    if (!this.#takeRoom(client, length)) return;
    const bytes = reply.buffer.subarray(0, length);
    if (this.#replyRoomBytes === Infinity) client.transport.write(bytes);
    else client.transport.gather(Buffer.from(bytes));
    const unreadBytes = client.transport.pendingBytes;
    if (unreadBytes === 0) return;
    // The socket could not pass everything to the kernel: it still needs the buffer.
    if (this.#replyRoomBytes === Infinity) reply.replaceBuffer();
    if (this.#limits.exceeds(client, unreadBytes)) this.#closeForOutput(client);
  }

  /**
   * False, and the client closed, when so many bytes more are too many. Where there is a limit, the
   * replies of a turn are gathered: of those that end with too much unread nothing is sent.
   */
  #takeRoom(client: Client, bytes: number): boolean {
    if (this.#replyRoomBytes === Infinity || client !== this.#current) return true;
    this.#replyRoomBytes -= bytes;
    if (this.#replyRoomBytes >= 0) return true;
    this.#closeForOutput(client);
    return false;
  }

  /** Closes those who have had too much unread for too long. */
  closeOverdue(): void {
    for (const client of this.#limits.overdue()) this.#closeForOutput(client);
  }

  #closeForOutput(client: Client): void {
    const { address, pendingBytes } = client.transport;
    this.#server.log.warning(
      `Client ${address} scheduled to be closed ASAP for overcoming of output buffer limits: ` +
        `${pendingBytes} bytes are unread`,
    );
    this.close(client);
  }

  // ---- closing ----

  /** Ends a client's connection at once. */
  close(client: Client): void {
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
    this.#limits.forget(client);
    this.#server.clients.remove(client);
    this.#onClientGone(client);
  }
}

const silenced = clientFlags.closed | clientFlags.master;

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('[::1]');
}

const protectedModeRefusal =
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password ' +
  'is set for the default user. In this mode connections are only accepted from the loopback ' +
  'interface. To allow others, set a password (requirepass), or turn protected-mode off, and ' +
  'bind to the right addresses.\r\n';
