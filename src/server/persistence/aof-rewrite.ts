/**
 * One rewrite of the append-only file: switches to a new increment and takes the snapshot in the same
 * moment, writes the base in the background; no BGSAVE begins until it is done. What the outcome means
 * for the manifest is the Aof's business.
 */
import type { Clock } from '../../util/clock.ts';
import { type AofBase, startAofBase } from './aof-base.ts';
import type { Persistence } from './persistence.ts';

export interface AofRewriteOptions {
  readonly clock: Clock;
  readonly persistence: Persistence;
  readonly base: AofBase;
  /** Makes the next increment ready; what it resolves to switches to it, at once. */
  readonly prepare: () => Promise<() => void>;
}

export class AofRewrite {
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly #options: AofRewriteOptions;
  readonly #done: Promise<void>;
  #aborted: Error | null = null;
  #abortSnapshot: ((reason: string) => void) | null = null;

  constructor(options: AofRewriteOptions) {
    this.#options = options;
    this.startedAtMs = options.clock.now();
    this.#done = this.#run();
  }

  /** Resolves when the base is in place; rejects with what went wrong. */
  whenDone(): Promise<void> {
    return this.#done;
  }

  /** Nothing of it stays; `whenDone` rejects. */
  abort(reason: string): void {
    this.#aborted = new Error(reason);
    this.#abortSnapshot?.(reason);
  }

  async #run(): Promise<void> {
    const { base, persistence, prepare } = this.#options;
    const switchOver = await prepare();
    if (this.#aborted !== null) throw this.#aborted;
    // The save before the end waits for nobody.
    if (persistence.inSnapshot) throw new Error('another snapshot has begun');
    await new Promise<void>((resolve, reject) => {
      switchOver();
      this.#abortSnapshot = startAofBase(persistence, base, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }
}
