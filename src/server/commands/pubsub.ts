/**
 * Pub/Sub: subscribing, unsubscribing and publishing. Each channel or pattern of a request is
 * confirmed by a message of its own, which is no reply: CLIENT REPLY OFF does not silence it, and
 * RESP3 has it pushed. Who listens to what is `../pubsub.ts`.
 */
import type { Call } from '../call.ts';
import { clientFlags, type SubscriptionKind } from '../client.ts';
import type { CommandSpec } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import { argumentView } from './generic-arguments.ts';
import { pubsubRow } from './pubsub-introspection.ts';

const row = { categories: [], group: 'pubsub' } as const;
const listening: readonly CommandFlag[] = ['pubsub', 'noscript', 'loading', 'stale'];
const publishing: readonly CommandFlag[] = ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'];
const channelsAsKeys = [1, -1, 1] as const;

export const pubsubCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'subscribe',
    arity: -2,
    flags: listening,
    since: '2.0.0',
    summary: 'Listens to channels.',
    complexity: 'O(n) for n channels',
    handler: (call) => subscribe(call, 'channel', 'subscribe'),
  },
  {
    ...row,
    name: 'unsubscribe',
    arity: -1,
    flags: listening,
    since: '2.0.0',
    summary: 'Listens to these channels no more, or to none.',
    complexity: 'O(n) for n channels',
    handler: (call) => unsubscribe(call, 'channel', 'unsubscribe'),
  },
  {
    ...row,
    name: 'psubscribe',
    arity: -2,
    flags: listening,
    since: '2.0.0',
    summary: 'Listens to all channels whose names fit a pattern.',
    complexity: 'O(n) for n patterns',
    handler: (call) => subscribe(call, 'pattern', 'psubscribe'),
  },
  {
    ...row,
    name: 'punsubscribe',
    arity: -1,
    flags: listening,
    since: '2.0.0',
    summary: 'Ends subscriptions of these patterns, or of all.',
    complexity: 'O(n) for n patterns',
    handler: (call) => unsubscribe(call, 'pattern', 'punsubscribe'),
  },
  {
    ...row,
    name: 'ssubscribe',
    arity: -2,
    flags: listening,
    keys: channelsAsKeys,
    since: '7.0.0',
    summary: "Listens to shard channels, which are apart from SUBSCRIBE's.",
    complexity: 'O(n) for n channels',
    handler: ssubscribeCommand,
  },
  {
    ...row,
    name: 'sunsubscribe',
    arity: -1,
    flags: listening,
    keys: channelsAsKeys,
    since: '7.0.0',
    summary: 'Listens to these shard channels no more, or to none.',
    complexity: 'O(n) for n channels',
    handler: (call) => unsubscribe(call, 'shard', 'sunsubscribe'),
  },
  {
    ...row,
    name: 'publish',
    arity: 3,
    flags: publishing,
    since: '2.0.0',
    summary: 'Sends a message to all who listen to a channel, here and on the replicas.',
    complexity: 'O(n+m) for n clients on the channel and m patterns',
    handler: (call) => publish(call, call.server.pubsub.publish(...channelAndMessage(call))),
  },
  {
    ...row,
    name: 'spublish',
    arity: 3,
    flags: publishing,
    keys: [1, 1, 1],
    since: '7.0.0',
    summary: 'Sends a message to all who listen to a shard channel.',
    complexity: 'O(n) for n clients on the channel',
    handler: (call) => publish(call, call.server.pubsub.publishToShard(...channelAndMessage(call))),
  },
  pubsubRow,
];

function subscribe(call: Call, kind: SubscriptionKind, verb: string): void {
  for (let index = 1; index < call.argc; index++) {
    call.server.pubsub.subscribe(call.client, kind, call.text(index));
    confirm(call, kind, verb, argumentView(call, index));
  }
  sendThoughSilenced(call);
}

/** SUBSCRIBE may stand in a transaction, because it always could. [Redis 7.0] */
function ssubscribeCommand(call: Call): void {
  if (call.client.has(clientFlags.multi)) {
    call.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  } else {
    subscribe(call, 'shard', 'ssubscribe');
  }
}

/** With no names: from all. There is one message even when there is nothing to end. */
function unsubscribe(call: Call, kind: SubscriptionKind, verb: string): void {
  const { pubsub } = call.server;
  for (let index = 1; index < call.argc; index++) {
    pubsub.unsubscribe(call.client, kind, call.text(index));
    confirm(call, kind, verb, argumentView(call, index));
  }
  if (call.argc === 1) {
    const names = [...(call.client.subscriptions?.[kind] ?? [])];
    for (const name of names) {
      pubsub.unsubscribe(call.client, kind, name);
      confirm(call, kind, verb, Buffer.from(name, 'latin1'));
    }
    if (names.length === 0) confirm(call, kind, verb, null);
  }
  sendThoughSilenced(call);
}

/** The number is that of subscriptions left; patterns count with channels. */
function confirm(
  { client, reply }: Call,
  kind: SubscriptionKind,
  verb: string,
  name: Uint8Array | null,
): void {
  const { channel, pattern, shard } = client.subscriptions ?? none;
  reply.push(3);
  reply.bulkText(verb);
  if (name === null) reply.nil();
  else reply.bulk(name);
  reply.integer(kind === 'shard' ? shard.size : channel.size + pattern.size);
}

const none = { channel: { size: 0 }, pattern: { size: 0 }, shard: { size: 0 } };

/** Dispatch drops what a silenced client is replied; these messages must be out by then. */
function sendThoughSilenced({ client, server }: Call): void {
  if (client.has(clientFlags.replyOff | clientFlags.replySkip)) {
    server.executor.flushReplies(client);
  }
}

function channelAndMessage(call: Call): [channel: Uint8Array, message: Uint8Array] {
  return [argumentView(call, 1), argumentView(call, 2)];
}

/** Replicas have subscribers of their own: the message goes to them though no data changed. */
function publish(call: Call, receivers: number): void {
  if (call.isPropagated) call.propagateAs(argumentView(call, 0), ...channelAndMessage(call));
  else call.preventPropagation();
  call.reply.integer(receivers);
}
