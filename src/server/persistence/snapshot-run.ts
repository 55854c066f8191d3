/**
 * Drives a snapshot in slices between requests: walk for a moment, let the event loop serve, walk
 * on when it has (SnapshotPace says when); stop while whoever takes the bytes is behind. Used for
 * BGSAVE, for full syncs and for the base of an append-only file.
 */
import type { Clock } from '../../util/clock.ts';
import type { Snapshot } from './snapshot.ts';
import { SnapshotPace } from './snapshot-pace.ts';

/** A client notices longer pauses; shorter slices make the walk slower for nothing. */
const sliceMs = 1;
/** So that a change of the delay is felt soon. */
const longestDelayMs = 1000;

export interface SnapshotRunOptions {
  readonly snapshot: Snapshot;
  /** Whether the taker wants more at the moment; if not, call `resume` when it does. May throw. */
  readonly mayGoOn: () => boolean;
  /** `rdb-key-save-delay`, milliseconds: waits so long for each key, for tests of the meantime. */
  readonly keyDelayMs: () => number;
  readonly clock: Clock;
  /** How many requests the server has executed so far. */
  readonly requests: () => number;
  /** Runs a function in a later turn of the event loop. */
  readonly defer: (fn: () => void) => void;
  /** All blocks are out. */
  readonly onWalked: () => void;
  /** The walk threw: a bug, or a writer that refused. */
  readonly onFailed: (error: Error) => void;
}

export class SnapshotRun {
  readonly #options: SnapshotRunOptions;
  readonly #pace: SnapshotPace;
  #scheduled = false;
  #over = false;
  #walked = false;
  /** Keys whose delay has passed. A write that saves a key early does not spare it. */
  #delayedKeys = 0;

  constructor(options: SnapshotRunOptions) {
    this.#options = options;
    const { clock, requests, snapshot } = options;
    this.#pace = new SnapshotPace({
      monotonicMs: () => clock.monotonic(),
      requests,
      bytesWritten: () => snapshot.bytesWritten,
    });
  }

  /** Starts, or goes on after a stop. Calling it while running is harmless. */
  resume(): void {
    if (this.#scheduled || this.#over) return;
    this.#scheduled = true;
    this.#options.defer(() => this.#slice());
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.snapshot.abort();
  }

  #slice(): void {
    this.#scheduled = false;
    if (this.#over) return;
    try {
      if (!this.#options.mayGoOn()) return;
      this.#step();
    } catch (error) {
      this.abort();
      this.#options.onFailed(error as Error);
    }
  }

  #step(): void {
    const { keyDelayMs, onWalked, snapshot } = this.#options;
    const delayMs = keyDelayMs();
    if (delayMs > 0 && this.#delayedKeys < snapshot.keysProcessed) {
      this.#delay(delayMs);
      return;
    }
    if (delayMs <= 0 && !this.#pace.isDue()) {
      this.resume();
      return;
    }
    this.#walked ||= this.#pace.slice(() => snapshot.step(delayMs > 0 ? 0 : sliceMs));
    if (delayMs <= 0) this.#delayedKeys = snapshot.keysProcessed;
    if (!this.#walked || this.#delayedKeys < snapshot.keysProcessed) {
      this.resume();
      return;
    }
    this.#over = true;
    onWalked();
  }

  #delay(delayMs: number): void {
    const { clock, snapshot } = this.#options;
    const owed = snapshot.keysProcessed - this.#delayedKeys;
    const keys = Math.max(1, Math.min(owed, Math.floor(longestDelayMs / delayMs)));
    this.#delayedKeys += keys;
    this.#scheduled = true;
    clock.schedule(keys * delayMs, () => {
      this.#scheduled = false;
      this.resume();
    });
  }
}
