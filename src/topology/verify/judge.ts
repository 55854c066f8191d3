/**
 * Decides about keys that looked different: is it a difference, or only the time that copying takes?
 * Differences are judged at an offset fence, all on connections of its own:
 *
 *     master   WATCH keys · read · offset A ─┐                 ┌─ wait for offset B · EXEC: untouched?
 *     replica                                └ wait for A · WATCH · read · offset B · EXEC: untouched?
 *
 * A key that nobody touched on the master between its WATCH and its EXEC had one value at all
 * offsets from A to B, and the replica stood somewhere between them when it was read: whatever it
 * showed instead is a real difference. A key that was touched is judged again, with fewer others.
 */
import { type Clock, pause } from '../../util/clock.ts';
import { sharesHistory } from '../model.ts';
import { compareStates, type DifferenceKind, type KeyState } from './key-state.ts';
import { NodeFailed, type NodeReader } from './node-reader.ts';

export interface JudgeOptions {
  readonly clock: Clock;
  readonly ttlToleranceMs: number;
  /** How long one node may take to come to an offset of the other. */
  readonly waitMs: number;
  /** False where the two have no history in common: then there is nothing to wait for. */
  readonly hasFence: boolean;
  /** Both nodes let us WATCH; otherwise the keys are read twice. */
  readonly canWatch: boolean;
  /** By how much the clocks of the two nodes may disagree about what has expired. */
  readonly clockSkewMs: number;
  /** Ends waiting, with NodeFailed. */
  readonly signal: AbortSignal;
}

export type Verdict =
  | { readonly kind: 'equal' }
  | {
      readonly kind: 'different';
      readonly difference: DifferenceKind;
      readonly master: KeyState;
      readonly replica: KeyState;
    }
  /** Nobody touched it, and still the two cannot be compared. */
  | { readonly kind: 'unsettled' }
  /** Touched meanwhile; or about to expire, at that time. */
  | { readonly kind: 'open'; readonly expiresAtMs: number | undefined };

/** What judging needs of a node. */
export type JudgeNode = Pick<
  NodeReader,
  'end' | 'select' | 'read' | 'ask' | 'replication' | 'close'
>;

/** Between two looks at an offset that is waited for: at first, and at most. */
const firstPollMs = 1;
const longestPollMs = 25;

/** Expiry is decided by each node's own clock, up to ten times a second. */
const expiryMarginMs = 1000;

/** How long a key that changes all the time is followed, and how many of its states are kept. */
const followMs = 2000;
const followedStatesLimit = 2000;

export class Judge {
  readonly #master: JudgeNode;
  readonly #replica: JudgeNode;
  readonly #options: JudgeOptions;
  #db: number | undefined;

  constructor(nodes: { master: JudgeNode; replica: JudgeNode }, options: JudgeOptions) {
    this.#master = nodes.master;
    this.#replica = nodes.replica;
    this.#options = options;
  }

