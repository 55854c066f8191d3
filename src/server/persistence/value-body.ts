/**
 * Collections as the bodies of RDB entries, in the encodings that Redis 7.0 reads: small ones as they
 * are, in one string, large ones element by element. Used by the snapshot, which writes a large body
 * in pieces between requests, by DUMP and by DEBUG OBJECT, which write it at once. A value must not
 * change between its first piece and its last. Counterpart of value-maker.ts.
 */
import { quicklistNode, rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import { HashValue } from '../types/hash-value.ts';
import type { ListNode } from '../types/list-node.ts';
import { ListValue } from '../types/list-value.ts';
import { SetValue } from '../types/set-value.ts';
import { StreamValue } from '../types/stream-value.ts';
import type { Value } from '../types/value.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { StreamBody } from './stream-body.ts';

/** So many bytes of an element count as another element: long ones are slow to compress. */
const bytesPerWork = 256;

export interface ValueBody {
  /** What stands before the entry's key. */
  readonly rdbType: number;
  /** Writes the body, or about `work` elements more of it; true when it is complete. */
  write(output: RdbOutput, work: number): boolean;
}

/** The body of a collection as it is now. */
export function bodyOf(value: Value): ValueBody {
  if (value instanceof ListValue) return new ListBody(value);
  if (value instanceof HashValue) {
    const { listpack } = value;
    return listpack === null
      ? new HashBody(value)
      : new CompactBody(rdbType.hashListpack, listpack);
  }
  if (value instanceof SetValue) {
    const { intset } = value;
    return intset === null ? new SetBody(value) : new CompactBody(rdbType.setIntset, intset);
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

  constructor(type: number, block: { readonly bytes: Uint8Array; readonly byteLength: number }) {
    this.rdbType = type;
    this.#block = block;
  }

  write(output: RdbOutput): boolean {
    output.string(this.#block.bytes, 0, this.#block.byteLength);
    return true;
  }
}

/** Node by node: each is some hundred elements in one string. */
class ListBody implements ValueBody {
  readonly rdbType = rdbType.listQuicklist2;
  readonly #nodes: Iterator<ListNode, unknown>;
  readonly #nodeCount: number;
  /** Nodes not written yet; −1 before the first piece. */
  #left = -1;

  constructor(list: ListValue) {
    this.#nodes = list.nodes();
    this.#nodeCount = list.nodeCount;
  }

  write(output: RdbOutput, work: number): boolean {
    if (this.#left < 0) {
      this.#left = this.#nodeCount;
      output.length(this.#left);
    }
    for (let workLeft = work; workLeft > 0 && this.#left > 0; this.#left--) {
      const node = this.#nodes.next().value as ListNode;
      const bytes = node.toBytes();
      output.length(node.isPlain ? quicklistNode.plain : quicklistNode.packed);
      output.string(bytes, 0, bytes.length);
      workLeft -= 1 + Math.floor(bytes.length / bytesPerWork);
    }
    return this.#left === 0;
  }
}

class HashBody implements ValueBody {
  readonly rdbType = rdbType.hash;
  readonly #hash: HashValue;
  /** Where the walk goes on; −1 before the first piece. */
  #position = -1;

  constructor(hash: HashValue) {
    this.#hash = hash;
  }

  write(output: RdbOutput, work: number): boolean {
    const hash = this.#hash;
    if (this.#position < 0) {
      output.length(hash.size);
      this.#position = 0;
    }
    let left = work;
    this.#position = hash.walk(this.#position, (ref) => {
      hash.readField(ref);
      output.string(hash.windowBuffer, hash.windowStart, hash.windowEnd);
      left -= workOf(hash);
      hash.readValue(ref);
      output.string(hash.windowBuffer, hash.windowStart, hash.windowEnd);
      left -= workOf(hash);
      return left > 0;
    });
    return this.#position === 0;
  }
}

class SetBody implements ValueBody {
  readonly rdbType = rdbType.set;
  readonly #set: SetValue;
  /** Where the walk goes on; −1 before the first piece. */
  #position = -1;

  constructor(set: SetValue) {
    this.#set = set;
  }

  write(output: RdbOutput, work: number): boolean {
    const set = this.#set;
    if (this.#position < 0) {
      output.length(set.size);
      this.#position = 0;
    }
    let left = work;
    this.#position = set.walk(this.#position, (ref) => {
      set.read(ref);
      output.string(set.windowBuffer, set.windowStart, set.windowEnd);
      left -= workOf(set);
      return left > 0;
    });
    return this.#position === 0;
  }
}

/** From the highest score down, as Redis does: its loader then always inserts at the front. */
class ZsetBody implements ValueBody {
  readonly rdbType = rdbType.zset2;
  readonly #zset: ZsetValue;
  /** Members not written yet; −1 before the first piece. */
  #left = -1;

  constructor(zset: ZsetValue) {
    this.#zset = zset;
  }

  write(output: RdbOutput, work: number): boolean {
    const zset = this.#zset;
    if (this.#left < 0) {
      this.#left = zset.size;
      output.length(this.#left);
    }
    zset.seek(this.#left - 1);
    for (let workLeft = work; workLeft > 0;) {
      zset.readMember(zset.cursorRef);
      output.string(zset.windowBuffer, zset.windowStart, zset.windowEnd);
      output.float64(zset.cursorScore);
      workLeft -= workOf(zset);
      this.#left--;
      if (!zset.previous()) break;
    }
    return this.#left === 0;
  }
}

function workOf({ windowStart, windowEnd }: { windowStart: number; windowEnd: number }): number {
  return 1 + Math.floor((windowEnd - windowStart) / bytesPerWork);
}
