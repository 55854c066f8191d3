/**
 * A connection through nothing but a socket, for commands that only look at servers. Many requests
 * at once go through `pipeline`.
 */
import { connect, type Socket } from 'node:net';
import { isSocket } from './address.ts';
import { tlsFor } from './tls.ts';
import { encodeCommand } from '../protocol/resp-encode.ts';
import { ReplyError, ReplyReader, type Reply } from '../protocol/reply-reader.ts';
import type { Wire, WireTarget } from './wire.ts';

interface Waiter {
  /** Takes a reply; true when it waits for no more. */
  readonly take: (reply: Reply) => boolean;
  readonly reject: (error: unknown) => void;
}

/** A server allows values of 512 MB, but whoever asks for them asks for pieces. */
const maxBulkReplyBytes = 256 * 1024 * 1024;

export class PlainWire implements Wire {
  readonly #target: WireTarget;
  readonly #reader: ReplyReader;
  /** Whose replies are to come, in order. */
  readonly #waiters: Waiter[] = [];
  #socket: Socket | undefined;
  /** Why nothing more can be asked. */
  #broken: unknown;

  /** With `bytes`, every character of a reply is one byte. */
  constructor(target: WireTarget, texts: 'utf8' | 'bytes' = 'utf8') {
    this.#target = target;
    this.#reader =
      texts === 'utf8'
        ? new ReplyReader()
        : new ReplyReader({ encoding: 'latin1', maxReplyBytes: maxBulkReplyBytes });
  }

  async connect(): Promise<void> {
    const tls = tlsFor(this.#target);
    // Loading it takes as long as a look at a few servers.
    const secured = tls && (await import('node:tls'));
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const { host, port } = this.#target;
    const where = isSocket(this.#target) ? { path: host } : { host, port, noDelay: true };
    const socket = secured ? secured.connect({ ...where, ...tls }) : connect(where);
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('Connection is closed.')));
    return new Promise((resolve, reject) => {
      socket.once(secured ? 'secureConnect' : 'connect', resolve);
      socket.once('close', () => reject(this.#broken));
    });
  }

  call(args: readonly string[]): Promise<unknown> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      const take = (reply: Reply): boolean => {
        if (reply instanceof ReplyError) reject(reply);
        else resolve(reply);
        return true;
      };
      this.#waiters.push({ take, reject });
      this.#send(encodeCommand(args));
    });
  }

  /** Sends encoded requests, a character per byte, and returns all replies; errors are among them. */
  pipeline(requests: string, count: number): Promise<readonly Reply[]> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (count === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const replies: Reply[] = [];
      const take = (reply: Reply): boolean => {
        if (replies.push(reply) < count) return false;
        resolve(replies);
        return true;
      };
      this.#waiters.push({ take, reject });
      this.#socket?.write(requests, 'latin1');
    });
  }

  destroy(): void {
    this.#broken ??= new Error('Connection is closed.');
    this.#socket?.destroy();
  }

  /** What is asked in one turn leaves in one packet. */
  #send(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(bytes);
  }

  #onData(chunk: Buffer): void {
    this.#reader.feed(chunk);
    try {
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) {
        this.#onReply(reply);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #onReply(reply: Reply): void {
    const waiter = this.#waiters.at(0);
    if (waiter?.take(reply) === true) this.#waiters.shift();
    // What nobody asked for is why the server is about to hang up: protected mode, too many clients.
    if (waiter === undefined && reply instanceof ReplyError) this.#fail(new Error(reply.message));
  }

  #fail(error: unknown): void {
    this.#broken ??= error;
    for (const { reject } of this.#waiters.splice(0)) reject(this.#broken);
    this.#socket?.destroy();
  }
}
