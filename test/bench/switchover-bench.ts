/**
 * How long writers wait while another node becomes the master, and what they lose: `repl promote` and
 * the server's own FAILOVER (with the siblings reparented after it) in turn, under two writers that
 * try the next node when one answers READONLY. `npm run bench -- switchover --runs 100`. The gap is
 * the longest time between two OKs that one writer sees.
 */
import { runChange } from '../../src/cli/change/run-change.ts';
import { observe, type Observation } from '../../src/cli/observe.ts';
import { planChange } from '../../src/topology/plan/plan.ts';
import { systemClock } from '../../src/util/clock.ts';
import { startServer, type ServerKind } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { figure, median, percentile, row } from './figures.ts';
import { unattendedChange } from '../support/unattended-change.ts';

export interface SwitchoverBenchPlan {
  kinds: readonly ServerKind[];
  /** Of each method. */
  runs: number;
  json: boolean;
}

const methods = ['promote', 'FAILOVER'] as const;
type Method = (typeof methods)[number];

interface Run {
  gapMs: number;
  acknowledged: number;
  lost: number;
  fullResyncs: number;
}

const writers = 2;
const host = '127.0.0.1';

/** Writes of each writer before and after, so that it is under way when it happens. */
const writesAround = 50;

/** What we want: nothing lost, nothing copied, and such gaps. */
const goals = { medianMs: 50, p99Ms: 250, ratio: 0.1 };

export async function benchSwitchover(plan: SwitchoverBenchPlan): Promise<void> {
  const results = [];
  for (const kind of plan.kinds) {
    const runs = await runKind(kind, plan.runs);
    results.push({
      kind,
      ...Object.fromEntries(methods.map((method) => [method, sum(runs[method])])),
    });
    if (!plan.json) for (const line of table(kind, runs)) console.log(line);
  }
  if (plan.json) console.log(JSON.stringify({ plan, goals, results }, null, 2));
}

async function runKind(kind: ServerKind, count: number): Promise<Record<Method, Run[]>> {
  const runs: Record<Method, Run[]> = { promote: [], FAILOVER: [] };
  const state = await makeTempDir('switchover');
  const servers = await startStar(kind);
  try {
    for (let n = 0; n < count; n++) {
      for (const method of methods) {
        runs[method].push(await runOnce(servers, { method, n, stateDir: state.path }));
      }
    }
    return runs;
  } finally {
    for (const server of servers) await server.close();
    await state.close();
  }
}

async function startStar(kind: ServerKind): Promise<TestServer[]> {
  const master = await startServer(kind);
  const below = { args: ['--replicaof', `${host} ${master.port}`] };
  return [master, await startServer(kind, below), await startServer(kind, below)];
}

/** One switchover under writers, from a healthy setup to a healthy setup. */
async function runOnce(
  servers: readonly TestServer[],
  { method, n, stateDir }: { method: Method; n: number; stateDir: string },
): Promise<Run> {
  const { master, replicas } = await waitFor(() => healthy(servers), {
    timeoutMs: 60_000,
    what: 'a healthy setup',
  });
  await master.cli('FLUSHALL');
  const target = replicas[n % replicas.length];
  const before = await copiesGiven(servers);
  const loads = Array.from({ length: writers }, (_, at) =>
    startWriter(servers, servers.indexOf(master), `w${at}`),
  );
  try {
    await waitFor(() => loads.every(({ acknowledged }) => acknowledged.length >= writesAround));
    if (method === 'promote') await promote(master, { target, stateDir });
    else await failOver(master, { target, replicas });
    const counts = loads.map(({ acknowledged }) => acknowledged.length + writesAround);
    await waitFor(() => loads.every(({ acknowledged }, at) => acknowledged.length >= counts[at]));
  } finally {
    for (const load of loads) await load.stop();
  }
  await waitFor(() => healthy(servers), { timeoutMs: 60_000, what: 'a healthy setup afterwards' });
  const keys = loads.flatMap(({ acknowledged }) => acknowledged);
  return {
    gapMs: Math.max(...loads.map(({ gapMs }) => gapMs())),
    acknowledged: keys.length,
    lost: await countMissing(target, keys),
    fullResyncs: (await copiesGiven(servers)) - before,
  };
}

/** As `repl promote --yes`, without the start of the program. */
async function promote(
  master: TestServer,
  { target, stateDir }: { target: TestServer; stateDir: string },
): Promise<void> {
  const before = await observeAt(master);
  const node = before.find(`${host}:${target.port}`).id;
  const { document, error } = await runChange({
    ...unattendedChange,
    before,
    plan: (topology) => planChange(topology, { kind: 'promote', node }, { persist: false }),
    command: 'repl promote',
    askWhen: 'warned',
    // A plan that warns is none that we measure.
    confirm: undefined,
    stateDir,
  });
  if (document.outcome !== 'done')
    throw new Error(`promote: ${document.outcome}`, { cause: error });
}

