/**
 * A client inside the simulated process: its requests go in without a network (in pieces if
 * wanted), its replies come back at the moment when the server writes them.
 */
import { Buffer } from 'node:buffer';
import type { Client, ClientTransport } from '../../src/server/client.ts';
import type { BundledServer } from '../../src/server/server.ts';
import { encodeCommand, type RespArg, type RespValue, takeFrame } from '../support/resp-value.ts';

export type OnReply = (reply: RespValue) => void;

interface Sent {
  readonly words: readonly RespArg[];
  readonly onReply: OnReply | undefined;
}

const nothing = Buffer.alloc(0);

export class SimClient {
  closed = false;
  readonly #server: BundledServer;
  readonly #client: Client | null;
  /** Requests without a reply yet, in order. */
  readonly #waiting: Sent[] = [];
  /** The beginning of a reply whose end has not come yet. */
  #rest: Buffer = nothing;

  constructor(server: BundledServer) {
    this.#server = server;
    this.#client = server.networking.addClient(this.#transport(), false);
  }

  /** How many replies are missing, and for what first. */
  get owed(): number {
    return this.#waiting.length;
  }

  get oldest(): string | undefined {
    return this.#waiting[0]?.words.join(' ').slice(0, 80);
  }

  /** Bytes for the server; `feed` them later. The replies are expected from now on. */
  encode(words: readonly RespArg[], onReply?: OnReply): Buffer {
    this.#waiting.push({ words, onReply });
    return encodeCommand(words);
  }

  /** The server's read buffer is shared by all its connections: here it is spoilt after each read. */
  feed(bytes: Uint8Array): void {
    if (this.closed || this.#client === null) return;
    feedClient(this.#server, this.#client, bytes);
  }

  send(words: readonly RespArg[], onReply?: OnReply): void {
    this.feed(this.encode(words, onReply));
  }

  #transport(): ClientTransport {
    const nothing = (): void => undefined;
    const close = (): void => {
      this.closed = true;
    };
    return {
      address: '127.0.0.1:1',
      localAddress: '127.0.0.1:2',
      pendingBytes: 0,
      write: (bytes, written) => {
        this.#onReplies(bytes);
        written?.();
      },
      gather: (bytes) => this.#onReplies(bytes),
      sendGathered: nothing,
      setNoDelay: nothing,
      pause: nothing,
      resume: nothing,
      end: close,
      destroy: close,
    };
  }

  #onReplies(bytes: Uint8Array): void {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const input = this.#rest.length === 0 ? whole : Buffer.concat([this.#rest, whole]);
    let at = 0;
    while (at < input.length) {
      const frame = takeFrame(input, at);
      if (frame.kind !== 'frame') break;
      at = frame.end;
      const sent = this.#waiting.shift();
      if (sent === undefined) throw new Error('a reply that nobody waits for');
      sent.onReply?.(frame.value);
    }
    // The server uses its memory again.
    this.#rest = at === input.length ? nothing : Buffer.from(input.subarray(at));
  }
}

const readBuffer = Buffer.alloc(64 * 1024);

/** Hands bytes to a server as a socket does, a buffer at a time. */
export function feedClient(server: BundledServer, client: Client, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += readBuffer.length) {
    const part = bytes.subarray(at, at + readBuffer.length);
    readBuffer.set(part);
    server.networking.receive(client, readBuffer, part.length);
    readBuffer.fill(0x23, 0, part.length);
  }
}

export function isError(reply: RespValue): reply is { error: string } {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}
