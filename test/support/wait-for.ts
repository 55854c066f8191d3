/**
 * Waiting for a condition, which is what tests do instead of sleeping. For tests, their helpers and
 * the bench; nothing here knows of servers.
 */
import { inspect } from 'node:util';

export type NonFalsy<T> = Exclude<T, false | null | undefined | 0 | ''>;

export interface WaitOptions {
  /** How long to try before giving up; 10 seconds unless told. */
  timeoutMs?: number;
  /** The pause between two tries; 10 ms unless told. */
  intervalMs?: number;
  /** Completes the sentence "timed out waiting for …". A function is asked at the end. */
  what?: string | (() => string);
}

/**
 * Tries `condition` until it gives something truthy, and returns that. A condition that throws
 * counts as "not yet", so it may hold assertions or talk to a server that is still loading.
 * Throws after `timeoutMs`, with the last value or error seen.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<NonFalsy<T>> {
  const { timeoutMs = 10_000, intervalMs = 10, what = 'a condition' } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const outcome = await attempt(condition);
    if (outcome.kind === 'value' && outcome.value) return outcome.value as NonFalsy<T>;
    if (performance.now() >= deadline) throw timedOut(what, timeoutMs, outcome);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

type Outcome<T> = { kind: 'value'; value: T } | { kind: 'error'; error: unknown };

async function attempt<T>(condition: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: 'value', value: await condition() };
  } catch (error) {
    return { kind: 'error', error };
  }
}

function timedOut(what: string | (() => string), timeoutMs: number, last: Outcome<unknown>): Error {
  const sentence = typeof what === 'function' ? what() : what;
  const seen =
    last.kind === 'error'
      ? `last error: ${String(last.error)}`
      : `last value: ${inspect(last.value)}`;
  const cause = last.kind === 'error' ? { cause: last.error } : undefined;
  return new Error(`timed out after ${timeoutMs} ms waiting for ${sentence} (${seen})`, cause);
}