function observeAt({ port }: TestServer): Promise<Observation> {
  return observe({
    words: [`${host}:${port}`],
    lab: undefined,
    credentials: {},
    timeoutMs: 5000,
    clock: systemClock,
  });
}

async function failOver(
  master: TestServer,
  { target, replicas }: { target: TestServer; replicas: readonly TestServer[] },
): Promise<void> {
  await master.cli('FAILOVER', 'TO', host, target.port, 'TIMEOUT', 10_000);
  await waitFor(async () => (await target.info('role')) === 'master', { intervalMs: 1 });
  for (const sibling of replicas) {
    if (sibling !== target) await sibling.cli('REPLICAOF', host, target.port);
  }
}

async function healthy(
  servers: readonly TestServer[],
): Promise<{ master: TestServer; replicas: TestServer[] } | undefined> {
  const roles = await Promise.all(servers.map((server) => server.info('role')));
  const replicas = servers.filter((_, at) => roles[at] === 'slave');
  const master = servers[roles.indexOf('master')];
  const links = await Promise.all(
    replicas.map(async (replica) => [
      await replica.info('master_link_status'),
      await replica.info('master_port'),
    ]),
  );
  const isFed = links.every(([status, port]) => status === 'up' && port === String(master?.port));
  return replicas.length === servers.length - 1 && isFed ? { master, replicas } : undefined;
}

interface Writer {
  readonly acknowledged: readonly string[];
  gapMs(): number;
  stop(): Promise<void>;
}

/** Sets key after key, on the next node whenever one refuses. */
function startWriter(servers: readonly TestServer[], first: number, name: string): Writer {
  const acknowledged: string[] = [];
  const running = new AbortController();
  let gapMs = 0;
  const loop = (async () => {
    const clients = await Promise.all(servers.map((server) => server.connect()));
    let lastMs = performance.now();
    for (let n = 0, at = first; !running.signal.aborted; n++) {
      const reply = await clients[at].command('SET', `${name}:${n}`, n);
      if (reply !== 'OK') {
        at = (at + 1) % clients.length;
        continue;
      }
      const nowMs = performance.now();
      if (acknowledged.length > 0) gapMs = Math.max(gapMs, nowMs - lastMs);
      lastMs = nowMs;
      acknowledged.push(`${name}:${n}`);
    }
    for (const client of clients) client.close();
  })();
  return {
    acknowledged,
    gapMs: () => gapMs,
    stop: async () => {
      running.abort();
      await loop;
    },
  };
}

async function countMissing(server: TestServer, keys: readonly string[]): Promise<number> {
  const client = await server.connect();
  const found = await client.pipeline(keys.map((key) => ['EXISTS', key]));
  client.close();
  return found.filter((exists) => exists !== 1).length;
}

async function copiesGiven(servers: readonly TestServer[]): Promise<number> {
  const counts = await Promise.all(servers.map((server) => server.info('sync_full')));
  return counts.reduce((total, count) => total + Number(count), 0);
}

function sum(runs: readonly Run[]) {
  const gaps = runs.map(({ gapMs }) => gapMs);
  const total = (pick: (run: Run) => number): number =>
    runs.reduce((all, run) => all + pick(run), 0);
  return {
    runs: runs.length,
    acknowledged: total(({ acknowledged }) => acknowledged),
    lost: total(({ lost }) => lost),
    fullResyncs: total(({ fullResyncs }) => fullResyncs),
    medianMs: median(gaps),
    p90Ms: percentile(gaps, 90),
    p99Ms: percentile(gaps, 99),
    maxMs: Math.max(...gaps),
  };
}

const widths = [22, 6, 13, 6, 7, 9, 8, 8, 8];

function table(kind: ServerKind, runs: Record<Method, Run[]>): string[] {
  const sums = methods.map((method) => ({ method, ...sum(runs[method]) }));
  const lines = sums.map(({ method, ...each }) =>
    row(
      [
        `${kind}, ${method}`,
        figure(each.runs),
        figure(each.acknowledged),
        figure(each.lost),
        figure(each.fullResyncs),
        figure(each.medianMs, 1),
        figure(each.p90Ms, 1),
        figure(each.p99Ms, 1),
        figure(each.maxMs, 1),
      ],
      widths,
    ),
  );
  const ratio = sums[0].medianMs / sums[1].medianMs;
  const wanted = `goals: 0 lost, 0 copies, median ${goals.medianMs} ms and ${goals.ratio} of FAILOVER's, p99 ${goals.p99Ms} ms`;
  return [
    row(
      ['gap in ms', 'runs', 'acknowledged', 'lost', 'copies', 'median', 'p90', 'p99', 'max'],
      widths,
    ),
    ...lines,
    `ratio of the medians: ${figure(ratio, 3)} (${wanted})`,
    '',
  ];
}
