/** DUMP payloads: those of real servers are read, ours are taken by them, damage is noticed. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeDumpBody, readDumpPayload, writeDumpPayload } from '../../src/rdb/dump-payload.ts';
import { rdbType } from '../../src/rdb/opcodes.ts';
import { realKinds, type RealKind } from '../support/real-servers.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { CollectingSink, type CollectedValue } from './collect.ts';
import { readDumpFixtures, sorted } from './fixtures.ts';

const use = useResources();

/** The value types that each server writes today. */
const typesWritten: Record<RealKind, number[]> = {
  redis7: [0, 2, 4, 5, 11, 16, 17, 18, 19],
  redis8: [0, 2, 4, 5, 11, 16, 17, 18, 20, 21, 24, 25],
  valkey8: [0, 2, 4, 5, 11, 16, 17, 18, 20, 21],
};

describe.each(realKinds)('%s', (kind) => {
  const dumps = readDumpFixtures(kind);

  test('its payloads are read', () => {
    for (const { value, payload } of dumps) expect(sorted(restore(payload))).toEqual(sorted(value));
    const types = new Set(dumps.map(({ payload }) => payload[0]));
    expect([...types].sort((a, b) => a - b)).toEqual(typesWritten[kind]);
  });

  test('takes ours', async (context) => {
    needServer(context, kind);
    const server = await use.server(kind);
    const client = await server.connect();
    for (const { value } of dumps) {
      if (typeof value !== 'string') continue;
      expect(await client.command('RESTORE', 'k', 0, dump(value), 'REPLACE')).toBe('OK');
      await client.must('SET', 'wanted', Buffer.from(value, 'latin1'));
      const [digest, wanted] = (await client.must(
        'DEBUG',
        'DIGEST-VALUE',
        'k',
        'wanted',
      )) as string[];
      expect(digest).toEqual(wanted);
    }
  });
});

test('the payload of Redis 7.0 for "10", byte by byte', () => {
  expect(dump('10').toString('hex')).toMatch(/^00c00a0a00[0-9a-f]{16}$/);
});

test('round trip', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 10_000 }), fc.boolean(), (bytes, compress) => {
      const value = Buffer.from(bytes).toString('latin1');
      expect(restore(dump(value, compress))).toBe(value);
    }),
  );
});

describe('refuses', () => {
  const payload = dump('a value');

  test('any changed byte', () => {
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(payload);
        damaged[at] ^= flip;
        expect(readDumpPayload(damaged).kind).toBe('error');
      }),
    );
  });

  test('too little', () => {
    for (let length = 0; length <= 10; length++) {
      const short = readDumpPayload(payload.subarray(0, length));
      expect(short).toEqual({ kind: 'error', because: 'too-short' });
    }
  });

  test('a newer version, even with a right checksum', () => {
    const newer = Buffer.from(payload);
    newer.writeUInt16LE(13, newer.length - 10);
    expect(readDumpPayload(newer)).toEqual({ kind: 'error', because: 'newer-version' });
  });

  test('a body that is no value of its type', () => {
    const decode = (type: number, body: string) => (): void =>
      decodeDumpBody(type, Buffer.from(body, 'hex'), Buffer.from('k'), new CollectingSink());
    expect(decode(rdbType.string, '056162')).toThrow('ends in the middle');
    expect(decode(rdbType.string, 'c9')).toThrow('unknown string encoding');
    expect(decode(rdbType.hash, '0261 62 61'.replaceAll(' ', ''))).toThrow('ends in the middle');
    expect(decode(6, '00')).toThrow('an unsupported value of type module');
  });
});

function dump(value: string, compress = true): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const writeBody: Parameters<typeof writeDumpPayload>[1] = (output) =>
    output.string(bytes, 0, bytes.length);
  return writeDumpPayload(rdbType.string, writeBody, { compress });
}

function restore(payload: Buffer): CollectedValue {
  const read = readDumpPayload(payload);
  if (read.kind === 'error') throw new Error(read.because);
  const sink = new CollectingSink();
  decodeDumpBody(read.type, read.body, Buffer.from('k'), sink);
  expect(sink.collected.entries).toHaveLength(1);
  return sink.collected.entries[0].value;
}
