/**
 * Drives a snapshot in slices between requests: walk for a moment, let the event loop serve, walk
 * on; stop while whoever takes the bytes is behind. Used for BGSAVE and for full syncs.
 */
import type { Snapshot } from './snapshot.ts';

/** A client notices longer pauses; shorter slices make the walk slower for nothing. */
const sliceMs = 1;

export interface SnapshotRunOptions {
  readonly snapshot: Snapshot;
  /** Whether the taker wants more at the moment; if not, call `resume` when it does. May throw. */
  readonly mayGoOn: () => boolean;
  /** Runs a function in a later turn of the event loop. */
  readonly defer: (fn: () => void) => void;
  /** All blocks are out. */
  readonly onWalked: () => void;
  /** The walk threw: a bug, or a writer that refused. */
  readonly onFailed: (error: Error) => void;
}

export class SnapshotRun {
  readonly #options: SnapshotRunOptions;
  #scheduled = false;
  #over = false;

  constructor(options: SnapshotRunOptions) {
    this.#options = options;
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
      if (this.#options.snapshot.step(sliceMs)) {
        this.#over = true;
        this.#options.onWalked();
        return;
      }
    } catch (error) {
      this.abort();
      this.#options.onFailed(error as Error);
      return;
    }
    this.resume();
  }
}
