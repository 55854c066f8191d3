/** What changes start from: a topology whose links are there, or broken, and not in between. */
import type { Topology } from '../../topology/model.ts';
import { lookAgainWhile } from '../look-again.ts';
import type { Observation } from '../observe.ts';

/** A replica tries again each second; one that has no link after this is broken otherwise. */
const limitMs = 2500;
const periodMs = 100;

export function settled(
  first: Observation,
  isUnsettled: (topology: Topology) => boolean,
): Promise<Observation> {
  return lookAgainWhile(isUnsettled, first, { limitMs, periodMs });
}
