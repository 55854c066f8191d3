/**
 * Amounts of memory as configuration files write them (`64mb`, `1g`, `512`) and back, and as people
 * read them. Used by the directive table, by commands that take a size, and by what is shown.
 */

/** `k` counts in thousands and `kb` in 1024s; case does not matter. */
const unitBytes: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
};

const maxUint64 = (1n << 64n) - 1n;

/**
 * Bytes, or null where the text is not an amount. No digits at all count as zero, digits beyond 64
 * bits stop at the largest value, and the product wraps at 64 bits [Redis 7.0.15].
 */
export function parseMemory(text: string): bigint | null {
  const match = /^([0-9]*)([a-z]*)$/i.exec(text);
  if (match === null || text.endsWith('\n')) return null;
  const unit = unitBytes[match[2].toLowerCase()];
  if (unit === undefined) return null;
  const digits = match[1] === '' ? 0n : BigInt(match[1]);
  return BigInt.asUintN(64, (digits > maxUint64 ? maxUint64 : digits) * unit);
}

/** The shortest exact form in units of 1024: 2097152 → `2mb`, 1025 → `1025`. */
export function formatMemory(bytes: bigint): string {
  for (const unit of ['gb', 'mb', 'kb']) {
    const size = unitBytes[unit];
    if (bytes > 0n && bytes % size === 0n) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `0 B`, `1023 B`, `1.5 MiB`; unknown is said, never left blank. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return 'unknown';
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${byteUnits[unit]}`;
}

/** `1 key`, `12,345 keys`. */
export function keysText(count: number): string {
  return count === 1 ? '1 key' : `${countText(count)} keys`;
}

/** `12,345` */
export function countText(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
