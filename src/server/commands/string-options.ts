/**
 * The words after SET's value and GETEX's key, and which of them go together. Used by strings.ts.
 */
import type { Call } from '../call.ts';
import type { ExpireUnit } from './expire-time.ts';

export const setFlags = {
  nx: 1 << 0,
  xx: 1 << 1,
  get: 1 << 2,
  keepTtl: 1 << 3,
  persist: 1 << 4,
  ex: 1 << 5,
  px: 1 << 6,
  exat: 1 << 7,
  pxat: 1 << 8,
} as const;

export interface StringOptions {
  /** Of setFlags. */
  readonly flags: number;
  /** The argument that holds the time, 0 when none is given. */
  readonly expireIndex: number;
  readonly unit: ExpireUnit;
  /** The time is a Unix time, not one from now. */
  readonly absolute: boolean;
}

interface Option {
  readonly word: string;
  readonly flag: number;
  readonly commands: 'set' | 'getex' | 'both';
  /** Options that must not have come before it. */
  readonly excludes: number;
  /** The next word is its time. */
  readonly timed: boolean;
}

const { nx, xx, get, keepTtl, persist, ex, px, exat, pxat } = setFlags;
const times = ex | px | exat | pxat;
const lifetimes = times | keepTtl | persist;

/** A time may be given twice in the same form: the last one counts [7.0]. */
const optionTable: readonly Option[] = [
  { word: 'nx', flag: nx, commands: 'set', excludes: xx, timed: false },
  { word: 'xx', flag: xx, commands: 'set', excludes: nx, timed: false },
  { word: 'get', flag: get, commands: 'set', excludes: 0, timed: false },
  { word: 'keepttl', flag: keepTtl, commands: 'set', excludes: times, timed: false },
  { word: 'persist', flag: persist, commands: 'getex', excludes: times, timed: false },
  { word: 'ex', flag: ex, commands: 'both', excludes: lifetimes & ~ex, timed: true },
  { word: 'px', flag: px, commands: 'both', excludes: lifetimes & ~px, timed: true },
  { word: 'exat', flag: exat, commands: 'both', excludes: lifetimes & ~exat, timed: true },
  { word: 'pxat', flag: pxat, commands: 'both', excludes: lifetimes & ~pxat, timed: true },
];

/** Reads the options from argument `first` on; null is a syntax error. */
export function readOptions(
  call: Call,
  first: number,
  command: 'set' | 'getex',
): StringOptions | null {
  let flags = 0;
  let expireIndex = 0;
  for (let index = first; index < call.argc; index++) {
    const option = readOptionsWord(call, index, command);
    if (option === null || (flags & option.excludes) !== 0) return null;
    flags |= option.flag;
    if (!option.timed) continue;
    index++;
    if (index === call.argc) return null;
    expireIndex = index;
  }
  return {
    flags,
    expireIndex,
    unit: (flags & (ex | exat)) !== 0 ? 'seconds' : 'milliseconds',
    absolute: (flags & (exat | pxat)) !== 0,
  };
}

function readOptionsWord(call: Call, index: number, command: 'set' | 'getex'): Option | null {
  for (const option of optionTable) {
    if (option.commands !== 'both' && option.commands !== command) continue;
    if (call.is(index, option.word)) return option;
  }
  return null;
}
