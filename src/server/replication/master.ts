/**
 * The master's side: the replicas attached to this node (which may itself be a replica), from REPLCONF
 * and PSYNC over the full resync to the live feed, their ACKs and their end.
 *
 *   handleReplconf ─▶ wishes ─▶ handlePsync ─▶ continue ────────────────▶ online, cursor in the log
 *                                         └─▶ wait ─▶ FullSync ─▶ (ACK) ─▶ online
 *
 * Owned by Replication, which calls `cron` every second and passes in the shared state. It never
 * changes the role; the one change of history it makes is a new id when the first replica attaches.
 */
import type { PsyncRequest } from '../../protocol/psync-lines.ts';
import { parsePsyncArgs, parseReplconfArgs, printContinue } from '../../protocol/psync-lines.ts';
import { countAcked, countFsynced, countGood, describeLagging, noteAck } from './acks.ts';
import type { FullSync } from './full-sync.ts';
import { FullSyncs } from './full-syncs.ts';
import { newHistory } from './history.ts';
import type { ReplicaConnection, ReplicationDeps, SaveInfo } from './ports.ts';
import { describeRefusal, judgePsync } from './psync.ts';
import { judgeLag, pumpReplica } from './replica-feed.ts';
import type { Replica, ReplicaWishes } from './replica.ts';
import { nameOf, newReplica, newWishes, noteWish, replicaName } from './replica.ts';
import type { ReplicationState } from './replication-state.ts';

/** A RESP line without its end, to be sent to the client; undefined = send nothing. */
export type ReplyLine = string | undefined;

/** What the master side asks of its owner. */
export interface MasterOwner {
  /** What a snapshot taken now must say about itself. */
  saveInfo(): SaveInfo;
  /** Why no replica can be served now: our own link is down. */
  cannotServe(): ReplyLine;
  /** A replica acknowledged a higher offset, or went online or away. */
  onReplicaAck(): void;
}

/** INFO's sync_full, sync_partial_ok and sync_partial_err. */
export interface SyncCounters {
  syncFull: number;
  syncPartialOk: number;
  syncPartialErr: number;
}

export class MasterSide {
  readonly counters: SyncCounters = { syncFull: 0, syncPartialOk: 0, syncPartialErr: 0 };
  readonly #deps: ReplicationDeps;
  readonly #state: ReplicationState;
  readonly #owner: MasterOwner;
  /** In order of arrival: `slave0`, `slave1` … */
  readonly #replicas = new Map<ReplicaConnection, Replica>();
  readonly #wishes = new WeakMap<ReplicaConnection, ReplicaWishes>();
  readonly #fullSyncs: FullSyncs;
  #noReplicasSinceMs: number;
  #goodReplicas = 0;
  #flushScheduled = false;

