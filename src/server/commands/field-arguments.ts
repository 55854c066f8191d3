/**
 * The arguments that the commands on fields that end share: `FIELDS n field …` at the end of the
 * request, and times. Errors are Redis 8.0's, which differ from command to command.
 */
import { errorReplies, invalidExpire } from '../../protocol/error-replies.ts';
import { parseInt64 } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { ExpireUnit } from './expire-time.ts';
import type { NamedFields } from './hash-access.ts';

/** A later time does not fit what Redis keeps of a field's. [ebuckets.h, 7.4] */
const maxFieldExpireAtMs = 2n ** 46n - 1n;

/**
 * The fields behind `FIELDS n` at argument `index`; `badCount` is the error where n is none. Null
 * after an error reply.
 */
export function readFields(
  call: Call,
  index: number,
  badCount = 'ERR Number of fields must be a positive integer',
): NamedFields | null {
  if (!call.is(index, 'fields')) {
    call.error('ERR Mandatory argument FIELDS is missing or not at the right position');
    return null;
  }
  const { argc } = call;
  const count = parseInt64(call.buffer, call.argStart[index + 1], call.argEnd[index + 1]);
  if (count === null || count <= 0n) {
    call.error(badCount);
    return null;
  }
  const first = index + 2;
  if (count !== BigInt(argc - first)) {
    call.error('ERR The `numfields` parameter must match the number of arguments');
    return null;
  }
  return { first, end: argc };
}

/** How a time is given. */
export interface TimeForm {
  readonly unit: ExpireUnit;
  readonly absolute: boolean;
}

/** What comes before a time: EX, PX, EXAT or PXAT. */
const timeWords: readonly (readonly [word: string, form: TimeForm])[] = [
  ['ex', { unit: 'seconds', absolute: false }],
  ['px', { unit: 'milliseconds', absolute: false }],
  ['exat', { unit: 'seconds', absolute: true }],
  ['pxat', { unit: 'milliseconds', absolute: true }],
];

/** The form that the word in argument `index` announces, undefined when it is no such word. */
export function timeFormAt(call: Call, index: number): TimeForm | undefined {
  return timeWords.find(([word]) => call.is(index, word))?.[1];
}

/** When argument `index` lets a field end, Unix milliseconds; NaN after an error reply. */
export function readFieldTime(call: Call, index: number, { unit, absolute }: TimeForm): number {
  const value = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  if (value === null) {
    call.error(errorReplies.notInteger);
    return NaN;
  }
  if (value < 0n) {
    call.error('ERR invalid expire time, must be >= 0');
    return NaN;
  }
  const at =
    (unit === 'seconds' ? value * 1000n : value) + BigInt(absolute ? 0 : call.keyspace.nowMs);
  if (at > maxFieldExpireAtMs) {
    call.error(invalidExpire(call.command.fullName));
    return NaN;
  }
  return Number(at);
}
