/** The CPU time that a process has used, where the system tells. */
import { readFileSync } from 'node:fs';

/** Linux shows times in units of 1/100 s to every program, whatever the kernel's own tick. */
const microsPerTick = 10_000;

/** User and system time of all threads of `pid` in microseconds; NaN where there is no /proc. */
export function cpuMicros(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return NaN;
  }
  // Field 2 is the name in parentheses, which may hold anything; utime and stime are 14 and 15.
  const fromField3 = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fromField3[14 - 3]) + Number(fromField3[15 - 3])) * microsPerTick;
}
