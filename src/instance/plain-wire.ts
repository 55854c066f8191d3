/** A connection through nothing but a socket, for commands that only look at servers. */
import { connect, type Socket } from 'node:net';
import { encodeCommand } from '../protocol/resp-encode.ts';
import { ReplyError, ReplyReader, type Reply } from '../protocol/reply-reader.ts';
import type { Wire, WireTarget } from './wire.ts';

interface Waiter {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

export class PlainWire implements Wire {
  readonly #target: WireTarget;
  readonly #reader = new ReplyReader();
  /** Whose replies are to come, in order. */
  readonly #waiters: Waiter[] = [];
  #socket: Socket | undefined;
  /** Why nothing more can be asked. */
  #broken: unknown;

  constructor(target: WireTarget) {
    this.#target = target;
  }

  connect(): Promise<void> {
    const { host, port } = this.#target;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('Connection is closed.')));
    return new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('close', () => reject(this.#broken));
    });
  }

  call(args: readonly string[]): Promise<unknown> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#socket?.write(encodeCommand(args));
    });
  }

  destroy(): void {
    this.#socket?.destroy();
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
    const waiter = this.#waiters.shift();
    if (reply instanceof ReplyError) {
      // What nobody asked for is why the server is about to hang up: protected mode, too many clients.
      if (waiter === undefined) this.#fail(new Error(reply.message));
      else waiter.reject(reply);
    } else {
      waiter?.resolve(reply);
    }
  }

  #fail(error: unknown): void {
    this.#broken ??= error;
    for (const { reject } of this.#waiters.splice(0)) reject(this.#broken);
    this.#socket?.destroy();
  }
}
