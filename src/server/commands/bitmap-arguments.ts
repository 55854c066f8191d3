/** What the bitmap commands read from their arguments, and how they open a string for writing. */
import { clientFlags } from '../client.ts';
import type { Call } from '../call.ts';
import { integerArgument, storeStringAt } from './generic-arguments.ts';

/** Argument `index` as a bit's position in a string of allowed length; NaN after an error reply. */
export function bitOffsetArgument(call: Call, index: number): number {
  return checkedBitOffset(call, call.integer(index));
}

/** `offset`, or NaN after an error reply when no string may reach there. */
export function checkedBitOffset(call: Call, offset: number): number {
  const tooFar = Math.floor(offset / 8) >= call.server.config.protoMaxBulkLen;
  if (offset >= 0 && (!tooFar || call.client.has(clientFlags.master))) return offset;
  call.error('ERR bit offset is not an integer or out of range');
  return NaN;
}

/**
 * Makes the string under the key in argument 1 reach bit `last`, and opens the window on it for
 * writing. `ref` is what `lookupWrite` has just returned. True when the string is new or longer.
 */
export function openForBits(call: Call, ref: number, last: number): boolean {
  const { dict } = call.client.db;
  const before = ref === 0 ? 0 : dict.stringLength(ref);
  const wanted = Math.floor(last / 8) + 1;
  const at = ref === 0 ? storeStringAt(call, 0, 1, call.buffer, 0, 0, false) : ref;
  dict.resizeString(at, Math.max(before, wanted));
  return wanted > before;
}

/** Bits of a string, both ends included; empty when `first > last`. */
export interface BitRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads `[start [end [BYTE|BIT]]]` from argument `index` on, for a string of `length` bytes. Null
 * after an error reply.
 */
export function readBitRange(call: Call, index: number, length: number): BitRange | null {
  if (call.argc > index + 3) {
    call.syntaxError();
    return null;
  }
  const hasStart = call.argc > index;
  const hasEnd = call.argc > index + 1;
  const start = hasStart ? integerArgument(call, index) : 0;
  if (Number.isNaN(start)) return null;
  const end = hasEnd ? integerArgument(call, index + 1) : -1;
  if (Number.isNaN(end)) return null;
  const byBit = call.argc === index + 3 && call.is(index + 2, 'bit');
  if (call.argc === index + 3 && !byBit && !call.is(index + 2, 'byte')) {
    call.syntaxError();
    return null;
  }
  return clampRange(start, end, length, byBit ? 1 : 8);
}

function clampRange(start: number, end: number, length: number, unitBits: number): BitRange {
  // Both before the start and in the wrong order is empty; clamped one by one it would not be.
  if (start < 0 && end < 0 && start > end) return { first: 0, last: -1 };
  const units = (length * 8) / unitBits;
  const from = start < 0 ? Math.max(0, start + units) : start;
  const to = Math.min(end < 0 ? Math.max(0, end + units) : end, units - 1);
  return { first: from * unitBits, last: (to + 1) * unitBits - 1 };
}
