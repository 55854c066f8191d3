/**
 * Clients that wait in a command: for a key (BLPOP, BZPOPMIN, XREAD …) or for replicas (WAIT). The
 * handler that found nothing to answer with hands its terms to `Call.block`; from then on the
 * client's input rests, and its request is kept, until one of these ends it:
 *
 *     a key got ready, replicas acknowledged     `attempt`, in the order of AwaitedKeys
 *     its time is over, CLIENT UNBLOCK           `onTimeout`
 *     CLIENT UNBLOCK … ERROR, change of role     an error
 *     its connection ends                        nothing
 *
 * Each of these is run by `blocked-runner.ts`, as a command of that client. CLIENT PAUSE and SHUTDOWN
 * hold clients back too, but not in here.
 */
import type { RequestArguments } from '../protocol/request-reader.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Call } from './call.ts';
import { type BlockedState, type Client, clientFlags } from './client.ts';
import type { Command } from './command.ts';
import type { KeyWaiter } from './keyspace/awaited-keys.ts';
import type { Database } from './keyspace/database.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import type { ValueType } from './types/value.ts';

/** What a command waits for, and how it goes on. Arguments are those of its own request. */
interface CommonTerms {
  /** 0 waits for ever. */
  readonly timeoutMs: number;
  /** Replies that time is over. */
  readonly onTimeout: (call: Call) => void;
}

export interface KeyTerms extends CommonTerms {
  readonly until: 'keys';
  /** The argument indexes of the keys it waits for. */
  readonly keys: readonly number[];
  /** The type that a key must hold to be of use. */
  readonly wants: ValueType;
  /** It must also hear of a key that is gone or holds another type. */
  readonly wantsLoss?: boolean;
  /**
   * Tries again with the key in argument `keyIndex`; true when it has replied. Its changes go out
   * as a unit of their own, in the words it gives to `propagateAs`.
   */
  readonly attempt: (call: Call, keyIndex: number) => boolean;
}

export interface ReplicaTerms extends CommonTerms {
  readonly until: 'replicas';
  /** A replica has acknowledged more: true when that was enough, and has been replied. */
  readonly attempt: (call: Call) => boolean;
}

/** Something outside: another server, a socket. */
export interface OutsideTerms extends CommonTerms {
  readonly until: 'told';
  /** Is given what ends the waiting, with a last step that replies; too late it does nothing. */
  readonly begin: (end: (step: (call: Call) => void) => void) => void;
}

export type BlockTerms = KeyTerms | ReplicaTerms | OutsideTerms;

/** Timers take 31 bits of milliseconds; for a longer time one is set after the other. */
const longestTimerMs = 2 ** 31 - 1;

export interface BlockedClientsDeps {
  readonly clock: Clock;
  readonly keyspace: Keyspace;
  /** Runs a step of a blocked client's command; true when it has replied. */
  readonly runStep: (blocked: BlockedClient, step: (call: Call) => boolean) => boolean;
  /** Goes on, in a later turn, with the input of a client that was blocked. */
  readonly resumeInput: (client: Client) => void;
  /** Closes a client's connection after the replies so far. */
  readonly closeAfterReply: (client: Client) => void;
}

export class BlockedClients {
  readonly #deps: BlockedClientsDeps;
  readonly #blocked = new Set<BlockedClient>();

  constructor(deps: BlockedClientsDeps) {
    this.#deps = deps;
  }

