/**
 * A full sync while clients write at a fixed rate: what the writers feel of it, what it costs in
 * memory, how long it takes. Redis pays with copy-on-write: pages of the forked child that the master
 * has written to since are the child's alone, its `Private_Dirty`.
 */
import { readFileSync } from 'node:fs';
import type { ServerProgram, TestServer } from '../support/server-process.ts';
import { median } from './figures.ts';
import { startRateWriter } from './rate-writer.ts';
import type { ReplicationBenchPlan, ReplicationBenchRow } from './replication-bench.ts';
import { closeAll, startFast, startFilled, timeFullSync } from './replication-rig.ts';

const writesPerSecond = 100_000;
const sampleEveryMs = 10;
/** Before the sync: the writer's own start is not to be seen in its figures. */
const warmUpMs = 1500;
const beforeMs = 1500;

const maxExtraShare = 0.15;

interface LoadedSync {
  readonly syncMs: number;
  readonly p99BeforeMs: number;
  readonly p99Ms: number;
  /** Of what was to be written, how much was. */
  readonly rateShare: number;
  /** Peak of the memory that the sync cost, over what the data set takes. */
  readonly extraShare: number;
}

export async function* benchLoadedSync({
  sides,
  keys,
  rounds,
}: ReplicationBenchPlan): AsyncGenerator<ReplicationBenchRow> {
  const results: LoadedSync[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, program] of sides.entries()) {
      results[at].push(await loadedSync(program, keys));
    }
  }
  const both = (pick: (result: LoadedSync) => number): [number, number] => [
    median(results[0].map(pick)),
    median(results[1].map(pick)),
  ];
  const load = `${writesPerSecond / 1000} k writes/s`;
  yield { name: `full sync under ${load}`, unit: 'ms', values: both((one) => one.syncMs) };
  yield { name: 'p99 of the writers before', unit: 'ms', values: both((one) => one.p99BeforeMs) };
  yield {
    name: 'p99 of the writers meanwhile',
    unit: 'ms',
    values: both((one) => one.p99Ms),
    goal: 1,
  };
  yield { name: 'writes done of those wanted', unit: '', values: both((one) => one.rateShare) };
  yield {
    name: 'extra memory, of the data set',
    unit: '',
    values: both((one) => one.extraShare),
    goal: maxExtraShare,
    goalIs: 'limit',
  };
}

async function loadedSync(program: ServerProgram, keys: number): Promise<LoadedSync> {
  const empty = await startFast(program);
  const emptyBytes = memoryBytes(empty.pid);
  await empty.close();
  const servers: TestServer[] = [];
  try {
    const master = await startFilled(program, keys);
    const replica = await startFast(program);
    servers.push(master, replica);
    const writer = await startRateWriter({ port: master.port, keys, writesPerSecond });
    try {
      await pause(warmUpMs);
      await writer.take();
      await pause(beforeMs);
      const before = await writer.take();
      const beforeBytes = memoryBytes(master.pid);
      const peak = watchMemory(master.pid);
      const { ms } = await timeFullSync(master, replica);
      const meanwhile = await writer.take();
      return {
        syncMs: ms,
        p99BeforeMs: before.p99Ms,
        p99Ms: meanwhile.p99Ms,
        rateShare: meanwhile.writesPerSecond / writesPerSecond,
        extraShare: (peak.stop() - beforeBytes) / (beforeBytes - emptyBytes),
      };
    } finally {
      await writer.stop();
    }
  } finally {
    await closeAll(servers);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function watchMemory(pid: number): { stop(): number } {
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, memoryBytes(pid));
  }, sampleEveryMs);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(peakBytes, memoryBytes(pid));
    },
  };
}

/** Resident memory of a process, and what its children have for themselves. NaN without /proc. */
function memoryBytes(pid: number): number {
  const children = readProc(`${pid}/task/${pid}/children`)?.trim().split(/\s+/) ?? [];
  const ofChildren = children
    .filter((child) => child !== '')
    .map((child) => kilobytes(readProc(`${child}/smaps_rollup`), 'Private_Dirty') ?? 0);
  const own = kilobytes(readProc(`${pid}/status`), 'VmRSS') ?? NaN;
  return (own + ofChildren.reduce((sum, each) => sum + each, 0)) * 1024;
}

function kilobytes(text: string | undefined, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text ?? '');
  return found === null ? undefined : Number(found[1]);
}

/** A child may be gone by now. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}
