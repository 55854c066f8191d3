/**
 * What Redis would free in the background, for INFO's lazyfreed_objects: here no value takes long
 * to free, and UNLINK differs from DEL by nothing else.
 */
import { HashValue } from '../types/hash-value.ts';
import { ListValue } from '../types/list-value.ts';
import { SetValue } from '../types/set-value.ts';
import { StreamValue } from '../types/stream-value.ts';
import type { Value } from '../types/value.ts';
import { ZsetValue } from '../types/zset-value.ts';

/** Freeing so many pieces is too little to hand it to another thread. [lazyfree.c, 7.0] */
const maxPiecesAtOnce = 64;

export function isFreedLazily(value: Value): boolean {
  return piecesOf(value) > maxPiecesAtOnce;
}

/** About how many allocations it is in Redis. */
function piecesOf(value: Value): number {
  if (value instanceof ListValue) return value.nodeCount;
  if (value instanceof StreamValue) {
    const pending = value.groups()[0]?.pending.size ?? 0;
    return value.nodes.ids.size + value.groupCount * (1 + pending);
  }
  const isTable =
    value instanceof HashValue || value instanceof SetValue || value instanceof ZsetValue;
  return isTable && /^(hashtable|skiplist)$/.test(value.encoding) ? value.size : 1;
}