  /** One verdict per key. Throws NodeFailed. */
  async judge(db: number, keys: readonly string[]): Promise<Verdict[]> {
    await this.#select(db);
    await this.#watch(this.#master, keys);
    const master = await this.#master.read(keys);
    const fence = await this.#reach(this.#replica, await this.#offsetOf(this.#master));
    await this.#watch(this.#replica, keys);
    const replica = await this.#replica.read(keys);
    if (fence !== undefined) await this.#reach(this.#master, await this.#offsetOf(this.#replica));
    const isUntouched = await this.#isUntouched(keys, { master, replica });
    return keys.map((_, at) => this.#verdict(master[at], replica[at], isUntouched));
  }

  /**
   * For one key that is touched all the time: reads both nodes again and again. True when the
   * replica shows a state, behind the fence, that the master has shown.
   */
  async follow(db: number, key: string): Promise<boolean> {
    await this.#select(db);
    const { clock, waitMs } = this.#options;
    const shown: KeyState[] = await this.#master.read([key]);
    const fence = await this.#offsetOf(this.#master);
    let untilMs = clock.monotonic() + followMs + waitMs;
    let isBehindFence = false;
    while (clock.monotonic() < untilMs) {
      const [masterState, replicaState, offset]: [KeyState[], KeyState[], number | undefined] =
        await Promise.all([
          this.#master.read([key]),
          this.#replica.read([key]),
          isBehindFence ? undefined : this.#offsetOf(this.#replica),
        ]);
      const states = [...masterState, ...replicaState];
      shown.push(states[0]);
      if (shown.length > followedStatesLimit) shown.shift();
      if (!isBehindFence) {
        isBehindFence = offset === undefined || fence === undefined || offset >= fence;
        if (isBehindFence) untilMs = clock.monotonic() + followMs;
      } else if (shown.some((state) => this.#compare(state, states[1]) === undefined)) {
        return true;
      }
    }
    return false;
  }

  close(): void {
    this.#master.close();
    this.#replica.close();
  }

  async #select(db: number): Promise<void> {
    if (this.#db === db) return;
    await Promise.all([this.#master.select(db), this.#replica.select(db)]);
    this.#db = db;
  }

  async #watch(node: JudgeNode, keys: readonly string[]): Promise<void> {
    if (this.#options.canWatch) await node.ask([['UNWATCH'], ['WATCH', ...keys]]);
  }

  /** Undefined where offsets mean nothing. */
  async #offsetOf(node: JudgeNode): Promise<number | undefined> {
    if (!this.#options.hasFence) return undefined;
    return (await node.replication()).masterReplOffset;
  }

  /** Waits until the node is at `offset`, in the history of the other. */
  async #reach(node: JudgeNode, offset: number | undefined): Promise<number | undefined> {
    if (offset === undefined) return undefined;
    const { clock, waitMs, signal } = this.#options;
    const untilMs = clock.monotonic() + waitMs;
    for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
      const own = await node.replication();
      if (own.masterReplOffset >= offset) break;
      if (clock.monotonic() > untilMs || signal.aborted) {
        const message = `did not come to offset ${offset} in ${Math.round(waitMs / 1000)} s`;
        throw new NodeFailed(node.end, { kind: 'timeout', message });
      }
      await pause(clock, pollMs);
    }
    await this.#checkHistory(node);
    return offset;
  }

  /** An offset counts only while the two are in one history. */
  async #checkHistory(node: JudgeNode): Promise<void> {
    const [master, replica] = await Promise.all([
      this.#master.replication(),
      this.#replica.replication(),
    ]);
    if (sharesHistory(master, replica) || sharesHistory(replica, master)) return;
    throw new NodeFailed(node.end, {
      kind: 'protocol',
      message: 'began another history meanwhile',
    });
  }

  async #isUntouched(
    keys: readonly string[],
    before: { master: readonly KeyState[]; replica: readonly KeyState[] },
  ): Promise<boolean> {
    if (this.#options.canWatch) {
      const ends = [this.#replica, this.#master];
      const replies = await Promise.all(ends.map((node) => node.ask([['MULTI'], ['EXEC']])));
      return replies.every(([, exec]) => exec !== null);
    }
    const [master, replica] = await Promise.all([
      this.#master.read(keys),
      this.#replica.read(keys),
    ]);
    return (
      isSame(master, before.master, this.#options) && isSame(replica, before.replica, this.#options)
    );
  }

  #verdict(master: KeyState, replica: KeyState, isUntouched: boolean): Verdict {
    const difference = this.#compare(master, replica);
    if (difference === undefined) return { kind: 'equal' };
    if (difference === 'unclear' && isUntouched && master.sum?.by === 'dump') {
      return { kind: 'unsettled' };
    }
    const expiresAtMs = this.#expiringAt(master, replica);
    if (!isUntouched || difference === 'unclear' || expiresAtMs !== undefined) {
      return { kind: 'open', expiresAtMs };
    }
    return { kind: 'different', difference, master, replica };
  }

  #compare(master: KeyState, replica: KeyState): ReturnType<typeof compareStates> {
    return compareStates(master, replica, this.#options);
  }

  /** A key that only one node has may have expired by the clock of the other: until it has for both. */
  #expiringAt(master: KeyState, replica: KeyState): number | undefined {
    if ((master.type === 'none') === (replica.type === 'none')) return undefined;
    const expireAtMs = master.expireAtMs ?? replica.expireAtMs;
    if (expireAtMs === undefined) return undefined;
    const marginMs = this.#options.clockSkewMs + expiryMarginMs;
    return expireAtMs < this.#options.clock.now() + marginMs ? expireAtMs + marginMs : undefined;
  }
}

function isSame(
  now: readonly KeyState[],
  before: readonly KeyState[],
  options: { ttlToleranceMs: number },
): boolean {
  return now.every((state, at) => compareStates(state, before[at], options) === undefined);
}
