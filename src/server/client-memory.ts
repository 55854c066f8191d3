/**
 * What clients hold, and who has to go when all of them together hold too much: `maxmemory-clients`.
 * Networking and output say when a client's share has changed; those that hold most are closed,
 * until the rest is within the limit. Replicas, and who has set CLIENT NO-EVICT, stay.
 *
 * While there is no limit nothing is counted.
 */
import { type Client, clientFlags } from './client.ts';
import type { ClientRegistry } from './client-registry.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import type { ServerStats } from './stats.ts';

/** What one Client object weighs besides its buffers, about. */
const clientBytes = 1024;
/** Below this nobody could talk to the server any more. [7.0] */
const leastLimitBytes = 128 * 1024;

/**
 * Bytes that a client holds: unread input, unsent output, a queued transaction, watched keys and
 * subscriptions. What is on its way to a replica lies in the replication log, and is counted there.
 */
export function clientMemoryBytes(client: Client): number {
  const { pending, queueBytes, subscriptions, transport, watchedBytes } = client;
  const unsent = client.has(clientFlags.replica) ? 0 : transport.pendingBytes;
  const subscribed = subscriptions === null ? 0 : subscriptions.bytes;
  return clientBytes + pending.buffer.length + unsent + queueBytes + watchedBytes + subscribed;
}

export interface ClientMemoryDeps {
  readonly config: Config;
  readonly clients: ClientRegistry;
  readonly log: Logger;
  readonly stats: ServerStats;
  /** Ends a connection at once. */
  readonly drop: (client: Client) => void;
}

export class ClientMemory {
  readonly #deps: ClientMemoryDeps;
  /** Infinity without a limit. */
  #limitBytes = Infinity;
  /** The sum of all `countedBytes`. */
  #countedBytes = 0;

  constructor(deps: ClientMemoryDeps) {
    this.#deps = deps;
    const follow = (): null => {
      this.#limitBytes = limitOf(deps.config);
      this.recount();
      return null;
    };
    deps.config.onChange('maxmemory-clients', follow);
    deps.config.onChange('maxmemory', follow);
    this.#limitBytes = limitOf(deps.config);
  }

  /** A client may hold more than before: somebody may have to go, perhaps this one. */
  update(client: Client): void {
    if (this.#limitBytes === Infinity || client.has(clientFlags.closed)) return;
    this.#count(client);
    // Output that the kernel has taken since is still in the sum.
    if (this.#countedBytes >= this.#limitBytes) this.recount();
  }

  /** Counts all clients anew, and closes those that are too much. */
  recount(): void {
    if (this.#limitBytes === Infinity) return;
    const clients = this.#deps.clients.all();
    for (const client of clients) this.#count(client);
    if (this.#countedBytes < this.#limitBytes) return;
    const largestFirst = clients
      .filter(isEvictable)
      .toSorted((a, b) => b.countedBytes - a.countedBytes);
    for (const client of largestFirst) {
      this.#evict(client);
      if (this.#countedBytes < this.#limitBytes) return;
    }
    this.#deps.log.warning('Over client maxmemory after evicting all evictable clients');
  }

  /** The client is gone. */
  forget(client: Client): void {
    this.#countedBytes -= client.countedBytes;
    client.countedBytes = 0;
  }

  #count(client: Client): void {
    const counts = !client.has(clientFlags.replica | clientFlags.master);
    const bytes = counts ? clientMemoryBytes(client) : 0;
    this.#countedBytes += bytes - client.countedBytes;
    client.countedBytes = bytes;
  }

  #evict(client: Client): void {
    const { drop, log, stats } = this.#deps;
    const { address } = client.transport;
    log.notice(`Evicting client: ${address}, which holds ${client.countedBytes} bytes`);
    stats.evictedClients++;
    drop(client);
  }
}

function isEvictable(client: Client): boolean {
  return !client.has(clientFlags.replica | clientFlags.master | clientFlags.noEvict);
}

function limitOf({ values }: Config): number {
  const { maxmemory, maxmemoryClients: share } = values;
  const bytes =
    share.kind === 'bytes' ? share.bytes : Math.floor((maxmemory * share.percent) / 100);
  return bytes === 0 ? Infinity : Math.max(bytes, leastLimitBytes);
}
