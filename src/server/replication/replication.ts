/**
 * Replication as the server sees it: one object that joins the history, the log, the link to our
 * master and the side that serves replicas. The composition root builds it, calls `cron` every
 * second, forwards the replication commands to it and feeds it every propagated command.
 *
 * A change of role happens in two functions only, `replicaof` and `noOne`; each sets every field
 * that depends on the role.
 */
import { parsePsyncArgs } from '../../protocol/psync-lines.ts';
import { encodeCommand } from '../../protocol/resp-encode.ts';
import { Failover, type FailoverRequest } from './failover.ts';
import { newHistory, shiftHistory } from './history.ts';
import type { LinkState } from './link-state.ts';
import type { ReplyLine, SyncCounters } from './master.ts';
import { MasterSide } from './master.ts';
import type { MasterAddress, ReplicaConnection, ReplicationDeps, SaveInfo } from './ports.ts';
import type { ResumePoint } from './replica-link.ts';
import { ReplicaLink } from './replica-link.ts';
import { ReplicationLog } from './replication-log.ts';
import type { InfoField, ReplicationView, RoleReply } from './replication-info.ts';
import { replicationInfo, roleReply } from './replication-info.ts';
import type { ReplicationState } from './replication-state.ts';

const pingCommand = encodeCommand(['PING']);
const getackCommand = encodeCommand(['REPLCONF', 'GETACK', '*']);

export class Replication {
  readonly #deps: ReplicationDeps;
  readonly #state: ReplicationState;
  readonly #link: ReplicaLink;
  readonly #master: MasterSide;
  readonly #failover: Failover;
  #secondsSincePing = 0;

