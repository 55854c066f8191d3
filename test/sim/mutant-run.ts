/** `npm run sim -- --mutants`: plants each bug, and says which seed finds it. */
import { bundleSim, type Simulator } from './bundle.ts';
import { type Mutant, mutants } from './mutants.ts';
import { runPool } from './pool.ts';
import { ProgressLine } from './progress-line.ts';
import type { SeedFailure } from './worker.ts';

const nameWidth = 22;

/** Enough for a bug that shows in one run of a thousand. */
const maxSeeds = 5000;

export interface MutantRunOptions {
  readonly first: number;
  readonly workers: number;
  /** Names, separated by commas; all where undefined. */
  readonly only: string | undefined;
}

/** The exit code: 1 when a bug was not found. */
export async function runMutants(options: MutantRunOptions): Promise<number> {
  const wanted = options.only?.split(',');
  const sound = await bundleSim();
  let missed = 0;
  try {
    const simulator = await sound.load();
    for (const mutant of mutants) {
      if (wanted !== undefined && !wanted.includes(mutant.name)) continue;
      if (!(await runMutant(mutant, options, simulator))) missed++;
    }
  } finally {
    await sound.remove();
  }
  console.log(missed === 0 ? 'every bug was found' : `${missed} bugs were not found`);
  return missed === 0 ? 0 : 1;
}

async function runMutant(
  { name, bug, edits }: Mutant,
  { first, workers }: MutantRunOptions,
  sound: Simulator,
): Promise<boolean> {
  const bundle = await bundleSim(edits);
  const line = new ProgressLine();
  let found: SeedFailure | undefined;
  try {
    for (let from = first; from < first + maxSeeds && found === undefined;) {
      const { failures } = await runPool({
        workerPath: bundle.workerPath,
        first: from,
        count: first + maxSeeds - from,
        workers,
        stopAtFailure: true,
        onProgress: ({ seeds }) => line.show(`${name}: ${from - first + seeds} seeds`),
      });
      if (failures.length === 0) break;
      for (const failure of failures) {
        if (found === undefined && (await passes(failure.seed, sound))) found = failure;
        from = failure.seed + 1;
      }
    }
  } finally {
    await bundle.remove();
  }
  line.end();
  console.log(`${name.padEnd(nameWidth)} ${bug}\n${''.padEnd(nameWidth)} ${verdict(found, first)}`);
  return found !== undefined;
}

/** What fails without the bug too has not found it. */
async function passes(seed: number, sound: Simulator): Promise<boolean> {
  const { failure } = await sound.simulate(seed);
  if (failure === undefined) return true;
  console.log(`seed ${seed} fails without any bug planted: ${shorten(failure.message)}`);
  return false;
}

function verdict(found: SeedFailure | undefined, first: number): string {
  if (found === undefined) return `NOT FOUND in ${maxSeeds} seeds`;
  return `seed ${found.seed}, after ${found.seed - first + 1}: ${shorten(found.message)}`;
}

function shorten(message: string): string {
  const [line] = message.split('\n');
  return line.length > 110 ? `${line.slice(0, 107)}…` : line;
}
