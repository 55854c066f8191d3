/** Looks again until the links that are about to come up are there: what changes start from. */
import type { Topology } from '../../topology/model.ts';
import type { Observation } from '../observe.ts';

/** A replica tries again each second; one that has no link after this is broken otherwise. */
const settleLimitMs = 2500;
const settlePeriodMs = 100;

/** What is seen once `isUnsettled` says no, or after two seconds and a half. */
export async function settled(
  first: Observation,
  isUnsettled: (topology: Topology) => boolean,
): Promise<Observation> {
  const { clock } = first;
  const until = clock.monotonic() + settleLimitMs;
  let seen = first;
  while (isUnsettled(seen.topology) && clock.monotonic() < until) {
    await new Promise<void>((resolve) => void clock.schedule(settlePeriodMs, resolve));
    seen = await seen.again();
  }
  return seen;
}
