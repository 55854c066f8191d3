/** What the replication benches start and wait for. */
import { waitFor } from '../support/wait-for.ts';
import {
  startServerProcess,
  type ServerProgram,
  type TestServer,
} from '../support/server-process.ts';

export const valueBytes = 100;

/** The fastest of Redis's own ways, and the same work for both sides. */
const fastestArgs = [
  ['--repl-diskless-sync', 'yes', '--repl-diskless-load', 'swapdb'],
  ['--rdbcompression', 'no', '--client-output-buffer-limit', 'replica 0 0 0'],
].flat();

/** A full sync of many keys on a machine with other work. */
const syncTimeoutMs = 120_000;
const pollMs = 2;

export function startFast(
  program: ServerProgram,
  options: { args?: readonly string[] } = {},
): Promise<TestServer> {
  return startServerProcess(program, { args: [...fastestArgs, ...(options.args ?? [])] });
}

/** A master with so many keys. */
export async function startFilled(program: ServerProgram, keys: number): Promise<TestServer> {
  const master = await startFast(program, { args: ['--repl-backlog-size', '64mb'] });
  if (keys === 0) return master;
  await master.cli('DEBUG', 'POPULATE', keys, 'key', valueBytes);
  const size = await master.cli('DBSIZE');
  if (Number(size) !== keys) throw new Error(`${master.kind} holds ${size} keys, not ${keys}`);
  return master;
}

/** Each follows the one before it; all are up. */
export async function startChain(
  program: ServerProgram,
  master: TestServer,
  hops: number,
): Promise<TestServer[]> {
  const chain: TestServer[] = [];
  for (let above = master; chain.length < hops; above = chain[chain.length - 1]) {
    const replica = await startFast(program);
    chain.push(replica);
    await replica.cli('REPLICAOF', '127.0.0.1', above.port);
    await waitFor(async () => (await replica.info('master_link_status')) === 'up', {
      timeoutMs: syncTimeoutMs,
      what: `${replica.kind} to follow`,
    });
  }
  return chain;
}

/** Milliseconds from REPLICAOF until the link is up and as many keys are there. */
export async function timeFullSync(
  master: TestServer,
  replica: TestServer,
): Promise<{ ms: number; keys: number }> {
  const keys = Number(await master.cli('DBSIZE'));
  const client = await replica.connect();
  try {
    const startedAt = performance.now();
    await client.must('REPLICAOF', '127.0.0.1', master.port);
    let ms = NaN;
    await waitFor(
      async () => {
        const info = await client.must('INFO', 'replication');
        if (typeof info !== 'string' || !info.includes('master_link_status:up')) return false;
        if (Number(await client.must('DBSIZE')) !== keys) return false;
        ms = performance.now() - startedAt;
        return true;
      },
      { timeoutMs: syncTimeoutMs, intervalMs: pollMs, what: `${replica.kind} to be in sync` },
    );
    return { ms, keys };
  } finally {
    client.close();
  }
}

export async function closeAll(servers: readonly (TestServer | undefined)[]): Promise<void> {
  for (const server of servers) await server?.close();
}
