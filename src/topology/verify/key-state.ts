/**
 * What one node holds under one key, and whether two nodes hold the same there. Made by
 * node-reader.ts, compared by scan.ts and judge.ts. It holds no value, only a sum over it. Pure.
 */

export interface KeyState {
  /** As TYPE says it; `none` where there is no such key. */
  readonly type: string;
  /**
   * The sum over the value, with the way it was made: sums made in different ways cannot be
   * compared. Undefined where it could not be made: the value changed while it was read.
   */
  readonly sum: ValueSum | undefined;
  /** Unix milliseconds; undefined for a key that does not expire. */
  readonly expireAtMs: number | undefined;
}

export interface ValueSum {
  /** DEBUG DIGEST-VALUE (which also tells whether a key expires), elements that we read ourselves, or DUMP for types that we do not know. */
  readonly by: 'digest' | 'elements' | 'dump' | 'nothing';
  readonly text: string;
}

/** What is different, the worst first: it decides when several are. */
export type DifferenceKind = 'missing' | 'extra' | 'type' | 'value' | 'ttl';

export const noKey: KeyState = { type: 'none', sum: undefined, expireAtMs: undefined };

/**
 * What is different on the replica; undefined when nothing is; `unclear` when the two cannot be
 * compared because one changed while it was read, or was read in another way.
 */
export function compareStates(
  master: KeyState,
  replica: KeyState,
  { ttlToleranceMs }: { readonly ttlToleranceMs: number },
): DifferenceKind | 'unclear' | undefined {
  if (master.type !== replica.type) {
    if (replica.type === 'none') return 'missing';
    return master.type === 'none' ? 'extra' : 'type';
  }
  if (master.type === 'none') return undefined;
  if (master.sum === undefined || master.sum.by !== replica.sum?.by) return 'unclear';
  if (master.sum.text !== replica.sum.text) {
    // DUMP shows how a value is stored, which may differ where the values do not.
    return master.sum.by === 'dump' ? 'unclear' : 'value';
  }
  return sameExpiry(master.expireAtMs, replica.expireAtMs, ttlToleranceMs) ? undefined : 'ttl';
}

function sameExpiry(a: number | undefined, b: number | undefined, toleranceMs: number): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Math.abs(a - b) <= toleranceMs;
}
