/**
 * The simulator by hand:
 *
 *   npm run sim                       a thousand random seeds on all cores
 *   npm run sim -- SEED               replays one and shows everything that happened
 *   npm run sim -- SEED COUNT         so many seeds from SEED on
 *   npm run sim -- --seeds 10000      so many random ones; --workers N processes
 *   npm run sim -- --mutants          plants bugs one at a time, and says which seed finds each
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { bundleSim } from './bundle.ts';
import { runMutants } from './mutant-run.ts';
import { type PoolResult, runPool } from './pool.ts';
import { ProgressLine } from './progress-line.ts';

const defaultSeeds = 1000;
/** Long reports: the first few say enough. */
const shownReports = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const numbers = [...positionals, values.seeds ?? '0', values.workers];
if (positionals.length > 2 || numbers.some((text) => !/^\d+$/.test(text))) {
  throw new Error(
    'usage: npm run sim [-- [SEED [COUNT]] [--seeds COUNT] [--workers N] [--mutants]]',
  );
}
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.exitCode = await main();

async function main(): Promise<number> {
  const workers = Number(values.workers);
  const [seedText, countText = values.seeds] = positionals;
  if (values.mutants) {
    return runMutants({ first: Number(seedText ?? 1), workers, only: values.only });
  }
  if (seedText !== undefined && countText === undefined) return replay(Number(seedText));
  const first = Number(seedText ?? Date.now() % 1_000_000_000);
  return runMany(first, Number(countText ?? defaultSeeds), workers);
}

async function replay(seed: number): Promise<number> {
  const bundle = await bundleSim();
  try {
    const { printRun, simulate } = await bundle.load();
    const result = await simulate(seed, { keepAll: true });
    console.log(printRun(result));
    return result.failure === undefined ? 0 : 1;
  } finally {
    await bundle.remove();
  }
}

async function runMany(first: number, count: number, workers: number): Promise<number> {
  const bundle = await bundleSim();
  const startedMs = performance.now();
  const line = new ProgressLine();
  let shown = 0;
  try {
    const result = await runPool({
      workerPath: bundle.workerPath,
      first,
      count,
      workers,
      stopAtFailure: false,
      onProgress: (totals, failures) => {
        for (; shown < Math.min(shownReports, failures.length); shown++) {
          line.print(failures[shown].report);
        }
        const rate = totals.seeds / ((performance.now() - startedMs) / 1000);
        line.show(
          `${totals.seeds} of ${count} seeds, ${failures.length} failed, ${rate.toFixed(0)} seeds/s`,
        );
      },
    });
    line.end();
    console.log(summary(result, { first, workers, ms: performance.now() - startedMs }));
    return result.failures.length === 0 ? 0 : 1;
  } finally {
    await bundle.remove();
  }
}

function summary(
  { totals, failures }: PoolResult,
  run: { first: number; workers: number; ms: number },
): string {
  const { seeds, events, virtualMs, full, partial, cpuMs } = totals;
  const lines = failures.map(({ seed, message }) => `  seed ${seed}: ${message.split('\n')[0]}`);
  return [
    `${seeds} seeds from ${run.first}: ${failures.length} failed; ` +
      `${(seeds / (run.ms / 1000)).toFixed(1)} seeds/s in ${run.workers} processes ` +
      `(${(cpuMs / seeds).toFixed(1)} ms of processor time each), ` +
      `${Math.round(events / seeds)} events and ${(virtualMs / seeds / 1000).toFixed(1)} virtual ` +
      `seconds a seed, ${full} full and ${partial} partial syncs`,
    ...lines,
  ].join('\n');
}
