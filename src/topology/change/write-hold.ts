/**
 * Holds the writes of a master while a change is made, by a CLIENT PAUSE that is short and renewed:
 * when this process dies or is stopped, writers go on after `holdMs` at most, and not after the
 * longest time that a change may take. Used by run-step.ts.
 *
 * A pause that ends too early would let writes through in the middle of a change. They are not lost:
 *
 *     the demotion is not sent unless a pause began that lasts for half of `holdMs` yet (`isSure`)
 *     the old master stands still first, and tells its offset in the same breath (stand-still.ts): where
 *     that has moved since the replicas had everything, they must get the rest too; otherwise it is
 *     made a master again, and the change is undone
 */
import type { Instance } from '../../instance/connection.ts';
import type { Outcome } from '../../instance/failure.ts';
import { pauseWrites, unpause } from '../../instance/verbs.ts';
import type { Clock, Timer } from '../../util/clock.ts';

/** What a dead `repl` costs writers at most; five renewals, so that a late one ends nothing. */
const shortestHoldMs = 1500;
const renewalsPerHold = 5;

/** Whoever gives servers more time to answer has a slow way to them: a renewal needs it too. */
const holdPerTimeout = 0.3;

export class WriteHold {
  readonly #instance: Instance;
  readonly #clock: Clock;
  readonly #holdMs: number;
  readonly #beganAtMs: number;
  #timer: Timer | undefined;
  /** When the latest pause was sent that the server has answered. */
  #pausedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    instance: Instance,
    { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  ) {
    this.#instance = instance;
    this.#clock = clock;
    this.#holdMs = Math.ceil(Math.max(shortestHoldMs, timeoutMs * holdPerTimeout));
    this.#beganAtMs = clock.monotonic();
  }

  /** From here writers may be waiting, also when no reply comes: the order may have arrived. */
  get beganAtMs(): number {
    return this.#beganAtMs;
  }

  /** No write comes through for a while yet. */
  get isSure(): boolean {
    return this.#clock.monotonic() - this.#pausedAtMs < this.#holdMs / 2;
  }

  begin(): Promise<Outcome<void>> {
    const periodMs = this.#holdMs / renewalsPerHold;
    this.#timer = this.#clock.every(periodMs, () => void this.#pause());
    return this.#pause();
  }

  /** On the same connection as the renewals: none comes after it. */
  release(): Promise<Outcome<void>> {
    this.#timer?.cancel();
    return unpause(this.#instance);
  }

  async #pause(): Promise<Outcome<void>> {
    const sentAtMs = this.#clock.monotonic();
    const paused = await pauseWrites(this.#instance, this.#holdMs);
    if (paused.kind === 'ok') this.#pausedAtMs = sentAtMs;
    return paused;
  }
}
