/**
 * FAILOVER: this master hands its role to one of its replicas without losing a write. Owned by
 * Replication, which tells it of ACKs, of the link's fate, and does the changes of role for it.
 *
 *   no-failover ─▶ waiting-for-sync ─▶ failover-in-progress ─▶ no-failover
 *                  writes paused,      we follow the target,   writers go on, and are sent away
 *                  a replica catches   PSYNC … FAILOVER asks   by -READONLY
 *                  up                  it to take over
 *
 * Two ways in which Redis 7 stays without a master are closed here: a target that refuses our
 * handshake ends the failover at once, and the time limit covers the wait for the target's answer as
 * well. Only once `PSYNC … FAILOVER` is out the target may be a master already: from then on its
 * word alone decides, or the operator's FAILOVER ABORT.
 */
import type { Clock, Timer } from '../../util/clock.ts';
import type { MasterAddress, ReplicationLogger } from './ports.ts';
import { nameOf, type Replica } from './replica.ts';

/** INFO's master_failover_state. */
export type FailoverState = 'no-failover' | 'waiting-for-sync' | 'failover-in-progress';

export interface FailoverRequest {
  /** Undefined: whichever replica catches up first. */
  readonly target: MasterAddress | undefined;
  /** When the time is over, hand over to the target although it lags. */
  readonly force: boolean;
  /** 0 waits for ever. */
  readonly timeoutMs: number;
}

/** What the failover asks of its owner. */
export interface FailoverOwner {
  replicas(): readonly Replica[];
  /** The end of what replicas must have; then asks all of them how far they are. */
  offsetToReach(): number;
  /** Holds writers back, or lets them go on. */
  pauseWrites(on: boolean): void;
  follow(target: MasterAddress): void;
  /** We are the master after all. */
  takeBack(): void;
}

/** A target that gave no sign may just have been woken up: it is given so long at least. */
const minHandoverMs = 10_000;

export class Failover {
  readonly #clock: Clock;
  readonly #logger: ReplicationLogger;
  readonly #owner: FailoverOwner;
  #state: FailoverState = 'no-failover';
  #request: FailoverRequest | undefined;
  #offsetToReach = 0;
  #timer: Timer | undefined;
  #askedToTakeOver = false;

  constructor(deps: { clock: Clock; logger: ReplicationLogger }, owner: FailoverOwner) {
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#owner = owner;
  }

  get state(): FailoverState {
    return this.#state;
  }

  get inProgress(): boolean {
    return this.#state !== 'no-failover';
  }

  /** The next PSYNC asks the other end to take over. */
  get handsOver(): boolean {
    return this.#state === 'failover-in-progress';
  }

  /** Begins; an error reply when it cannot. This server is a master with replicas. */
  start(request: FailoverRequest): string | undefined {
    const { target } = request;
    const replica = target === undefined ? undefined : this.#find(target);
    if (target !== undefined && replica === undefined) {
      return 'ERR FAILOVER target HOST and PORT is not a replica.';
    }
    if (replica !== undefined && replica.state !== 'online') {
      return 'ERR FAILOVER target replica is not online.';
    }
    const to = target === undefined ? '' : ` to ${target.host}:${target.port}`;
    this.#logger.notice(`FAILOVER${to} requested.`);
    this.#state = 'waiting-for-sync';
    this.#request = request;
    this.#askedToTakeOver = false;
    this.#owner.pauseWrites(true);
    this.#offsetToReach = this.#owner.offsetToReach();
    if (request.timeoutMs > 0) this.#setTimer(request.timeoutMs, () => this.#onNeverCaughtUp());
    this.onAck();
    return undefined;
  }

  /** FAILOVER ABORT; false when there is none to abort. */
  abort(reason: string): boolean {
    if (this.#state === 'no-failover') return false;
    const followed = this.#state === 'failover-in-progress';
    this.#logger.notice(`Aborting failover: ${reason}`);
    this.#end();
    if (followed) this.#owner.takeBack();
    this.#owner.pauseWrites(false);
    return true;
  }

  /** The server ends: no timer of ours may outlive it. */
  close(): void {
    this.#end();
  }

  /** A replica has acknowledged more. */
  onAck(): void {
    if (this.#state !== 'waiting-for-sync') return;
    const wanted = this.#request?.target;
    const replicas = wanted === undefined ? this.#owner.replicas() : [this.#find(wanted)];
    const ready = replicas.find((replica) => replica !== undefined && this.#isSynced(replica));
    if (ready === undefined) return;
    this.#logger.notice(`Failover target ${nameOf(ready)} is synced, failing over.`);
    this.#handOver(addressOf(ready));
  }

  /** The link is about to send `PSYNC … FAILOVER`. */
  onAsking(): void {
    this.#askedToTakeOver = true;
    this.#timer?.cancel();
  }

  /** The target took over: it continues our history, or sends its own. */
  onAccepted(): void {
    this.#logger.notice('Failover done: the target is the master now');
    this.#end();
    this.#owner.pauseWrites(false);
  }

  /** The target refuses us, in the handshake or at PSYNC. */
  onRefused(reply: string): void {
    // Our first request was heard and its answer lost: it is a master because we asked it to.
    if (this.#askedToTakeOver && reply.includes("can't be sent to a master")) this.onAccepted();
    else this.abort(`Failover target rejected psync request: ${reply}`);
  }

  #handOver(target: MasterAddress): void {
    this.#state = 'failover-in-progress';
    const timeoutMs = this.#request?.timeoutMs ?? 0;
    if (timeoutMs > 0) {
      this.#setTimer(Math.max(timeoutMs, minHandoverMs), () =>
        this.abort('the target could not be reached in time'),
      );
    }
    this.#owner.follow(target);
  }

  #onNeverCaughtUp(): void {
    const { force = false, target } = this.#request ?? {};
    if (!force || target === undefined) {
      this.abort('Replica never caught up before timeout');
      return;
    }
    const name = `${target.host}:${target.port}`;
    this.#logger.notice(`Failover target ${name} time out exceeded, failing over.`);
    this.#handOver(target);
  }

  #isSynced({ state, acked, ackOffset }: Replica): boolean {
    return state === 'online' && acked && ackOffset >= this.#offsetToReach;
  }

  #find(target: MasterAddress): Replica | undefined {
    return this.#owner.replicas().find((replica) => {
      const { host, port } = addressOf(replica);
      return host === target.host && port === target.port;
    });
  }

  #setTimer(delayMs: number, fn: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(delayMs, fn);
  }

  #end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#request = undefined;
    this.#state = 'no-failover';
  }
}

/** Where a replica listens, as it announced itself. */
function addressOf({ connection, wishes }: Replica): MasterAddress {
  return { host: wishes.announcedIp || connection.ip, port: wishes.listeningPort };
}
