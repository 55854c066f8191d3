/**
 * Which history this node's data belongs to (PSYNC2). A history is a replid plus an offset; a node
 * may also remember the one it came from: `masterReplid2`, valid below `secondReplOffset`.
 * Pure: each change of identity is one function from the old value to the new one.
 *
 *   replid  A ────────────▶ promotion at offset 100 ────▶ replid B
 *                           replid2 = A, secondReplOffset = 101: siblings on A continue up to 101
 */
import { hexId } from '../../util/random.ts';
import type { Random } from '../../util/random.ts';

export interface ReplicationHistory {
  readonly masterReplid: string;
  /** Forty zeros when there is no second history. */
  readonly masterReplid2: string;
  /** The first offset that belongs to `masterReplid` alone; -1 without a second history. */
  readonly secondReplOffset: number;
}

export const noReplid = '0'.repeat(40);

/** A history of our own, related to nobody's. */
export function newHistory(random: Random): ReplicationHistory {
  return adoptHistory(hexId(random));
}

/** After a full resync: the master's history and nothing else. */
export function adoptHistory(masterReplid: string): ReplicationHistory {
  return { masterReplid, masterReplid2: noReplid, secondReplOffset: -1 };
}

/** Promotion: what was replicated so far stays known, what follows is our own. */
export function shiftHistory(
  history: ReplicationHistory,
  options: { masterReplOffset: number; random: Random },
): ReplicationHistory {
  return continueWith(history, {
    masterReplid: hexId(options.random),
    masterReplOffset: options.masterReplOffset,
  });
}

/** `+CONTINUE <newid>`: our master was promoted, or follows another one, since we last met. */
export function continueWith(
  history: ReplicationHistory,
  next: { masterReplid: string; masterReplOffset: number },
): ReplicationHistory {
  if (next.masterReplid === history.masterReplid) return history;
  return {
    masterReplid: next.masterReplid,
    masterReplid2: history.masterReplid,
    secondReplOffset: next.masterReplOffset + 1,
  };
}

export function clearReplid2(history: ReplicationHistory): ReplicationHistory {
  return adoptHistory(history.masterReplid);
}
