/**
 * The data set on disk, ours against redis-server: saving (idle and under load), loading, appending.
 * Both sides hold the same keys and are measured in turn (A B A B), once with rdbcompression and once
 * without: `npm run bench -- persistence`. It takes some minutes; run it on a quiet machine.
 */
import { readFileSync } from 'node:fs';
import { encodeCommand, formatReply, type RespClient } from '../support/resp-client.ts';
import {
  startServerProcess,
  type ServerProgram,
  type TestServer,
} from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { figure, median, row } from './figures.ts';
import { runBenchmark } from './redis-benchmark.ts';

export interface PersistenceBenchPlan {
  tool: string;
  /** The baseline first. */
  sides: readonly [ServerProgram, ServerProgram];
  /** One pass for each. */
  keyCounts: readonly number[];
  rounds: number;
  /** Of each run of the load. */
  seconds: number;
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

/** What one run gives, by the name of its line. */
type Figures = Readonly<Record<string, number>>;

interface Line {
  readonly unit: string;
  readonly goal: string;
}

/** The lines of the table in order, and what we want to reach. */
const lines: Readonly<Record<string, Line>> = {
  'BGSAVE, idle': { unit: 's', goal: 'ratio ≤ 0.5' },
  'BGSAVE, under load': { unit: 's', goal: '' },
  'writers then, against no snapshot': { unit: 'share', goal: 'B ≥ 0.75' },
  'longest wait of a PING then': { unit: 'ms', goal: 'B ≤ 5' },
  'more memory then': { unit: 'share', goal: 'B ≤ 0.10' },
  'load of the RDB': { unit: 's', goal: 'ratio ≤ 1.2' },
  'load of the AOF, RDB preamble': { unit: 's', goal: 'ratio ≤ 1.2' },
  'SET -P 16, no AOF': { unit: 'req/s', goal: '' },
  'SET -P 16, everysec': { unit: 'req/s', goal: 'ratio ≥ 1.0' },
  'everysec against no AOF': { unit: 'share', goal: 'B ≥ 0.8' },
};

const valueBytes = 100;
const clients = 50;
const pipeline = 16;
const pollMs = 5;

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
      const args = ['--rdbcompression', rdbcompression];
      servers.push(await startServerProcess(program, { args }));
    }
    for (const server of servers) await fill(server, keys);
    const runs: Figures[][] = servers.map(() => []);
    for (let round = 0; round < plan.rounds; round++) {
      for (const [at, server] of servers.entries()) {
        runs[at].push(await measure(plan, server, keys));
      }
    }
    return Object.entries(lines).map(([work, { goal, unit }]) => {
      const [a, b] = runs.map((figures) => median(figures.map((each) => each[work])));
      return { keys, rdbcompression, work, unit, values: [a, b], ratio: b / a, goal };
    });
  } finally {
    for (const server of servers) await server.close();
  }
}

/** Everything once, on one side; the data set is the same afterwards. */
async function measure(
  plan: PersistenceBenchPlan,
  server: TestServer,
  keys: number,
): Promise<Figures> {
  const client = await server.connect();
  const idle = await timeBgsave(client);
  const load = (): Promise<number> => runLoad(plan, server, keys);
  await load(); // The trial, which also warms a JIT.
  const plain = await load();
  const snapshot = await saveUnderLoad(server, client, load);
  await client.must('CONFIG', 'SET', 'appendonly', 'yes');
  await rewritten(client);
  const appending = await load();
  await client.must('BGREWRITEAOF');
  await rewritten(client);
  client.close();
  const aof = await timeLoad(server, ['--appendonly', 'yes'], 'DB loaded from append only file');
  const again = await server.connect();
  await again.must('CONFIG', 'SET', 'appendonly', 'no');
  await timeBgsave(again);
  again.close();
  const rdb = await timeLoad(server, [], 'DB loaded from disk');
  return {
    'BGSAVE, idle': idle,
    'BGSAVE, under load': snapshot.saveSec,
    'writers then, against no snapshot': snapshot.requestsPerSecond / plain,
    'longest wait of a PING then': snapshot.longestPingMs,
    'more memory then': snapshot.moreMemory,
    'load of the RDB': rdb,
    'load of the AOF, RDB preamble': aof,
    'SET -P 16, no AOF': plain,
    'SET -P 16, everysec': appending,
    'everysec against no AOF': appending / plain,
  };
}

