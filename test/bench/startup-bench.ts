/**
 * How long the CLI takes from Enter to its last line, against a bare `node -e 0`, interleaved. The
 * status is that of three live bundled servers, a master with two replicas.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startBundledServer } from '../support/bundled-server.ts';
import { waitForSync } from '../support/digest.ts';
import type { TestServer } from '../support/server-process.ts';
import { figure, median, row } from './figures.ts';

interface Contender {
  name: string;
  args: readonly string[];
  /** What we want to reach, given the median of bare node in milliseconds. */
  goal?: (nodeMs: number) => { text: string; maxMs: number };
}

export async function benchStartup(options: { rounds: number; json: boolean }): Promise<void> {
  const servers: TestServer[] = [];
  try {
    const master = await startBundledServer();
    servers.push(master);
    const replicaof = ['--replicaof', `${master.host} ${master.port}`];
    for (let count = 0; count < 2; count++) {
      servers.push(await startBundledServer({ args: replicaof }));
    }
    await waitForSync(master, ...servers.slice(1));
    report(timeInTurn(contendersFor(master), options.rounds), options);
  } finally {
    for (const server of servers.reverse()) await server.close();
  }
}

function contendersFor(master: TestServer): Contender[] {
  const repl = fileURLToPath(new URL('../../bin/repl.js', import.meta.url));
  return [
    { name: 'node -e 0', args: ['-e', '0'] },
    {
      name: 'repl --version',
      args: [repl, '--version'],
      goal: (nodeMs) => ({ text: '3 × node', maxMs: 3 * nodeMs }),
    },
    {
      name: 'repl status',
      args: [repl, 'status', `${master.host}:${master.port}`],
      goal: (nodeMs) => ({ text: 'node + 100 ms', maxMs: nodeMs + 100 }),
    },
  ];
}

interface Timing extends Contender {
  medianMs: number;
  fastestMs: number;
}

function timeInTurn(contenders: readonly Contender[], rounds: number): Timing[] {
  const times = contenders.map((): number[] => []);
  for (const contender of contenders) timeOnce(contender); // Fills the file cache.
  for (let round = 0; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) times[at].push(timeOnce(contender));
  }
  return contenders.map((contender, at) => ({
    ...contender,
    medianMs: median(times[at]),
    fastestMs: Math.min(...times[at]),
  }));
}

/** Milliseconds. Throws when the command fails: what fails early is not fast. */
function timeOnce({ name, args }: Contender): number {
  const start = performance.now();
  const done = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const elapsedMs = performance.now() - start;
  if (done.status !== 0)
    throw new Error(`${name}: exit ${done.status}\n${done.stdout}${done.stderr}`);
  return elapsedMs;
}

function report(timings: readonly Timing[], options: { rounds: number; json: boolean }): void {
  const nodeMs = timings[0].medianMs;
  const rows = timings.map(({ name, medianMs, fastestMs, goal }) => ({
    name,
    medianMs,
    fastestMs,
    ratio: medianMs / nodeMs,
    ...(goal ? { goal: goal(nodeMs) } : {}),
  }));
  if (options.json) return console.log(JSON.stringify({ rounds: options.rounds, rows }, null, 2));
  const widths = [16, 9, 10, 6, 10];
  console.log(`CLI start, medians of ${options.rounds} rounds in turn, Node ${process.version}\n`);
  console.log(row(['', 'median ms', 'fastest ms', 'ratio', 'goal ≤ ms'], widths));
  for (const { name, medianMs, fastestMs, ratio, goal } of rows) {
    const cells = [name, figure(medianMs, 1), figure(fastestMs, 1), figure(ratio, 2)];
    const wanted = goal ? figure(goal.maxMs, 1) : '';
    console.log(`${row([...cells, wanted], widths)}${goal ? `  (${goal.text})` : ''}`);
  }
}
