/**
 * Two servers under the same load, in turn: A B A B. Both hold the same keys; with replicas, each
 * side feeds replicas of its own kind, and a run begins only when all of them have caught up.
 */
import { waitForSync } from '../support/digest.ts';
import { encodeCommand } from '../support/resp-client.ts';
import {
  startServerProcess,
  type ServerProgram,
  type TestServer,
} from '../support/server-process.ts';
import type { BenchTest } from './bench-tests.ts';
import { cpuMicros } from './cpu-time.ts';
import { figure, median, row } from './figures.ts';
import { runBenchmark, type BenchmarkRun } from './redis-benchmark.ts';

export interface ServerBenchPlan {
  /** The redis-benchmark to use. */
  tool: string;
  /** The baseline first: ratios are second over first. */
  sides: readonly [ServerProgram, ServerProgram];
  tests: readonly BenchTest[];
  pipelines: readonly number[];
  /** How many replicas each side has, one pass of all tests for each entry; ascending. */
  replicas: readonly number[];
  rounds: number;
  load: Pick<BenchmarkRun, 'keys' | 'valueBytes' | 'clients'>;
  secondsPerRun: number;
  json: boolean;
}

/** One line of the table: medians over the rounds, baseline first. */
export interface ServerBenchRow {
  test: string;
  pipeline: number;
  replicas: number;
  requestsPerSecond: readonly [number, number];
  /** Second over first: above 1 the second side is faster. */
  ratio: number;
  /** What we want to reach, where we have said so. */
  goal?: number;
  /** Of the process that takes the requests; NaN where the system does not tell. */
  cpuMicrosPerRequest: readonly [number, number];
  p99Ms: readonly [number, number];
}

interface Side {
  program: ServerProgram;
  master: TestServer;
  replicas: TestServer[];
}

/** One run before the first round: long enough to warm a JIT, and to tell how many requests fit. */
const warmUpRequests: Record<number, number> = { 1: 40_000, 16: 400_000, 64: 800_000 };

/** Runs the plan and prints the table, or with `json` one object at the end. */
export async function benchServers(plan: ServerBenchPlan): Promise<void> {
  const sides: Side[] = [];
  const rows: ServerBenchRow[] = [];
  const say = plan.json ? () => {} : (line: string) => console.log(line);
  try {
    for (const program of plan.sides) sides.push(await startSide(program, plan));
    for (const line of heading(plan)) say(line);
    for (const replicas of plan.replicas) {
      for (const side of sides) await attachReplicas(side, replicas);
      for (const test of plan.tests) {
        for (const pipeline of plan.pipelines) {
          const result = await benchCell(sides, plan, { test, pipeline, replicas });
          rows.push(result);
          say(formatRow(result));
        }
        for (const { master } of sides) await master.cli('UNLINK', '', ...(test.keys ?? []));
      }
      for (const side of sides) await warnOfResyncs(side);
    }
  } finally {
    for (const server of sides.flatMap((side) => [...side.replicas, side.master])) {
      await server.close();
    }
  }
  if (plan.json) console.log(JSON.stringify({ plan, rows }, null, 2));
}

async function startSide(program: ServerProgram, plan: ServerBenchPlan): Promise<Side> {
  const master = await startServerProcess(program);
  try {
    await fill(master, plan.load);
  } catch (error) {
    await master.close();
    throw error;
  }
  return { program, master, replicas: [] };
}

/** Sets every key that redis-benchmark may ask for, so that no GET misses and both sides agree. */
async function fill(
  server: TestServer,
  { keys, valueBytes }: ServerBenchPlan['load'],
): Promise<void> {
  const batchSize = 1000;
  const value = 'x'.repeat(valueBytes);
  const client = await server.connect();
  for (let first = 0; first < keys; first += batchSize) {
    const count = Math.min(batchSize, keys - first);
    const commands = Array.from({ length: count }, (_, at) =>
      encodeCommand(['SET', `key:${String(first + at).padStart(12, '0')}`, value]),
    );
    const replies = await client.exchange(Buffer.concat(commands), count);
    if (replies.length !== count * '+OK\r\n'.length)
      throw new Error(`SET failed: ${replies.toString()}`);
  }
  client.close();
  const size = await server.cli('DBSIZE');
  if (Number(size) !== keys) throw new Error(`${server.kind} holds ${size} keys, not ${keys}`);
}

async function attachReplicas(side: Side, count: number): Promise<void> {
  while (side.replicas.length < count) {
    const args = ['--replicaof', `127.0.0.1 ${side.master.port}`];
    side.replicas.push(await startServerProcess(side.program, { args }));
  }
  await waitForSync(side.master, ...side.replicas);
}

interface Cell {
  test: BenchTest;
  pipeline: number;
  replicas: number;
}

