/**
 * A data set as one word, and as lines to show what differs. Unlike DEBUG DIGEST it covers the moment
 * when a key or a field expires and the consumer groups of streams, and it is cheap enough to be taken between
 * any two requests. Keys past their time count until they are deleted.
 *
 * Left out is what Redis does not replicate either: when and how often an entry of a stream was
 * delivered (a replica whose clock is late believes nothing that lies in its future, and XREADGROUP of
 * one's own past counts), and consumers that have nothing in hand (the same command makes one).
 */
import { maxId, minId, StreamId } from '../../src/rdb/structure/stream-id.ts';
import { valueDigest } from '../../src/server/digest.ts';
import type { Dict } from '../../src/server/keyspace/dict.ts';
import type { Keyspace } from '../../src/server/keyspace/keyspace.ts';
import { HashValue } from '../../src/server/types/hash-value.ts';
import { ListValue } from '../../src/server/types/list-value.ts';
import { SetValue } from '../../src/server/types/set-value.ts';
import type { StreamGroup } from '../../src/server/types/stream-group.ts';
import { StreamValue } from '../../src/server/types/stream-value.ts';
import type { Value } from '../../src/server/types/value.ts';
import { typeNames } from '../../src/server/types/value.ts';
import { ZsetValue } from '../../src/server/types/zset-value.ts';

const basis = 0x811c9dc5 | 0;
const prime = 0x01000193;

export function fingerprint(keyspace: Keyspace): string {
  let sum = 0;
  let mixed = 0;
  let keys = 0;
  for (const { id, dict } of keyspace.databases) {
    if (dict.size === 0) continue;
    dict.walk(0, (ref) => {
      const hash = hashEntry(basis ^ id, dict, ref);
      sum = (sum + hash) | 0;
      mixed = (mixed + mix(hash)) | 0;
      keys++;
      return true;
    });
  }
  return `${keys}:${(sum >>> 0).toString(16)}:${(mixed >>> 0).toString(16)}`;
}

function hashEntry(start: number, dict: Dict, ref: number): number {
  dict.readKey(ref);
  let hash = hashWindow(start, dict);
  hash = hashNumber(hash, dict.expireAt(ref));
  if (dict.isCollection(ref)) return hashCollection(hash, dict.value(ref));
  dict.readString(ref);
  return hashWindow(hash ^ 0xff, dict);
}

function hashCollection(start: number, value: Value): number {
  const hash = hashNumber(start, value.type);
  if (value instanceof ListValue) return hashList(hash, value);
  if (value instanceof SetValue) return hashSet(hash, value);
  if (value instanceof HashValue) return hashHash(hash, value);
  if (value instanceof ZsetValue) return hashZset(hash, value);
  if (value instanceof StreamValue) return hashStream(hash, value);
  throw new Error(`values of type ${value.type} have no fingerprint`);
}

function hashList(start: number, list: ListValue): number {
  const cursor = list.cursorAt(0);
  if (cursor === null) return start;
  let hash = start;
  do {
    cursor.read();
    hash = hashWindow(hash, cursor);
  } while (cursor.next());
  return hash;
}

/** Sums of elements: their order is nobody's business. */
function hashSet(start: number, set: SetValue): number {
  let sum = 0;
  set.walk(0, (ref) => {
    set.read(ref);
    sum = (sum + mix(hashWindow(basis, set))) | 0;
    return true;
  });
  return hashNumber(start, sum);
}

function hashHash(start: number, hash: HashValue): number {
  let sum = 0;
  hash.walk(0, (ref) => {
    hash.readField(ref);
    const { windowBuffer, windowStart, windowEnd } = hash;
    const expireAt = hash.expireAt(windowBuffer, windowStart, windowEnd);
    const field = hashNumber(hashWindow(basis, hash), expireAt);
    hash.readValue(ref);
    sum = (sum + mix(hashWindow(field, hash))) | 0;
    return true;
  });
  return hashNumber(start, sum);
}

function hashZset(start: number, zset: ZsetValue): number {
  let sum = 0;
  zset.walk(0, (ref) => {
    zset.readMember(ref);
    const member = hashWindow(basis, zset);
    sum = (sum + mix(hashDouble(member, zset.scoreOf(ref)))) | 0;
    return true;
  });
  return hashNumber(start, sum);
}