  /** How many of them have a time to wait. */
  get timedCount(): number {
    let count = 0;
    for (const { hasTimer } of this.#blocked) if (hasTimer) count++;
    return count;
  }

  /** Blocks the client of `call`, whose handler must return without a reply. */
  add(call: Call, terms: BlockTerms): void {
    const { client } = call;
    const onEnd = (): void => void this.#blocked.delete(blocked);
    const blocked: BlockedClient = new BlockedClient(call, terms, this.#deps, onEnd);
    this.#blocked.add(blocked);
    client.blocked = blocked;
    client.set(clientFlags.blocked, true);
    if (terms.timeoutMs > 0) blocked.startTimer(terms.timeoutMs);
    if (terms.until === 'told') terms.begin((step) => blocked.endBy(step));
  }

  /** A replica has acknowledged more, or has gone. */
  onReplicaAck(): void {
    for (const blocked of this.#blocked) blocked.onReplicaAck();
  }

  /** CLIENT UNBLOCK; false when the client does not wait in a command. */
  unblock({ blocked }: Client, how: 'timeout' | 'error'): boolean {
    if (!(blocked instanceof BlockedClient)) return false;
    if (how === 'timeout') blocked.endByTimeout();
    else blocked.endByError('UNBLOCKED client unblocked via CLIENT UNBLOCK');
    return true;
  }

  /** This server became a replica: what they wait for cannot come any more, and they go. */
  onRoleChange(): void {
    for (const blocked of this.#blocked) {
      blocked.endByError(
        'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
      );
      this.#deps.closeAfterReply(blocked.client);
    }
  }
}

/** One client that waits, its request, and what it waits for. */
export class BlockedClient implements BlockedState, KeyWaiter {
  readonly kind = 'command';
  readonly client: Client;
  readonly command: Command;
  readonly request: RequestArguments;
  readonly wants: ValueType;
  readonly wantsLoss: boolean;
  readonly #db: Database;
  readonly #terms: BlockTerms;
  readonly #deps: BlockedClientsDeps;
  readonly #onEnd: () => void;
  #timer: Timer | null = null;

  constructor(call: Call, terms: BlockTerms, deps: BlockedClientsDeps, onEnd: () => void) {
    this.client = call.client;
    this.command = call.command;
    this.request = call.copyArguments();
    this.wants = terms.until === 'keys' ? terms.wants : noType;
    this.wantsLoss = terms.until === 'keys' && terms.wantsLoss === true;
    this.#db = call.db;
    this.#terms = terms;
    this.#deps = deps;
    this.#onEnd = onEnd;
    this.#eachKey((key) => deps.keyspace.awaited.wait(this.#db, key, this));
  }

  get hasTimer(): boolean {
    return this.#timer !== null;
  }

  startTimer(timeoutMs: number): void {
    const { clock } = this.#deps;
    const leftMs = timeoutMs - longestTimerMs;
    this.#timer =
      leftMs <= 0
        ? clock.schedule(timeoutMs, () => this.endByTimeout())
        : clock.schedule(longestTimerMs, () => this.startTimer(leftMs));
  }

  // ---- what may end it ----

  serve(key: Buffer): boolean {
    const terms = this.#terms;
    if (terms.until !== 'keys') return false;
    const index = terms.keys.find((each) => this.#argument(each).equals(key)) as number;
    return this.#run((call) => terms.attempt(call, index));
  }

  onReplicaAck(): void {
    const terms = this.#terms;
    if (terms.until === 'replicas') this.#run((call) => terms.attempt(call));
  }

  endByTimeout(): void {
    this.#run((call) => {
      this.#terms.onTimeout(call);
      return true;
    });
  }

  endByError(text: string): void {
    this.#run((call) => {
      call.error(text);
      return true;
    });
  }

  /** What it has waited for is there. */
  endBy(step: (call: Call) => void): void {
    if (this.client.blocked !== this) return;
    this.#run((call) => {
      step(call);
      return true;
    });
  }

  /** Its connection has ended. */
  cancel(): void {
    this.#timer?.cancel();
    this.#eachKey((key) => this.#deps.keyspace.awaited.leave(this.#db, key, this));
    this.#onEnd();
  }

  #run(step: (call: Call) => boolean): boolean {
    if (!this.#deps.runStep(this, step)) return false;
    this.cancel();
    this.client.blocked = null;
    this.client.set(clientFlags.blocked, false);
    this.#deps.resumeInput(this.client);
    return true;
  }

  #eachKey(visit: (key: Buffer) => void): void {
    if (this.#terms.until !== 'keys') return;
    for (const index of this.#terms.keys) visit(this.#argument(index));
  }

  #argument(index: number): Buffer {
    const { buffer, argStart, argEnd } = this.request;
    return buffer.subarray(argStart[index], argEnd[index]);
  }
}

/** No key holds it: WAIT waits for none. */
const noType = 0;
