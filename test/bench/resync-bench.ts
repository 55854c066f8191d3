/**
 * A partial resync with half a megabyte missed, from the break until the replica has caught up.
 *
 *   killed   the master drops the link and writes in the same turn; both kinds connect again at once
 *   cut      the way to the master is closed for a while; when it is open again, Redis tries within
 *            the next second of its cron, and so do we: the time is mostly that of waiting
 */
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { encodeCommand, type RespClient } from '../support/resp-client.ts';
import type { ServerProgram, TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { median } from './figures.ts';
import type { ReplicationBenchPlan, ReplicationBenchRow } from './replication-bench.ts';
import { closeAll, startFast, startFilled, valueBytes } from './replication-rig.ts';

const missedWrites = 4000;
const cutMs = 300;
/** A link that has just come up is not tried again at once when it breaks. */
const restMs = 1500;
/** Breaks per round: a wait of up to a second wants some. */
const breaksPerRound = 5;
const pollMs = 1;
const goal = 2;

type Break = 'killed' | 'cut';

export async function* benchResync({
  sides,
  rounds,
}: ReplicationBenchPlan): AsyncGenerator<ReplicationBenchRow> {
  for (const kind of ['killed', 'cut'] as const) {
    const times = sides.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [at, program] of sides.entries()) {
        times[at].push(...(await measure(program, kind)));
      }
    }
    const [a, b] = times.map(median);
    yield { name: `partial resync, link ${kind}`, unit: 'ms', values: [a, b], goal };
  }
}

async function measure(program: ServerProgram, kind: Break): Promise<number[]> {
  const servers: TestServer[] = [];
  const master = await startFilled(program, 0);
  servers.push(master);
  const proxy = await startTcpProxy(master);
  try {
    const replica = await startFast(program);
    servers.push(replica);
    await replica.cli('REPLICAOF', '127.0.0.1', proxy.port);
    const [writer, reader] = [await master.connect(), await replica.connect()];
    await caughtUp(writer, reader);
    const times: number[] = [];
    while (times.length < breaksPerRound) {
      await pause(restMs);
      times.push(await (kind === 'killed' ? kill(writer, reader) : cut(proxy, writer, reader)));
    }
    await checkPartial(master, breaksPerRound);
    return times;
  } finally {
    await proxy.close();
    await closeAll(servers);
  }
}

async function kill(writer: RespClient, reader: RespClient): Promise<number> {
  const startedAt = performance.now();
  const requests = [encodeCommand(['CLIENT', 'KILL', 'TYPE', 'replica']), ...writes()];
  await writer.exchange(Buffer.concat(requests), requests.length);
  await caughtUp(writer, reader);
  return performance.now() - startedAt;
}

/** From the moment when the way is open again. */
async function cut(
  proxy: Awaited<ReturnType<typeof startTcpProxy>>,
  writer: RespClient,
  reader: RespClient,
): Promise<number> {
  await proxy.cut();
  await writer.exchange(Buffer.concat(writes()), missedWrites);
  await pause(cutMs);
  const startedAt = performance.now();
  await proxy.restore();
  await caughtUp(writer, reader);
  return performance.now() - startedAt;
}

function writes(): Buffer[] {
  const value = 'x'.repeat(valueBytes);
  return Array.from({ length: missedWrites }, (_, at) =>
    encodeCommand(['SET', `key:${at}`, value]),
  );
}

async function caughtUp(writer: RespClient, reader: RespClient): Promise<void> {
  const wanted = fieldOf(await writer.must('INFO', 'replication'), 'master_repl_offset');
  await waitFor(
    async () => {
      const info = await reader.must('INFO', 'replication');
      const offset = Number(fieldOf(info, 'master_repl_offset'));
      return fieldOf(info, 'master_link_status') === 'up' && offset >= Number(wanted);
    },
    { intervalMs: pollMs, what: 'the replica to catch up' },
  );
}

function fieldOf(info: unknown, name: string): string {
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(String(info))?.[1] ?? '';
}

async function checkPartial(master: TestServer, breaks: number): Promise<void> {
  const [full, partial] = [await master.info('sync_full'), await master.info('sync_partial_ok')];
  if (full === '1' && Number(partial) >= breaks) return;
  throw new Error(
    `${master.kind}: ${full} full and ${partial} partial resyncs for ${breaks} breaks`,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
