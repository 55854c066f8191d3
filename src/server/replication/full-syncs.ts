/**
 * Decides when a full resync starts, for whom, and in which form: replicas that wait are served
 * together by one snapshot, and there is one snapshot at a time. Owned by the master side, which
 * says what to do with a replica that has got its RDB.
 *
 *   join ─▶ shares a disk snapshot in progress
 *        └▶ waits ─▶ (repl-diskless-sync-delay, or another snapshot's end) ─▶ FullSync ─▶ onSent
 */
import { hexId } from '../../util/random.ts';
import { FullSync, namesOf } from './full-sync.ts';
import type { ReplicationDeps, SaveInfo } from './ports.ts';
import type { Replica } from './replica.ts';
import { nameOf } from './replica.ts';
import type { ReplicationState } from './replication-state.ts';

/** What it asks of the master side. */
export interface FullSyncsOwner {
  /** All replicas in the order of their arrival. */
  replicas(): readonly Replica[];
  /** What a snapshot taken now must say about itself. */
  saveInfo(): SaveInfo;
  /** The replica's socket has taken the whole RDB. */
  onSent(replica: Replica, target: FullSync['target']): void;
  drop(replica: Replica, reason: string): void;
}

export class FullSyncs {
  readonly #deps: ReplicationDeps;
  readonly #state: ReplicationState;
  readonly #owner: FullSyncsOwner;
  /** The running one, and those that still send their file. */
  readonly #syncs = new Set<FullSync>();

  constructor(deps: ReplicationDeps, state: ReplicationState, owner: FullSyncsOwner) {
    this.#deps = deps;
    this.#state = state;
    this.#owner = owner;
  }

  /** A new replica needs a full resync. */
  join(replica: Replica): void {
    const running = [...this.#syncs].find((sync) => sync.running && sync.target === 'disk');
    if (!wantsNoData(replica) && running?.add(replica) === true) {
      this.#deps.logger.notice(`Replica ${nameOf(replica)} shares the disk snapshot in progress`);
      return;
    }
    this.startDue();
  }

  /** Every second, and whenever a snapshot has ended: serves those who waited long enough. */
  startDue(): void {
    const all = this.#owner.replicas().filter(({ state }) => state === 'wait-bgsave-start');
    if (all.length === 0 || [...this.#syncs].some((sync) => sync.running)) return;
    // Those who wish for something else than the first one get it after this.
    const waiting = all.filter((replica) => wantsNoData(replica) === wantsNoData(all[0]));
    // One replica that cannot read the $EOF: form makes it a disk snapshot for all.
    const { replDisklessSync } = this.#deps.settings;
    const streamed = waiting.every(
      (replica) => replica.wishes.capaEof && (replDisklessSync || wantsNoData(replica)),
    );
    if (streamed && !this.#waitedLongEnough(waiting)) return;
    this.#start(waiting, streamed ? 'socket' : 'disk');
  }

  /** The replica is gone. */
  leave(replica: Replica): void {
    for (const sync of this.#syncs) {
      sync.remove(replica);
      this.#retire(sync);
    }
  }

  /** Replicas that took nothing of their RDB for `timeoutMs`. */
  stalled(timeoutMs: number): Replica[] {
    return [...this.#syncs].flatMap((sync) => sync.stalled(timeoutMs));
  }

  /** It is between the snapshot's start and the first byte: an empty line will not disturb it. */
  waitsForRdb(replica: Replica): boolean {
    if (replica.state === 'wait-bgsave-start') return true;
    if (replica.state !== 'wait-bgsave-end') return false;
    return ![...this.#syncs].some((sync) => sync.target === 'socket' && sync.has(replica));
  }

  /** A streamed snapshot takes nobody on board later, so it waits a little for others to come. */
  #waitedLongEnough(waiting: readonly Replica[]): boolean {
    const { settings, clock } = this.#deps;
    const maxReplicas = settings.replDisklessSyncMaxReplicas;
    if (maxReplicas > 0 && waiting.length >= maxReplicas) return true;
    const longestMs = clock.monotonic() - Math.min(...waiting.map((one) => one.waitingSinceMs));
    return longestMs >= settings.replDisklessSyncDelaySec * 1000;
  }

  #start(waiting: readonly Replica[], target: FullSync['target']): void {
    const { snapshots, logger, random, clock } = this.#deps;
    const saveInfo = this.#owner.saveInfo();
    const sync: FullSync = new FullSync(
      {
        log: this.#state.log,
        logger,
        nowMs: () => clock.monotonic(),
        onSent: (replica) => {
          this.#retire(sync);
          this.#owner.onSent(replica, target);
        },
        drop: (replica, reason) => this.#owner.drop(replica, reason),
        onEnded: () => this.#onEnded(),
      },
      { target, saveInfo, withoutData: wantsNoData(waiting[0]), mark: hexId(random) },
    );
    const busy = sync.start(snapshots, waiting);
    if (busy !== undefined) {
      logger.notice(`The full resync of ${namesOf(waiting)} has to wait: ${busy}`);
      return;
    }
    this.#syncs.add(sync);
    // Whoever loads this RDB does not know which database our stream is in.
    this.#state.streamDb = -1;
    logger.notice(
      `Full resync of ${namesOf(waiting)} at offset ${saveInfo.replOffset}, target: ` +
        (target === 'socket' ? 'replicas sockets' : 'disk'),
    );
  }

  #onEnded(): void {
    for (const sync of this.#syncs) this.#retire(sync);
    // Not from within the snapshot's own callback.
    this.#deps.defer(() => this.startDue());
  }

  #retire(sync: FullSync): void {
    if (!sync.running && sync.replicaCount === 0) this.#syncs.delete(sync);
  }
}

/** It asked for parts of the RDB alone: for its functions, of which there are none here, or for none. */
function wantsNoData({ wishes }: Replica): boolean {
  return wishes.rdbSections !== undefined;
}
