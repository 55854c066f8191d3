/** A connection through ioredis; the only file that knows it. */
import { Redis } from 'ioredis';
import { isSocket } from './address.ts';
import { tlsFor } from './tls.ts';
import type { Wire, WireTarget } from './wire.ts';

export class IoredisWire implements Wire {
  readonly #client: Redis;
  /** The last thing that went wrong on the socket: ioredis only tells it in an event. */
  #socketError: unknown;

  constructor(target: WireTarget) {
    const tls = tlsFor(target);
    this.#client = new Redis({
      ...(isSocket(target) ? { path: target.host } : { host: target.host, port: target.port }),
      ...(tls === undefined ? {} : { tls }),
      // We read strings, numbers and arrays only, and so every server since 2.8 answers alike.
      protocol: 2,
      lazyConnect: true,
      retryStrategy: null,
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
      connectTimeout: target.timeoutMs,
    });
    this.#client.on('error', (error: unknown) => {
      this.#socketError ??= error;
    });
  }

  async connect(): Promise<void> {
    await this.#client.connect().catch((error: unknown) => this.#rethrow(error));
  }

  async call([name, ...rest]: readonly string[]): Promise<unknown> {
    return this.#client.call(name, ...rest).catch((error: unknown) => this.#rethrow(error));
  }

  destroy(): void {
    // There is no stream before the first connect, whatever the type says.
    const stream = this.#client.stream as Redis['stream'] | undefined;
    this.#client.disconnect();
    stream?.destroy();
  }

  #rethrow(error: unknown): never {
    const isReply = error instanceof Error && error.name === 'ReplyError';
    throw isReply ? error : (this.#socketError ?? error);
  }
}
