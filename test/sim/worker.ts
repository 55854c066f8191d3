/**
 * A worker process of the simulator: is told ranges of seeds, runs each, and reports. It says what it
 * is about to run, so that a seed that never ends can be named.
 */
import { printFailure } from './report.ts';
import { simulate } from './simulate.ts';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

/** What was counted over some seeds. */
export interface SeedTotals {
  seeds: number;
  events: number;
  virtualMs: number;
  full: number;
  partial: number;
  cpuMs: number;
}

export interface SeedFailure {
  readonly seed: number;
  readonly message: string;
  /** Everything that helps to understand it. */
  readonly report: string;
}

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'began'; readonly seed: number }
  | {
      readonly kind: 'ended';
      readonly totals: SeedTotals;
      readonly failures: SeedFailure[];
      /** Of the traces, in the order of the seeds. */
      readonly hashes: string[];
    };

process.on('message', (range: SeedRange) => void runSeeds(range));
send({ kind: 'ready' });

async function runSeeds({ first, count }: SeedRange): Promise<void> {
  const totals = { seeds: count, events: 0, virtualMs: 0, full: 0, partial: 0, cpuMs: 0 };
  const failures: SeedFailure[] = [];
  const hashes: string[] = [];
  const before = process.cpuUsage();
  for (let seed = first; seed < first + count; seed++) {
    send({ kind: 'began', seed });
    const result = await simulate(seed);
    hashes.push(result.hash);
    totals.events += result.events;
    totals.virtualMs += result.virtualMs;
    totals.full += result.syncs.full;
    totals.partial += result.syncs.partial;
    if (result.failure === undefined) continue;
    failures.push({ seed, message: result.failure.message, report: printFailure(result) });
  }
  const { user, system } = process.cpuUsage(before);
  totals.cpuMs = (user + system) / 1000;
  send({ kind: 'ended', totals, failures, hashes });
}

function send(message: WorkerMessage): void {
  process.send?.(message);
}