async function benchCell(
  sides: Side[],
  plan: ServerBenchPlan,
  cell: Cell,
): Promise<ServerBenchRow> {
  const requests: number[] = [];
  for (const side of sides) {
    const warmUp = await measure(side, plan, cell, warmUpRequests[cell.pipeline] ?? 100_000);
    requests.push(Math.ceil(warmUp.requestsPerSecond * plan.secondsPerRun));
  }
  const runs: Run[][] = sides.map(() => []);
  for (let round = 0; round < plan.rounds; round++) {
    for (const [at, side] of sides.entries()) {
      runs[at].push(await measure(side, plan, cell, requests[at]));
    }
  }
  return summarize(cell, runs);
}

interface Run {
  requestsPerSecond: number;
  p99Ms: number;
  cpuMicrosPerRequest: number;
}

async function measure(
  side: Side,
  plan: ServerBenchPlan,
  cell: Cell,
  requests: number,
): Promise<Run> {
  const { master } = side;
  const { test, pipeline } = cell;
  if (test.prepare !== undefined) {
    const client = await master.connect();
    await test.prepare(client, requests);
    client.close();
    await waitForSync(master, ...side.replicas);
  }
  const cpuBefore = cpuMicros(master.pid);
  const result = await runBenchmark(plan.tool, {
    ...plan.load,
    load: test.load,
    pipeline,
    port: master.port,
    requests,
  });
  const cpuAfter = cpuMicros(master.pid);
  // What a replica still has to catch up must not be paid for by the other side's run.
  await waitForSync(master, ...side.replicas);
  return { ...result, cpuMicrosPerRequest: (cpuAfter - cpuBefore) / requests };
}

function summarize(cell: Cell, [first, second]: Run[][]): ServerBenchRow {
  const both = (pick: (run: Run) => number): [number, number] => [
    median(first.map(pick)),
    median(second.map(pick)),
  ];
  const requestsPerSecond = both((run) => run.requestsPerSecond);
  const goal = goalOf(cell);
  return {
    ...cell,
    test: cell.test.name,
    requestsPerSecond,
    ratio: requestsPerSecond[1] / requestsPerSecond[0],
    ...(goal === undefined ? {} : { goal }),
    cpuMicrosPerRequest: both((run) => run.cpuMicrosPerRequest),
    p99Ms: both((run) => run.p99Ms),
  };
}

/** With replicas there is one goal for all. */
function goalOf({ test: { goals }, pipeline, replicas }: Cell): number | undefined {
  if (goals === undefined || replicas > 0) return goals && 1.0;
  const [single, some, many] = goals;
  if (pipeline === 1) return single;
  return pipeline < 64 ? some : (many ?? some);
}

const widths = [11, 4, 8, 11, 11, 6, 5, 8, 8, 6, 7, 7];

function heading(plan: ServerBenchPlan): string[] {
  const { keys, valueBytes, clients } = plan.load;
  return [
    ...plan.sides.map(({ kind, command }, at) => `${'AB'[at]} ${kind}: ${command.join(' ')}`),
    `${figure(keys)} keys, ${valueBytes}-byte values, ${clients} clients, ` +
      `medians of ${plan.rounds} rounds in turn (A B A B); ratios are B over A`,
    '',
    row(
      ['', '', '', 'requests/s', '', '', '', 'CPU µs per request', '', '', 'p99 ms'],
      [...widths.slice(0, 7), 18, 0, 4, 7],
    ),
    row(['test', '-P', 'replicas', 'A', 'B', 'ratio', 'goal', 'A', 'B', 'ratio', 'A', 'B'], widths),
  ];
}

function formatRow(result: ServerBenchRow): string {
  const [rpsA, rpsB] = result.requestsPerSecond;
  const [cpuA, cpuB] = result.cpuMicrosPerRequest;
  return row(
    [
      result.test.toUpperCase(),
      String(result.pipeline),
      String(result.replicas),
      figure(rpsA),
      figure(rpsB),
      figure(result.ratio, 2),
      result.goal === undefined ? '' : figure(result.goal, 1),
      figure(cpuA, 2),
      figure(cpuB, 2),
      figure(cpuB / cpuA, 2),
      figure(result.p99Ms[0], 2),
      figure(result.p99Ms[1], 2),
    ],
    widths,
  );
}

/** A replica that was thrown off in mid-run spoils the figures: say so. */
async function warnOfResyncs({ master, replicas }: Side): Promise<void> {
  const fullSyncs = Number(await master.info('sync_full'));
  if (fullSyncs <= replicas.length) return;
  console.error(
    `note: ${master.kind} made ${fullSyncs} full syncs for ${replicas.length} replicas; ` +
      'a replica fell too far behind, and its figures are not comparable',
  );
}
