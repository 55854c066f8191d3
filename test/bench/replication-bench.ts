/**
 * Replication against Redis's own, in turn (A B A B): full syncs at rest and under writes, how soon a
 * write is visible on a replica, and how soon a broken link has caught up. Each side replicates to its
 * own kind, in the fastest of Redis's ways: diskless on both ends, loaded beside the old data set.
 *
 *   npm run bench -- replication --tests full-sync,loaded,visible,resync --keys 1000000 --rounds 5
 */
import type { ServerProgram } from '../support/server-process.ts';
import { benchFullSync } from './full-sync-bench.ts';
import { benchLoadedSync } from './loaded-sync-bench.ts';
import { benchResync } from './resync-bench.ts';
import { benchVisible } from './visible-bench.ts';
import { figure, row } from './figures.ts';

export interface ReplicationBenchPlan {
  /** The baseline first: ratios are second over first, less is better. */
  readonly sides: readonly [ServerProgram, ServerProgram];
  /** Names of tests; all of them when it is empty. */
  readonly tests: readonly string[];
  readonly keys: number;
  readonly rounds: number;
  /** Writes that are watched until a replica shows them, per round. */
  readonly samples: number;
  readonly json: boolean;
}

/** One line of the table: medians over the rounds, baseline first. */
export interface ReplicationBenchRow {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly [number, number];
  /** What `ratio`, or with `limit` the second value alone, is to stay below. */
  readonly goal?: number;
  readonly goalIs?: 'limit';
}

type Bench = (plan: ReplicationBenchPlan) => AsyncGenerator<ReplicationBenchRow>;

const benches: Readonly<Record<string, Bench>> = {
  'full-sync': benchFullSync,
  loaded: benchLoadedSync,
  visible: benchVisible,
  resync: benchResync,
};

export async function benchReplication(plan: ReplicationBenchPlan): Promise<void> {
  const rows: ReplicationBenchRow[] = [];
  if (!plan.json) for (const line of heading(plan)) console.log(line);
  for (const [name, bench] of Object.entries(benches)) {
    if (plan.tests.length > 0 && !plan.tests.includes(name)) continue;
    for await (const result of bench(plan)) {
      rows.push(result);
      if (!plan.json) console.log(formatRow(result));
    }
  }
  if (plan.json) console.log(JSON.stringify({ plan, rows }, null, 2));
}

const widths = [44, 10, 10, 6, 7, 8];

function heading({ sides, keys, rounds }: ReplicationBenchPlan): string[] {
  return [
    ...sides.map(({ kind, command }, at) => `${'AB'[at]} ${kind}: ${command.join(' ')}`),
    `${figure(keys)} keys of 100 bytes, medians of ${rounds} rounds in turn; ratios are B over A, ` +
      'less is better',
    '',
    row(['', 'A', 'B', 'unit', 'ratio', 'goal'], widths),
  ];
}

function formatRow({ name, unit, values, goal, goalIs }: ReplicationBenchRow): string {
  const [a, b] = values;
  const digits = Math.max(a, b) < 10 ? 2 : Math.max(a, b) < 100 ? 1 : 0;
  const goalText =
    goal === undefined ? '' : goalIs === 'limit' ? `B ≤ ${goal}` : `≤ ${figure(goal, 1)}`;
  return row(
    [name, figure(a, digits), figure(b, digits), unit, figure(b / a, 2), goalText],
    widths,
  );
}