async function fill(server: TestServer, keys: number): Promise<void> {
  const client = await server.connect();
  const value = valueOf(valueBytes);
  for (let first = 0; first < keys; first += 1000) {
    const count = Math.min(1000, keys - first);
    const requests = Array.from({ length: count }, (_, at) =>
      encodeCommand(['SET', `key:${String(first + at).padStart(12, '0')}`, value]),
    );
    await client.exchange(Buffer.concat(requests), count);
  }
  client.close();
}

/** As redis-benchmark's own: one letter, which compresses well. */
function valueOf(length: number): string {
  return 'x'.repeat(length);
}

async function runLoad(
  { tool, seconds }: PersistenceBenchPlan,
  { port }: TestServer,
  keys: number,
): Promise<number> {
  const run = { port, load: 'set', pipeline, clients, valueBytes, keys };
  const trial = await runBenchmark(tool, { ...run, requests: 100_000 });
  const requests = Math.ceil(trial.requestsPerSecond * seconds);
  return (await runBenchmark(tool, { ...run, requests })).requestsPerSecond;
}

/** Seconds. */
async function timeBgsave(client: RespClient): Promise<number> {
  const startMs = performance.now();
  await client.must('BGSAVE');
  while ((await field(client, 'rdb_bgsave_in_progress')) !== '0') await sleep(pollMs);
  if ((await field(client, 'rdb_last_bgsave_status')) !== 'ok') throw new Error('BGSAVE failed');
  return (performance.now() - startMs) / 1000;
}

/** One BGSAVE after the other while the load runs. */
async function saveUnderLoad(
  server: TestServer,
  client: RespClient,
  load: () => Promise<number>,
): Promise<{
  saveSec: number;
  requestsPerSecond: number;
  longestPingMs: number;
  moreMemory: number;
}> {
  const before = residentBytes(server.pid);
  const [pings, pinger] = [{ longestMs: 0, peakBytes: 0, on: true }, await server.connect()];
  const watch = (async () => {
    while (pings.on) {
      const startMs = performance.now();
      await pinger.must('PING');
      pings.longestMs = Math.max(pings.longestMs, performance.now() - startMs);
      pings.peakBytes = Math.max(pings.peakBytes, residentBytes(server.pid));
      await sleep(1);
    }
  })();
  const saves: number[] = [];
  const saving = (async () => {
    while (pings.on) saves.push(await timeBgsave(client));
  })();
  const requestsPerSecond = await load();
  pings.on = false;
  await Promise.all([watch, saving]);
  pinger.close();
  // What a forked child has copied is its own, and not in the server's figure.
  const copied = Number(await field(client, 'rdb_last_cow_size'));
  const moreMemory = (Math.max(pings.peakBytes - before, 0) + copied) / before;
  return {
    saveSec: median(saves),
    requestsPerSecond,
    longestPingMs: pings.longestMs,
    moreMemory,
  };
}

/** Starts the server anew; seconds that it says to have loaded for. */
async function timeLoad(
  server: TestServer,
  args: readonly string[],
  words: string,
): Promise<number> {
  const from = server.log().length;
  await server.restart({ args });
  const found = new RegExp(`${words}: ([\\d.]+) seconds`).exec(server.log().slice(from));
  if (found === null) throw new Error(`${server.kind} did not say '${words}'`);
  return Number(found[1]);
}

async function rewritten(client: RespClient): Promise<void> {
  const pending = async (): Promise<boolean> =>
    (await field(client, 'aof_rewrite_in_progress')) === '0' &&
    (await field(client, 'aof_rewrite_scheduled')) === '0';
  await waitFor(pending, { what: 'the rewrite to end', timeoutMs: 60_000 });
}

async function field(client: RespClient, name: string): Promise<string> {
  const text = formatReply(await client.must('INFO', 'persistence'));
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
}

/** NaN where the system does not tell. */
function residentBytes(pid: number): number {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return Number(pages) * 4096;
  } catch {
    return Number.NaN;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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