function hashStream(start: number, stream: StreamValue): number {
  let hash = hashId(hashId(start, stream.lastId), stream.maxDeletedId);
  hash = hashNumber(hash, Number(stream.entriesAdded));
  const reader = stream.read({ start: minId, end: maxId });
  while (reader.next()) {
    hash = hashId(hash, reader.id);
    while (reader.fieldsLeft > 0) {
      hash = hashWindow(hash, reader.readField());
      hash = hashWindow(hash, reader.readValue());
    }
  }
  for (const group of stream.groups()) hash = hashGroup(hash, group);
  return hash;
}

const pendingId = new StreamId();

function hashGroup(start: number, group: StreamGroup): number {
  let hash = hashId(hashText(start, group.name), group.lastId);
  const { pending } = group;
  for (let place = pending.first(); place !== -1; place = pending.next(place)) {
    hash = hashId(hash, pending.readId(place, pendingId));
    hash = hashText(hash, group.ownerAt(place)?.name ?? '');
  }
  return hash;
}

// ---- showing ----

/** `db/key` → value and expiry, short enough to print. */
export type DataDump = ReadonlyMap<string, string>;

export function dump(keyspace: Keyspace): DataDump {
  const entries = new Map<string, string>();
  for (const { id, dict } of keyspace.databases) {
    dict.walk(0, (ref) => {
      const key = dict.key(ref).toString('latin1');
      entries.set(`${id}/${key}`, `${showValue(dict, ref)} (expires ${dict.expireAt(ref)})`);
      return true;
    });
  }
  return entries;
}

function showValue(dict: Dict, ref: number): string {
  if (dict.isCollection(ref)) {
    const value = dict.value(ref);
    const print = (hashCollection(basis, value) >>> 0).toString(16);
    const digest = valueDigest(dict, ref).slice(0, 8);
    const groups = value instanceof StreamValue ? value.groups().map(showGroup) : [];
    return [
      `${typeNames[value.type]} of ${value.size}, ${print}, digest ${digest}`,
      ...groups,
    ].join('; ');
  }
  dict.readString(ref);
  const text = dict.windowBuffer.subarray(dict.windowStart, dict.windowEnd);
  if (text.length <= 40) return text.toString();
  return `${text.length} bytes, ${(hashWindow(basis, dict) >>> 0).toString(16)}`;
}

function showGroup(group: StreamGroup): string {
  const entries: string[] = [];
  const { pending } = group;
  for (let place = pending.first(); place !== -1; place = pending.next(place)) {
    const owner = group.ownerAt(place)?.name ?? 'nobody';
    const id = pending.readId(place, pendingId).text('-');
    entries.push(`${id} ${owner}`);
  }
  return `${group.name} at ${group.lastId.text('-')}: ${entries.join(', ')}`;
}

/** Lines for the keys in which two data sets differ, at most `limit`. */
export function differences(a: DataDump, b: DataDump, limit = 12): string[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])].sort();
  return keys
    .filter((key) => a.get(key) !== b.get(key))
    .slice(0, limit)
    .map((key) => `${key}: ${a.get(key) ?? 'absent'} | ${b.get(key) ?? 'absent'}`);
}

// ---- words and numbers ----

interface Window {
  readonly windowBuffer: Uint8Array;
  readonly windowStart: number;
  readonly windowEnd: number;
}

function hashWindow(start: number, { windowBuffer, windowStart, windowEnd }: Window): number {
  let hash = Math.imul(start ^ (windowEnd - windowStart), prime);
  for (let at = windowStart; at < windowEnd; at++) {
    hash = Math.imul(hash ^ windowBuffer[at], prime);
  }
  return hash ^ (hash >>> 15);
}

function hashText(start: number, text: string): number {
  let hash = Math.imul(start ^ text.length, prime);
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), prime);
  return hash;
}

/** Of a whole number. */
function hashNumber(start: number, value: number): number {
  const low = Math.imul(start ^ (value | 0), prime);
  return Math.imul(low ^ Math.floor(value / 0x1_0000_0000), prime);
}

const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

function hashDouble(start: number, value: number): number {
  double[0] = value;
  return Math.imul(Math.imul(start ^ doubleWords[0], prime) ^ doubleWords[1], prime);
}

function hashId(start: number, { msHigh, msLow, seqHigh, seqLow }: Readonly<StreamId>): number {
  let hash = Math.imul(start ^ msHigh, prime);
  hash = Math.imul(hash ^ msLow, prime);
  hash = Math.imul(hash ^ seqHigh, prime);
  return Math.imul(hash ^ seqLow, prime);
}

function mix(hash: number): number {
  return Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
}
