/** `npm run sim -- --mutants`: plants each bug, and says which seed finds it. */
import { bundleSim } from './bundle.ts';
import { type Mutant, mutants } from './mutants.ts';
import { runPool } from './pool.ts';
import { ProgressLine } from './progress-line.ts';

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
  let missed = 0;
  for (const mutant of mutants) {
    if (wanted !== undefined && !wanted.includes(mutant.name)) continue;
    if (!(await runMutant(mutant, options))) missed++;
  }
  console.log(missed === 0 ? 'every bug was found' : `${missed} bugs were not found`);
  return missed === 0 ? 0 : 1;
}

async function runMutant(
  { name, bug, edits }: Mutant,
  { first, workers }: MutantRunOptions,
): Promise<boolean> {
  const bundle = await bundleSim(edits);
  const line = new ProgressLine();
  try {
    const { failures } = await runPool({
      workerPath: bundle.workerPath,
      first,
      count: maxSeeds,
      workers,
      stopAtFailure: true,
      onProgress: ({ seeds }) => line.show(`${name}: ${seeds} seeds`),
    });
    line.end();
    const found = failures.at(0);
    const how =
      found === undefined
        ? `NOT FOUND in ${maxSeeds} seeds`
        : `seed ${found.seed}, after ${found.seed - first + 1}: ${shorten(found.message)}`;
    console.log(`${name.padEnd(20)} ${bug}\n${''.padEnd(20)} ${how}`);
    return found !== undefined;
  } finally {
    await bundle.remove();
  }
}

function shorten(message: string): string {
  const [line] = message.split('\n');
  return line.length > 110 ? `${line.slice(0, 107)}…` : line;
}
