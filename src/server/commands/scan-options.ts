/**
 * The arguments that SCAN, HSCAN, SSCAN and ZSCAN share, and the scan of a collection: its cursor is
 * that of the collection's `walk`, which keeps SCAN's promises while elements come and go.
 */
import { globMatch } from '../../util/glob.ts';
import type { Call } from '../call.ts';
import { integerArgument } from './generic-arguments.ts';

const defaultCount = 10;

export interface ScanOptions {
  /** How many elements to look at, about. */
  readonly count: number;
  /** Null for all. */
  readonly pattern: string | null;
  /** In lower case; null for all. */
  readonly type: string | null;
}

/** Null after an error reply. */
export function readScanCursor(call: Call, index: number): number | null {
  const cursor = parseCursor(call.text(index));
  if (cursor === null) call.error('ERR invalid cursor');
  return cursor;
}

/** What C's strtoul takes without white space before it: a minus sign wraps round. */
function parseCursor(text: string): number | null {
  const match = /^([+-]?)(\d*)$/.exec(text);
  if (match === null || (match[1] !== '' && match[2] === '')) return null;
  const magnitude = BigInt(match[2] || '0');
  if (magnitude >= 2n ** 64n) return null;
  return Number(BigInt.asUintN(32, match[1] === '-' ? -magnitude : magnitude));
}

/** The options from argument `first` on; only keys have a TYPE. Null after an error reply. */
export function readScanOptions(
  call: Call,
  first: number,
  of: 'keys' | 'elements',
): ScanOptions | null {
  let count = defaultCount;
  let pattern: string | null = null;
  let type: string | null = null;
  for (let index = first; index < call.argc; index += 2) {
    const value = index + 1;
    if (value === call.argc) return refuseSyntax(call);
    if (call.is(index, 'count')) {
      count = integerArgument(call, value);
      if (Number.isNaN(count)) return null;
      if (count < 1) return refuseSyntax(call);
    } else if (call.is(index, 'match')) {
      pattern = call.text(value);
    } else if (call.is(index, 'type') && of === 'keys') {
      type = call.text(value).toLowerCase();
    } else {
      return refuseSyntax(call);
    }
  }
  return { count, pattern: pattern === '*' ? null : pattern, type };
}

function refuseSyntax(call: Call): null {
  call.syntaxError();
  return null;
}

/** What is scanned: its elements by ref, each with a name that opens as a window. */
interface Scannable {
  readonly windowBuffer: Buffer;
  readonly windowStart: number;
  readonly windowEnd: number;
  walk(from: number, visit: (ref: number) => boolean): number;
}

/** How the elements of one type are matched and replied. */
export interface ElementScan<T extends Scannable> {
  /** Bulk strings that `reply` makes of one element. */
  readonly width: 1 | 2;
  /** Opens the window on what MATCH is about. */
  readName(value: T, ref: number): void;
  reply(call: Call, value: T, ref: number): void;
}

/** HSCAN, SSCAN or ZSCAN of the value under the key in argument 1; options start at argument 3. */
export function scanElements<T extends Scannable>(
  call: Call,
  value: T,
  cursor: number,
  scan: ElementScan<T>,
): void {
  const options = readScanOptions(call, 3, 'elements');
  if (options === null) return;
  const { count, pattern } = options;
  const found: number[] = [];
  let seen = 0;
  const next = value.walk(cursor, (ref) => {
    seen++;
    if (pattern !== null) {
      scan.readName(value, ref);
      const name = value.windowBuffer.toString('latin1', value.windowStart, value.windowEnd);
      if (!globMatch(pattern, name)) return seen < count;
    }
    found.push(ref);
    return seen < count;
  });
  replyScan(call, next, found.length * scan.width);
  for (const ref of found) scan.reply(call, value, ref);
}

/** What a scan replies where there is no such key. */
export function replyNothingScanned(call: Call): void {
  replyScan(call, 0, 0);
}

/** The cursor to go on with, and the head of the array of what was found. */
function replyScan(call: Call, next: number, count: number): void {
  call.reply.array(2);
  call.reply.bulkText(String(next));
  call.reply.array(count);
}
