/**
 * Versions of Redis and Valkey: as numbers that can be compared, and the RDB versions that follow
 * from them. A server says neither what it writes into a full copy nor what it can load, so this
 * table does. Used by report.ts, and by topology/ to judge who can follow whom. Pure.
 */
import { newestRdbVersion, writtenRdbVersion } from '../rdb/opcodes.ts';

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** What a server writes for a full copy, and the newest that it can load. */
export interface RdbVersions {
  readonly writes: number;
  readonly loads: number;
}

export type Product = 'redis' | 'valkey';

/** From this version of the product on: the RDB version. The newest first. */
const rdbVersions: Readonly<
  Record<Product, readonly (readonly [from: string, rdbVersion: number])[]>
> = {
  redis: [
    ['7.4.0', 12],
    ['7.2.0', 11],
    ['7.0.0', 10],
    ['5.0.0', 9],
    ['4.0.0', 8],
    ['3.2.0', 7],
    ['2.6.0', 6],
  ],
  valkey: [
    ['9.0.0', 80],
    ['7.2.0', 11],
  ],
};

/** Redis went on with these numbers after Valkey had left; Valkey refuses them. [Valkey 8.1] */
const foreignToValkey = { first: 12, last: 79 } as const;

/** `7.0.15` and `8.1.0-rc1` as numbers; undefined for what does not begin like that. */
export function parseVersion(text: string): Version | undefined {
  const match = /^(\d+)\.(\d+)(\.\d+)?/.exec(text);
  if (match === null) return undefined;
  const patch = (match[3] as string | undefined)?.slice(1) ?? '0';
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(patch) };
}

/** Below zero: `a` is the older one. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

/** Undefined for a version that the table does not know. The bundled server says 7.0, but loads more. */
export function rdbVersionsOf(server: {
  readonly product: Product;
  readonly bundled: boolean;
  readonly version: Version | undefined;
}): RdbVersions | undefined {
  const { product, bundled, version } = server;
  if (bundled) return { writes: writtenRdbVersion, loads: newestRdbVersion };
  if (version === undefined) return undefined;
  const row = rdbVersions[product].find(([from]) => {
    const first = parseVersion(from);
    return first !== undefined && compareVersions(version, first) >= 0;
  });
  return row && { writes: row[1], loads: row[1] };
}

/** Can a server load a full copy that another one writes? Undefined where nobody can tell. */
export function canLoadRdb(
  replica: { readonly product: Product; readonly rdb: RdbVersions | undefined },
  upstream: { readonly rdb: RdbVersions | undefined },
): boolean | undefined {
  if (replica.rdb === undefined || upstream.rdb === undefined) return undefined;
  const { writes } = upstream.rdb;
  const isForeign = writes >= foreignToValkey.first && writes <= foreignToValkey.last;
  if (replica.product === 'valkey' && isForeign) return false;
  return writes <= replica.rdb.loads;
}
