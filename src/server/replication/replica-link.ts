/**
 * The link to our master: a driver that runs connect → handshake → psync → load → stream as one
 * straight line, again and again until the master is taken away. Any failure lands in `#onBroken`,
 * which logs the phase and the reason; `cron` starts the next attempt within a second.
 *
 *   setMaster ─▶ attempt ─▶ … ─▶ stream ─▶ (broken) ─▶ attempt …            clearMaster ─▶ none
 *
 * An attempt that was given up (new master, promotion, timeout) can still be suspended in an await:
 * its inbox is failed, so that the await throws, and `#onBroken` ignores all but the current one.
 * Owned by Replication. It never touches the data set: that is the loader's and the applier's work.
 */
import { printAck } from '../../protocol/psync-lines.ts';
import { runHandshake } from './handshake.ts';
import { adoptHistory, continueWith, newHistory } from './history.ts';
import type { LinkState } from './link-state.ts';
import { explainTimeout, phaseOf } from './link-state.ts';
import { MasterStream } from './master-stream.ts';
import type { MasterAddress, ReplicationDeps, Wire } from './ports.ts';
import type { FullAnswer, Handover, SyncAnswer } from './psync-exchange.ts';
import { exchangePsync } from './psync-exchange.ts';
import type { TransferProgress } from './receive-rdb.ts';
import { receiveRdb } from './receive-rdb.ts';
import type { ReplicationState } from './replication-state.ts';
import { LinkBroken, WireInbox } from './wire-inbox.ts';

/** An immediate attempt after a broken stream, but not in a tight circle. */
const minAttemptGapMs = 1000;

/** A position in a history from which a partial resync may be asked. */
export interface ResumePoint {
  /** The database that the stream has selected there. */
  readonly selectedDb: number;
}

/** What the link asks of its owner. */
export interface LinkOwner {
  /** Chained replicas must learn of a change of history: they ask again with PSYNC. */
  disconnectReplicas(reason: string): void;
  readonly failover: Handover;
}

interface Attempt {
  readonly inbox: WireInbox;
  readonly wire: Wire;
  readonly startedMs: number;
}

const nothing = new Uint8Array(0);

export class ReplicaLink {
  readonly #deps: ReplicationDeps;
  readonly #state: ReplicationState;
  readonly #owner: LinkOwner;
  readonly #stream: MasterStream;
  #master: MasterAddress | undefined;
  #linkState: LinkState = 'none';
  #attempt: Attempt | undefined;
  /** Set while the data set equals `history` at `masterReplOffset`: a partial resync may be asked. */
  #resume: ResumePoint | undefined;
  #progress: TransferProgress | undefined;
  /** The end of the last load; the loader serves one at a time. */
  #loadEnded: Promise<void> = Promise.resolve();
  #downSinceMs: number | undefined;
  /** The master spoke SYNC only: it knows no offsets, so it gets no ACKs. */
  #prePsync = false;

  constructor(deps: ReplicationDeps, state: ReplicationState, owner: LinkOwner) {
    this.#deps = deps;
    this.#state = state;
    this.#owner = owner;
    this.#stream = new MasterStream(deps.applier, state.log);
  }

  get master(): MasterAddress | undefined {
    return this.#master;
  }

  get linkState(): LinkState {
    return this.#linkState;
  }

  get connected(): boolean {
    return this.#linkState === 'connected';
  }

  get resume(): ResumePoint | undefined {
    return this.#resume;
  }

  get progress(): Readonly<TransferProgress> | undefined {
    return this.#progress;
  }

  /** Bytes received and not yet applied. */
  get unappliedBytes(): number {
    return this.#stream.unappliedBytes;
  }

  get sinceLastDataMs(): number {
    return this.#attempt?.inbox.sinceLastDataMs ?? 0;
  }

  /** Undefined while the link is up, and before it was ever up. */
  get downForMs(): number | undefined {
    return this.#downSinceMs === undefined
      ? undefined
      : this.#deps.clock.monotonic() - this.#downSinceMs;
  }

  /** Turns to `master` and connects at once; with `resume` for what was our own history so far. */
  setMaster(master: MasterAddress, resume?: ResumePoint): void {
    this.#giveUp('another master was set');
    this.#master = master;
    this.#resume = resume ?? this.#resume;
    this.#downSinceMs = undefined;
    this.#startAttempt();
  }

  /** Promotion: the link ends, the data stay. */
  clearMaster(): void {
    this.#giveUp('this node becomes a master');
    this.#master = undefined;
    this.#resume = undefined;
    this.#downSinceMs = undefined;
    this.#linkState = 'none';
  }

