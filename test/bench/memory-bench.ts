/**
 * How much memory data takes and how long it takes to bring it in: 1 M keys, and one collection of
 * 1 M members of each type, in a fresh server of each kind for every data set, in turn. For keys it
 * is all of the process's resident memory, for a collection what it added to the empty server's.
 */
import { readFileSync } from 'node:fs';
import { connectResp, encodeCommand } from '../support/resp-client.ts';
import {
  startServerProcess,
  type ServerProgram,
  type TestServer,
} from '../support/server-process.ts';
import { figure, median, row } from './figures.ts';

export interface MemoryBenchPlan {
  /** The baseline first: ratios are second over first, below 1 the second side is better. */
  sides: readonly [ServerProgram, ServerProgram];
  /** Keys, or members. */
  count: number;
  /** Names of data sets; all of them when it is empty. */
  tests: readonly string[];
  rounds: number;
  json: boolean;
}

interface DataSet {
  readonly name: string;
  readonly command: (number: number) => string[];
  /** The ratios we want to stay below. */
  readonly goals: { readonly memory: number; readonly time?: number; readonly isOfAll?: true };
}

/** What one server was when it held the data. */
interface Build {
  seconds: number;
  /** What the data added to the resident memory of the empty server. */
  addedBytes: number;
}

const value = 'x'.repeat(100);
const collection = { memory: 2, time: 1.5 };

const dataSets: readonly DataSet[] = [
  {
    name: 'keys × 100 B',
    command: (number) => ['SET', `key:${pad(number)}`, value],
    goals: { memory: 1.05, isOfAll: true },
  },
  {
    name: 'hash',
    command: (n) => ['HSET', 'k', `field:${pad(n)}`, `value:${n}`],
    goals: collection,
  },
  { name: 'set', command: (n) => ['SADD', 'k', `member:${pad(n)}`], goals: collection },
  { name: 'intset', command: (n) => ['SADD', 'k', String(n * 7)], goals: collection },
  {
    name: 'zset',
    command: (n) => ['ZADD', 'k', String((n * 7919) % 1_000_003), `member:${pad(n)}`],
    goals: collection,
  },
  { name: 'list', command: (n) => ['RPUSH', 'k', `element:${pad(n)}`], goals: collection },
  { name: 'stream', command: (n) => ['XADD', 'k', '*', 'field', `value:${n}`], goals: collection },
];

const requestsPerWrite = 1000;

export async function benchMemory(plan: MemoryBenchPlan): Promise<void> {
  const rows = [];
  if (!plan.json) for (const line of heading(plan)) console.log(line);
  for (const dataSet of dataSets) {
    if (plan.tests.length > 0 && !plan.tests.includes(dataSet.name)) continue;
    const builds: Build[][] = plan.sides.map(() => []);
    for (let round = 0; round < plan.rounds; round++) {
      for (const [at, program] of plan.sides.entries()) {
        builds[at].push(await build(program, dataSet, plan.count));
      }
    }
    const result = summarize(dataSet, builds);
    rows.push(result);
    if (!plan.json) console.log(formatRow(result));
  }
  if (plan.json) console.log(JSON.stringify({ plan, rows }, null, 2));
}

async function build(program: ServerProgram, dataSet: DataSet, count: number): Promise<Build> {
  const server = await startServerProcess(program);
  try {
    const batches = encodeBatches(dataSet, count);
    const client = await connectResp({ port: server.port });
    const emptyBytes = dataSet.goals.isOfAll ? 0 : rssBytes(server.pid);
    const startedAt = performance.now();
    for (const { bytes, requests } of batches) await client.exchange(bytes, requests);
    const seconds = (performance.now() - startedAt) / 1000;
    client.close();
    await checkCount(server, dataSet, count);
    return { seconds, addedBytes: rssBytes(server.pid) - emptyBytes };
  } finally {
    await server.close();
  }
}

/** All of it beforehand: the time is to be the server's. */
function encodeBatches({ command }: DataSet, count: number): { bytes: Buffer; requests: number }[] {
  const batches = [];
  for (let first = 0; first < count; first += requestsPerWrite) {
    const requests = Math.min(requestsPerWrite, count - first);
    const parts = Array.from({ length: requests }, (_, at) => encodeCommand(command(first + at)));
    batches.push({ bytes: Buffer.concat(parts), requests });
  }
  return batches;
}

async function checkCount(server: TestServer, dataSet: DataSet, count: number): Promise<void> {
  const [verb, key] = dataSet.command(0);
  const counters: Record<string, string[]> = {
    SET: ['DBSIZE'],
    HSET: ['HLEN', key],
    SADD: ['SCARD', key],
    ZADD: ['ZCARD', key],
    RPUSH: ['LLEN', key],
    XADD: ['XLEN', key],
  };
  const counted = await server.cli(...counters[verb]);
  if (Number(counted) !== count) throw new Error(`${server.kind} holds ${counted}, not ${count}`);
}

function pad(number: number): string {
  return String(number).padStart(12, '0');
}

/** NaN where there is no /proc. */
function rssBytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? NaN) * 1024;
  } catch {
    return NaN;
  }
}

interface MemoryBenchRow {
  name: string;
  addedBytes: readonly [number, number];
  seconds: readonly [number, number];
  memoryRatio: number;
  timeRatio: number;
  goals: DataSet['goals'];
}

function summarize({ name, goals }: DataSet, [first, second]: Build[][]): MemoryBenchRow {
  const both = (pick: (build: Build) => number): [number, number] => [
    median(first.map(pick)),
    median(second.map(pick)),
  ];
  const [addedBytes, seconds] = [both((build) => build.addedBytes), both((build) => build.seconds)];
  return {
    name,
    addedBytes,
    seconds,
    memoryRatio: addedBytes[1] / addedBytes[0],
    timeRatio: seconds[1] / seconds[0],
    goals,
  };
}

const widths = [13, 8, 8, 6, 6, 8, 8, 6, 6];

function heading(plan: MemoryBenchPlan): string[] {
  return [
    ...plan.sides.map(({ kind, command }, at) => `${'AB'[at]} ${kind}: ${command.join(' ')}`),
    `${figure(plan.count)} keys or members, medians of ${plan.rounds} rounds in turn; ` +
      'ratios are B over A, less is better',
    '',
    row(['', 'MB', '', '', '', 'seconds'], widths),
    row(['', 'A', 'B', 'ratio', 'goal', 'A', 'B', 'ratio', 'goal'], widths),
  ];
}

function formatRow(result: MemoryBenchRow): string {
  const { addedBytes, seconds, goals } = result;
  return row(
    [
      result.name,
      ...addedBytes.map((bytes) => figure(bytes / 1e6, 1)),
      figure(result.memoryRatio, 2),
      figure(goals.memory, 2),
      ...seconds.map((value) => figure(value, 2)),
      figure(result.timeRatio, 2),
      goals.time === undefined ? '' : figure(goals.time, 1),
    ],
    widths,
  );
}
