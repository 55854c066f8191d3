/** What the writer writes, the reader reads: in any pieces, with any settings, and undamaged. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbError } from '../../src/rdb/rdb-error.ts';
import type { RdbOutputOptions } from '../../src/rdb/rdb-output.ts';
import { RdbReader } from '../../src/rdb/rdb-reader.ts';
import { RdbWriter } from '../../src/rdb/rdb-writer.ts';
import {
  CollectingSink,
  cut,
  readAll,
  readPieces,
  singleBytes,
  type CollectedEntry,
} from './collect.ts';

const text = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.integer({ min: -(2 ** 33), max: 2 ** 33 }).map(String),
  fc.tuple(fc.constantFrom('ab', 'x'), fc.nat(600)).map(([unit, times]) => unit.repeat(times)),
);

const entryArbitrary: fc.Arbitrary<CollectedEntry<string>> = fc.record({
  db: fc.nat(15),
  key: text,
  value: text,
  expireAtMs: fc.oneof(fc.constant(-1), fc.nat(2 ** 31 - 1), fc.maxSafeNat()),
  idleSeconds: fc.oneof(fc.constant(-1), fc.nat(2 ** 31 - 1)),
  freq: fc.oneof(fc.constant(-1), fc.nat(255)),
});
const entriesArbitrary = fc.array(entryArbitrary, { maxLength: 12 });

const settings = fc.record({
  checksum: fc.boolean(),
  compress: fc.boolean(),
  blockBytes: fc.constantFrom(64, 100, 4096),
});

describe('round trip', () => {
  test('in random pieces, with what follows the file left over', () => {
    const places = fc.array(fc.nat(), { maxLength: 10 });
    fc.assert(
      fc.property(entriesArbitrary, settings, places, (entries, options, at) => {
        const file = writeFile(entries, options);
        const stream = Buffer.concat([file, Buffer.from('*1\r\n$4\r\nPING\r\n')]);
        const read = readPieces(cut(stream, at));
        expect(read.collected.entries).toEqual(entries);
        expect(read.consumedOffset).toBe(file.length);
        expect(read.leftover).toBe('*1\r\n$4\r\nPING\r\n');
      }),
    );
  });

  test('byte by byte', () => {
    fc.assert(
      fc.property(entriesArbitrary, settings, (entries, options) => {
        const { collected } = readPieces(singleBytes(writeFile(entries, options)));
        expect(collected.entries).toEqual(entries);
      }),
    );
  });

  test('with a budget: the same, in more calls', () => {
    fc.assert(
      fc.property(entriesArbitrary, fc.nat(500), (entries, budgetBytes) => {
        const file = writeFile(entries, {});
        const reader = new RdbReader();
        const sink = new CollectingSink();
        reader.feed(file);
        let result = reader.parse(sink, budgetBytes);
        for (let calls = 1; result.kind === 'budget'; calls++) {
          expect(calls).toBeLessThanOrEqual(Math.ceil(file.length / Math.max(budgetBytes, 1)));
          result = reader.parse(sink, budgetBytes);
        }
        expect(result.kind).toBe('done');
        expect(sink.collected.entries).toEqual(entries);
      }),
    );
  });

  test('the facts about the file', () => {
    const collected = readAll(
      write({}, (writer) => {
        writer.aux('redis-ver', '7.0.15');
        writer.aux('redis-bits', 64);
        writer.selectDb(3);
        writer.resizeDb(1000, 20);
      }),
    );
    expect(collected).toEqual({
      version: 10,
      aux: { 'redis-ver': '7.0.15', 'redis-bits': '64' },
      sizes: [[3, 1000, 20]],
      entries: [],
      skipped: [],
    });
  });
});

describe('a damaged file', () => {
  const entries = fc.sample(entryArbitrary, { numRuns: 8, seed: 7 });
  const file = writeFile(entries, {});

  test('with one byte changed is always noticed', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(file);
        damaged[at] ^= flip;
        expect(() => readAll(damaged)).toThrow(RdbError);
      }),
      { numRuns: 3000 },
    );
  });

  test('cut off anywhere is truncated, whole or byte by byte', () => {
    for (let length = 0; length < file.length; length += 7) {
      const short = file.subarray(0, length);
      for (const pieces of [[short], singleBytes(short)]) {
        expect(() => readPieces(pieces)).toThrow(expect.objectContaining({ reason: 'truncated' }));
      }
    }
  });

  test('of random bytes never hangs or crashes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const random = Buffer.concat([Buffer.from('REDIS0010'), bytes]);
        expect(() => readAll(random)).toThrow(RdbError);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a long value', () => {
  const value = Buffer.alloc(300_000, 'not to be copied ');

  test('goes through to the sink as it is, after what was written before it', () => {
    const blocks: { block: Uint8Array; borrowed: boolean }[] = [];
    const writer = new RdbWriter({
      compress: false,
      sink: (block, borrowed) => blocks.push({ block, borrowed }),
    });
    writer.header();
    writer.stringEntry(Buffer.from('k'), 0, 1, value, 0, value.length, -1);
    writer.eof();
    expect(blocks.map(({ borrowed }) => borrowed)).toEqual([false, true, false]);
    expect(blocks[1].block.buffer).toBe(value.buffer);
    const { entries } = readAll(Buffer.concat(blocks.map(({ block }) => block)));
    expect(entries[0].value).toBe(value.toString());
  });

  test('that compresses to more than a block is not lent, as that memory is used again', () => {
    const noise = Array.from({ length: 60_000 }, (_, at) => ((at * 7919) % 1000) + 1000);
    const long = Buffer.from(noise.join(''));
    const borrowed: boolean[] = [];
    const blocks: Buffer[] = [];
    const sink = (block: Uint8Array, lent: boolean): void => {
      borrowed.push(lent);
      blocks.push(Buffer.from(block));
    };
    const writer = new RdbWriter({ blockBytes: 64, sink });
    writer.header();
    writer.stringEntry(Buffer.from('k'), 0, 1, long, 0, long.length, -1);
    writer.eof();
    expect(borrowed).not.toContain(true);
    const file = Buffer.concat(blocks);
    expect(file.length).toBeLessThan(long.length);
    expect(readAll(file).entries[0].value).toBe(long.toString());
  });

  test('is waited for without being read again and again', () => {
    const file = write({ compress: false }, (writer) =>
      writer.stringEntry(Buffer.from('k'), 0, 1, value, 0, value.length, -1),
    );
    const reader = new RdbReader();
    const sink = new CollectingSink();
    reader.feed(file.subarray(0, 1000));
    const first = reader.parse(sink);
    // Magic 9, type 1, key 2, length 5 bytes: everything but the end mark and the checksum.
    expect(first).toEqual({ kind: 'need-more', atLeast: file.length - 9 - 1000 });
    reader.feed(file.subarray(1000, 5000));
    expect(reader.parse(sink)).toEqual({ kind: 'need-more', atLeast: file.length - 9 - 5000 });
  });
});

test('given-back blocks are used again, borrowed ones never', () => {
  const value = Buffer.alloc(1000, 'v');
  const memory = new Set<ArrayBufferLike>();
  const pieces: Buffer[] = [];
  const writer: RdbWriter = new RdbWriter({
    compress: false,
    blockBytes: 512,
    sink: (block) => {
      memory.add(block.buffer);
      pieces.push(Buffer.from(block));
      writer.output.recycle(block);
    },
  });
  writer.header();
  for (let at = 0; at < 200; at++) {
    writer.stringEntry(value, 0, 9, value, 0, at % 50 === 0 ? 1000 : 90, -1);
  }
  writer.eof();
  expect(memory.size).toBe(2); // one block, and the long value itself
  expect(value.equals(Buffer.alloc(1000, 'v'))).toBe(true);
  expect(readAll(Buffer.concat(pieces)).entries).toHaveLength(200);
  expect(writer.output.bytesWritten).toBe(Buffer.concat(pieces).length);
});

function writeFile(entries: CollectedEntry<string>[], options: Partial<RdbOutputOptions>): Buffer {
  return write(options, (writer) => {
    for (const { db, key, value, expireAtMs, idleSeconds, freq } of entries) {
      writer.selectDb(db);
      const [keyWindow, valueWindow] = [inMiddle(key), inMiddle(value)];
      writer.stringEntry(...keyWindow, ...valueWindow, expireAtMs, idleSeconds, freq);
    }
  });
}

function write(options: Partial<RdbOutputOptions>, body: (writer: RdbWriter) => void): Buffer {
  const blocks: Buffer[] = [];
  const sink = (block: Uint8Array): number => blocks.push(Buffer.from(block));
  const writer = new RdbWriter({ ...options, sink });
  writer.header();
  body(writer);
  writer.eof();
  return Buffer.concat(blocks);
}

/** A window with other bytes around it. */
function inMiddle(text: string): [bytes: Uint8Array, start: number, end: number] {
  const bytes = Buffer.from(`<${text}>`, 'latin1');
  return [bytes, 1, bytes.length - 1];
}
