/** Looks at a topology again and again while something in it is about to change by itself. */
import type { Topology } from '../topology/model.ts';
import type { Observation } from './observe.ts';
import { pause } from '../util/clock.ts';

export interface LookAgainOptions {
  /** In all, from now on. */
  readonly limitMs: number;
  /** Between two looks. */
  readonly periodMs: number;
  readonly signal?: AbortSignal;
}

/** The first look of which `isUnsettled` says no, or the last one before the limit. */
export async function lookAgainWhile(
  isUnsettled: (topology: Topology) => boolean,
  first: Observation,
  { limitMs, periodMs, signal }: LookAgainOptions,
): Promise<Observation> {
  const { clock } = first;
  const until = clock.monotonic() + limitMs;
  let seen = first;
  while (isUnsettled(seen.topology) && clock.monotonic() < until) {
    if (signal?.aborted === true) break;
    await pause(clock, periodMs);
    seen = await seen.again();
  }
  return seen;
}
