/**
 * The readers of compact structures: what is sound is read, what is not is refused, and whatever the
 * bytes are, nothing outside of the structure is looked at and reading ends.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbError } from '../../../src/rdb/rdb-error.ts';
import type { ElementReader, Place } from '../../../src/rdb/structure/element-reader.ts';
import { IntsetReader } from '../../../src/rdb/structure/intset.ts';
import { ListpackReader } from '../../../src/rdb/structure/listpack.ts';
import { ZiplistReader } from '../../../src/rdb/structure/ziplist.ts';
import { ZipmapReader } from '../../../src/rdb/structure/zipmap.ts';
import { StringWindow } from '../../../src/rdb/string-window.ts';
import { buildIntset, buildListpack, buildZiplist, buildZipmap } from './build.ts';

const place: Place = { what: 'Sample', offset: 0 };

interface Structure {
  readonly name: string;
  readonly open: (blob: StringWindow) => ElementReader;
  /** Random elements, and the structure that holds them. */
  readonly sample: fc.Arbitrary<{ elements: string[]; bytes: Buffer }>;
}

const integer = fc.oneof(
  fc.integer({ min: -20, max: 140 }),
  fc.integer({ min: -5000, max: 5000 }),
  fc.integer(),
  fc.maxSafeInteger(),
);
const bigInteger = fc.oneof(
  integer.map(BigInt),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const element = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }).map(toLatin1) },
  { weight: 3, arbitrary: bigInteger.map(String) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(62, 126, 127, 252, 253, 254, 4094, 4096, 16383, 16384)
      .map((n) => 'x'.repeat(n)),
  },
);
const elements = fc.array(element, { maxLength: 20 });

const structures: Structure[] = [
  {
    name: 'listpack',
    open: (blob) => new ListpackReader(blob, place),
    sample: fc.tuple(elements, fc.boolean(), fc.boolean()).map(([list, integers, uncounted]) => ({
      elements: list,
      bytes: buildListpack(list, { integers, ...(uncounted ? { count: 0xffff } : {}) }),
    })),
  },
  {
    name: 'ziplist',
    open: (blob) => new ZiplistReader(blob, place),
    sample: fc.tuple(elements, fc.boolean(), fc.boolean()).map(([list, integers, uncounted]) => ({
      elements: list,
      bytes: buildZiplist(list, { integers, ...(uncounted ? { count: 0xffff } : {}) }),
    })),
  },
  {
    name: 'zipmap',
    open: (blob) => new ZipmapReader(blob, place),
    sample: fc
      .tuple(
        fc.array(fc.tuple(element, element), { minLength: 1, maxLength: 10 }),
        fc.nat(4),
        fc.boolean(),
      )
      .map(([pairs, unused, uncounted]) => ({
        elements: pairs.flat(),
        bytes: buildZipmap(pairs, { unused, ...(uncounted ? { count: 254 } : {}) }),
      })),
  },
  {
    name: 'intset',
    open: (blob) => new IntsetReader(blob, place),
    sample: fc.uniqueArray(bigInteger, { maxLength: 20 }).map((integers) => ({
      elements: [...integers].sort((a, b) => Number(a > b) - Number(a < b)).map(String),
      bytes: buildIntset(integers),
    })),
  },
];

describe.each(structures)('$name', ({ open, sample }) => {
  test('what was put in comes out', () => {
    fc.assert(
      fc.property(sample, ({ elements: wanted, bytes }) => {
        expect(readGuarded(open, bytes, 0)).toEqual(wanted);
      }),
    );
  });

  test('a damaged one is refused or read to its end, and nothing around it matters', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(sample, damage, ({ bytes }, changes) => {
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        expect(readGuarded(open, bytes, 0)).toEqual(readGuarded(open, bytes, 0xff));
      }),
      { numRuns: 1000 },
    );
  });

  test('random bytes are refused or read to their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        const bytes = Buffer.from(noise);
        expect(readGuarded(open, bytes, 0)).toEqual(readGuarded(open, bytes, 0xff));
      }),
      { numRuns: 1000 },
    );
  });

  test('a part of it is refused', () => {
    fc.assert(
      fc.property(sample, fc.nat(), ({ bytes }, length) => {
        const part = bytes.subarray(0, length % bytes.length);
        expect(readGuarded(open, part, 0)).toMatch(/integrity check failed/);
      }),
    );
  });
});

/** The elements, or the error's text; `guard` is what stands around the structure in memory. */
function readGuarded(open: Structure['open'], structure: Buffer, guard: number): string[] | string {
  const memory = Buffer.alloc(structure.length + 64, guard);
  memory.set(structure, 32);
  const blob = new StringWindow();
  blob.show(memory, 32, 32 + structure.length);
  const read: string[] = [];
  const window = new StringWindow();
  try {
    const reader = open(blob);
    while (reader.next(window)) {
      read.push(window.bytes.toString('latin1', window.start, window.end));
      if (read.length > structure.length) return 'it does not end';
    }
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    return error.message;
  }
  return read;
}

function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
