/**
 * Collections of every encoding, made by hand: what is sound is read in pieces of any size, what is
 * not is refused with the place and the reason.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeDumpBody } from '../../../src/rdb/dump-payload.ts';
import { rdbType } from '../../../src/rdb/opcodes.ts';
import { RdbError } from '../../../src/rdb/rdb-error.ts';
import { RdbReader } from '../../../src/rdb/rdb-reader.ts';
import { CollectingSink, readAll, readPieces, silentSink, singleBytes } from '../collect.ts';
import {
  buildListpack,
  buildZiplist,
  buildZipmap,
  rdbLength,
  rdbString,
} from '../structure/build.ts';
import { counted, decimal, double, hex, join, node, samples, text } from './samples.ts';

describe.each(samples)('%s', (_name, type, body, value) => {
  const file = fileOf(type, body);

  test('is read', () => {
    const [{ entries }, pieces] = [readAll(file), readPieces(singleBytes(file))];
    expect(entries.map((entry) => [entry.key, entry.value])).toEqual([
      ['k', value],
      ['after', 'x'],
    ]);
    expect(pieces.collected.entries).toEqual(entries);
  });

  test('is read a few bytes a turn', () => {
    const reader = new RdbReader({ verifyChecksum: false });
    const sink = new CollectingSink();
    reader.feed(file);
    let turns = 0;
    while (reader.parse(sink, 4).kind === 'budget') turns++;
    expect(turns).toBeLessThan(file.length / 4);
    expect(sink.collected.entries[0].value).toEqual(value);
  });

  test('cut off anywhere is truncated', () => {
    for (let length = 0; length < body.length; length++) {
      const decode = (): void => decodeDumpBody(type, body.subarray(0, length), key, silentSink);
      expect(decode).toThrow(expect.objectContaining({ reason: 'truncated' }));
    }
  });

  test('damaged is read or refused, and never worse', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(body);
        for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
        try {
          decodeDumpBody(type, damaged, key, new CollectingSink());
        } catch (error) {
          expect(error).toBeInstanceOf(RdbError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('refuses', () => {
  const twice = ['a', '1', 'b', '2', 'a', '3'];
  const structures: [string, number, Buffer, string][] = [
    ['set', rdbType.set, counted(['a', 'b', 'a']), 'a member that is there twice at byte 7'],
    [
      'set-listpack',
      rdbType.setListpack,
      rdbString(buildListpack(twice)),
      'Set listpack with dup elements',
    ],
    ['hash', rdbType.hash, join(rdbLength(3), ...twice.map(text)), 'a field that is there twice'],
    [
      'zipmap',
      rdbType.hashZipmap,
      rdbString(
        buildZipmap([
          ['a', ''],
          ['a', ''],
        ]),
      ),
      'Zipmap with dup elements',
    ],
    [
      'hash-ziplist',
      rdbType.hashZiplist,
      rdbString(buildZiplist(twice)),
      'Hash ziplist with dup elements',
    ],
    ['odd hash', rdbType.hashListpack, rdbString(buildListpack(['a'])), 'a field without a value'],
    ['odd zset', rdbType.zsetZiplist, rdbString(buildZiplist(['a'])), 'a member without a score'],
    [
      'zset',
      rdbType.zset,
      join(rdbLength(1), text('a'), Buffer.of(253)),
      'a score that is no number',
    ],
    [
      'zset',
      rdbType.zset,
      join(rdbLength(1), text('a'), decimal('1x')),
      'a score that is no number',
    ],
    ['zset-2', rdbType.zset2, join(rdbLength(1), text('a'), double(Number.NaN)), 'is no number'],
    ['zset-listpack', rdbType.zsetListpack, rdbString(buildListpack(twice)), 'with dup elements'],
    ['zset-listpack', rdbType.zsetListpack, rdbString(buildListpack(['a', 'nan'])), 'no number'],
    [
      'a node',
      rdbType.listQuicklist2,
      join(rdbLength(1), node(3, Buffer.of(1))),
      'a node of kind 3',
    ],
    [
      'empty node',
      rdbType.listQuicklist2,
      join(rdbLength(1), node(1, Buffer.of())),
      'with 0 bytes',
    ],
    [
      'hash-listpack-ex',
      rdbType.hashListpackExPreGa,
      rdbString(buildListpack(['f', 'v', 'never'])),
      'an expiry that is no time',
    ],
    [
      'wrong count',
      rdbType.hashListpack,
      rdbString(buildListpack(['a', '1'], { count: 4 })),
      '2 elements where the count says 4',
    ],
    [
      'wrong count',
      rdbType.listZiplist,
      rdbString(buildZiplist(['a', '1'], { count: 1 })),
      '2 entries where the count says 1',
    ],
    [
      'wrong count',
      rdbType.hashZipmap,
      rdbString(buildZipmap([['a', '1']], { count: 2 })),
      '1 fields where the count says 2',
    ],
  ];
  test.each(structures)('%s %i', (_name, type, body, message) => {
    const decode = (): void => decodeDumpBody(type, body, key, new CollectingSink());
    expect(decode).toThrow(RdbError);
    expect(decode).toThrow(message);
  });
});

test('a value of a module is skipped, whatever is in it', () => {
  const moduleId = '81 00 11 22 33 44 55 66 77';
  const parts =
    '01 05 02 7f ff 03 00 00 80 3f 04 00 00 00 00 00 00 f0 3f 05 03 61 62 63 05 c0 07 00';
  const file = fileOf(rdbType.module2, hex(moduleId + parts));
  for (const pieces of [[file], singleBytes(file)]) {
    const { collected } = readPieces(pieces);
    expect(collected.skipped).toEqual(['module-value']);
    expect(collected.entries.map((entry) => entry.key)).toEqual(['after']);
  }
});

describe('a large collection', () => {
  const count = 50_000;
  const members = Array.from({ length: count }, (_, index) => text(`member:${index}`));
  const file = fileOf(rdbType.set, join(rdbLength(count), ...members));

  test('is never read again from its start, however small the pieces', () => {
    const startMs = performance.now();
    const reader = new RdbReader({ verifyChecksum: false });
    let added = 0;
    const sink = { ...silentSink, beginSet: () => ({ add: () => ++added > 0 }) };
    for (let at = 0; at < file.length; at += 50) {
      reader.feed(file.subarray(at, at + 50));
      reader.parse(sink);
    }
    reader.end();
    expect(added).toBe(count);
    // Reading it anew for each of the 14,000 pieces would take minutes.
    expect(performance.now() - startMs).toBeLessThan(3000);
  });

  test('takes no memory for what its count promises', () => {
    const body = join(hex('81 00 00 01 00 00 00 00 00'), text('a'));
    const reader = new RdbReader();
    const before = process.memoryUsage().arrayBuffers;
    reader.feed(join(Buffer.from('REDIS0010'), Buffer.of(rdbType.set), text('k'), body));
    expect(reader.parse(silentSink)).toEqual({ kind: 'need-more', atLeast: 1 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });
});

const key = Buffer.from('k');

/** A value under "k", a string under "after", no checksum. */
function fileOf(type: number, body: Buffer): Buffer {
  const entries = join(Buffer.of(type), text('k'), body, Buffer.of(0), text('after'), text('x'));
  return join(Buffer.from('REDIS0010'), entries, Buffer.of(0xff), Buffer.alloc(8));
}
