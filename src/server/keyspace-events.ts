/**
 * Keyspace events become Pub/Sub messages: `__keyspace@0__:key` says what happened to a key,
 * `__keyevent@0__:event` to which key it did. Which classes of events, and which of the two forms,
 * `notify-keyspace-events` says. Whoever changes keys calls `keyspace.notify`; the composition root
 * joins the two here. Events are not propagated: replicas publish their own.
 */
import type { Config } from './config.ts';
import type { Database } from './keyspace/database.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { notifyClass } from './keyspace/notify.ts';
import type { PubSub } from './pubsub.ts';

/** The letters of the setting, expanded: `A` stands in it as what it means. */
const classOfLetter: Readonly<Record<string, number>> = {
  g: notifyClass.generic,
  $: notifyClass.string,
  l: notifyClass.list,
  s: notifyClass.set,
  h: notifyClass.hash,
  z: notifyClass.zset,
  x: notifyClass.expired,
  e: notifyClass.evicted,
  t: notifyClass.stream,
  m: notifyClass.keyMiss,
  n: notifyClass.newKey,
};

export function publishKeyspaceEvents(keyspace: Keyspace, config: Config, pubsub: PubSub): void {
  let byKey = false;
  let byEvent = false;
  const apply = (letters: string): null => {
    byKey = letters.includes('K');
    byEvent = letters.includes('E');
    // Without either form there is nothing to be told to anybody.
    keyspace.notifyMask = byKey || byEvent ? classesOf(letters) : 0;
    return null;
  };
  keyspace.onEvent = (db, event, key) => {
    const eventBytes = Buffer.from(event);
    if (byKey) pubsub.publish(channel('keyspace', db, key), eventBytes);
    if (byEvent) pubsub.publish(channel('keyevent', db, eventBytes), key);
  };
  config.onChange('notify-keyspace-events', apply);
  apply(config.values.notifyKeyspaceEvents);
}

function channel(form: 'keyspace' | 'keyevent', db: Database, rest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`__${form}@${db.id}__:`), rest]);
}

function classesOf(letters: string): number {
  let mask = 0;
  for (const letter of letters) mask |= classOfLetter[letter] ?? 0;
  return mask;
}
