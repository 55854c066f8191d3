/**
 * A data set as one word, and as lines to show what differs. Unlike DEBUG DIGEST it covers the
 * moment when a key expires. Keys past their time count until they are deleted.
 */
import type { Keyspace } from '../../src/server/keyspace/keyspace.ts';

export function fingerprint(keyspace: Keyspace): string {
  let sum = 0;
  let mixed = 0;
  let keys = 0;
  for (const { id, dict } of keyspace.databases) {
    if (dict.size === 0) continue;
    dict.walk(0, (ref) => {
      dict.readKey(ref);
      let hash = hashBytes(0x811c9dc5 ^ id, dict.windowBuffer, dict.windowStart, dict.windowEnd);
      dict.readString(ref);
      hash = hashBytes(hash ^ 0xff, dict.windowBuffer, dict.windowStart, dict.windowEnd);
      const expireAt = dict.expireAt(ref);
      hash = Math.imul(hash ^ (expireAt >>> 0), 0x01000193);
      hash = Math.imul(hash ^ Math.floor(expireAt / 0x1_0000_0000), 0x01000193);
      sum = (sum + hash) >>> 0;
      mixed = (mixed + Math.imul(hash ^ (hash >>> 13), 0x5bd1e995)) >>> 0;
      keys++;
      return true;
    });
  }
  return `${keys}:${sum.toString(16)}:${mixed.toString(16)}`;
}

/** `db/key` → value and expiry, short enough to print. */
export function dump(keyspace: Keyspace): Map<string, string> {
  const entries = new Map<string, string>();
  for (const { id, dict } of keyspace.databases) {
    dict.walk(0, (ref) => {
      const key = dict.key(ref).toString('latin1');
      dict.readString(ref);
      const value = dict.windowBuffer.subarray(dict.windowStart, dict.windowEnd);
      const shown = value.length > 40 ? `${value.length} bytes, ${hex(value)}` : value.toString();
      entries.set(`${id}/${key}`, `${shown} (expires ${dict.expireAt(ref)})`);
      return true;
    });
  }
  return entries;
}

/** Lines for the keys in which two data sets differ, at most `limit`. */
export function differences(a: Keyspace, b: Keyspace, limit = 12): string[] {
  const [ofA, ofB] = [dump(a), dump(b)];
  const keys = [...new Set([...ofA.keys(), ...ofB.keys()])].sort();
  return keys
    .filter((key) => ofA.get(key) !== ofB.get(key))
    .slice(0, limit)
    .map((key) => `${key}: ${ofA.get(key) ?? 'absent'} | ${ofB.get(key) ?? 'absent'}`);
}

function hex(bytes: Buffer): string {
  return (hashBytes(0, bytes, 0, bytes.length) >>> 0).toString(16);
}

function hashBytes(start: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = start;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return hash ^ (hash >>> 15);
}
