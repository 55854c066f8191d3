/**
 * What persistence-bench.ts measures on one server: each function does its work once and says how long
 * it took, or how it was for the clients meanwhile.
 */
import { readFileSync } from 'node:fs';
import {
  encodeCommand,
  formatReply,
  type RespArg,
  type RespClient,
} from '../support/resp-client.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { median } from './figures.ts';
import { readLoopDelays } from './loop-delays.ts';
import { runBenchmark } from './redis-benchmark.ts';

/** What one run gives, by the name of its line. */
export type Figures = Readonly<Record<string, number>>;

export interface Load {
  /** The redis-benchmark to use. */
  readonly tool: string;
  /** Of each run. */
  readonly seconds: number;
}

export const valueBytes = 100;
export const clients = 50;
const pipeline = 16;
const pollMs = 5;

/** Everything once, on one side; the data set is the same afterwards. */
export async function measure(plan: Load, server: TestServer, keys: number): Promise<Figures> {
  const client = await server.connect();
  const idle = await timeBgsave(client);
  const load = (): Promise<number> => runLoad(plan, server, keys);
  await load(); // The trial, which also warms a JIT.
  const { result: plain, ...without } = await watched(server, load);
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
    'longest pause of the loop then': snapshot.longestPauseMs,
    'longest wait of a PING then': snapshot.longestPingMs,
    'the same without a snapshot': without.longestPingMs,
    'more memory then': snapshot.moreMemory,
    'load of the RDB': rdb,
    'load of the AOF, RDB preamble': aof,
    'SET -P 16, no AOF': plain,
    'SET -P 16, everysec': appending,
    'everysec against no AOF': appending / plain,
  };
}

export async function fill(server: TestServer, keys: number): Promise<void> {
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
  { tool, seconds }: Load,
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

/** What a load gives, and what a client that only sends PINGs sees meanwhile. */
async function watched<T>(
  server: TestServer,
  load: () => Promise<T>,
): Promise<{ result: T; longestPingMs: number; peakBytes: number }> {
  const watcher = new Watcher(server, await server.connect());
  try {
    const result = await load();
    return { result, longestPingMs: watcher.longestMs, peakBytes: watcher.peakBytes };
  } finally {
    await watcher.stop();
  }
}

/** One BGSAVE after the other while the load runs. */
async function saveUnderLoad(
  server: TestServer,
  client: RespClient,
  load: () => Promise<number>,
): Promise<{
  saveSec: number;
  requestsPerSecond: number;
  longestPauseMs: number;
  longestPingMs: number;
  moreMemory: number;
}> {
  const before = residentBytes(server.pid);
  const logged = server.log().length;
  const saves: number[] = [];
  const { result, longestPingMs, peakBytes } = await watched(server, async () => {
    const loaded = new AbortController();
    const saving = (async () => {
      while (!loaded.signal.aborted) saves.push(await timeBgsave(client));
    })();
    const requestsPerSecond = await load().finally(() => loaded.abort());
    await saving;
    return requestsPerSecond;
  });
  // What a forked child has copied is its own, and not in the server's figure.
  const copied = Number(await field(client, 'rdb_last_cow_size'));
  return {
    saveSec: median(saves),
    requestsPerSecond: result,
    longestPauseMs: await longestPause(client, server.log().slice(logged)),
    longestPingMs,
    moreMemory: (Math.max(peakBytes - before, 0) + copied) / before,
  };
}

/** What a bundled server has said of its loop; of another one, what it takes to fork. */
async function longestPause(client: RespClient, log: string): Promise<number> {
  const delays = readLoopDelays(log);
  if (delays.length > 0) return Math.max(...delays.map(({ maxMs }) => maxMs));
  return Number(await field(client, 'latest_fork_usec', 'stats')) / 1000;
}

/** Sends a PING after the other, and looks at the server's memory. */
class Watcher {
  longestMs = 0;
  peakBytes = 0;
  isOn = true;
  readonly #done: Promise<void>;

  constructor(server: TestServer, client: RespClient) {
    this.#done = this.#run(server, client);
  }

  async stop(): Promise<void> {
    this.isOn = false;
    await this.#done;
  }

  async #run({ pid }: TestServer, client: RespClient): Promise<void> {
    while (this.isOn) {
      const startMs = performance.now();
      await client.must('PING');
      this.longestMs = Math.max(this.longestMs, performance.now() - startMs);
      this.peakBytes = Math.max(this.peakBytes, residentBytes(pid));
      await sleep(1);
    }
    client.close();
  }
}

/** A collection of each type: how an element is added, and how one is changed later. */
const collections: Readonly<
  Record<string, { add: (at: number) => RespArg[]; change: readonly RespArg[] }>
> = {
  hash: {
    add: (at) => ['HSET', 'hash', `field:${at}`, at],
    change: ['HSET', 'hash', 'field:7', 'x'],
  },
  set: { add: (at) => ['SADD', 'set', `member:${at}`], change: ['SREM', 'set', 'member:7'] },
  zset: {
    add: (at) => ['ZADD', 'zset', at, `member:${at}`],
    change: ['ZINCRBY', 'zset', 5, 'member:7'],
  },
  list: { add: (at) => ['RPUSH', 'list', `element:${at}`], change: ['LPUSH', 'list', 'x'] },
  stream: {
    add: (at) => ['XADD', 'stream', `${at + 1}-0`, 'f', 'v'],
    change: ['XADD', 'stream', '*', 'f', 'v'],
  },
};

/** One collection of each type with so many elements: the longest PING while all change in a BGSAVE. */
export async function measureLarge(server: TestServer, elements: number): Promise<number> {
  const client = await server.connect();
  await client.must('FLUSHALL');
  for (const { add } of Object.values(collections)) {
    for (let first = 0; first < elements; first += 1000) {
      const commands = Array.from({ length: 1000 }, (_, at) => encodeCommand(add(first + at)));
      await client.exchange(Buffer.concat(commands), commands.length);
    }
  }
  const watcher = new Watcher(server, await server.connect());
  const saving = timeBgsave(client);
  const writer = await server.connect();
  for (const { change } of Object.values(collections)) await writer.must(...change);
  await saving;
  await watcher.stop();
  writer.close();
  client.close();
  return watcher.longestMs;
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

async function field(client: RespClient, name: string, section = 'persistence'): Promise<string> {
  const text = formatReply(await client.must('INFO', section));
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
