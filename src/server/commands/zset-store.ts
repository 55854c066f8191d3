/** What every command that stores a sorted set does with its result: ZRANGESTORE, ZUNIONSTORE, GEOSEARCHSTORE … */
import type { Call } from '../call.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { ZsetValue } from '../types/zset-value.ts';
import { replaceAt } from './values.ts';

/**
 * Puts the result under the key in argument `index`, in place of whatever it holds, and replies its
 * size. An empty result deletes the key. `changes` is what a result counts as.
 */
export function storeZset(
  call: Call,
  zset: ZsetValue,
  event: string,
  index = 1,
  changes = 1,
): void {
  call.reply.integer(zset.size);
  if (zset.size !== 0) {
    replaceAt(call, index, zset);
    call.changed(index, changes);
    call.notify(notifyClass.zset, event, index);
    return;
  }
  const ref = call.lookupWrite(index);
  if (ref === 0) return;
  call.db.dict.remove(ref);
  call.changed(index);
  call.notify(notifyClass.generic, 'del', index);
}
