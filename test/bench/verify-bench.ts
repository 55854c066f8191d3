/**
 * `npm run bench -- verify`: a million keys of every type on a master under 2,000 writes a second, a
 * hundred damaged ones on its replica, compared by both ways of reading. Each round copies the data
 * set anew and damages other keys. It prints what was found of what was damaged, what was called
 * different and is not, and how fast. `--tests redis7,bundled` says on which kinds of server.
 */
import { waitForSync } from '../support/digest.ts';
import { startServer, type ServerKind } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { compareServers, foundBy } from '../topology/verify/compare-servers.ts';
import { damage, fill, startWriter } from '../topology/verify/seeded-data.ts';
import { figure, median, row } from './figures.ts';

export interface VerifyBenchPlan {
  readonly kinds: readonly ServerKind[];
  readonly keys: number;
  readonly rounds: number;
  readonly json: boolean;
}

const damaged = 100;
const writesPerSecond = 2000;

interface Run {
  readonly kind: ServerKind;
  readonly round: number;
  readonly by: string;
  readonly found: number;
  readonly falseAlarms: number;
  readonly unsettled: number;
  readonly end: string;
  readonly seconds: number;
  readonly keysPerSecond: number;
  /** What the writer came to, and the share of a processor that the master took meanwhile. */
  readonly writesPerSecond: number;
  readonly masterCpuShare: number;
}

export async function benchVerify(plan: VerifyBenchPlan): Promise<void> {
  const runs: Run[] = [];
  if (!plan.json) for (const line of heading(plan)) console.log(line);
  for (const kind of plan.kinds) {
    for await (const run of benchKind(kind, plan)) {
      runs.push(run);
      if (!plan.json) console.log(formatRun(run));
    }
  }
  if (plan.json) console.log(JSON.stringify({ plan, runs }, null, 2));
  else for (const line of summary(runs)) console.log(line);
}

async function* benchKind(
  kind: ServerKind,
  { keys, rounds }: VerifyBenchPlan,
): AsyncGenerator<Run> {
  const master = await startServer(kind);
  const replica = await startServer(kind);
  try {
    await fill(master, keys, 1);
    for (let round = 1; round <= rounds; round++) {
      await copyAnew(master, replica);
      const expected = await damage(replica, { keys, count: damaged, seed: round });
      for (const compareBy of ['auto', 'elements'] as const) {
        const writer = await startWriter(master, { keys, writesPerSecond, seed: round });
        const cpuBefore = await cpuSeconds(master);
        const result = await compareServers(master, replica, { compareBy, waitMs: 60_000 });
        const cpuTaken = (await cpuSeconds(master)) - cpuBefore;
        await writer.stop();
        const found = foundBy(result);
        const right = [...found].filter(([key, difference]) => expected.get(key) === difference);
        const seconds = result.elapsedMs / 1000;
        yield {
          kind,
          round,
          by: result.comparedBy ?? 'nothing',
          found: right.length,
          falseAlarms: found.size - right.length,
          unsettled: result.unsettled.length,
          end: result.end.kind,
          seconds,
          keysPerSecond: Math.max(result.masterKeys, result.replicaKeys) / seconds,
          writesPerSecond: writer.writes / seconds,
          masterCpuShare: cpuTaken / seconds,
        };
      }
    }
  } finally {
    await Promise.all([master.close(), replica.close()]);
  }
}

/** Whatever was damaged is gone: the replica has its own history now, and must copy everything. */
async function copyAnew(master: TestServer, replica: TestServer): Promise<void> {
  await replica.cli('REPLICAOF', 'NO', 'ONE');
  await replica.cli('FLUSHALL', 'ASYNC');
  await replica.cli('REPLICAOF', '127.0.0.1', master.port);
  const isUp = async (): Promise<boolean> => (await replica.info('master_link_status')) === 'up';
  await waitFor(isUp, { timeoutMs: 300_000, intervalMs: 200, what: 'the copy' });
  await waitForSync(master, replica);
}

async function cpuSeconds(server: TestServer): Promise<number> {
  const fields = [await server.info('used_cpu_user'), await server.info('used_cpu_sys')];
  return fields.reduce((sum, text) => sum + Number(text), 0);
}

const widths = [10, 6, 9, 10, 13, 10, 9, 8, 9, 9, 11];

function heading({ keys, rounds }: VerifyBenchPlan): string[] {
  return [
    `${figure(keys)} keys, ${damaged} damaged, ${figure(writesPerSecond)} writes/s, ${rounds} rounds`,
    '',
    row(
      [
        'kind',
        'round',
        'by',
        'found',
        'false alarms',
        'unsettled',
        'end',
        'seconds',
        'keys/s',
        'writes/s',
        'master cpu',
      ],
      widths,
    ),
  ];
}

function formatRun(run: Run): string {
  const cells = [
    run.kind,
    String(run.round),
    run.by,
    `${run.found}/${damaged}`,
    String(run.falseAlarms),
    String(run.unsettled),
    run.end,
    figure(run.seconds, 1),
    figure(run.keysPerSecond),
    figure(run.writesPerSecond),
    `${figure(100 * run.masterCpuShare)} %`,
  ];
  return row(cells, widths);
}

function summary(runs: readonly Run[]): string[] {
  const falseAlarms = runs.reduce((sum, run) => sum + run.falseAlarms, 0);
  const complete = runs.filter(({ found }) => found === damaged).length;
  const speed = median(runs.map(({ keysPerSecond }) => keysPerSecond));
  return [
    '',
    `all found in ${complete} of ${runs.length} runs, ${falseAlarms} false alarms, median ${figure(speed)} keys/s`,
  ];
}
