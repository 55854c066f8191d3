/**
 * The numbers of the RDB format: opcodes, value types and versions, under Redis's names.
 *
 *   file     = "REDIS" version:4 digits { item } EOF checksum:8       (checksum from version 5 on)
 *   item     = AUX string string                    a fact about the file, e.g. "redis-ver"
 *            | SELECTDB length                      the entries that follow belong to this database
 *            | RESIZEDB length length               how many keys, how many of them with expiry
 *            | SLOT_INFO length length length       slot, keys, keys with expiry (cluster mode)
 *            | FUNCTION2 string                     source of a function library
 *            | FUNCTION_PRE_GA string string length [string] string     7.0 release candidates
 *            | MODULE_AUX id:length when:length length { module-part } 0
 *            | [ EXPIRETIME seconds:4 | EXPIRETIME_MS ms:8 ] [ IDLE length | FREQ byte ]
 *              type:1 key:string value              value as the type says
 *
 * Fixed-size numbers are little endian; length and string are described in length-encoding.ts.
 */

/** What this package writes: Redis 7.0's version, which Redis 7.0 to 8 and Valkey read. */
export const writtenRdbVersion = 10;

/** Redis 8.0's version; the reader refuses files of a later one, whose opcodes it cannot know. */
export const newestRdbVersion = 12;

/** Files before this version end with EOF and have no checksum. */
export const firstChecksumVersion = 5;

export const rdbOpcode = {
  slotInfo: 244,
  function2: 245,
  functionPreGa: 246,
  moduleAux: 247,
  idle: 248,
  freq: 249,
  aux: 250,
  resizeDb: 251,
  expireTimeMs: 252,
  expireTime: 253,
  selectDb: 254,
  eof: 255,
} as const;

/** Bytes from here on are opcodes, below are value types. 243 is known from later versions only. */
export const firstOpcode = 243;

/** The parts of a module's data: an integer tag, then what the tag says. */
export const modulePart = { eof: 0, sint: 1, uint: 2, float: 3, double: 4, string: 5 } as const;

/** The value types that this package reads or writes; the rest is only known by name. */
export const rdbType = {
  string: 0,
  list: 1,
  set: 2,
  zset: 3,
  hash: 4,
  zset2: 5,
  module2: 7,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  zsetZiplist: 12,
  hashZiplist: 13,
  listQuicklist: 14,
  streamListpacks: 15,
  hashListpack: 16,
  zsetListpack: 17,
  listQuicklist2: 18,
  streamListpacks2: 19,
  setListpack: 20,
  streamListpacks3: 21,
  hashMetadataPreGa: 22,
  hashListpackExPreGa: 23,
  hashMetadata: 24,
  hashListpackEx: 25,
} as const;

/** The version of a payload with a value of this type. */
export function payloadVersion(type: number): number {
  return type < rdbType.hashMetadataPreGa ? writtenRdbVersion : newestRdbVersion;
}

/** How a node of a quicklist 2 holds its elements: as they are (one element), or as a listpack. */
export const quicklistNode = { plain: 1, packed: 2 } as const;

/** Every value type of Redis up to 8.0 and Valkey up to 8.1: number → name, for messages. */
const typeNames: Readonly<Record<number, string>> = {
  0: 'string',
  1: 'list',
  2: 'set',
  3: 'zset',
  4: 'hash',
  5: 'zset-2',
  6: 'module (pre-release format)',
  7: 'module-2',
  9: 'hash-zipmap',
  10: 'list-ziplist',
  11: 'set-intset',
  12: 'zset-ziplist',
  13: 'hash-ziplist',
  14: 'list-quicklist',
  15: 'stream-listpacks',
  16: 'hash-listpack',
  17: 'zset-listpack',
  18: 'list-quicklist-2',
  19: 'stream-listpacks-2',
  20: 'set-listpack',
  21: 'stream-listpacks-3',
  22: 'hash-metadata (pre-release format)',
  23: 'hash-listpack-ex (pre-release format)',
  24: 'hash-metadata',
  25: 'hash-listpack-ex',
};

/** The name of a value type, or undefined when no Redis or Valkey up to 8 has such a type. */
export function rdbTypeName(type: number): string | undefined {
  return typeNames[type];
}
