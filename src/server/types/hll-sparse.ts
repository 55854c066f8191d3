/**
 * The sparse form of a HyperLogLog's registers: runs of equal ones, in order, all 16384 of them.
 * Only hyperloglog.ts uses it. Values above 32 have no place here: those who hold one go dense.
 *
 *     00llllll            ZERO   1 … 64 registers of 0
 *     01llllll llllllll   XZERO  1 … 16384 registers of 0
 *     1vvvvvll            VAL    1 … 4 registers of 1 … 32
 *
 * Lengths and values are written less one. How runs are split and joined when a register changes is
 * Redis's way to the byte: other servers compare such strings. [hyperloglog.c, 7.0]
 */
import { assert } from '../../util/errors.ts';
import { hllRegisters } from './hll-hash.ts';

const maxZeroRun = 64;
const maxValueRun = 4;
export const maxSparseValue = 32;
/** A changed register makes at most two XZEROs and a VAL of an XZERO: three bytes more. */
export const maxSparseGrowth = 3;
/** Runs that are looked at for joining after a change. */
const joinScan = 5;

/** All registers 0. */
export function emptySparse(): number[] {
  return [0x40 | ((hllRegisters - 1) >>> 8), (hllRegisters - 1) & 0xff];
}

function isXzero(opcode: number): boolean {
  return (opcode & 0xc0) === 0x40;
}

function isValue(opcode: number): boolean {
  return (opcode & 0x80) !== 0;
}

/** The registers' value in the run that begins with this byte. */
function valueOf(opcode: number): number {
  return isValue(opcode) ? ((opcode >>> 2) & 0x1f) + 1 : 0;
}

function runAt(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at];
  if (isValue(opcode)) return (opcode & 3) + 1;
  return isXzero(opcode) ? (((opcode & 0x3f) << 8) | bytes[at + 1]) + 1 : (opcode & 0x3f) + 1;
}

function valueOpcode(value: number, run: number): number {
  return 0x80 | ((value - 1) << 2) | (run - 1);
}

/** Visits the runs in order; false when they are not those of 16384 registers. */
export function walkSparse(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (value: number, run: number, first: number) => void,
): boolean {
  let first = 0;
  for (let at = start; at < end;) {
    const size = isXzero(bytes[at]) ? 2 : 1;
    const run = runAt(bytes, at);
    if (at + size > end || first + run > hllRegisters) return false;
    visit(valueOf(bytes[at]), run, first);
    first += run;
    at += size;
  }
  return first === hllRegisters;
}

/** The runs as PFDEBUG DECODE shows them. */
export function describeSparse(bytes: Uint8Array, start: number, end: number): string {
  const words: string[] = [];
  for (let at = start; at < end; at += isXzero(bytes[at]) ? 2 : 1) {
    const run = runAt(bytes, at);
    if (isValue(bytes[at])) words.push(`v:${valueOf(bytes[at])},${run}`);
    else words.push(`${isXzero(bytes[at]) ? 'Z' : 'z'}:${run}`);
  }
  return words.join(' ');
}

export type SparseChange =
  | { readonly kind: 'same' }
  /** `end` is where the runs end now. */
  | { readonly kind: 'changed'; readonly end: number }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'corrupt' };

const same: SparseChange = { kind: 'same' };
const corrupt: SparseChange = { kind: 'corrupt' };
const tooLong: SparseChange = { kind: 'too-long' };

/**
 * Raises register `index` to `value` in the runs at `bytes[start … end)`. The bytes must have room
 * for three more behind `end`; beyond `maxEnd` nothing is written.
 */
export function raiseSparse(
  bytes: Uint8Array,
  { start, end, maxEnd }: { start: number; end: number; maxEnd: number },
  index: number,
  value: number,
): SparseChange {
  assert(value <= maxSparseValue, 'a value that has an opcode');
  // Find the run that the register is in, and the one before it.
  let at = start;
  let before = start;
  let first = 0;
  let run = 0;
  for (; at < end; at += isXzero(bytes[at]) ? 2 : 1) {
    run = runAt(bytes, at);
    if (index < first + run) break;
    before = at;
    first += run;
  }
  const size = isXzero(bytes[at]) ? 2 : 1;
  if (at + size > end) return corrupt;
  const old = valueOf(bytes[at]);
  if (old >= value) return same;

  // A run of one register changes in place; a longer one is taken apart.
  let newEnd = end;
  if (run === 1 && size === 1) {
    bytes[at] = valueOpcode(value, 1);
  } else {
    const parts = splitRun({ old, before: index - first, after: first + run - 1 - index }, value);
    newEnd = end + parts.length - size;
    if (newEnd > end && newEnd > maxEnd) return tooLong;
    bytes.copyWithin(at + parts.length, at + size, end);
    bytes.set(parts, at);
  }
  return { kind: 'changed', end: joinRuns(bytes, before, newEnd) };
}

/** The bytes of a run of `old`s with one register in it changed. */
function splitRun(run: { old: number; before: number; after: number }, value: number): number[] {
  return [...runOf(run.old, run.before), valueOpcode(value, 1), ...runOf(run.old, run.after)];
}

function runOf(value: number, run: number): number[] {
  if (run === 0) return [];
  if (value !== 0) return [valueOpcode(value, run)];
  if (run <= maxZeroRun) return [run - 1];
  return [0x40 | ((run - 1) >>> 8), (run - 1) & 0xff];
}

/** Joins neighbours of equal value in the few runs from `from` on; returns the new end. */
function joinRuns(bytes: Uint8Array, from: number, oldEnd: number): number {
  let end = oldEnd;
  let at = from;
  for (let looks = 0; at < end && looks < joinScan; looks++) {
    const opcode = bytes[at];
    const next = bytes[at + 1];
    if (!isValue(opcode)) {
      at += isXzero(opcode) ? 2 : 1;
      continue;
    }
    const run = (opcode & 3) + (next & 3) + 2;
    const joins = at + 1 < end && isValue(next) && valueOf(opcode) === valueOf(next);
    if (!joins || run > maxValueRun) {
      at++;
      continue;
    }
    bytes[at + 1] = valueOpcode(valueOf(opcode), run);
    bytes.copyWithin(at, at + 1, end);
    end--;
  }
  return end;
}
