/**
 * Passwords of a lab: made, or judged when the user brings one. Pure.
 */
import { Secret } from '../instance/secret.ts';
import { hexId, type Random } from '../util/random.ts';

/** Hexadecimal digits of a password that we make: 128 bits. */
const passwordDigits = 32;

/** Nobody types this much; what is longer was meant for something else. */
const passwordLimit = 512;

export function makePassword(random: Random): Secret {
  return new Secret(hexId(random, passwordDigits));
}

/** Undefined for a password that a server and its file can hold, else a clause: "is empty". */
export function judgePassword(password: string): string | undefined {
  if (password === '') return 'is empty';
  if (password.length > passwordLimit) return `is longer than ${passwordLimit} characters`;
  return /[\0\r\n]/.test(password) ? 'contains a line end or a NUL' : undefined;
}
