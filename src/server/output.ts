/**
 * What goes out to clients: their replies, and what is pushed to them between replies. Nothing of
 * it is sent at once: it is gathered and sent at the end of the turn of the event loop, for all
 * clients that spoke in it, as Redis does before it sleeps. A client that got its reply at once
 * would wake up for it, and its next request would need a turn of its own. Measured with
 * `npm run bench`: a tenth of the time per request at -P 1.
 *
 * Order: all writes to one client pass through its transport, which sends what is written after
 * something gathered after it. Networking calls `begin` and `end` around a client's requests.
 *
 *   reply.buffer:  │ client A │ client B │ client at hand … │ free │
 *                  └─ gathered ──────────┘ start            └ length
 */
import { ReplyWriter } from '../protocol/reply-writer.ts';
import { type Client, clientFlags } from './client.ts';
import type { ServerContext } from './context.ts';
import { OutputLimits } from './output-limits.ts';

/** So few hardly speak in one turn: what is saved is less than what the end of a turn costs. */
const fewClients = 2;

export interface OutputDeps {
  readonly server: ServerContext;
  /** Runs a function at the end of this turn of the event loop, or a little later. */
  readonly defer: (fn: () => void) => void;
  /** Ends the connection of a client that has too much unread: nothing gathered is sent. */
  readonly drop: (client: Client) => void;
  /** A client may hold more output than before. */
  readonly onSent: (client: Client) => void;
}

export class Output {
  /** Handlers write the replies of the client at hand here. */
  readonly reply: ReplyWriter;
  readonly #deps: OutputDeps;
  readonly #limits: OutputLimits;
  /** Those to whom something is sent at the end of the turn. */
  readonly #waiting: Client[] = [];
  #sendIsDue = false;
  /** A socket could not pass everything to the kernel: it still needs the reply buffer. */
  #bufferInUse = false;
  /** Whose replies are being written. */
  #current: Client | null = null;
  /** How much more it may be replied before it has too much unread. */
  #roomBytes = Infinity;

  constructor(deps: OutputDeps) {
    this.#deps = deps;
    this.#limits = new OutputLimits(deps.server.config, deps.server.clock);
    this.reply = new ReplyWriter({
      onFull: () => this.#onFull(),
      onLarge: (bytes) => this.#onLarge(bytes),
    });
  }

  /** The replies that follow are this client's. */
  begin(client: Client): void {
    this.#current = client;
    this.reply.resp3 = client.resp3;
    this.#roomBytes = this.#limits.hardBytes(client) - client.transport.pendingBytes;
  }

  /** Its requests have run. */
  end(client: Client): void {
    this.#gatherReplies(client);
    this.#current = null;
    if (this.#waiting.length > 0) this.#sendSoon();
  }

  /** Whether the client at hand has been replied too much. */
  get isTooMuch(): boolean {
    return this.reply.length - this.reply.start > this.#roomBytes;
  }

  /** Sends at once what is gathered for the client at hand. */
  flush(client: Client): void {
    this.#gatherReplies(client);
    this.#deps.server.aof.beforeReplies();
    client.transport.sendGathered();
    if (client.transport.pendingBytes > 0) this.#bufferInUse = true;
  }

  /** Passes on what is no reply (a message, MONITOR's line) in order with the replies. */
  push(client: Client, bytes: Uint8Array): void {
    if (client.has(silenced)) return;
    if (client === this.#current) {
      if (!client.has(clientFlags.replyOff | clientFlags.replySkip)) {
        this.reply.raw(bytes);
        return;
      }
      this.#gatherReplies(client);
    }
    this.#gather(client, bytes);
    if (this.#limits.exceeds(client, client.transport.pendingBytes)) this.close(client);
  }

  /** Closes a client that has too much unread. */
  close(client: Client): void {
    const { address, pendingBytes } = client.transport;
    this.#deps.server.log.warning(
      `Client ${address} scheduled to be closed ASAP for overcoming of output buffer limits: ` +
        `${pendingBytes} bytes are unread`,
    );
    this.#deps.drop(client);
  }

  /** Closes those who have had too much unread for too long. */
  closeOverdue(): void {
    for (const client of this.#limits.overdue()) this.close(client);
  }

  /** The client is gone. */
  forget(client: Client): void {
    this.#limits.forget(client);
  }

  // ---- the reply buffer ----

  /** It is full in the middle of a reply: what it holds must go, and writing begins at its front. */
  #onFull(): void {
    const client = this.#current;
    if (client === null) {
      this.reply.discard();
      return;
    }
    this.#gatherReplies(client);
    // Of those that end with too much unread nothing is to be sent: with a limit it must wait.
    if (this.#roomBytes === Infinity) this.#send();
    else this.reply.replaceBuffer();
  }

  /** A reply too large for the buffer, which is empty now; its bytes are not used again. */
  #onLarge(bytes: Buffer): void {
    const client = this.#current;
    if (client !== null && !client.has(silenced)) this.#gatherWithinRoom(client, bytes);
  }

  #gatherReplies(client: Client): void {
    const { reply } = this;
    if (reply.length === reply.start) return;
    if (client.has(silenced)) reply.discard();
    else this.#gatherWithinRoom(client, reply.take());
  }

  /** Gathers a reply, unless it is too much: then the client is closed. */
  #gatherWithinRoom(client: Client, bytes: Uint8Array): void {
    this.#roomBytes -= bytes.length;
    if (this.#roomBytes < 0) this.close(client);
    else this.#gather(client, bytes);
  }

  // ---- sending ----

  #gather(client: Client, bytes: Uint8Array): void {
    this.#deps.server.stats.totalNetOutputBytes += bytes.length;
    client.transport.gather(bytes);
    if (client.outputIsDue) return;
    client.outputIsDue = true;
    this.#waiting.push(client);
    if (this.#current === null) this.#sendSoon();
  }

  #sendSoon(): void {
    const { server, defer } = this.#deps;
    if (this.#sendIsDue) return;
    if (server.clients.count <= fewClients) {
      this.#send();
      return;
    }
    this.#sendIsDue = true;
    defer(() => {
      this.#sendIsDue = false;
      this.#send();
    });
  }

  #send(): void {
    this.#deps.server.aof.beforeReplies();
    for (const client of this.#waiting) {
      const { transport } = client;
      client.outputIsDue = false;
      transport.sendGathered();
      const unreadBytes = transport.pendingBytes;
      if (unreadBytes > 0 && !client.has(clientFlags.closed)) {
        this.#bufferInUse = true;
        if (this.#limits.exceeds(client, unreadBytes)) this.close(client);
      }
      this.#deps.onSent(client);
    }
    this.#waiting.length = 0;
    if (this.#bufferInUse) this.reply.replaceBuffer();
    else this.reply.rewind();
    this.#bufferInUse = false;
  }
}

const silenced = clientFlags.closed | clientFlags.master;
