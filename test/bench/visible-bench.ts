/**
 * How soon a write that was acknowledged is visible on the last replica of a chain: written, then asked
 * for again and again until it is there. Idle, and while others write at a fixed rate.
 */
import type { RespClient } from '../support/resp-client.ts';
import type { ServerProgram, TestServer } from '../support/server-process.ts';
import { median } from './figures.ts';
import { startRateWriter } from './rate-writer.ts';
import type { ReplicationBenchPlan, ReplicationBenchRow } from './replication-bench.ts';
import { closeAll, startChain, startFilled } from './replication-rig.ts';

const hopCounts = [1, 4] as const;
/** All servers of a chain have to apply them. */
const backgroundWritesPerSecond = 10_000;
const backgroundKeys = 100_000;
const settleMs = 1000;
const goal = 1.5;

interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function* benchVisible(
  plan: ReplicationBenchPlan,
): AsyncGenerator<ReplicationBenchRow> {
  for (const hops of hopCounts) {
    for (const load of ['idle', 'loaded'] as const) {
      const results = plan.sides.map((): Percentiles[] => []);
      for (let round = 0; round < plan.rounds; round++) {
        for (const [at, program] of plan.sides.entries()) {
          results[at].push(await measureChain(program, hops, load, plan.samples));
        }
      }
      const name = `visible after ${hops} ${hops === 1 ? 'hop' : 'hops'}, ${load}`;
      for (const which of ['p50Ms', 'p99Ms'] as const) {
        const [a, b] = results.map((ofSide) => median(ofSide.map((one) => one[which])));
        yield { name: `${name}, ${which.slice(0, 3)}`, unit: 'ms', values: [a, b], goal };
      }
    }
  }
}

async function measureChain(
  program: ServerProgram,
  hops: number,
  load: 'idle' | 'loaded',
  samples: number,
): Promise<Percentiles> {
  const servers: TestServer[] = [await startFilled(program, 0)];
  try {
    servers.push(...(await startChain(program, servers[0], hops)));
    const writer =
      load === 'idle'
        ? undefined
        : await startRateWriter({
            port: servers[0].port,
            keys: backgroundKeys,
            writesPerSecond: backgroundWritesPerSecond,
          });
    try {
      await pause(settleMs);
      const master = await servers[0].connect();
      const last = await servers[hops].connect();
      return percentiles(await measure(master, last, samples));
    } finally {
      await writer?.stop();
    }
  } finally {
    await closeAll(servers);
  }
}

async function measure(master: RespClient, last: RespClient, samples: number): Promise<number[]> {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    await master.must('SET', 'watched', sample);
    const writtenAt = performance.now();
    while ((await last.must('GET', 'watched')) !== String(sample)) continue;
    times.push(performance.now() - writtenAt);
  }
  return times;
}

function percentiles(times: readonly number[]): Percentiles {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)];
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
