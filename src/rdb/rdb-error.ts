/**
 * Why bytes are not a usable RDB. Thrown by the reader and by the decoding of DUMP payloads; who
 * loads a file turns it into a log line or a reply. Never a bug of ours, always about the input.
 */

export type RdbErrorReason =
  /** Not an RDB at all. */
  | 'bad-magic'
  /** Written by a server newer than this reader knows. */
  | 'unsupported-version'
  /** A byte that no version up to the newest known one has as an opcode or a value type. */
  | 'unknown-opcode'
  /** A value type that exists, but is not decoded here; `typeName` names it. */
  | 'unsupported-type'
  /** A length that is malformed, or a string beyond the limit. */
  | 'bad-length'
  /** A special string encoding that does not exist or does not belong there. */
  | 'bad-encoding'
  /** A compressed string that does not decompress to the length it claims. */
  | 'bad-compression'
  /** A compact structure (listpack, ziplist, intset, zipmap) that does not hold together. */
  | 'bad-structure'
  /** Elements that cannot be: one that is there twice, a score that is no number. */
  | 'bad-element'
  | 'bad-checksum'
  /** The input ended before the RDB did. */
  | 'truncated';

export class RdbError extends Error {
  readonly reason: RdbErrorReason;
  /** Where in the RDB, in bytes from its first one. */
  readonly offset: number;
  /** For 'unsupported-type': which. */
  readonly typeName: string | undefined;

  constructor(reason: RdbErrorReason, offset: number, detail: string, typeName?: string) {
    super(`${detail} at byte ${offset} of the RDB`);
    this.name = 'RdbError';
    this.reason = reason;
    this.offset = offset;
    this.typeName = typeName;
  }
}