  constructor(deps: ReplicationDeps) {
    this.#deps = deps;
    this.#state = {
      role: 'master',
      history: newHistory(deps.random),
      log: new ReplicationLog({ replBacklogSize: deps.settings.replBacklogSize }),
      streamDb: -1,
    };
    this.#master = new MasterSide(deps, this.#state, {
      saveInfo: () => this.#saveInfoNow(),
      cannotServe: () => this.#cannotServe(),
      onReplicaAck: () => {
        this.#failover.onAck();
        deps.host.onReplicaAck();
      },
    });
    this.#failover = new Failover(deps, {
      replicas: () => this.#master.replicas,
      offsetToReach: () => this.#offsetBeforeGetack(),
      pauseWrites: (on) => deps.host.pauseForFailover(on),
      follow: (target) => void this.replicaof(target),
      takeBack: () => this.noOne(),
    });
    this.#link = new ReplicaLink(deps, this.#state, {
      disconnectReplicas: (reason) => this.#master.disconnectReplicas(reason),
      failover: this.#failover,
    });
  }

  // ---- Questions -----------------------------------------------------------------------------------

  get role(): 'master' | 'replica' {
    return this.#state.role;
  }

  get master(): MasterAddress | undefined {
    return this.#link.master;
  }

  get linkState(): LinkState {
    return this.#link.linkState;
  }

  /** A replica with a live link, or a master. False: -MASTERDOWN with replica-serve-stale-data no. */
  get dataIsCurrent(): boolean {
    return this.#state.role === 'master' || this.#link.connected;
  }

  /** Whether propagated commands go anywhere: a master with a backlog. Asked per write. */
  get feeding(): boolean {
    return this.#state.role === 'master' && this.#state.log.active;
  }

  get masterReplid(): string {
    return this.#state.history.masterReplid;
  }

  get masterReplOffset(): number {
    return this.#state.log.masterReplOffset;
  }

  get replicaCount(): number {
    return this.#master.replicaCount;
  }

  /** For min-replicas-to-write: online replicas within min-replicas-max-lag. */
  get goodReplicas(): number {
    return this.#master.goodReplicas;
  }

  get counters(): Readonly<SyncCounters> {
    return this.#master.counters;
  }

  /** CONFIG RESETSTAT. */
  resetCounters(): void {
    const { counters } = this.#master;
    counters.syncFull = 0;
    counters.syncPartialOk = 0;
    counters.syncPartialErr = 0;
  }

  /** Memory of the backlog, and of what replicas still need. */
  get backlogMemoryBytes(): number {
    return this.#state.log.memoryBytes;
  }

  isReplica(connection: ReplicaConnection): boolean {
    return this.#master.replicas.some((replica) => replica.connection === connection);
  }

  countReplicasAt(offset: number): number {
    return this.#master.countReplicasAt(offset);
  }

  /** For the log: replicas that have not acknowledged everything, and how far they are. */
  laggingReplicas(): string[] {
    return this.#master.laggingReplicas();
  }

  countReplicasFsyncedAt(offset: number): number {
    return this.#master.countReplicasFsyncedAt(offset);
  }

  info(): InfoField[] {
    return replicationInfo(this.#view());
  }

  roleReply(): RoleReply {
    return roleReply(this.#view());
  }

  /** For the aux fields of an RDB; undefined when there is no history worth keeping. */
  saveInfo(): SaveInfo | undefined {
    const { role, log } = this.#state;
    const known =
      role === 'master' ? log.active : this.#link.connected || this.#link.resume !== undefined;
    return known ? this.#saveInfoNow() : undefined;
  }

  // ---- Change of role ------------------------------------------------------------------------------

  /**
   * REPLICAOF host port. Data and replicas stay until a full resync replaces the data. `atStart`:
   * it stood in the configuration, so our own history is worth naming only if it was restored.
   */
  replicaof(
    master: MasterAddress,
    options: { atStart?: boolean } = {},
  ): 'ok' | 'already-connected' {
    const current = this.#link.master;
    if (current?.host === master.host && current.port === master.port) {
      this.#deps.logger.notice(
        `REPLICAOF ${master.host}:${master.port}: that is our master already, nothing done`,
      );
      return 'already-connected';
    }
    const resume = this.#ownResumePoint(options.atStart === true);
    // Our own history may be known to the new master: a replica of ours that was promoted.
    if (resume !== undefined) this.#state.log.activate();
    this.#state.role = 'replica';
    this.#state.streamDb = -1;
    this.#link.setMaster(master, resume);
    this.#deps.host.onRoleChange('replica');
    return 'ok';
  }

  /** REPLICAOF NO ONE. The data stay; replicas are disconnected so that they learn the new id. */
  noOne(): void {
    if (this.#state.role === 'master') return;
    const { log, history } = this.#state;
    this.#link.clearMaster();
    this.#state.role = 'master';
    this.#state.history = shiftHistory(history, {
      masterReplOffset: log.masterReplOffset,
      random: this.#deps.random,
    });
    this.#state.streamDb = -1;
    this.#secondsSincePing = 0;
    this.#deps.host.onRoleChange('master');
    this.#deps.logger.notice(
      `MASTER MODE enabled: replication id ${this.#state.history.masterReplid}, the former one ` +
        `${history.masterReplid} is valid up to offset ${log.masterReplOffset + 1}`,
    );
    this.#master.disconnectReplicas('this node was promoted and has a new replication id');
  }

  /**
   * What the RDB loaded at start says about its history. On a master it becomes the second one, so
   * that its replicas can continue; on a replica (call `replicaof` after it) it is our own.
   */
  restore(saved: SaveInfo, options: { asReplica: boolean }): void {
    const { log, history } = this.#state;
    log.reset(saved.replOffset);
    this.#state.history = options.asReplica
      ? { ...history, masterReplid: saved.replId }
      : { ...history, masterReplid2: saved.replId, secondReplOffset: saved.replOffset + 1 };
    this.#state.streamDb = options.asReplica ? saved.replStreamDb : -1;
  }

  // ---- Handing over ----------------------------------------------------------------------------------

  get failoverInProgress(): boolean {
    return this.#failover.inProgress;
  }

  /** FAILOVER; an error reply when it cannot begin. */
  failover(request: FailoverRequest): string | undefined {
    return this.#failover.start(request);
  }

  /** FAILOVER ABORT; false when there is none under way. */
  abortFailover(): boolean {
    return this.#failover.abort('manually aborted');
  }

  // ---- What comes from replicas --------------------------------------------------------------------

  /** All `args` are without the command's name. The reply line is to be sent; undefined = none. */
  handlePsync(connection: ReplicaConnection, args: readonly string[]): ReplyLine {
    const refusal = this.#handover(args);
    return refusal ?? this.#master.handlePsync(connection, args);
  }

  handleSync(connection: ReplicaConnection): ReplyLine {
    return this.#master.handleSync(connection);
  }

  handleReplconf(connection: ReplicaConnection, args: readonly string[]): ReplyLine {
    return this.#master.handleReplconf(connection, args);
  }

  /** REPLCONF in the stream of our own master: GETACK wants our offset. */
  handleReplconfFromMaster(args: readonly string[]): void {
    if (args[0]?.toLowerCase() === 'getack') this.#link.requestAck();
  }

  /** An empty line from a client that is a replica. */
  handleBlankLine(connection: ReplicaConnection): void {
    this.#master.handleBlankLine(connection);
  }

  /** Must be called for every connection that ever spoke REPLCONF, SYNC or PSYNC. */
  handleClosed(connection: ReplicaConnection): void {
    this.#master.handleClosed(connection);
  }

  // ---- What goes to replicas -----------------------------------------------------------------------

  /**
   * Hot. Propagates the RESP bytes `[start, end)` of one command (or of a whole MULTI … EXEC) that
   * ran in database `db` (negative: in whichever is selected). Does nothing on a replica, and on a
   * master that has no backlog.
   */
  feed(db: number, bytes: Uint8Array, start: number, end: number): void {
    const { log } = this.#state;
    if (this.#state.role !== 'master' || !log.active) return;
    if (db !== this.#state.streamDb && db >= 0) this.#select(db);
    log.append(bytes, start, end);
  }

  /** WAIT: every replica is asked for its offset; `host.onReplicaAck` tells of the answers. */
  requestAcks(): void {
    // While writes are held back for a failover nothing may move the offset.
    if (this.#state.role !== 'master' || this.#failover.inProgress) return;
    if (this.#master.replicaCount > 0) this.#feedAnyDb(getackCommand);
  }

  /** CLIENT KILL TYPE replica, and the like. */
  disconnectReplicas(reason: string): void {
    this.#master.disconnectReplicas(reason);
  }

  /** Writes are not paused any more: the master's are applied again. */
  goOn(): void {
    this.#link.goOn();
  }

  /** CLIENT KILL TYPE master: the link is closed and comes back by itself. */
  disconnectMaster(reason: string): void {
    this.#link.disconnect(reason);
  }

  // ---- Time, configuration, end --------------------------------------------------------------------

  /** Every second. */
  cron(): void {
    this.#link.cron();
    this.#pingReplicas();
    this.#master.cron();
    this.#releaseIdleBacklog();
  }

  /** After CONFIG SET repl-backlog-size. */
  backlogSizeChanged(): void {
    this.#state.log.resize(this.#deps.settings.replBacklogSize);
  }

  /** After CONFIG SET min-replicas-to-write and min-replicas-max-lag. */
  minReplicasChanged(): void {
    this.#master.refreshGoodReplicas();
  }

  /** Ends every connection. The object is not used afterwards. */
  close(): void {
    this.#failover.close();
    this.#link.clearMaster();
    this.#master.disconnectReplicas('the server is shutting down');
  }

  /** Undefined for a replica (the link knows its own), and for a server that just began. */
  #ownResumePoint(atStart: boolean): ResumePoint | undefined {
    const { role, log, streamDb } = this.#state;
    if (role === 'replica' || (atStart && !log.active)) return undefined;
    return { selectedDb: Math.max(0, streamDb) };
  }

  #pingReplicas(): void {
    if (++this.#secondsSincePing < this.#deps.settings.replPingReplicaPeriodSec) return;
    this.#secondsSincePing = 0;
    if (this.#state.role !== 'master' || this.#failover.inProgress) return;
    if (this.#master.replicaCount > 0) this.#feedAnyDb(pingCommand);
  }

  /**
   * Where the data end that replicas must have. What asks for their offset comes after it in the
   * stream: a replica answers with the offset before the question, and has read it by then.
   */
  #offsetBeforeGetack(): number {
    const offset = this.#state.log.masterReplOffset;
    this.#feedAnyDb(getackCommand);
    return offset;
  }

  /** repl-backlog-ttl: with the backlog the history ends, since we no longer record what happens. */
  #releaseIdleBacklog(): void {
    const ttlMs = this.#deps.settings.replBacklogTtlSec * 1000;
    const idleMs = this.#master.withoutReplicasMs;
    const { role, log } = this.#state;
    if (role !== 'master' || ttlMs === 0 || !log.active) return;
    if (idleMs === undefined || idleMs <= ttlMs) return;
    this.#state.history = newHistory(this.#deps.random);
    log.deactivate();
    this.#deps.logger.notice(
      `Replication backlog freed after ${Math.round(idleMs / 1000)} seconds without connected replicas.`,
    );
  }

  #select(db: number): void {
    this.#state.streamDb = db;
    this.#feedAnyDb(encodeCommand(['SELECT', String(db)]));
  }

  #feedAnyDb(command: Uint8Array): void {
    this.#state.log.append(command, 0, command.length);
  }

  #saveInfoNow(): SaveInfo {
    const { role, history, log, streamDb } = this.#state;
    const selectedDb = this.#link.connected
      ? this.#deps.applier.selectedDb
      : (this.#link.resume?.selectedDb ?? 0);
    return {
      replId: history.masterReplid,
      replOffset: log.masterReplOffset,
      replStreamDb: role === 'master' ? Math.max(0, streamDb) : selectedDb,
    };
  }

  #cannotServe(): ReplyLine {
    if (this.#state.role === 'master' || this.#link.connected) return undefined;
    return "-NOMASTERLINK Can't SYNC while not connected with my master";
  }

  /** `PSYNC <replid> <offset> FAILOVER`: our master hands over; we are promoted before we answer. */
  #handover(args: readonly string[]): ReplyLine {
    const request = parsePsyncArgs(args);
    if (request?.failover !== true) return undefined;
    this.#deps.logger.notice(`Failover request received for replid ${request.replid}`);
    if (this.#state.role === 'master') return "-ERR PSYNC FAILOVER can't be sent to a master.";
    if (request.replid.toLowerCase() !== this.#state.history.masterReplid) {
      return '-ERR PSYNC FAILOVER replid must match my replid.';
    }
    this.noOne();
    return undefined;
  }

  #view(): ReplicationView {
    return {
      state: this.#state,
      link: this.#link,
      master: this.#master,
      settings: this.#deps.settings,
      failoverState: this.#failover.state,
      protectDataRefusals: this.#deps.loader.refusals,
      nowMs: this.#deps.clock.monotonic(),
    };
  }
}
