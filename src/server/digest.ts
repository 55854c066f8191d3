/**
 * DEBUG DIGEST: forty hexadecimal digits that are the same for two servers with the same data, in
 * whatever order they hold it. It is Redis's own sum, so a bundled server can be compared with a
 * real one:
 *
 *     add(x):   sum ^= SHA1(x)                order does not matter
 *     chain(x): add(x); sum = SHA1(sum)       order matters
 *
 *     data set = for each database that has keys: chain(id), then add each key's sum
 *     key      = chain(key), then its value
 *     value    = chain(type), what the type adds, add("!!expire!!") if it has a time to live
 *     string   = chain(bytes)
 *
 * Ids and types are 32 bits, big endian. Called by DEBUG DIGEST and DEBUG DIGEST-VALUE only: it
 * walks everything at once, a second or two per million keys.
 */
import { hash } from 'node:crypto';
import type { Dict } from './keyspace/dict.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import { type ValueType, valueTypes } from './types/value.ts';

const sumBytes = 20;

/** The sum over all databases; forty zeros when all are empty. */
export function datasetDigest(keyspace: Keyspace): string {
  const total = new Digest();
  const ofKey = new Digest();
  for (const { id, dict } of keyspace.databases) {
    if (dict.size === 0) continue;
    total.chain(uint32(id));
    dict.walk(0, (ref) => {
      ofKey.clear();
      dict.readKey(ref);
      ofKey.chain(dict.windowBuffer.subarray(dict.windowStart, dict.windowEnd));
      addValue(ofKey, dict, ref);
      total.addSum(ofKey);
      return true;
    });
  }
  return total.hex();
}

/** The sum of one value without its key. */
export function valueDigest(dict: Dict, ref: number): string {
  const digest = new Digest();
  addValue(digest, dict, ref);
  return digest.hex();
}

/** Of a key that is not there. */
export const noDigest = '0'.repeat(sumBytes * 2);

const expireMark = Buffer.from('!!expire!!');

function addValue(digest: Digest, dict: Dict, ref: number): void {
  const type = dict.type(ref);
  const add = valueDigests[type];
  if (add === undefined) throw new Error(`values of type ${type} have no digest yet`);
  digest.chain(uint32(type));
  add(digest, dict, ref);
  if (dict.expireAt(ref) >= 0) digest.add(expireMark);
}

/** What each type adds to the sum of its value; a new type gets its row here. */
const valueDigests: Partial<Record<ValueType, (digest: Digest, dict: Dict, ref: number) => void>> =
  {
    [valueTypes.string]: (digest, dict, ref) => {
      dict.readString(ref);
      digest.chain(dict.windowBuffer.subarray(dict.windowStart, dict.windowEnd));
    },
  };

class Digest {
  readonly #sum = Buffer.alloc(sumBytes);

  clear(): void {
    this.#sum.fill(0);
  }

  /** One character a byte is by far the fastest form to get a hash out of node:crypto. */
  add(bytes: Uint8Array): void {
    const sha1 = hash('sha1', bytes, 'binary');
    for (let at = 0; at < sumBytes; at++) {
      this.#sum[at] = this.#sum[at] ^ sha1.charCodeAt(at);
    }
  }

  chain(bytes: Uint8Array): void {
    this.add(bytes);
    this.#sum.write(hash('sha1', this.#sum, 'binary'), 'latin1');
  }

  /** Adds the hash of another sum. */
  addSum(other: Digest): void {
    this.add(other.#sum);
  }

  hex(): string {
    return this.#sum.toString('hex');
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
