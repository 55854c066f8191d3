/**
 * What every value other than a string has in common: a collection under a key. The Dict keeps it,
 * the commands of its type know its class. A value knows nothing of keys, clients or replies.
 */

/** The numbers are RDB's; the names are in `typeNames`. */
export const valueTypes = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 6 } as const;
export type ValueType = (typeof valueTypes)[keyof typeof valueTypes];
/** What TYPE calls them, by number. */
export const typeNames: readonly string[] = ['string', 'list', 'set', 'zset', 'hash', '', 'stream'];

export interface Value {
  readonly type: ValueType;
  /** Elements; one that has none left is not kept under a key, a stream excepted. */
  readonly size: number;
  /** The form it has, as OBJECT ENCODING names it. [7.0] */
  readonly encoding: string;
  /** Bytes it takes, those reserved for growth included. Must be cheap: it is read per command. */
  readonly memoryBytes: number;
  /** What of `memoryBytes` the Dict has counted; written by the Dict alone, 0 at first. */
  accountedBytes: number;
  /** A value of its own with the same elements, for COPY. */
  copy(): Value;
}

/**
 * Told of an element of a large collection before it changes, goes or comes. Whoever is in the middle
 * of saving the collection sets it there.
 */
export interface ElementObserver {
  beforeChange(name: Uint8Array, start: number, end: number): void;
}

/** Up to where values stay compact; named as in redis.conf. Kept current by CONFIG SET. */
export interface EncodingLimits {
  hashMaxListpackEntries: number;
  hashMaxListpackValue: number;
  /** Negative: a class of node sizes in bytes, −1 (4 KiB) … −5 (64 KiB). */
  listMaxListpackSize: number;
  listCompressDepth: number;
  /** Elements of so many bytes have a node to themselves; no directive, DEBUG sets it. */
  quicklistPackedThreshold: number;
  setMaxIntsetEntries: number;
  zsetMaxListpackEntries: number;
  zsetMaxListpackValue: number;
  streamNodeMaxBytes: number;
  streamNodeMaxEntries: number;
}

/** What all values of a server share. */
export interface ValueSettings extends EncodingLimits {
  /** Seeds the hashes of elements, so that clients cannot aim at one bucket; see `takeHashSeed`. */
  hashSeed: number;
}

/**
 * The seed for one more table of elements. No two tables have the same: elements that come in the
 * order of the table that they stood in (a copy, a union, what has been saved) would all crowd into
 * one corner of a table that hashes alike, and each insertion take as long as there are elements.
 */
export function takeHashSeed(settings: ValueSettings): number {
  // A step of a linear congruential generator goes through all 2^32 seeds.
  settings.hashSeed = (Math.imul(settings.hashSeed, 1_664_525) + 1_013_904_223) | 0;
  return settings.hashSeed;
}

/** The limits as redis.conf has them by default. [7.0] */
export const defaultEncodingLimits: Readonly<EncodingLimits> = {
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  listMaxListpackSize: -2,
  listCompressDepth: 0,
  quicklistPackedThreshold: 2 ** 30,
  setMaxIntsetEntries: 512,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
  streamNodeMaxBytes: 4096,
  streamNodeMaxEntries: 100,
};
