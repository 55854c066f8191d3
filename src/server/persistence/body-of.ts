/**
 * Collections as the bodies of RDB entries, in the encodings that Redis 7.0 reads: small ones as they
 * are, in one string, large ones element by element. Counterpart of value-maker.ts.
 */
import { rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import { HashValue } from '../types/hash-value.ts';
import { ListValue } from '../types/list-value.ts';
import { SetValue } from '../types/set-value.ts';
import { StreamValue } from '../types/stream-value.ts';
import type { Value } from '../types/value.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { followedByTimes, hashBody, hashWithTimes, hasTimes } from './hash-body.ts';
import { ListBody } from './list-body.ts';
import { StreamBody } from './stream-body.ts';
import { setBody } from './table-body.ts';
import type { ValueBody } from './value-body.ts';
import { ZsetBody } from './zset-body.ts';

/**
 * The body of a collection as it is now, for a DUMP payload: those say what version they are of, so
 * that a type of Redis 7.4 may be among them.
 */
export function dumpBodyOf(value: Value): ValueBody {
  return value instanceof HashValue && hasTimes(value) ? hashWithTimes(value) : bodyOf(value);
}

/** The same for a file, where what its version has no room for follows the value. */
export function bodyOf(value: Value): ValueBody {
  if (value instanceof ListValue) return new ListBody(value);
  if (value instanceof HashValue) {
    const { listpack } = value;
    if (listpack === null) return hashBody(value);
    const body = new CompactBody(rdbType.hashListpack, listpack);
    return hasTimes(value) ? followedByTimes(value, body) : body;
  }
  if (value instanceof SetValue) {
    const { intset } = value;
    return intset === null ? setBody(value) : new CompactBody(rdbType.setIntset, intset);
  }
  if (value instanceof ZsetValue) {
    const { listpack } = value;
    return listpack === null
      ? new ZsetBody(value)
      : new CompactBody(rdbType.zsetListpack, listpack);
  }
  if (value instanceof StreamValue) return new StreamBody(value);
  throw new Error(`values of type ${value.type} have no RDB encoding`);
}

/** A value that is one block of memory in Redis's own form. */
class CompactBody implements ValueBody {
  readonly rdbType: number;
  readonly #block: { readonly bytes: Uint8Array; readonly byteLength: number };
  /** The block as it was when the guard came. */
  #kept: Uint8Array | null = null;

  constructor(type: number, block: { readonly bytes: Uint8Array; readonly byteLength: number }) {
    this.rdbType = type;
    this.#block = block;
  }

  write(output: RdbOutput): boolean {
    const { bytes, byteLength } = this.#block;
    if (this.#kept === null) output.string(bytes, 0, byteLength);
    else output.string(this.#kept, 0, this.#kept.length);
    return true;
  }

  guard(): void {
    this.#kept = Buffer.from(this.#block.bytes.subarray(0, this.#block.byteLength));
  }

  release(): void {
    this.#kept = null;
  }
}
