/**
 * Pub/Sub: who listens to which channel, and the delivery of messages to them. Commands subscribe
 * and publish here, keyspace events are published here, whoever ends a client calls
 * `unsubscribeAll`. Nothing is kept of a message: who does not listen at the moment misses it.
 *
 * A message is encoded once for each protocol that a receiver speaks; all of them are sent the same
 * bytes. Names of channels and patterns are latin1 text, one character a byte.
 */
import { encodeCommand } from '../protocol/resp-encode.ts';
import { globMatch } from '../util/glob.ts';
import { type Client, clientFlags, type SubscriptionKind } from './client.ts';

/** What a subscription takes besides the name, about. */
const subscriptionBytes = 100;

export class PubSub {
  readonly #subscribers: Record<SubscriptionKind, Map<string, Set<Client>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #send: (client: Client, bytes: Buffer) => void;

  /** `send` passes bytes to a client in order with its replies. */
  constructor(send: (client: Client, bytes: Buffer) => void) {
    this.#send = send;
  }

  /** Patterns with at least one subscriber, or channels. */
  count(kind: SubscriptionKind): number {
    return this.#subscribers[kind].size;
  }

  /** All channels with a subscriber. */
  channels(kind: 'channel' | 'shard'): IterableIterator<string> {
    return this.#subscribers[kind].keys();
  }

  subscriberCount(kind: 'channel' | 'shard', channel: string): number {
    return this.#subscribers[kind].get(channel)?.size ?? 0;
  }

  /** Twice is the same as once. */
  subscribe(client: Client, kind: SubscriptionKind, name: string): void {
    client.subscriptions ??= { channel: new Set(), pattern: new Set(), shard: new Set(), bytes: 0 };
    if (client.subscriptions[kind].has(name)) return;
    client.subscriptions[kind].add(name);
    client.subscriptions.bytes += subscriptionBytes + name.length;
    client.set(clientFlags.pubsub, true);
    const clients = this.#subscribers[kind].get(name);
    if (clients === undefined) this.#subscribers[kind].set(name, new Set([client]));
    else clients.add(client);
  }

  unsubscribe(client: Client, kind: SubscriptionKind, name: string): void {
    const { subscriptions } = client;
    if (subscriptions === null || !subscriptions[kind].delete(name)) return;
    subscriptions.bytes -= subscriptionBytes + name.length;
    const clients = this.#subscribers[kind].get(name);
    clients?.delete(client);
    if (clients?.size === 0) this.#subscribers[kind].delete(name);
    const { channel, pattern, shard } = subscriptions;
    if (channel.size + pattern.size + shard.size > 0) return;
    client.subscriptions = null;
    client.set(clientFlags.pubsub, false);
  }

  /** Without a word to the client: it is reset, or gone. */
  unsubscribeAll(client: Client): void {
    for (const kind of ['channel', 'pattern', 'shard'] as const) {
      for (const name of client.subscriptions?.[kind] ?? []) this.unsubscribe(client, kind, name);
    }
  }

  /** Delivers a message; returns how often, because a client may get it by several patterns. */
  publish(channel: Uint8Array, message: Uint8Array): number {
    if (this.#subscribers.channel.size + this.#subscribers.pattern.size === 0) return 0;
    const name = latin1(channel);
    const clients = this.#subscribers.channel.get(name);
    let receivers = clients === undefined ? 0 : this.#deliver(clients, 'message', channel, message);
    for (const [pattern, listeners] of this.#subscribers.pattern) {
      if (!globMatch(pattern, name)) continue;
      const asWritten = Buffer.from(pattern, 'latin1');
      receivers += this.#deliver(listeners, 'pmessage', asWritten, channel, message);
    }
    return receivers;
  }

  publishToShard(channel: Uint8Array, message: Uint8Array): number {
    const clients = this.#subscribers.shard.get(latin1(channel));
    return clients === undefined ? 0 : this.#deliver(clients, 'smessage', channel, message);
  }

  #deliver(clients: ReadonlySet<Client>, ...words: (string | Uint8Array)[]): number {
    const asArray = encodeCommand(words);
    let asPush: Buffer | null = null;
    for (const client of clients) {
      if (client.resp3) asPush ??= withType(asArray, pushType);
      this.#send(client, client.resp3 ? (asPush as Buffer) : asArray);
    }
    return clients.size;
  }
}

const pushType = '>'.charCodeAt(0);

function withType(frame: Buffer, type: number): Buffer {
  const copy = Buffer.from(frame);
  copy[0] = type;
  return copy;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
