/**
 * The times of fields through files and payloads: in our RDBs behind their hash, where other servers
 * pass them over; in DUMP payloads as Redis 8 has them.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeDumpBody,
  readDumpPayload,
  writeDumpPayload,
} from '../../../src/rdb/dump-payload.ts';
import { RdbWriter } from '../../../src/rdb/rdb-writer.ts';
import type { BlockSink } from '../../../src/rdb/rdb-output.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { CommandWriter } from '../../../src/server/persistence/command-writer.ts';
import { Snapshot } from '../../../src/server/persistence/snapshot.ts';
import { dumpBodyOf } from '../../../src/server/persistence/body-of.ts';
import { HashValue } from '../../../src/server/types/hash-value.ts';
import { seededRandom } from '../../../src/util/random.ts';
import { cut, readAll, silentSink } from '../../rdb/collect.ts';
import { loadRdb, rdbOf } from './support/rdb-bytes.ts';
import { requestsIn } from './support/requests-in.ts';

type Fields = Record<string, { value: string; atMs: number }>;

const element = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc.integer().map(String),
  fc.constantFrom('', 'long '.repeat(20), 'longer '.repeat(5000)),
);
const atMs = fc.oneof(
  fc.constant(-1),
  fc.constantFrom(1, 2 ** 46 - 1),
  fc.nat().map((n) => n + 1),
);
/** That one is no key of a plain object. */
const name = element.filter((text) => text !== '__proto__');
const fields = fc.dictionary(name, fc.record({ value: element, atMs }), {
  minKeys: 1,
  maxKeys: 60,
  noNullPrototype: true,
});
const dataSets = fc.dictionary(fc.string({ unit: 'binary-ascii', maxLength: 5 }), fields, {
  maxKeys: 5,
  noNullPrototype: true,
});
const cuts = fc.array(fc.nat(), { maxLength: 20 });

test('come back with their hashes out of our own files, however these are cut', () => {
  fc.assert(
    fc.property(dataSets, fc.boolean(), cuts, (data, compress, at) => {
      const file = rdbOf(keyspaceOf(data), compress);
      const loaded = keyspaceOf({});
      loadRdb(loaded, cut(file, at));
      expect(contentOf(loaded)).toEqual(data);
      const volatile = Object.values(data).filter((hash) =>
        Object.values(hash).some((field) => field.atMs >= 0),
      );
      expect(loaded.databases[0].dict.volatileHashCount).toBe(volatile.length);
    }),
    { numRuns: 100 },
  );
});

test('are passed over by whoever does not know them', () => {
  fc.assert(
    fc.property(dataSets, (data) => {
      const { entries, aux } = readAll(rdbOf(keyspaceOf(data), true));
      expect(entries.map(({ key }) => key).toSorted()).toEqual(Object.keys(data).toSorted());
      expect(aux).toEqual({});
    }),
    { numRuns: 30 },
  );
});

/** Hashes out of what a writer of this kind has written. */
const writers = [
  {
    form: 'an RDB',
    make: (sink: BlockSink) => new RdbWriter({ sink }),
    read: (file: Buffer): Record<string, Fields> => {
      const loaded = keyspaceOf({});
      loadRdb(loaded, [file]);
      return contentOf(loaded);
    },
  },
  {
    form: 'commands',
    make: (sink: BlockSink) => new CommandWriter({ sink, compress: true, timestampSec: -1 }),
    read: (file: Buffer): Record<string, Fields> =>
      Object.fromEntries(
        requestsIn(file)
          .filter(([name]) => name.toString() === 'RESTORE')
          .map(([, key, , payload]) => [key.toString(), fieldsOf(restored(payload))]),
      ),
  },
];

test.each(writers)(
  'of a large hash go out in pieces as $form, between which it and other keys may change',
  ({ make, read }) => {
    const large = Object.fromEntries(
      Array.from({ length: 5000 }, (_, n) => [
        `field ${n}`,
        { value: 'v', atMs: n % 3 === 0 ? -1 : n },
      ]),
    );
    const small = { f: { value: 'v', atMs: 7 } };
    const keyspace = keyspaceOf({ large, small, other: small });
    const blocks: Buffer[] = [];
    const writer = make((block) => void blocks.push(Buffer.from(block)));
    const snapshot = new Snapshot({ keyspace, writer, aux: [], monotonicMs: () => 0 });
    let steps = 0;
    while (!snapshot.step(0)) {
      steps++;
      for (const key of ['small', 'other']) hashAt(keyspace, key).remove(...bytes('f'));
      const hash = hashAt(keyspace, 'large');
      for (let n = 0; n < 40; n++) changeField(hash, `field ${(steps * 97 + n * 131) % 5000}`, n);
    }
    expect(steps).toBeGreaterThan(30);
    expect(read(Buffer.concat(blocks))).toEqual({ large, small, other: small });
  },
);