  constructor(deps: ReplicationDeps, state: ReplicationState, owner: MasterOwner) {
    this.#deps = deps;
    this.#state = state;
    this.#owner = owner;
    this.#noReplicasSinceMs = deps.clock.monotonic();
    this.#fullSyncs = new FullSyncs(deps, state, {
      replicas: () => this.replicas,
      saveInfo: () => owner.saveInfo(),
      onSent: (replica, target) => this.#onRdbSent(replica, target),
      drop: (replica, reason) => this.#drop(replica, reason),
    });
    state.log.onAppend = () => this.#scheduleFlush();
  }

  get replicas(): readonly Replica[] {
    return [...this.#replicas.values()];
  }

  get replicaCount(): number {
    return this.#replicas.size;
  }

  /** Online replicas whose last ACK is not older than min-replicas-max-lag; refreshed each second. */
  get goodReplicas(): number {
    return this.#goodReplicas;
  }

  /** Milliseconds since the last replica left; undefined while there is one. */
  get withoutReplicasMs(): number | undefined {
    if (this.#replicas.size > 0) return undefined;
    return this.#deps.clock.monotonic() - this.#noReplicasSinceMs;
  }

  // ---- What replicas say -------------------------------------------------------------------------

  /** `args` without the command's name. */
  handleReplconf(connection: ReplicaConnection, args: readonly string[]): ReplyLine {
    const { options, error } = parseReplconfArgs(args);
    // ACK and GETACK are never answered, not even when they stand beside other options.
    if (options.some(({ kind }) => kind === 'getack')) return undefined;
    const ack = options.find((option) => option.kind === 'ack');
    if (ack !== undefined) {
      const fack = options.find((option) => option.kind === 'fack');
      this.#onAck(connection, ack.offset, fack?.offset);
      return undefined;
    }
    if (args[0]?.toLowerCase() === 'ack') return undefined;
    const wishes = this.#wishesOf(connection);
    for (const option of options) noteWish(wishes, option);
    return error === undefined ? '+OK' : `-${error}`;
  }

  /** A bare line end from a replica: it is alive, and busy loading. */
  handleBlankLine(connection: ReplicaConnection): void {
    const replica = this.#replicas.get(connection);
    if (replica !== undefined) replica.ackTimeMs = this.#deps.clock.monotonic();
  }

  handleSync(connection: ReplicaConnection): ReplyLine {
    if (this.#replicas.has(connection)) return undefined;
    return this.#admit(connection) ?? this.#fullresync(connection, true);
  }

  /** `args` without the command's name. */
  handlePsync(connection: ReplicaConnection, args: readonly string[]): ReplyLine {
    if (this.#replicas.has(connection)) return undefined;
    const refusal = this.#admit(connection);
    if (refusal !== undefined) return refusal;
    const request = parsePsyncArgs(args);
    if (request === undefined) {
      this.#deps.logger.warning(
        `Replica ${this.#nameOf(connection)} asks for synchronization but with a wrong offset`,
      );
      return '-ERR value is not an integer or out of range';
    }
    return this.#judge(connection, request);
  }

  /** The connection ended, whoever ended it. Harmless for connections that are no replicas. */
  handleClosed(connection: ReplicaConnection): void {
    const replica = this.#replicas.get(connection);
    if (replica === undefined) return;
    this.#deps.logger.warning(`Connection with replica ${nameOf(replica)} lost.`);
    this.#forget(replica);
  }

  // ---- Questions of the server ---------------------------------------------------------------------

  countReplicasAt(offset: number): number {
    return countAcked(this.#replicas.values(), offset);
  }

  countReplicasFsyncedAt(offset: number): number {
    return countFsynced(this.#replicas.values(), offset);
  }

  laggingReplicas(): string[] {
    const { masterReplOffset } = this.#state.log;
    const nowMs = this.#deps.clock.monotonic();
    return describeLagging(this.replicas, { masterReplOffset, nowMs });
  }

  disconnectReplicas(reason: string): void {
    for (const replica of this.replicas) this.#drop(replica, reason);
    // They come back at once; repl-backlog-ttl must not count from before.
    this.#noReplicasSinceMs = this.#deps.clock.monotonic();
  }

  // ---- Every second --------------------------------------------------------------------------------

  cron(): void {
    this.#disconnectSilent();
    this.#sendSignsOfLife();
    this.#fullSyncs.startDue();
    this.#flush();
    this.refreshGoodReplicas();
  }

  /** Replicas that said nothing, or took nothing, for repl-timeout seconds. */
  #disconnectSilent(): void {
    const timeoutMs = this.#deps.settings.replTimeoutSec * 1000;
    const now = this.#deps.clock.monotonic();
    for (const replica of this.replicas) {
      if (replica.state !== 'online' || replica.prePsync) continue;
      const silentMs = now - replica.ackTimeMs;
      if (silentMs <= timeoutMs) continue;
      const what = `no ACK for ${Math.round(silentMs / 1000)} s (repl-timeout)`;
      this.#drop(replica, `Disconnecting timedout replica (streaming sync): ${what}`);
    }
    for (const replica of this.#fullSyncs.stalled(timeoutMs)) {
      this.#drop(replica, 'Disconnecting timedout replica (full sync): it reads nothing');
    }
  }

  /** While a replica waits for an RDB an empty line keeps its repl-timeout from passing. */
  #sendSignsOfLife(): void {
    for (const replica of this.#replicas.values()) {
      const waits = this.#fullSyncs.waitsForRdb(replica);
      if (waits) replica.connection.write(Buffer.from('\n'));
    }
  }

  /** Also when what makes a replica good has changed. */
  refreshGoodReplicas(): void {
    const { clock, settings } = this.#deps;
    this.#goodReplicas = countGood(this.#replicas.values(), {
      maxLagSec: settings.minReplicasMaxLagSec,
      nowMs: clock.monotonic(),
    });
  }

  // ---- PSYNC ---------------------------------------------------------------------------------------

  /** What must hold for SYNC and PSYNC alike; undefined = go on. */
  #admit(connection: ReplicaConnection): ReplyLine {
    const refusal = this.#owner.cannotServe();
    if (refusal !== undefined) return refusal;
    if (connection.pendingOutputBytes > 0) {
      return '-ERR SYNC and PSYNC are invalid with pending output';
    }
    const wishes = this.#wishesOf(connection);
    if (wishes.rdbSections !== undefined && !wishes.capaEof) {
      return '-ERR Filtered replica requires EOF capability';
    }
    this.#deps.logger.notice(`Replica ${this.#nameOf(connection)} asks for synchronization`);
    return undefined;
  }

  #judge(connection: ReplicaConnection, request: PsyncRequest): ReplyLine {
    const { log, history } = this.#state;
    const name = this.#nameOf(connection);
    const verdict = judgePsync(request, { history, window: log.window() });
    if (verdict.kind === 'fullresync') {
      if (verdict.because !== 'no-history') this.counters.syncPartialErr++;
      this.#deps.logger.notice(describeRefusal(name, verdict));
      return this.#fullresync(connection, false);
    }
    this.counters.syncPartialOk++;
    this.#deps.logger.notice(
      `Partial resynchronization of replica ${name}: sending ${verdict.pendingBytes} bytes of ` +
        `backlog from offset ${verdict.from}`,
    );
    const replica = this.#attach(connection, false);
    replica.cursor = log.openCursor(verdict.from) ?? undefined;
    const line = printContinue(replica.wishes.capaPsync2 ? verdict.replid : undefined);
    connection.write(Buffer.from(line));
    this.#putOnline(replica);
    return undefined;
  }

  #attach(connection: ReplicaConnection, prePsync: boolean): Replica {
    const nowMs = this.#deps.clock.monotonic();
    const replica = newReplica(connection, this.#wishesOf(connection), { prePsync, nowMs });
    this.#replicas.set(connection, replica);
    connection.setNoDelay(!this.#deps.settings.replDisableTcpNodelay);
    return replica;
  }

  // ---- Full resync ---------------------------------------------------------------------------------

  #fullresync(connection: ReplicaConnection, prePsync: boolean): ReplyLine {
    this.counters.syncFull++;
    const replica = this.#attach(connection, prePsync);
    this.#ensureBacklog();
    this.#fullSyncs.join(replica);
    return undefined;
  }

  /** With the first replica a backlog begins, and with it a history of its own. [redis 7.0] */
  #ensureBacklog(): void {
    if (this.#state.log.active) return;
    this.#state.history = newHistory(this.#deps.random);
    this.#state.log.activate();
    this.#deps.logger.notice(
      `Replication backlog created, my new replication id is ${this.#state.history.masterReplid}`,
    );
  }

  #onRdbSent(replica: Replica, target: FullSync['target']): void {
    if (replica.wishes.rdbOnly) {
      this.#drop(replica, 'it asked for the RDB only, and has it');
      return;
    }
    if (target === 'disk') {
      this.#putOnline(replica);
      return;
    }
    // A replica finds the mark only at the end of what it read: the stream begins after its ACK.
    replica.state = 'online';
    replica.ackTimeMs = this.#deps.clock.monotonic();
    this.#deps.logger.notice(
      `Streamed RDB transfer with replica ${nameOf(replica)} succeeded, waiting for its ACK`,
    );
  }

  // ---- Online --------------------------------------------------------------------------------------

  #putOnline(replica: Replica): void {
    replica.state = 'online';
    replica.streaming = true;
    replica.ackTimeMs = this.#deps.clock.monotonic();
    this.#deps.logger.notice(`Synchronization with replica ${nameOf(replica)} succeeded`);
    this.refreshGoodReplicas();
    this.#state.log.notifyOnAppend();
    pumpReplica(replica);
  }

  #onAck(connection: ReplicaConnection, offset: number, aofOffset = 0): void {
    const replica = this.#replicas.get(connection);
    if (replica === undefined) return;
    const { masterReplOffset } = this.#state.log;
    if (offset > masterReplOffset) {
      // Whoever counts on it (WAIT, FAILOVER) would lose what it only claims to have.
      const end = `our stream ends at ${masterReplOffset}`;
      this.#drop(replica, `it acknowledges offset ${offset}, ${end}`);
      return;
    }
    noteAck(replica, offset, aofOffset);
    if (replica.state === 'online' && !replica.streaming) this.#putOnline(replica);
    replica.ackTimeMs = this.#deps.clock.monotonic();
    this.#owner.onReplicaAck();
  }

  /** The log has grown: one flush at the end of this turn serves all replicas. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#deps.defer(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { clock, settings } = this.#deps;
    const { replicaOutputBufferLimit: limit, replBacklogSize } = settings;
    const nowMs = clock.monotonic();
    for (const replica of this.replicas) {
      pumpReplica(replica);
      const verdict = judgeLag(replica, { limit, replBacklogSize, nowMs });
      if (verdict.kind === 'over') {
        this.#drop(replica, `${verdict.because} (client-output-buffer-limit replica)`);
      }
    }
    if (this.#replicas.size > 0) this.#state.log.notifyOnAppend();
  }

  // ---- The end of a replica ------------------------------------------------------------------------

  #drop(replica: Replica, reason: string): void {
    if (replica.closed) return;
    this.#deps.logger.warning(`Disconnecting replica ${nameOf(replica)}: ${reason}`);
    this.#forget(replica);
    replica.connection.close(reason);
  }

  #forget(replica: Replica): void {
    replica.closed = true;
    replica.streaming = false;
    this.#replicas.delete(replica.connection);
    if (this.#replicas.size === 0) this.#noReplicasSinceMs = this.#deps.clock.monotonic();
    this.#fullSyncs.leave(replica);
    replica.cursor?.close();
    this.refreshGoodReplicas();
    this.#owner.onReplicaAck();
  }

  #wishesOf(connection: ReplicaConnection): ReplicaWishes {
    let wishes = this.#wishes.get(connection);
    if (wishes === undefined) {
      wishes = newWishes();
      this.#wishes.set(connection, wishes);
    }
    return wishes;
  }

  #nameOf(connection: ReplicaConnection): string {
    return replicaName(connection, this.#wishesOf(connection));
  }
}
