/**
 * Collections of every encoding, made by hand as the decoders' headers draw them, and the pieces to
 * make more.
 */
import { rdbType } from '../../../src/rdb/opcodes.ts';
import type { CollectedValue } from '../collect.ts';
import {
  buildIntset,
  buildListpack,
  buildZiplist,
  buildZipmap,
  rdbLength,
  rdbString,
} from '../structure/build.ts';
import { streamBody, streamOf } from './stream-samples.ts';

export type Sample = [name: string, type: number, body: Buffer, value: CollectedValue];

const list = ['a', '', '12', 'b'.repeat(100), '-1'];
const hash: [string, string][] = [
  ['f', 'v'],
  ['1', '2'],
  ['', 'empty'],
];
const zset: [string, number][] = [
  ['low', Number.NEGATIVE_INFINITY],
  ['m', -2.5],
  ['a', 1],
  ['b', 1],
  ['7', 9007199254740992],
  ['up', Number.POSITIVE_INFINITY],
];
const scoreTexts = ['-inf', '-2.5', '1', '1', '9007199254740992', 'inf'];
const zsetElements = zset.flatMap(([member], index) => [member, scoreTexts[index]]);
const endsAtMs = 4_102_444_800_000;
const volatileHash = {
  hash: [
    ['soon', 'v', endsAtMs],
    ['stays', '1'],
    ['later', 'w', endsAtMs + 5000],
  ] as [string, string, number?][],
};

export const samples: readonly Sample[] = [
  ['list', rdbType.list, counted(list), { list }],
  ['list-ziplist', rdbType.listZiplist, rdbString(buildZiplist(list)), { list }],
  [
    'list-quicklist',
    rdbType.listQuicklist,
    join(rdbLength(2), rdbString(buildZiplist(list)), rdbString(buildZiplist(['x']))),
    { list: [...list, 'x'] },
  ],
  [
    'list-quicklist-2',
    rdbType.listQuicklist2,
    join(
      rdbLength(3),
      node(2, buildListpack(list)),
      node(1, Buffer.from('plain')),
      node(2, buildListpack(['x'])),
    ),
    { list: [...list, 'plain', 'x'] },
  ],
  ['set', rdbType.set, counted(list), { set: list }],
  [
    'set-intset',
    rdbType.setIntset,
    rdbString(buildIntset([5n, -70000n])),
    { set: ['-70000', '5'] },
  ],
  ['set-listpack', rdbType.setListpack, rdbString(buildListpack(list)), { set: list }],
  ['hash', rdbType.hash, join(rdbLength(3), ...hash.flat().map(text)), { hash }],
  ['hash-zipmap', rdbType.hashZipmap, rdbString(buildZipmap(hash, { unused: 3 })), { hash }],
  ['hash-ziplist', rdbType.hashZiplist, rdbString(buildZiplist(hash.flat())), { hash }],
  ['hash-listpack', rdbType.hashListpack, rdbString(buildListpack(hash.flat())), { hash }],
  [
    'hash-metadata',
    rdbType.hashMetadata,
    join(int64(endsAtMs), ...volatileFields(['01', '00', '80 00 00 13 89'])),
    volatileHash,
  ],
  [
    'hash-metadata of a release candidate',
    rdbType.hashMetadataPreGa,
    join(...volatileFields(['81 0000 03bb 2cc3 d800', '00', '81 0000 03bb 2cc3 eb88'])),
    volatileHash,
  ],
  [
    'hash-listpack-ex',
    rdbType.hashListpackEx,
    join(int64(endsAtMs), rdbString(buildListpack(triples()))),
    volatileHash,
  ],
  [
    'hash-listpack-ex of a release candidate',
    rdbType.hashListpackExPreGa,
    rdbString(buildListpack(triples())),
    volatileHash,
  ],
  [
    'zset',
    rdbType.zset,
    join(
      rdbLength(zset.length),
      ...zset.map(([member], at) => join(text(member), decimal(scoreTexts[at]))),
    ),
    { zset },
  ],
  [
    'zset-2',
    rdbType.zset2,
    join(
      rdbLength(zset.length),
      ...zset.map(([member, score]) => join(text(member), double(score))),
    ),
    { zset },
  ],
  ['zset-ziplist', rdbType.zsetZiplist, rdbString(buildZiplist(zsetElements)), { zset }],
  ['zset-listpack', rdbType.zsetListpack, rdbString(buildListpack(zsetElements)), { zset }],
  ['stream-listpacks', rdbType.streamListpacks, streamBody(1), { stream: streamOf(1) }],
  ['stream-listpacks-2', rdbType.streamListpacks2, streamBody(2), { stream: streamOf(2) }],
  ['stream-listpacks-3', rdbType.streamListpacks3, streamBody(3), { stream: streamOf(2) }],
  ['an empty list', rdbType.list, rdbLength(0), { list: [] }],
  [
    'a quicklist of empty nodes',
    rdbType.listQuicklist2,
    join(rdbLength(1), node(2, buildListpack([]))),
    { list: [] },
  ],
];

export function counted(elements: readonly string[]): Buffer {
  return join(rdbLength(elements.length), ...elements.map(text));
}

export function node(kind: number, bytes: Buffer): Buffer {
  return join(rdbLength(kind), rdbString(bytes));
}

/** The three fields of `volatileHash`, with these TTLs as they stand in the RDB. */
function volatileFields(ttls: readonly string[]): Buffer[] {
  const fields = volatileHash.hash.map(([field, value], index) =>
    join(hex(ttls[index]), text(field), text(value)),
  );
  return [rdbLength(fields.length), ...fields];
}

function triples(): string[] {
  return volatileHash.hash.flatMap(([field, value, atMs = 0]) => [field, value, String(atMs)]);
}

export function text(latin1: string): Buffer {
  return rdbString(Buffer.from(latin1, 'latin1'));
}

export function decimal(score: string): Buffer {
  if (score.endsWith('inf')) return Buffer.of(score === 'inf' ? 254 : 255);
  return join(Buffer.of(score.length), Buffer.from(score));
}

export function double(score: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(score);
  return bytes;
}

export function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

export function join(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts);
}

export function hex(spaced: string): Buffer {
  return Buffer.from(spaced.replaceAll(/\s/g, ''), 'hex');
}
