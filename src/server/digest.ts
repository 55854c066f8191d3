/**
 * DEBUG DIGEST: forty hexadecimal digits that are the same for two servers with the same data, in
 * whatever order they hold it. It is Redis's own sum (digest-sum.ts), so a bundled server can be
 * compared with a real one:
 *
 *     data set = for each database that has keys: chain(id), then add each key's sum
 *     key      = chain(key), then its value
 *     value    = chain(type), what the type adds, add("!!expire!!") if it has a time to live
 *     string   = chain(bytes)
 *     list     = chain each element
 *     set      = add each member
 *     hash     = add each pair's own sum: chain(field), chain(value), add("!!hexpire!!") if it ends
 *     zset     = the same with chain(member), chain(score)
 *     stream   = chain(id), chain(field), chain(value) … for each entry; no groups
 *
 * Ids and types are 32 bits, big endian; scores are text. Called by DEBUG DIGEST and DEBUG DIGEST-VALUE only: it
 * walks everything at once, a second or two per million keys.
 */
import { maxId, minId } from '../rdb/structure/stream-id.ts';
import type { Dict } from './keyspace/dict.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { formatDouble } from '../util/double.ts';
import { Digest, uint32 } from './digest-sum.ts';
import { HashValue } from './types/hash-value.ts';
import { ListValue } from './types/list-value.ts';
import { StreamValue } from './types/stream-value.ts';
import { SetValue } from './types/set-value.ts';
import type { Value } from './types/value.ts';
import { ZsetValue } from './types/zset-value.ts';

/**
 * A score as it goes into a sum: with 17 digits as Redis 7.0 has it. Later versions and Valkey take
 * the shortest text that means the same.
 */
type ScoreText = (score: number) => string;

/** The sum over all databases; forty zeros when all are empty. */
export function datasetDigest(keyspace: Keyspace, scoreText: ScoreText = formatDouble): string {
  const total = new Digest();
  const ofKey = new Digest();
  for (const { id, dict } of keyspace.databases) {
    if (dict.size === 0) continue;
    total.chain(uint32(id));
    dict.walk(0, (ref) => {
      ofKey.clear();
      dict.readKey(ref);
      ofKey.chain(windowOf(dict));
      addValue(ofKey, dict, ref, scoreText);
      total.addSum(ofKey);
      return true;
    });
  }
  return total.hex();
}

/** The sum of one value without its key. */
export function valueDigest(dict: Dict, ref: number): string {
  const digest = new Digest();
  addValue(digest, dict, ref, formatDouble);
  return digest.hex();
}

const expireMark = Buffer.from('!!expire!!');
/** A field's. [Redis 7.4] */
const fieldExpireMark = Buffer.from('!!hexpire!!');

function addValue(digest: Digest, dict: Dict, ref: number, scoreText: ScoreText): void {
  digest.chain(uint32(dict.type(ref)));
  if (dict.isCollection(ref)) {
    addCollection(digest, dict.value(ref), scoreText);
  } else {
    dict.readString(ref);
    digest.chain(windowOf(dict));
  }
  if (dict.expireAt(ref) >= 0) digest.add(expireMark);
}

function addCollection(digest: Digest, value: Value, scoreText: ScoreText): void {
  if (value instanceof ListValue) addList(digest, value);
  else if (value instanceof SetValue) addSet(digest, value);
  else if (value instanceof HashValue) addHash(digest, value);
  else if (value instanceof ZsetValue) addZset(digest, value, scoreText);
  else if (value instanceof StreamValue) addStream(digest, value);
  else throw new Error(`values of type ${value.type} have no digest`);
}

function addList(digest: Digest, list: ListValue): void {
  const cursor = list.cursorAt(0);
  if (cursor === null) return;
  do {
    cursor.read();
    digest.chain(windowOf(cursor));
  } while (cursor.next());
}

function addSet(digest: Digest, set: SetValue): void {
  set.walk(0, (ref) => {
    set.read(ref);
    digest.add(windowOf(set));
    return true;
  });
}

function addHash(digest: Digest, hash: HashValue): void {
  const pair = new Digest();
  hash.walk(0, (ref) => {
    pair.clear();
    hash.readField(ref);
    pair.chain(windowOf(hash));
    const { windowBuffer, windowStart, windowEnd } = hash;
    const ends = hash.expireAt(windowBuffer, windowStart, windowEnd) >= 0;
    hash.readValue(ref);
    pair.chain(windowOf(hash));
    if (ends) pair.add(fieldExpireMark);
    digest.addSum(pair);
    return true;
  });
}

function addZset(digest: Digest, zset: ZsetValue, scoreText: ScoreText): void {
  const pair = new Digest();
  zset.walk(0, (ref) => {
    pair.clear();
    zset.readMember(ref);
    pair.chain(windowOf(zset));
    pair.chain(Buffer.from(scoreText(zset.scoreOf(ref))));
    digest.addSum(pair);
    return true;
  });
}

function addStream(digest: Digest, stream: StreamValue): void {
  const reader = stream.read({ start: minId, end: maxId });
  while (reader.next()) {
    digest.chain(Buffer.from(reader.id.text('.')));
    while (reader.fieldsLeft > 0) {
      digest.chain(windowOf(reader.readField()));
      digest.chain(windowOf(reader.readValue()));
    }
  }
}

interface Window {
  readonly windowBuffer: Buffer;
  readonly windowStart: number;
  readonly windowEnd: number;
}

function windowOf({ windowBuffer, windowStart, windowEnd }: Window): Buffer {
  return windowBuffer.subarray(windowStart, windowEnd);
}
