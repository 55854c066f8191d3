/**
 * What the server refuses at the moment, as one bit mask that dispatch ANDs with a command's bits.
 * Whoever changes a state that closes or opens a gate sets the field here; the reply for a closed
 * gate is chosen in `refusals.ts`, in Redis's order.
 */
import { commandFlags, gateBits } from './command-flags.ts';

export class Gates {
  /** Commands with one of these bits need a second look. */
  closed: number = commandFlags.protected;
  #loading: 'none' | 'exclusive' | 'aside' = 'none';
  #readOnlyReplica = false;
  #staleDataMatters = false;
  #replicasMatter = false;
  #diskFailing = false;
  #memoryLimited = false;
  #aofFailure: string | null = null;
  #paused: 'none' | 'write' | 'all' = 'none';

  /** A data set is being loaded: the live one, or another while the old one is served. */
  get loading(): 'none' | 'exclusive' | 'aside' {
    return this.#loading;
  }

  set loading(kind: 'none' | 'exclusive' | 'aside') {
    this.#loading = kind;
    this.#update();
  }

  /** We are a replica, and `replica-read-only` is yes. */
  get readOnlyReplica(): boolean {
    return this.#readOnlyReplica;
  }

  set readOnlyReplica(on: boolean) {
    this.#readOnlyReplica = on;
    this.#update();
  }

  /** We are a replica with `replica-serve-stale-data no`: look whether the link is up. */
  get staleDataMatters(): boolean {
    return this.#staleDataMatters;
  }

  set staleDataMatters(on: boolean) {
    this.#staleDataMatters = on;
    this.#update();
  }

  /** We are a master with `min-replicas-to-write` set: look how many are good. */
  get replicasMatter(): boolean {
    return this.#replicasMatter;
  }

  set replicasMatter(on: boolean) {
    this.#replicasMatter = on;
    this.#update();
  }

  /** The last save failed, and `stop-writes-on-bgsave-error` is yes. */
  get diskFailing(): boolean {
    return this.#diskFailing;
  }

  set diskFailing(on: boolean) {
    this.#diskFailing = on;
    this.#update();
  }

  /** `maxmemory` is set: room is made before each command. */
  get memoryLimited(): boolean {
    return this.#memoryLimited;
  }

  set memoryLimited(on: boolean) {
    this.#memoryLimited = on;
    this.#update();
  }

  /** Why the append-only file cannot be written; null when it can. */
  get aofFailure(): string | null {
    return this.#aofFailure;
  }

  set aofFailure(reason: string | null) {
    this.#aofFailure = reason;
    this.#update();
  }

  /** CLIENT PAUSE. */
  get paused(): 'none' | 'write' | 'all' {
    return this.#paused;
  }

  set paused(mode: 'none' | 'write' | 'all') {
    this.#paused = mode;
    this.#update();
  }

  #update(): void {
    // DEBUG is looked at twice whatever the state.
    let closed: number = commandFlags.protected;
    if (this.#loading === 'exclusive') closed |= gateBits.notLoading;
    if (this.#loading === 'aside') closed |= commandFlags.no_async_loading;
    if (this.#staleDataMatters) closed |= gateBits.notStale;
    if (this.#readOnlyReplica || this.#replicasMatter) closed |= commandFlags.write;
    // PING is no write, and refused too.
    if (this.#diskFailing || this.#aofFailure !== null) closed |= gateBits.any;
    if (this.#paused === 'write') closed |= commandFlags.write | commandFlags.may_replicate;
    if (this.#paused === 'all' || this.#memoryLimited) closed |= gateBits.any;
    this.closed = closed;
  }
}
