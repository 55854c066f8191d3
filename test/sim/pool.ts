/**
 * Runs seeds in worker processes, a core each. Ranges are handed out in order, so that when a search
 * stops at the first failure, every smaller seed has run, and the answer does not depend on luck.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { SeedFailure, SeedRange, SeedTotals, WorkerMessage } from './worker.ts';

/** Small, so that the end of a run does not wait long for one core. */
const rangeSize = 10;
/** Seeds take hundredths of a second; this one never ends. */
const maxSilenceMs = 60_000;
/** Many short-lived objects: a large young generation has less to move. */
const workerFlags = ['--enable-source-maps', '--max-semi-space-size=32'];

export interface PoolPlan {
  readonly workerPath: string;
  readonly first: number;
  readonly count: number;
  readonly workers: number;
  readonly stopAtFailure: boolean;
  /** Called whenever some seeds more are through. */
  readonly onProgress: (totals: Readonly<SeedTotals>, failures: readonly SeedFailure[]) => void;
}

export interface PoolResult {
  readonly totals: SeedTotals;
  /** By seed. */
  readonly failures: readonly SeedFailure[];
  /** Of the traces, by seed. */
  readonly hashes: ReadonlyMap<number, string>;
}

export async function runPool(plan: PoolPlan): Promise<PoolResult> {
  const pool = new Pool(plan);
  await Promise.all(Array.from({ length: plan.workers }, () => pool.work()));
  const failures = pool.failures.sort((a, b) => a.seed - b.seed);
  return { totals: pool.totals, failures, hashes: pool.hashes };
}

class Pool {
  readonly totals: SeedTotals = {
    seeds: 0,
    events: 0,
    virtualMs: 0,
    full: 0,
    partial: 0,
    cpuMs: 0,
  };
  readonly failures: SeedFailure[] = [];
  readonly hashes = new Map<number, string>();
  readonly #plan: PoolPlan;
  #next: number;

  constructor(plan: PoolPlan) {
    this.#plan = plan;
    this.#next = plan.first;
  }

  /** One worker after the other, until all seeds are handed out; a dead one is replaced. */
  async work(): Promise<void> {
    while (this.#hasMore()) await this.#oneWorker();
  }

  #hasMore(): boolean {
    const { first, count, stopAtFailure } = this.#plan;
    return this.#next < first + count && !(stopAtFailure && this.failures.length > 0);
  }

  #take(): SeedRange {
    const { first, count } = this.#plan;
    const range = { first: this.#next, count: Math.min(rangeSize, first + count - this.#next) };
    this.#next += range.count;
    return range;
  }

  #oneWorker(): Promise<void> {
    const child = fork(this.#plan.workerPath, { execArgv: workerFlags });
    const stop = (): void => void child.kill('SIGKILL');
    process.once('exit', stop);
    return new Promise<void>((resolve) => {
      let range: SeedRange | undefined;
      const watch = new Watch(child, (failure) => this.#add(undefined, [failure]));
      child.on('message', (message: WorkerMessage) => {
        watch.heard(message);
        if (message.kind === 'began') return;
        if (message.kind === 'ended') {
          const first = range?.first ?? 0;
          message.hashes.forEach((hash, at) => this.hashes.set(first + at, hash));
          this.#add(message.totals, message.failures);
        }
        range = this.#hasMore() ? this.#take() : undefined;
        if (range === undefined) child.disconnect();
        else child.send(range);
      });
      child.once('exit', () => {
        watch.end();
        process.off('exit', stop);
        resolve();
      });
    });
  }

  #add(totals: SeedTotals | undefined, failures: readonly SeedFailure[]): void {
    if (totals !== undefined) {
      for (const name of Object.keys(totals) as (keyof SeedTotals)[]) {
        this.totals[name] += totals[name];
      }
    }
    this.failures.push(...failures);
    this.#plan.onProgress(this.totals, this.failures);
  }
}

/** Notices a worker that hangs or dies in the middle of a seed. */
class Watch {
  readonly #child: ChildProcess;
  readonly #onFailure: (failure: SeedFailure) => void;
  #seed: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hangs = false;

  constructor(child: ChildProcess, onFailure: (failure: SeedFailure) => void) {
    this.#child = child;
    this.#onFailure = onFailure;
  }

  heard(message: WorkerMessage): void {
    this.#seed = message.kind === 'began' ? message.seed : undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#hangs = true;
      this.#child.kill('SIGKILL');
    }, maxSilenceMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#seed === undefined) return;
    const how = this.#hangs ? `never ends (${maxSilenceMs / 1000} s)` : 'killed its process';
    const message = `the seed ${how}`;
    this.#onFailure({ seed: this.#seed, message, report: `seed ${this.#seed} FAILED: ${message}` });
  }
}