  /** CLIENT KILL of the master's connection, or CLIENT KILL TYPE master. */
  disconnect(reason: string): void {
    this.#attempt?.inbox.fail(new LinkBroken(reason));
  }

  /** Every second: timeouts, the next attempt, ACKs, signs of life. */
  cron(): void {
    const attempt = this.#attempt;
    const { replTimeoutSec } = this.#deps.settings;
    if (this.#master === undefined) return;
    if (attempt === undefined) this.#startAttempt();
    else if (attempt.inbox.waitingMs > replTimeoutSec * 1000) {
      attempt.inbox.fail(new LinkBroken(explainTimeout(this.#linkState, replTimeoutSec)));
    } else if (this.connected) this.sendAck();
    else if (this.#progress?.loading === true) attempt.wire.write(Buffer.from('\n'));
  }

  /** Writes are not paused any more: applies what was held back. */
  goOn(): void {
    if (this.#attempt !== undefined && this.connected) this.#take(this.#attempt, nothing);
  }

  /** `REPLCONF GETACK` came in the stream: answer after the bytes at hand were applied. */
  requestAck(): void {
    this.#stream.ackWanted = true;
  }

  /** Tells the master how far we are. */
  sendAck(): void {
    this.#stream.ackWanted = false;
    if (!this.connected || this.#prePsync) return;
    const { masterReplOffset } = this.#state.log;
    this.#attempt?.wire.write(printAck(masterReplOffset, this.#deps.host.fsyncedReplOffset()));
  }

  // ---- One attempt ---------------------------------------------------------------------------

  #startAttempt(): void {
    const { clock, connect, logger } = this.#deps;
    const master = this.#master;
    if (master === undefined) return;
    logger.notice(`Connecting to MASTER ${this.#masterName()}`);
    this.#linkState = 'connecting';
    const inbox = new WireInbox(clock);
    const wire = connect(master, inbox.events);
    inbox.attach(wire);
    this.#attempt = { inbox, wire, startedMs: clock.monotonic() };
    void this.#run(this.#attempt);
  }

  async #run(attempt: Attempt): Promise<void> {
    try {
      await attempt.inbox.connected();
      await this.#handshake(attempt);
      const reply = await this.#psync(attempt);
      attempt.inbox.throwIfGivenUp();
      if (reply.kind === 'continue') this.#onContinue(reply.replid);
      else await this.#load(attempt, reply);
      await this.#follow(attempt);
    } catch (error) {
      if (!(error instanceof LinkBroken)) throw error;
      this.#onBroken(attempt, error.message);
      if (error.refused && this.#owner.failover.handsOver) {
        this.#owner.failover.onRefused(error.message);
      }
    }
  }

  async #handshake(attempt: Attempt): Promise<void> {
    const { settings, logger } = this.#deps;
    await runHandshake({
      settings,
      logger,
      write: (bytes) => attempt.wire.write(bytes),
      readLine: () => attempt.inbox.readLine(),
      enter: (state) => this.#enter(attempt, state),
    });
  }

  /** An attempt that was given up while it awaited something must not touch the link any more. */
  #enter(attempt: Attempt, state: LinkState): void {
    attempt.inbox.throwIfGivenUp();
    this.#linkState = state;
  }

  // ---- PSYNC ---------------------------------------------------------------------------------

  #psync(attempt: Attempt): Promise<SyncAnswer> {
    const { inbox, wire } = attempt;
    const { settings, logger } = this.#deps;
    const { log, history } = this.#state;
    this.#enter(attempt, 'receive-psync-reply');
    return exchangePsync({
      settings,
      logger,
      failover: this.#owner.failover,
      write: (bytes) => wire.write(bytes),
      readLine: () => inbox.readLine(),
      throwIfGivenUp: () => inbox.throwIfGivenUp(),
      continueFrom:
        this.#resume === undefined
          ? undefined
          : { replid: history.masterReplid, offset: log.masterReplOffset + 1 },
    });
  }

  #onContinue(masterReplid: string | undefined): void {
    const { log, history } = this.#state;
    this.#deps.logger.notice('Successful partial resynchronization with master');
    // Without capa psync2 on the other end there is no id: it is the one that we asked for.
    if (masterReplid !== undefined && masterReplid !== history.masterReplid) {
      this.#deps.logger.notice(
        `Master replication id changed from ${history.masterReplid} to ${masterReplid} ` +
          `at offset ${log.masterReplOffset}`,
      );
      this.#state.history = continueWith(history, {
        masterReplid,
        masterReplOffset: log.masterReplOffset,
      });
      this.#owner.disconnectReplicas('the replication id changed above us');
    }
    log.activate();
    this.#prePsync = false;
  }

  // ---- Load ----------------------------------------------------------------------------------

  async #load(attempt: Attempt, answer: FullAnswer): Promise<void> {
    this.#enter(attempt, 'transfer');
    this.#progress = { totalBytes: -1, receivedBytes: 0, loading: false };
    const previous = this.#loadEnded;
    let ended = (): void => undefined;
    this.#loadEnded = new Promise((resolve) => {
      ended = resolve;
    });
    try {
      await previous;
      attempt.inbox.throwIfGivenUp();
      const { masterReplid } = this.#state.history;
      const sameHistory = answer.kind === 'fullresync' && answer.replid === masterReplid;
      const loaded = await this.#receive(attempt, this.#progress, sameHistory);
      attempt.inbox.throwIfGivenUp();
      this.#onLoaded(answer, loaded.replStreamDb);
    } finally {
      ended();
    }
  }

  #receive(
    attempt: Attempt,
    progress: TransferProgress,
    sameHistory: boolean,
  ): ReturnType<typeof receiveRdb> {
    const { loader, defer, logger } = this.#deps;
    return receiveRdb({
      inbox: attempt.inbox,
      loader,
      defer,
      progress,
      master: this.#masterName(),
      sameHistory,
      beforeReplacing: () => {
        attempt.inbox.throwIfGivenUp();
        this.#beforeReplacing();
      },
      onPreamble: (form) => {
        const size = form.kind === 'length' ? `${form.sizeBytes} bytes` : 'a stream up to its mark';
        logger.notice(`MASTER <-> REPLICA sync: receiving ${size}`);
      },
    });
  }

  /** The old data set goes: with it our place in its history, and what others could ask of it. */
  #beforeReplacing(): void {
    this.#resume = undefined;
    this.#owner.disconnectReplicas('the data set is replaced by a full resync');
    this.#state.log.deactivate();
  }

  #onLoaded(answer: FullAnswer, selectedDb: number): void {
    const { host, random, logger } = this.#deps;
    this.#prePsync = answer.kind === 'sync';
    if (answer.kind === 'sync') {
      this.#state.history = newHistory(random);
      this.#state.log.reset(this.#state.log.masterReplOffset);
    } else {
      this.#state.history = adoptHistory(answer.replid);
      this.#state.log.reset(answer.offset);
    }
    this.#resume = { selectedDb };
    host.onDataReplaced();
    logger.notice('MASTER <-> REPLICA sync: Finished with success');
  }

  // ---- Stream --------------------------------------------------------------------------------

  async #follow(attempt: Attempt): Promise<never> {
    this.#enter(attempt, 'connected');
    this.#progress = undefined;
    this.#downSinceMs = undefined;
    this.#stream.begin({ selectedDb: this.#resume?.selectedDb ?? 0, master: this.#masterName() });
    this.sendAck();
    return attempt.inbox.stream((chunk) => this.#take(attempt, chunk));
  }

  #take(attempt: Attempt, chunk: Uint8Array): void {
    if (!this.#stream.take(chunk)) {
      attempt.inbox.fail(new LinkBroken(this.#stream.error));
    } else if (this.#stream.ackWanted) this.sendAck();
  }

  // ---- The end of an attempt -----------------------------------------------------------------

  #onBroken(attempt: Attempt, reason: string): void {
    if (attempt !== this.#attempt) return;
    const { logger, clock } = this.#deps;
    const wasConnected = this.connected;
    const phase = phaseOf(this.#linkState);
    logger.warning(`Link to MASTER ${this.#masterName()} failed in phase ${phase}: ${reason}`);
    this.#endAttempt(attempt);
    if (wasConnected) this.#downSinceMs = clock.monotonic();
    // The backlog may move on: after a break of the stream every moment counts.
    const soon = clock.monotonic() - attempt.startedMs < minAttemptGapMs;
    if (wasConnected && !soon) this.#startAttempt();
  }

  #giveUp(reason: string): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#endAttempt(attempt);
    attempt.inbox.giveUp(reason);
  }

  /** Sets every field that an attempt has set. */
  #endAttempt(attempt: Attempt): void {
    attempt.wire.destroy();
    if (this.connected) {
      const mayResume = !this.#prePsync && this.#stream.error === '';
      this.#resume = mayResume ? { selectedDb: this.#deps.applier.selectedDb } : undefined;
      this.#stream.end();
    }
    this.#attempt = undefined;
    this.#progress = undefined;
    this.#linkState = 'connect';
  }

  #masterName(): string {
    return this.#master === undefined ? 'nobody' : `${this.#master.host}:${this.#master.port}`;
  }
}
