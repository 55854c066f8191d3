/** The reader on files made by hand: items that no fixture has, and every way to be wrong. */
import { describe, expect, test } from 'vitest';
import { Crc64 } from '../../src/rdb/crc64.ts';
import { RdbReader } from '../../src/rdb/rdb-reader.ts';
import { readAll, readPieces, silentSink, singleBytes } from './collect.ts';

const plainEntry = '00 01 6b 01 76'; // string, key "k", value "v"

describe('items', () => {
  test('an expiry in seconds [before RDB 3]', () => {
    const { entries } = readAll(rdb(`fd 00 e1 f5 05 ${plainEntry} ${plainEntry}`));
    expect(entries.map((entry) => entry.expireAtMs)).toEqual([100_000_000_000, -1]);
  });

  test('an expiry before 1970 has passed, but -1 stands for none', () => {
    const before = `fc fe ff ff ff ff ff ff ff ${plainEntry}`;
    const none = `fc ff ff ff ff ff ff ff ff ${plainEntry}`;
    const { entries } = readAll(rdb(before + none));
    expect(entries.map((entry) => entry.expireAtMs)).toEqual([0, -1]);
  });

  test('slot info, function libraries and module data are skipped, and the sink is told', () => {
    const slotInfo = 'f4 05 0a 02';
    const library = 'f5 03 6c 75 61';
    const preGaLibrary = 'f6 01 61 03 6c 75 61 00 01 63';
    const describedLibrary = 'f6 01 61 03 6c 75 61 01 02 64 64 01 63';
    const moduleId = '81 00 11 22 33 44 55 66 77';
    const parts =
      '01 05 02 7f ff 03 00 00 80 3f 04 00 00 00 00 00 00 f0 3f 05 03 61 62 63 05 c0 07';
    const moduleAux = `f7 ${moduleId} 02 02 ${parts} 00`;
    const file = rdb(
      [slotInfo, library, preGaLibrary, describedLibrary, moduleAux, plainEntry].join(' '),
    );
    const functions = Array(3).fill('function-library');
    for (const pieces of [[file], singleBytes(file)]) {
      const { collected } = readPieces(pieces);
      expect(collected.skipped).toEqual(['slot-info', ...functions, 'module-aux']);
      expect(collected.entries).toHaveLength(1);
    }
  });

  test('a file of version 4 ends without a checksum', () => {
    const file = Buffer.from(`REDIS0004\xff`, 'latin1');
    expect(readPieces([file])).toMatchObject({ consumedOffset: 10, leftover: '' });
  });

  test('a checksum of zero means that there is none', () => {
    const body = Buffer.concat([Buffer.from('REDIS0010'), hex(`${plainEntry} ff`)]);
    expect(readAll(Buffer.concat([body, Buffer.alloc(8)])).entries).toHaveLength(1);
  });

  test('a wrong checksum does not matter to who does not ask', () => {
    const file = rdb(plainEntry);
    file[file.length - 1] ^= 1;
    const reader = new RdbReader({ verifyChecksum: false });
    reader.feed(file);
    expect(reader.parse(silentSink).kind).toBe('done');
  });
});

describe('errors', () => {
  const wrong: [what: string, file: Buffer, error: object][] = [
    ['no RDB', Buffer.from('*1\r\n$4\r\nPING\r\n'), { reason: 'bad-magic', offset: 0 }],
    ['a version in letters', Buffer.from('REDIS00x1'), { reason: 'bad-magic', offset: 0 }],
    [
      'version 13',
      Buffer.from('REDIS0013'),
      { reason: 'unsupported-version', message: expect.stringContaining('version 13 of REDIS') },
    ],
    ['version 0', Buffer.from('REDIS0000'), { reason: 'unsupported-version' }],
    [
      'a file of Valkey 9',
      Buffer.from('VALKEY080'),
      { reason: 'unsupported-version', message: expect.stringContaining('version 80 of VALKEY') },
    ],
    ['an unknown opcode', rdb(`${plainEntry} f3`), { reason: 'unknown-opcode', offset: 14 }],
    ['an unknown type', rdb('08'), { reason: 'unknown-opcode', offset: 9 }],
    [
      'a type that cannot be read',
      rdb(`${plainEntry} 06 01 6b`),
      { reason: 'unsupported-type', typeName: 'module (pre-release format)', offset: 14 },
    ],
    ['a malformed length', rdb('00 82'), { reason: 'bad-length', offset: 10 }],
    ['a string for a length', rdb('fe c0 01'), { reason: 'bad-length', offset: 10 }],
    ['a string of 4 GiB', rdb('00 80 ff ff ff ff'), { reason: 'bad-length' }],
    ['a string of 2^63 bytes', rdb('00 81 80 00 00 00 00 00 00 00'), { reason: 'bad-length' }],
    ['an unknown string encoding', rdb('00 c4'), { reason: 'bad-encoding' }],
    ['an unknown part of module data', rdb('f7 01 02 02 06'), { reason: 'bad-encoding' }],
    [
      'a compressed string that promises too much',
      rdb('00 c3 02 80 00 ff ff ff'),
      { reason: 'bad-compression' },
    ],
    [
      'a compressed string of other length',
      rdb('00 c3 02 05 00 61'),
      { reason: 'bad-compression' },
    ],
    ['a compressed string of garbage', rdb('00 c3 02 05 20 20'), { reason: 'bad-compression' }],
    [
      'a wrong checksum',
      Buffer.concat([rdb(plainEntry).subarray(0, -1), Buffer.of(0)]),
      { reason: 'bad-checksum', offset: 15 },
    ],
  ];
  test.each(wrong)('%s', (_what, file, error) => {
    expect(() => readAll(file)).toThrow(expect.objectContaining(error));
    expect(() => readPieces(singleBytes(file))).toThrow(expect.objectContaining(error));
  });

  test('a promise of 512 MB takes no memory before the bytes come', () => {
    const before = process.memoryUsage().arrayBuffers;
    const reader = new RdbReader();
    reader.feed(rdb('00 80 20 00 00 00').subarray(0, 15));
    expect(reader.parse(silentSink)).toEqual({ kind: 'need-more', atLeast: 512 * 1024 * 1024 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });
});

test('small pieces behind a long value are not slow', () => {
  // 40,000 entries of 11 bytes, read one per call while 400 KiB wait unread behind the cursor.
  const entries = Array(40_000).fill('00 04 6b 6b 6b 6b 04 76 76 76 76').join(' ');
  const file = rdb(entries);
  const reader = new RdbReader();
  reader.feed(file.subarray(0, file.length - 30_000));
  const startMs = performance.now();
  let fed = file.length - 30_000;
  let result = reader.parse(silentSink, 1);
  while (result.kind !== 'done') {
    if (fed < file.length) reader.feed(file.subarray(fed, ++fed));
    result = reader.parse(silentSink, 1);
  }
  // Moving the buffer at each feed would copy 12 GB: seconds instead of some 50 ms.
  expect(performance.now() - startMs).toBeLessThan(1500);
});

/** A file of version 10 with these items, and a right checksum. */
function rdb(items: string): Buffer {
  const body = Buffer.concat([Buffer.from('REDIS0010'), hex(items), Buffer.of(0xff)]);
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, crc.digest()]);
}

function hex(spaced: string): Buffer {
  return Buffer.from(spaced.replaceAll(/\s/g, ''), 'hex');
}
