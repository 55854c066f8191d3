/** Numbers as people read them. Exact below the first unit; used by the views only. */

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
