/** CRC-64 against its published check value, a plain table version, and any split of the input. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Crc64 } from '../../src/rdb/crc64.ts';
import { cut } from './collect.ts';

test('the check value, and its form on disk', () => {
  const crc = new Crc64();
  crc.update(Buffer.from('123456789'));
  expect(crc.value).toBe(0xe9c6d914c4b8d9can);
  expect(crc.digest().toString('hex')).toBe('cad9b8c414d9c6e9');
});

test('nothing sums up to zero', () => {
  expect(new Crc64().value).toBe(0n);
});

test('agrees with one byte at a time from a table', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(crcOf([bytes])).toBe(tableCrc(bytes));
    }),
  );
});

test('does not depend on how the input is split', () => {
  const places = fc.array(fc.nat(), { maxLength: 8 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), places, (bytes, at) => {
      expect(crcOf(cut(Buffer.from(bytes), at))).toBe(crcOf([bytes]));
    }),
  );
});

test('takes input longer than one call can, and a window of it', () => {
  const bytes = Buffer.from(Array.from({ length: 300_001 }, (_, at) => (at * at) & 0xff));
  expect(crcOf([bytes])).toBe(tableCrc(bytes));
  const crc = new Crc64();
  crc.update(bytes, 3, 200_002);
  expect(crc.value).toBe(tableCrc(bytes.subarray(3, 200_002)));
});

test('sums that grow at the same time do not disturb each other', () => {
  const [one, other] = [new Crc64(), new Crc64()];
  one.update(Buffer.from('12345'));
  other.update(Buffer.from('something else'));
  one.update(Buffer.from('6789'));
  expect(one.value).toBe(0xe9c6d914c4b8d9can);
});

function crcOf(pieces: Uint8Array[]): bigint {
  const crc = new Crc64();
  for (const piece of pieces) crc.update(piece);
  return crc.value;
}

const table = Array.from({ length: 256 }, (_, byte) => {
  let crc = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ ((crc & 1n) * 0x95ac9329ac4bc9b5n);
  return crc;
});

function tableCrc(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) crc = table[Number((crc ^ BigInt(byte)) & 0xffn)] ^ (crc >> 8n);
  return crc;
}
