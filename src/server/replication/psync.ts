/**
 * The master's decision on PSYNC, a pure function: continue from the backlog, or a full resync and
 * why. The log line, the counters, the forecast and the tests all read this one value.
 */
import type { PsyncRequest } from '../../protocol/psync-lines.ts';
import type { ReplicationHistory } from './history.ts';
import type { LogWindow } from './replication-log.ts';

export type PsyncVerdict = PsyncContinue | PsyncRefusal;

interface PsyncContinue {
  readonly kind: 'continue';
  /** The first byte to send. */
  readonly from: number;
  /** Bytes of backlog to send before the stream is live. */
  readonly pendingBytes: number;
  /** Our present id, for the `+CONTINUE` line. */
  readonly replid: string;
}

/** `request` and the state it was judged by go along, so that the reason can be explained. */
export interface PsyncRefusal {
  readonly kind: 'fullresync';
  readonly because: FullresyncReason;
  readonly request: PsyncRequest;
  readonly history: ReplicationHistory;
  readonly window: LogWindow;
}

export type FullresyncReason =
  /** `PSYNC ? -1`: the replica has nothing to continue. */
  | 'no-history'
  /** The replica's id is neither of ours. */
  | 'foreign-history'
  /** It is our second id, but the replica went on with that history after we had left it. */
  | 'second-history-too-far'
  /** We keep no backlog (never had a replica, or repl-backlog-ttl passed). */
  | 'backlog-inactive'
  /** The bytes it lacks are no longer there. */
  | 'backlog-too-short'
  /** It claims bytes that we have never written. */
  | 'ahead-of-master';

export function judgePsync(
  request: PsyncRequest,
  state: { history: ReplicationHistory; window: LogWindow },
): PsyncVerdict {
  const { history, window } = state;
  const because = refusalReason(request, history, window);
  if (because !== undefined) return { kind: 'fullresync', because, request, history, window };
  return {
    kind: 'continue',
    from: request.offset,
    pendingBytes: window.masterReplOffset + 1 - request.offset,
    replid: history.masterReplid,
  };
}

function refusalReason(
  request: PsyncRequest,
  history: ReplicationHistory,
  window: LogWindow,
): FullresyncReason | undefined {
  // The identity comes first: an offset means nothing in another history.
  const replid = request.replid.toLowerCase();
  if (replid === '?') return 'no-history';
  if (replid !== history.masterReplid) {
    const isFormer = replid === history.masterReplid2 && history.secondReplOffset >= 0;
    if (!isFormer) return 'foreign-history';
    if (request.offset > history.secondReplOffset) return 'second-history-too-far';
  }
  // Then the bytes.
  if (!window.active) return 'backlog-inactive';
  if (request.offset < window.firstByteOffset) return 'backlog-too-short';
  if (request.offset > window.masterReplOffset + 1) return 'ahead-of-master';
  return undefined;
}

/** A sentence for the log: who, both ids, offsets, and the setting that would have prevented it. */
export function describeRefusal(replica: string, refusal: PsyncRefusal): string {
  return `Full resync for replica ${replica}: ${explanations[refusal.because](refusal)}`;
}

/** Columns: reason, its explanation. */
const explanations: Record<FullresyncReason, (refusal: PsyncRefusal) => string> = {
  'no-history': () => 'it has no history to continue',
  'foreign-history': (refusal) => `its history is unknown here (${compare(refusal)})`,
  'second-history-too-far': (refusal) =>
    `it followed our former history beyond the point where we left it (${compare(refusal)}); ` +
    'stopping the writes before a switchover prevents this',
  'backlog-inactive': (refusal) =>
    `no backlog is kept here (${compare(refusal)}); a longer repl-backlog-ttl keeps it while no ` +
    'replica is connected',
  'backlog-too-short': (refusal) => {
    const { request, window } = refusal;
    const neededBytes = window.masterReplOffset + 1 - request.offset;
    return (
      `the backlog begins ${window.firstByteOffset - request.offset} bytes too late ` +
      `(it holds ${window.firstByteOffset} to ${window.masterReplOffset}; ${compare(refusal)}); ` +
      `repl-backlog-size of ${neededBytes} bytes or more would have prevented it`
    );
  },
  'ahead-of-master': (refusal) =>
    `it is ahead of this master by ${refusal.request.offset - 1 - refusal.window.masterReplOffset} ` +
    `bytes (${compare(refusal)})`,
};

function compare({ request, history, window }: PsyncRefusal): string {
  const former =
    history.secondReplOffset < 0
      ? 'no former one'
      : `formerly ${history.masterReplid2} up to ${history.secondReplOffset}`;
  return (
    `it asked for ${request.replid}:${request.offset}, ` +
    `this master is at ${history.masterReplid}:${window.masterReplOffset}, ${former}`
  );
}
