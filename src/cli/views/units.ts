/** Numbers as people read them. Exact below the first unit; used by the views only. */

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

/** `12 s`, `3 min`, `5 h`, `2 d`. */
export function secondsText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `4 ms`, `2.5 s`. A clock that was set back gives no negative age. */
export function millisText(ms: number): string {
  const age = Math.max(0, ms);
  return age < 1000 ? `${Math.round(age)} ms` : `${(age / 1000).toFixed(1)} s`;
}
