/**
 * A keyspace beside a plain copy of it: every change is made to both, so that a test can say what an
 * RDB must hold. For the tests of persistence; commands are not involved.
 */
import { RdbWriter } from '../../../../src/rdb/rdb-writer.ts';
import type { Dict } from '../../../../src/server/keyspace/dict.ts';
import type { Database } from '../../../../src/server/keyspace/database.ts';
import { Keyspace } from '../../../../src/server/keyspace/keyspace.ts';
import { Snapshot } from '../../../../src/server/persistence/snapshot.ts';
import { seededRandom } from '../../../../src/util/random.ts';
import { SetValue } from '../../../../src/server/types/set-value.ts';
import { assert } from '../../../../src/util/errors.ts';
import { type CollectedValue, readAll } from '../../../rdb/collect.ts';
import { sorted } from '../../../rdb/fixtures.ts';

/** `db/key` → value and Unix milliseconds, as text: what a data set is, whatever its order. */
export type Content = Record<string, string>;

export class DataSet {
  readonly keyspace: Keyspace;

  constructor(options: { databases?: number } = {}) {
    this.keyspace = new Keyspace({
      databases: options.databases ?? 3,
      random: seededRandom(7),
      onExpired: () => undefined,
    });
  }

  db(id: number): Database {
    return this.keyspace.databases[id];
  }

  set(dbId: number, key: string, value: string, keepTtl = false): void {
    const { dict } = this.db(dbId);
    const bytes = Buffer.from(value, 'latin1');
    const [ref, keyBytes] = find(dict, key);
    if (ref !== 0) dict.overwriteString(ref, bytes, 0, bytes.length, keepTtl);
    else dict.insertString(keyBytes, 0, keyBytes.length, bytes, 0, bytes.length);
    this.keyspace.dirty++;
  }

  /** Makes a value longer or shorter in place, as APPEND and SETRANGE do. */
  resize(dbId: number, key: string, length: number): void {
    const { dict } = this.db(dbId);
    const [ref] = find(dict, key);
    if (ref === 0 || dict.isCollection(ref)) return;
    dict.resizeString(ref, length);
    dict.windowBuffer.fill(0x7e, dict.windowStart, dict.windowEnd);
  }

  /** Adds members to a set, which takes the place of a string. */
  add(dbId: number, key: string, first: number, count: number): void {
    const { dict } = this.db(dbId);
    const [ref, keyBytes] = find(dict, key);
    const held = ref !== 0 && dict.isCollection(ref) ? dict.valueForWrite(ref) : null;
    const set = held instanceof SetValue ? held : new SetValue(this.keyspace.valueSettings);
    for (let number = first; number < first + count; number++) {
      const member = Buffer.from(`m:${number}`);
      set.add(member, 0, member.length);
    }
    if (held !== null) return;
    if (ref !== 0) dict.overwriteValue(ref, set, false);
    else dict.insertValue(keyBytes, 0, keyBytes.length, set);
  }

  remove(dbId: number, key: string): void {
    const { dict } = this.db(dbId);
    const [ref] = find(dict, key);
    if (ref !== 0) dict.remove(ref);
  }

  /** −1 takes the time to live away. */
  expireAt(dbId: number, key: string, atMs: number): void {
    const { dict } = this.db(dbId);
    const [ref] = find(dict, key);
    if (ref === 0) return;
    if (atMs < 0) dict.clearExpire(ref);
    else dict.setExpireAt(ref, atMs);
  }

  touch(dbId: number, key: string): void {
    const { dict } = this.db(dbId);
    const [ref] = find(dict, key);
    if (ref !== 0) dict.touch(ref);
  }

  flush(...dbIds: number[]): void {
    this.keyspace.flush(dbIds.map((id) => this.db(id)));
  }

  swap(a: number, b: number): void {
    if (a !== b) this.keyspace.swap(this.db(a), this.db(b));
  }

  /** As a full sync does. */
  replaceAll(): void {
    this.keyspace.replaceAll(this.keyspace.databases.map(() => this.keyspace.newDict()));
  }

  content(): Content {
    const content: Content = {};
    for (const { id, dict } of this.keyspace.databases) {
      dict.walk(0, (ref) => {
        const key = dict.key(ref).toString('latin1');
        content[`${id}/${key}`] = entryText(valueIn(dict, ref), dict.expireAt(ref));
        return true;
      });
    }
    return content;
  }
}

/** A snapshot whose bytes are collected, and whose clock ticks once per look. */
export class CollectedSnapshot {
  readonly snapshot: Snapshot;
  readonly #blocks: Buffer[] = [];
  #ticks = 0;

  constructor(keyspace: Keyspace, blockBytes = 4096) {
    const writer = new RdbWriter({
      sink: (block) => void this.#blocks.push(Buffer.from(block)),
      blockBytes,
      compress: false,
    });
    this.snapshot = new Snapshot({ keyspace, writer, aux: [], monotonicMs: () => this.#ticks++ });
  }

  /** Goes on until it has looked at the clock so many times; true when the RDB is complete. */
  step(looks: number): boolean {
    return this.snapshot.step(looks);
  }

  finish(): Content {
    this.snapshot.step(Number.POSITIVE_INFINITY);
    return this.content();
  }

  /** Parses the RDB; throws when a key is in it twice. */
  content(): Content {
    return contentOfRdb(this.bytes());
  }

  /** The RDB as far as it has come. */
  bytes(): Buffer {
    return Buffer.concat(this.#blocks);
  }
}

export function contentOfRdb(rdb: Buffer): Content {
  const content: Content = {};
  for (const { db, key, value, expireAtMs } of readAll(rdb).entries) {
    const name = `${db}/${key}`;
    if (name in content) throw new Error(`${name} was saved twice`);
    content[name] = entryText(value, expireAtMs);
  }
  return content;
}

function valueIn(dict: Dict, ref: number): CollectedValue {
  if (!dict.isCollection(ref)) return dict.stringValue(ref).toString('latin1');
  const value = dict.value(ref);
  assert(value instanceof SetValue, 'sets are the collections of these tests');
  const set: string[] = [];
  value.walk(0, (member) => {
    value.read(member);
    set.push(value.windowBuffer.toString('latin1', value.windowStart, value.windowEnd));
    return true;
  });
  return { set };
}

function entryText(value: CollectedValue, expireAtMs: number): string {
  return `${expireAtMs} ${typeof value === 'string' ? value : JSON.stringify(sorted(value))}`;
}

function find(dict: Dict, key: string): [ref: number, key: Buffer] {
  const bytes = Buffer.from(key, 'latin1');
  return [dict.find(bytes, 0, bytes.length), bytes];
}
