/** How long a blocking command waits: the argument that says so, in seconds or milliseconds. */
import type { Call } from '../call.ts';
import { integerArgument } from './generic-arguments.ts';
import { parseExtended } from './string-float.ts';

const negative = 'ERR timeout is negative';

/** Argument `index`, whole milliseconds (WAIT, XREAD); NaN after an error. */
export function timeoutMsArgument(call: Call, index: number): number {
  return checked(
    call,
    integerArgument(call, index, 'ERR timeout is not an integer or out of range'),
  );
}

/** Argument `index`, seconds with a fraction (BLPOP and its like), as milliseconds; NaN after an error. */
export function timeoutSecondsArgument(call: Call, index: number): number {
  const seconds = call.integer(index);
  return checked(call, Number.isNaN(seconds) ? fractionMs(call, index) : seconds * 1000);
}

/** Redis counts in long doubles, rounds up, and takes what does not fit 64 bits for negative. */
function fractionMs(call: Call, index: number): number {
  const seconds = parseExtended(call.text(index));
  if (seconds === 'invalid') {
    call.error('ERR timeout is not a float or out of range');
    return NaN;
  }
  if (seconds === 'infinite') return -1;
  const ms = Number(seconds.mantissa) * 2 ** seconds.exponent * 1000;
  if (ms >= 2 ** 63) return -1;
  // The product of two doubles may be a last bit too large: that is not one more millisecond.
  const whole = Math.ceil(ms - Math.abs(ms) * 2 ** -50);
  return seconds.mantissa > 0n ? Math.max(1, whole) : whole;
}

function checked(call: Call, timeoutMs: number): number {
  if (!(timeoutMs < 0)) return timeoutMs;
  call.error(negative);
  return NaN;
}