test('that are damaged are refused', () => {
  const file = rdbOf(keyspaceOf({ h: { field: { value: 'v', atMs: 2 ** 40 } } }), false);
  // The time in the auxiliary field, behind its name and its length.
  const timeAt = file.indexOf('hash-field-times') + 'hash-field-times'.length + 1;
  for (const [at, byte] of [
    [timeAt + 7, 0xff],
    [timeAt + 8, 200],
    [timeAt + 8, 1],
  ]) {
    const damaged = Buffer.from(file);
    damaged[at] = byte;
    expect(() => loadRdb(keyspaceOf({}), [damaged], false)).toThrow(
      /times of fields that cannot be/,
    );
  }
});

test('come back out of DUMP payloads, whose version is that of Redis 8', () => {
  fc.assert(
    fc.property(fields, fc.boolean(), (hash, compress) => {
      const value = hashOf(keyspaceOf({}), hash);
      const body = dumpBodyOf(value);
      const payload = writeDumpPayload(
        body.rdbType,
        (output) => body.write(output, Number.POSITIVE_INFINITY),
        { compress },
      );
      const isVolatile = Object.values(hash).some((field) => field.atMs >= 0);
      expect(payload.readUInt16LE(payload.length - 10)).toBe(isVolatile ? 12 : 10);
      expect(fieldsOf(restored(payload))).toEqual(hash);
    }),
    { numRuns: 100 },
  );
});

function restored(payload: Buffer): HashValue {
  const read = readDumpPayload(payload);
  if (read.kind === 'error') throw new Error(read.because);
  const hash = new HashValue(keyspaceOf({}).valueSettings);
  const sink = { ...silentSink, beginHash: () => hash };
  decodeDumpBody(read.type, read.body, Buffer.alloc(0), sink);
  return hash;
}

function keyspaceOf(data: Record<string, Fields>): Keyspace {
  const random = seededRandom(7);
  const keyspace = new Keyspace({ databases: 1, random, onExpired: () => undefined });
  const [{ dict }] = keyspace.databases;
  for (const [key, hash] of Object.entries(data)) {
    dict.find(...bytes(key));
    dict.insertValue(...bytes(key), hashOf(keyspace, hash));
  }
  return keyspace;
}

function hashOf({ valueSettings }: Keyspace, hash: Fields): HashValue {
  const made = new HashValue(valueSettings);
  for (const [field, each] of Object.entries(hash)) {
    made.set(...bytes(field), ...bytes(each.value), each.atMs);
  }
  return made;
}

/** As a command that is about to change it. */
function hashAt({ databases: [{ dict }] }: Keyspace, key: string): HashValue {
  return dict.valueForWrite(dict.find(...bytes(key))) as HashValue;
}

function changeField(hash: HashValue, field: string, n: number): void {
  if (!hash.has(...bytes(field))) hash.set(...bytes(field), ...bytes('new'), 5);
  else if (n % 4 === 0) hash.expireField(...bytes(field), 2 ** 40);
  else if (n % 4 === 1) hash.persistField(...bytes(field));
  else if (n % 4 === 2) hash.set(...bytes(field), ...bytes('other'));
  else hash.remove(...bytes(field));
}

function contentOf({ databases: [{ dict }] }: Keyspace): Record<string, Fields> {
  const content: Record<string, Fields> = {};
  dict.walk(0, (ref) => {
    content[dict.key(ref).toString('latin1')] = fieldsOf(dict.value(ref) as HashValue);
    return true;
  });
  return content;
}

function fieldsOf(hash: HashValue): Fields {
  const found: Fields = {};
  const window = (): string =>
    hash.windowBuffer.toString('latin1', hash.windowStart, hash.windowEnd);
  hash.walk(0, (ref) => {
    hash.readField(ref);
    const field = window();
    hash.readValue(ref);
    found[field] = { value: window(), atMs: hash.expireAt(...bytes(field)) };
    return true;
  });
  return found;
}

function bytes(text: string): [Buffer, number, number] {
  const buffer = Buffer.from(text, 'latin1');
  return [buffer, 0, buffer.length];
}
