/**
 * Makes compact structures byte by byte as their formats are drawn in src/rdb/structure/, for those
 * that no present server writes any more, and to have something to damage. Elements are latin1;
 * those that are canonical integers are stored as such, except where `integers` is false.
 */

export interface BuildOptions {
  integers?: boolean;
  /** In place of the right count. */
  count?: number;
}

export function buildListpack(elements: readonly string[], options: BuildOptions = {}): Buffer {
  const entries = elements.map((element) => {
    const data = listpackData(element, options.integers ?? true);
    return Buffer.concat([data, listpackBacklen(data.length)]);
  });
  const body = Buffer.concat(entries);
  const header = Buffer.alloc(6);
  header.writeUInt32LE(body.length + 7);
  header.writeUInt16LE(options.count ?? Math.min(elements.length, 0xffff), 4);
  return Buffer.concat([header, body, Buffer.of(0xff)]);
}

export function buildZiplist(elements: readonly string[], options: BuildOptions = {}): Buffer {
  const entries: Buffer[] = [];
  for (const element of elements) {
    const previous = entries.at(-1)?.length ?? 0;
    const data = ziplistData(element, options.integers ?? true);
    entries.push(Buffer.concat([lengthOf(previous), data]));
  }
  const body = Buffer.concat(entries);
  const header = Buffer.alloc(10);
  header.writeUInt32LE(body.length + 11);
  header.writeUInt32LE(10 + body.length - (entries.at(-1)?.length ?? 0), 4);
  header.writeUInt16LE(options.count ?? Math.min(elements.length, 0xffff), 8);
  return Buffer.concat([header, body, Buffer.of(0xff)]);
}

/** `unused`: how many bytes there are behind each value. */
export function buildZipmap(
  pairs: readonly (readonly [field: string, value: string])[],
  options: { unused?: number; count?: number } = {},
): Buffer {
  const unused = options.unused ?? 0;
  const entries = pairs.flatMap(([field, value]) => [
    lengthOf(field.length),
    latin1(field),
    lengthOf(value.length),
    Buffer.of(unused),
    latin1(value),
    Buffer.alloc(unused, 0x7e),
  ]);
  const count = options.count ?? Math.min(pairs.length, 254);
  return Buffer.concat([Buffer.of(count), ...entries, Buffer.of(255)]);
}

/** Sorts by itself; as narrow as the integers allow, or `width` bytes each. */
export function buildIntset(integers: readonly bigint[], width = widthOf(integers)): Buffer {
  const sorted = [...integers].sort((a, b) => Number(a > b) - Number(a < b));
  const header = Buffer.alloc(8);
  header.writeUInt32LE(width);
  header.writeUInt32LE(sorted.length, 4);
  return Buffer.concat([header, ...sorted.map((integer) => littleEndian(integer, width))]);
}

/** An RDB string as it stands, and the lengths that the format has. */
export function rdbString(bytes: Buffer): Buffer {
  return Buffer.concat([rdbLength(bytes.length), bytes]);
}

export function rdbLength(length: number): Buffer {
  if (length < 64) return Buffer.of(length);
  const long = Buffer.of(0x80, 0, 0, 0, 0);
  long.writeUInt32BE(length, 1);
  return long;
}

function listpackData(element: string, integers: boolean): Buffer {
  const integer = integers ? canonicalInteger(element) : null;
  if (integer !== null) return listpackInteger(integer);
  const bytes = latin1(element);
  const { length } = bytes;
  if (length < 64) return Buffer.concat([Buffer.of(0x80 | length), bytes]);
  if (length < 4096) return Buffer.concat([Buffer.of(0xe0 | (length >> 8), length & 0xff), bytes]);
  return Buffer.concat([Buffer.of(0xf0), littleEndian(BigInt(length), 4), bytes]);
}

function listpackInteger(integer: bigint): Buffer {
  if (integer >= 0n && integer < 128n) return Buffer.of(Number(integer));
  if (integer >= -4096n && integer < 4096n) {
    const bits = Number(BigInt.asUintN(13, integer));
    return Buffer.of(0xc0 | (bits >> 8), bits & 0xff);
  }
  const [form, width] = (
    [
      [0xf1, 2],
      [0xf2, 3],
      [0xf3, 4],
      [0xf4, 8],
    ] as const
  ).find(([, bytes]) => fits(integer, bytes)) ?? [0xf4, 8];
  return Buffer.concat([Buffer.of(form), littleEndian(integer, width)]);
}

function listpackBacklen(length: number): Buffer {
  const groups = [length & 0x7f];
  for (let rest = length >> 7; rest > 0; rest >>= 7) groups.unshift(rest & 0x7f);
  // One group more is written at the very bounds, as Redis does.
  if ([16383, 2097151, 268435455].includes(length)) groups.unshift(0);
  return Buffer.from(groups.map((group, index) => (index === 0 ? group : group | 0x80)));
}

function ziplistData(element: string, integers: boolean): Buffer {
  const integer = integers ? canonicalInteger(element) : null;
  if (integer !== null) return ziplistInteger(integer);
  const bytes = latin1(element);
  const { length } = bytes;
  if (length < 64) return Buffer.concat([Buffer.of(length), bytes]);
  if (length < 16384) return Buffer.concat([Buffer.of(0x40 | (length >> 8), length & 0xff), bytes]);
  const header = Buffer.of(0x80, 0, 0, 0, 0);
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, bytes]);
}

function ziplistInteger(integer: bigint): Buffer {
  if (integer >= 0n && integer <= 12n) return Buffer.of(0xf1 + Number(integer));
  const forms = [
    [0xfe, 1],
    [0xc0, 2],
    [0xf0, 3],
    [0xd0, 4],
    [0xe0, 8],
  ] as const;
  const [form, width] = forms.find(([, bytes]) => fits(integer, bytes)) ?? [0xe0, 8];
  return Buffer.concat([Buffer.of(form), littleEndian(integer, width)]);
}

/** One byte, or 254 and four: in ziplists and zipmaps alike. */
function lengthOf(length: number): Buffer {
  if (length < 254) return Buffer.of(length);
  return Buffer.concat([Buffer.of(254), littleEndian(BigInt(length), 4)]);
}

function canonicalInteger(text: string): bigint | null {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return null;
  const integer = BigInt(text);
  return fits(integer, 8) ? integer : null;
}

function widthOf(integers: readonly bigint[]): number {
  return [2, 4].find((width) => integers.every((integer) => fits(integer, width))) ?? 8;
}

function fits(integer: bigint, bytes: number): boolean {
  return BigInt.asIntN(bytes * 8, integer) === integer;
}

function littleEndian(integer: bigint, bytes: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64LE(BigInt.asIntN(64, integer));
  return out.subarray(0, bytes);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
