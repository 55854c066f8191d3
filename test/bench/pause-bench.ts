/**
 * The longest pause of the bundled server's event loop while it holds 5 M keys under a steady mixed
 * load. It takes some minutes and 1 GB: `npm run bench -- pauses`. A pause seen here may also be
 * another program on the processor: run it on a quiet machine.
 */
import { connectResp, encodeCommand } from '../support/resp-client.ts';
import { startServerProcess, type ServerProgram } from '../support/server-process.ts';
import { figure, row } from './figures.ts';
import { type LoopDelay, readLoopDelays, withLoopDelays } from './loop-delays.ts';
import { runBenchmark } from './redis-benchmark.ts';

export interface PauseBenchPlan {
  tool: string;
  program: ServerProgram;
  keys: number;
  /** Of each part of the load. */
  seconds: number;
  json: boolean;
}

/** What we want to stay below. */
const goalMs = 10;

const valueBytes = 100;
const clients = 50;

/** Name of the part, and the commands that run side by side. */
const parts: readonly (readonly [name: string, loads: readonly (string | string[])[]])[] = [
  ['get and set', ['get', 'set']],
  [
    'expire and del',
    [
      ['SETEX', 'key:__rand_int__', '5', 'x'],
      ['DEL', 'key:__rand_int__'],
    ],
  ],
  ['collections', ['lpush', 'hset', 'zadd', 'sadd']],
  ['all', ['get', 'set', 'hset', 'zpopmin', ['XADD', 's', 'MAXLEN', '~', '10000', '*', 'f', 'v']]],
];

export async function benchPauses(plan: PauseBenchPlan): Promise<void> {
  const server = await startServerProcess(withLoopDelays(plan.program));
  try {
    await fill(server.port, plan.keys);
    const rows = [];
    if (!plan.json) for (const line of heading(plan)) console.log(line);
    for (const [name, loads] of parts) {
      const from = server.log().length;
      const rates = await runSideBySide(plan, server.port, loads);
      const delays = readLoopDelays(server.log().slice(from));
      const result = { name, requestsPerSecond: rates, ...worstOf(delays), goalMs };
      rows.push(result);
      if (!plan.json) console.log(formatRow(result));
    }
    if (plan.json) console.log(JSON.stringify({ plan, rows }, null, 2));
  } finally {
    await server.close();
  }
}

async function fill(port: number, keys: number): Promise<void> {
  const client = await connectResp({ port });
  const value = 'x'.repeat(valueBytes);
  for (let first = 0; first < keys; first += 1000) {
    const requests = Array.from({ length: Math.min(1000, keys - first) }, (_, at) =>
      encodeCommand(['SET', `key:${String(first + at).padStart(12, '0')}`, value]),
    );
    await client.exchange(Buffer.concat(requests), requests.length);
  }
  client.close();
}

/** Requests per second of all loads together, for about as long as the plan says. */
async function runSideBySide(
  { tool, keys, seconds }: PauseBenchPlan,
  port: number,
  loads: readonly (string | string[])[],
): Promise<number> {
  const base = { port, pipeline: 1, clients: Math.ceil(clients / loads.length), valueBytes, keys };
  const runOne = async (load: string | string[], requests: number): Promise<number> =>
    (await runBenchmark(tool, { ...base, load, requests })).requestsPerSecond;
  const trial = await Promise.all(loads.map((load) => runOne(load, 20_000)));
  const rates = await Promise.all(
    loads.map((load, at) => runOne(load, Math.ceil(trial[at] * seconds))),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

function worstOf(delays: readonly LoopDelay[]): LoopDelay {
  const worst = (pick: (delay: LoopDelay) => number): number => Math.max(0, ...delays.map(pick));
  return {
    maxMs: worst(({ maxMs }) => maxMs),
    p999Ms: worst(({ p999Ms }) => p999Ms),
    gcMs: worst(({ gcMs }) => gcMs),
  };
}

const widths = [16, 11, 13, 8, 10, 6];

function heading({ keys, seconds, program }: PauseBenchPlan): string[] {
  return [
    `${program.kind}: ${program.command.join(' ')}`,
    `${figure(keys)} keys of ${valueBytes} bytes, ${clients} clients, ${seconds} s each`,
    '',
    row(['load', 'requests/s', 'longest ms', 'p99.9', 'longest gc', 'goal'], widths),
  ];
}

function formatRow(result: LoopDelay & { name: string; requestsPerSecond: number }): string {
  const { name, requestsPerSecond, maxMs, p999Ms, gcMs } = result;
  const figures = [figure(maxMs, 1), figure(p999Ms, 1), figure(gcMs, 1), figure(goalMs)];
  return row([name, figure(requestsPerSecond), ...figures], widths);
}
