/**
 * The keys that the last samples showed to be the best to evict, over all databases. Samples are
 * few, and better ones are kept for the next time. Keys are kept as bytes: by the time one is
 * chosen its entry may have moved or gone. Used by evict.ts.
 */

/** As many as Redis keeps. */
const poolSize = 16;

export interface Candidate {
  readonly dbId: number;
  readonly key: Buffer;
  /** The higher, the better to evict. */
  readonly score: number;
}

export class EvictionPool {
  /** By rising score. */
  readonly #candidates: Candidate[] = [];

  /** Whether one with this score would be kept. */
  accepts(score: number): boolean {
    return this.#candidates.length < poolSize || score > this.#candidates[0].score;
  }

  add(candidate: Candidate): void {
    const candidates = this.#candidates;
    if (candidates.length === poolSize) candidates.shift();
    let at = candidates.length;
    while (at > 0 && candidates[at - 1].score > candidate.score) at--;
    candidates.splice(at, 0, candidate);
  }

  /** Takes out the best. */
  take(): Candidate | undefined {
    return this.#candidates.pop();
  }

  /** Scores of another policy mean something else. */
  clear(): void {
    this.#candidates.length = 0;
  }
}
