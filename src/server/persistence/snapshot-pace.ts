/**
 * How a snapshot shares the event loop with requests. Without a fork every moment that it walks is one
 * in which nobody is served, and every entry that a write must save first makes that write slower. So
 * both are a debt, which time pays off: idle time in full, time in which requests came in by a fifth.
 * The walk goes on when it owes nothing. A server that is left alone gives it all of its time, one
 * that has all it can do a fifth, whatever its clients write.
 *
 *     slice ──▶ debt ──turns of the loop──▶ isDue ──▶ slice
 */

/** The part of the time of a busy loop that a snapshot may take. */
const busyShare = 0.2;

/** More is not held against it: what writes have saved for it in one burst must not stop it for long. */
const maxDebtMs = 10;
/** Nor is more kept for it: it may be stopped for long while its bytes are on their way. */
const maxCreditMs = 1;

export interface SnapshotPaceOptions {
  readonly monotonicMs: () => number;
  /** How many requests have been executed so far, ever. */
  readonly requests: () => number;
  /** Bytes that the snapshot has written so far, in slices and otherwise. */
  readonly bytesWritten: () => number;
}

export class SnapshotPace {
  readonly #options: SnapshotPaceOptions;
  #debtMs = 0;
  /** What there was at the last look. */
  #lookedAtMs: number;
  #requests: number;
  #bytes: number;
  #isFirstTurn = true;
  /** Of all slices, for what a byte costs. */
  #slicesMs = 0;
  #sliceBytes = 0;

  constructor(options: SnapshotPaceOptions) {
    this.#options = options;
    this.#lookedAtMs = options.monotonicMs();
    this.#requests = options.requests();
    this.#bytes = options.bytesWritten();
  }

  /** Whether the walk may go on in this turn of the event loop; to be asked in each. */
  isDue(): boolean {
    const nowMs = this.#options.monotonicMs();
    const requests = this.#options.requests();
    const passedMs = nowMs - this.#lookedAtMs;
    if (requests !== this.#requests) {
      const debtMs = this.#debtMs + this.#savedByWritesMs() - passedMs * busyShare;
      this.#debtMs = Math.min(debtMs, maxDebtMs);
    } else if (this.#isFirstTurn) {
      this.#debtMs = 0; // Nobody has waited for the slice to end.
    } else {
      this.#debtMs -= passedMs;
    }
    this.#isFirstTurn = false;
    this.#lookedAtMs = nowMs;
    this.#requests = requests;
    return this.#debtMs <= 0;
  }

  /** Runs a slice of the walk, on credit. */
  slice<T>(walk: () => T): T {
    const { bytesWritten, monotonicMs } = this.#options;
    const fromMs = monotonicMs();
    const result = walk();
    this.#lookedAtMs = monotonicMs();
    const tookMs = this.#lookedAtMs - fromMs;
    this.#slicesMs += tookMs;
    this.#sliceBytes += bytesWritten() - this.#bytes;
    this.#bytes = bytesWritten();
    // What it takes counts as time that passes, too.
    this.#debtMs = Math.max(this.#debtMs, -maxCreditMs) + tookMs * (1 - busyShare);
    this.#isFirstTurn = true;
    return result;
  }

  /** Time that writes have spent on entries that were not saved yet, by what a byte costs a slice. */
  #savedByWritesMs(): number {
    const bytes = this.#options.bytesWritten();
    const written = bytes - this.#bytes;
    this.#bytes = bytes;
    return this.#sliceBytes === 0 ? 0 : (written * this.#slicesMs) / this.#sliceBytes;
  }
}
