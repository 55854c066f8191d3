/**
 * The data set on disk, ours against redis-server: saving (idle and under load), loading, appending.
 * Both sides hold the same keys and are measured in turn (A B A B), once with rdbcompression and once
 * without: `npm run bench -- persistence`. It takes some minutes; run it on a quiet machine.
 */
import {
  startServerProcess,
  type ServerProgram,
  type TestServer,
} from '../support/server-process.ts';
import { figure, median, row } from './figures.ts';
import { withLoopDelays } from './loop-delays.ts';
import {
  clients,
  fill,
  type Figures,
  type Load,
  measure,
  measureLarge,
  valueBytes,
} from './persistence-work.ts';

export interface PersistenceBenchPlan extends Load {
  /** The baseline first. */
  sides: readonly [ServerProgram, ServerProgram];
  /** One pass for each. */
  keyCounts: readonly number[];
  rounds: number;
  json: boolean;
}

/** One line of the table: medians over the rounds, baseline first. */
interface PersistenceBenchRow {
  keys: number;
  rdbcompression: string;
  work: string;
  unit: string;
  values: readonly [number, number];
  /** B over A; NaN where only one side's figure counts. */
  ratio: number;
  goal: string;
}

interface Line {
  readonly unit: string;
  readonly goal: string;
}

/** The lines of the table in order, and what we want to reach. */
const lines: Readonly<Record<string, Line>> = {
  'BGSAVE, idle': { unit: 's', goal: 'ratio ≤ 0.5' },
  'BGSAVE, under load': { unit: 's', goal: '' },
  'writers then, against no snapshot': { unit: 'share', goal: 'B ≥ 0.75' },
  'longest pause of the loop then': { unit: 'ms', goal: 'B ≤ 5' },
  'longest wait of a PING then': { unit: 'ms', goal: '' },
  'the same without a snapshot': { unit: 'ms', goal: '' },
  'more memory then': { unit: 'share', goal: 'B ≤ 0.10' },
  'load of the RDB': { unit: 's', goal: 'ratio ≤ 1.2' },
  'load of the AOF, RDB preamble': { unit: 's', goal: 'ratio ≤ 1.2' },
  'SET -P 16, no AOF': { unit: 'req/s', goal: '' },
  'SET -P 16, everysec': { unit: 'req/s', goal: 'ratio ≥ 1.0' },
  'everysec against no AOF': { unit: 'share', goal: 'B ≥ 0.8' },
};

/** The last line of a pass: a collection of each type is written to while it is being saved. */
const largeWork = 'longest wait, large collections';

export async function benchPersistence(plan: PersistenceBenchPlan): Promise<void> {
  const rows: PersistenceBenchRow[] = [];
  if (!plan.json) for (const line of heading(plan)) console.log(line);
  for (const keys of plan.keyCounts) {
    for (const rdbcompression of ['yes', 'no']) {
      for (const result of await benchPass(plan, keys, rdbcompression)) {
        rows.push(result);
        if (!plan.json) console.log(formatRow(result));
      }
    }
  }
  if (plan.json) console.log(JSON.stringify({ plan, rows }, null, 2));
}

async function benchPass(
  plan: PersistenceBenchPlan,
  keys: number,
  rdbcompression: string,
): Promise<PersistenceBenchRow[]> {
  const servers: TestServer[] = [];
  try {
    for (const program of plan.sides) {
      // No rewrite but those that are measured.
      const args = ['--rdbcompression', rdbcompression, '--auto-aof-rewrite-percentage', '0'];
      const watched = program.kind === 'bundled' ? withLoopDelays(program) : program;
      servers.push(await startServerProcess(watched, { args }));
    }
    for (const server of servers) await fill(server, keys);
    const runs: Figures[][] = servers.map(() => []);
    for (let round = 0; round < plan.rounds; round++) {
      for (const [at, server] of servers.entries()) {
        runs[at].push(await measure(plan, server, keys));
      }
    }
    const rows = Object.entries(lines).map(([work, { goal, unit }]): PersistenceBenchRow => {
      const [a, b] = runs.map((figures) => median(figures.map((each) => each[work])));
      return { keys, rdbcompression, work, unit, values: [a, b], ratio: b / a, goal };
    });
    const values: number[] = [];
    for (const server of servers) values.push(await measureLarge(server, keys));
    const [a, b] = values;
    const last = { work: largeWork, unit: 'ms', goal: '', ratio: b / a };
    return [...rows, { keys, rdbcompression, values: [a, b], ...last }];
  } finally {
    for (const server of servers) await server.close();
  }
}

const widths = [34, 9, 9, 6, 11, 11, 6, 12];

function heading({ sides, rounds, seconds }: PersistenceBenchPlan): string[] {
  return [
    ...sides.map(({ kind, command }, at) => `${'AB'[at]} ${kind}: ${command.join(' ')}`),
    `${valueBytes}-byte values, ${clients} clients, loads of ${seconds} s, ` +
      `medians of ${rounds} rounds in turn (A B A B); ratios are B over A`,
    '',
    row(['work', 'keys', 'compress', 'unit', 'A', 'B', 'ratio', 'goal'], widths),
  ];
}

function formatRow(result: PersistenceBenchRow): string {
  const { work, keys, rdbcompression, unit, values, ratio, goal } = result;
  const digits = unit === 'req/s' ? 0 : unit === 'ms' ? 1 : 2;
  const figures = values.map((value) => figure(value, digits));
  const cells = [work, figure(keys), rdbcompression, unit, ...figures, figure(ratio, 2), goal];
  return row(cells, widths);
}
