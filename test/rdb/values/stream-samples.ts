/** A stream as each version of its encoding writes it, made by hand, and the pieces to make more. */
import { buildListpack, rdbLength, rdbString } from '../structure/build.ts';
import type { StreamContents } from '../stream-contents.ts';

const endsAtMs = 4_102_444_800_000;

export const firstNode = ['2 1 1 f 0', '2 0 0 v1 4', '3 1 0 v2 4', '0 2 0 2 f v3 g 7 8'].flatMap(
  (line) => line.split(' '),
);
const secondNode = ['1', '0', '1', 'f', '0', '2', '0', '1', 'v4', '4'];

/** Two nodes, with an entry that is deleted and one with fields of its own; a group with all. */
export function streamBody(version: number): Buffer {
  const since2 = (...parts: Buffer[]): Buffer => (version >= 2 ? join(...parts) : Buffer.alloc(0));
  const activeMs = version === 3 ? int64(endsAtMs) : Buffer.alloc(0);
  const numbers = (...values: number[]): Buffer => join(...values.map(rdbLength));
  const pending = (ms: number, ...rest: Buffer[]): Buffer => join(rawId(ms, 0), ...rest);
  const nodes = join(rdbLength(2), streamNode(1, firstNode), streamNode(5, secondNode));
  const facts = join(numbers(3, 9, 1), since2(numbers(1, 0, 2, 0, 7)));
  const group = join(
    name('g'),
    numbers(5, 0),
    since2(numbers(4)),
    numbers(2),
    pending(1, int64(endsAtMs), rdbLength(3)),
    pending(2, int64(endsAtMs), rdbLength(1)),
    numbers(2),
  );
  const times = join(int64(endsAtMs), activeMs);
  const consumers = [
    join(name('c'), times, numbers(1), pending(2)),
    join(name('d'), times, numbers(1), pending(1)),
  ];
  const unknown = since2(Buffer.from(`81${'ff'.repeat(8)}`, 'hex'));
  const emptyGroup = join(name('h'), numbers(0, 0), unknown, numbers(0, 0));
  return join(nodes, facts, numbers(2), group, ...consumers, emptyGroup);
}

export function streamNode(ms: number, elements: readonly string[]): Buffer {
  return join(rdbString(rawId(ms, 0)), rdbString(buildListpack(elements)));
}

export function rawId(ms: number, seq: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(ms), 0);
  bytes.writeBigUInt64BE(BigInt(seq), 8);
  return bytes;
}

/** What was not kept before Redis 7.0 is found out where it can be. */
export function streamOf(version: number): StreamContents {
  return {
    entries: [
      ['1-0', ['f', 'v1']],
      ['3-0', ['f', 'v3', 'g', '7']],
      ['5-1', ['f', 'v4']],
    ],
    lastId: '9-1',
    maxDeletedId: version === 1 ? '0-0' : '2-0',
    entriesAdded: version === 1 ? '3' : '7',
    groups: [
      {
        name: 'g',
        lastId: '5-0',
        entriesRead: version === 1 ? '-1' : '4',
        pending: [
          ['1-0', 'd', endsAtMs, '3'],
          ['2-0', 'c', endsAtMs, '1'],
        ],
        consumers: ['c', 'd'],
      },
      {
        name: 'h',
        lastId: '0-0',
        entriesRead: version === 1 ? '0' : '-1',
        pending: [],
        consumers: [],
      },
    ],
  };
}

function join(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts);
}

function name(latin1: string): Buffer {
  return rdbString(Buffer.from(latin1, 'latin1'));
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}
