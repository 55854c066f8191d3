/**
 * Times to live as arguments: read, checked, set. Used by the EXPIRE family and by the string
 * commands that take one. Times are Unix milliseconds as numbers: beyond 2^53, some 285,000 years
 * from now, they are rounded, where Redis has 64 bits.
 */
import { errorReplies, invalidExpire } from '../../protocol/error-replies.ts';
import { int64Max, int64Min, parseInt64 } from '../../util/int64.ts';
import type { Call } from '../call.ts';

export type ExpireUnit = 'seconds' | 'milliseconds';

/**
 * The Unix time in milliseconds that argument `index` means, which must lie above zero as given.
 * NaN after an error reply.
 */
export function readExpireAt(
  call: Call,
  index: number,
  unit: ExpireUnit,
  absolute: boolean,
): number {
  return toUnixTime(call, index, { unit, absolute, positive: true });
}

/** The same for the EXPIRE family, where a time in the past is as good as DEL. */
export function readAnyExpireAt(
  call: Call,
  index: number,
  unit: ExpireUnit,
  absolute: boolean,
): number {
  return toUnixTime(call, index, { unit, absolute, positive: false });
}

interface TimeForm {
  readonly unit: ExpireUnit;
  readonly absolute: boolean;
  readonly positive: boolean;
}

function toUnixTime(call: Call, index: number, form: TimeForm): number {
  const base = form.absolute ? 0 : call.keyspace.nowMs;
  const value = call.integer(index);
  if (Number.isNaN(value)) return toUnixTimeExact(call, index, form, base);
  if (form.positive && value <= 0) {
    call.error(invalidExpire(call.command.fullName));
    return NaN;
  }
  // Up to 15 digits, so that neither the product nor the sum leaves 64 bits.
  return (form.unit === 'seconds' ? value * 1000 : value) + base;
}

function toUnixTimeExact(call: Call, index: number, form: TimeForm, base: number): number {
  const value = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  if (value === null) {
    call.error(errorReplies.notInteger);
    return NaN;
  }
  const milliseconds = form.unit === 'seconds' ? value * 1000n : value;
  const at = milliseconds + BigInt(base);
  if ((form.positive && value <= 0n) || milliseconds < int64Min || at > int64Max) {
    call.error(invalidExpire(call.command.fullName));
    return NaN;
  }
  return Number(at);
}

/** Whether a time is past already, so that the key is deleted; a replica leaves that to its master. */
export function isDueAtOnce(call: Call, atMs: number): boolean {
  return atMs <= call.keyspace.nowMs && call.keyspace.expiryMode === 'delete';
}

/** Sets when the entry ends; returns its new ref. */
export function setExpire(call: Call, ref: number, atMs: number): number {
  const { keyspace } = call;
  const { db } = call.client;
  const at = db.dict.setExpireAt(ref, Math.max(0, atMs));
  // Only a replica hides what has expired; what its master says comes in another mode.
  if (keyspace.expiryMode === 'hide' && call.server.replication.role === 'replica') {
    db.dict.readKey(at);
    const { windowBuffer, windowStart, windowEnd } = db.dict;
    keyspace.replicaKeys.note(db, windowBuffer, windowStart, windowEnd);
  }
  return at;
}

/** How the end of an expired key is propagated. */
export function deletionWord(call: Call): 'DEL' | 'UNLINK' {
  return call.server.config.values.lazyfreeLazyExpire ? 'UNLINK' : 'DEL';
}
