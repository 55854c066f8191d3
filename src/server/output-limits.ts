/**
 * How much output a client may leave unread: `client-output-buffer-limit` for normal clients and
 * subscribers, and a narrow limit of Redis's own before a client has authenticated. Networking asks
 * whenever it has output for a client; the cron asks for those above their soft limit. Replicas
 * read from the replication log and are judged there.
 */
import type { Clock } from '../util/clock.ts';
import { type Client, clientFlags } from './client.ts';
import type { Config } from './config.ts';

/** What may be unread before a client has authenticated: Redis's first buffer, and 1 KB. [7.0] */
const maxUnauthenticatedBytes = 17 * 1024;

export class OutputLimits {
  readonly #config: Config;
  readonly #clock: Clock;
  /** Clients above their soft limit, and since when (Unix seconds). */
  readonly #aboveSoft = new Map<Client, number>();

  constructor(config: Config, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** With so many bytes unread the client is to be closed; Infinity without a limit. */
  hardBytes(client: Client): number {
    if (client.has(clientFlags.needsAuth)) return maxUnauthenticatedBytes;
    const limit = this.#limitOf(client);
    return limit === null || limit.hardBytes === 0 ? Infinity : limit.hardBytes;
  }

  /** Whether the client, with so many bytes unread, is to be closed now. */
  exceeds(client: Client, unreadBytes: number): boolean {
    return unreadBytes > this.hardBytes(client) || this.#isTooLongAboveSoft(client, unreadBytes);
  }

  /** Those who have been above their soft limit for too long, though nothing was sent to them. */
  overdue(): Client[] {
    const clients = [...this.#aboveSoft.keys()];
    return clients.filter((client) =>
      this.#isTooLongAboveSoft(client, client.transport.pendingBytes),
    );
  }

  forget(client: Client): void {
    this.#aboveSoft.delete(client);
  }

  #isTooLongAboveSoft(client: Client, unreadBytes: number): boolean {
    const limit = this.#limitOf(client);
    if (limit === null || limit.softBytes === 0 || unreadBytes < limit.softBytes) {
      this.#aboveSoft.delete(client);
      return false;
    }
    const nowSec = Math.floor(this.#clock.now() / 1000);
    const sinceSec = this.#aboveSoft.get(client);
    if (sinceSec === undefined) this.#aboveSoft.set(client, nowSec);
    return nowSec - (sinceSec ?? nowSec) > limit.softSeconds;
  }

  #limitOf(client: Client): BufferLimit | null {
    if (client.has(clientFlags.replica | clientFlags.master)) return null;
    const { normal, pubsub } = this.#config.values.clientOutputBufferLimit;
    return client.has(clientFlags.pubsub) ? pubsub : normal;
  }
}

type BufferLimit = Config['values']['clientOutputBufferLimit']['normal'];
