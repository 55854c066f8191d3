/**
 * The tool dies after every step of every verb; resume and rollback must end healthy, with nothing
 * acknowledged lost and never two nodes that take writes. KILL_ROUNDS=20 makes the long run of it, on
 * all kinds of server, with both ways from every step; without, they take turns.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runAgain } from '../../../src/cli/change/resume-change.ts';
import { judgeStatus } from '../../../src/cli/judge-status.ts';
import { isOpen, type Direction } from '../../../src/topology/change/change-record.ts';
import { readRecords } from '../../../src/topology/change/journal.ts';
import type { ChangeThenDie } from '../../support/change-then-die.ts';
import { unattendedChange } from '../../support/unattended-change.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { SteadyWriter } from '../../support/steady-writer.ts';
import { edgesOf, liveKinds, look, startTree } from '../../topology/live.ts';

const use = useResources();
const isLong = process.env['KILL_ROUNDS'] !== undefined;
const rounds = Number(process.env['KILL_ROUNDS'] ?? 1);
const kinds = isLong ? liveKinds : (['bundled', 'redis7'] as const);
const roundTimeoutMs = 120_000;
const script = fileURLToPath(new URL('../../support/change-then-die.ts', import.meta.url));
const verbs = ['promote', 'reparent', 'apply'] as const;
const directions: readonly Direction[] = ['resume', 'rollback'];

/** A master, two replicas, and one below the second. */
const tree = { a: undefined, b: 'a', c: 'a', d: 'c' } as const;

type Servers = Record<keyof typeof tree, TestServer>;

for (const kind of kinds) {
  for (const verb of verbs) {
    it(
      `on ${kind}, ${verb} ends healthy, whichever step its command died after`,
      async (context) => {
        needServer(context, kind);
        const servers = await startTree(use, kind, tree);
        const ports = Object.values(servers).map(({ port }) => port);
        for (let round = 0; round < (isLong ? rounds * 2 : 1); round++) {
          let steps = 1;
          const direction = (): Direction => directions[(steps + round) % 2];
          while (await dieThenTakeUp({ servers, ports, verb, direction: direction(), steps })) {
            steps++;
          }
          // It died after each step of a plan that had some.
          expect(steps).toBeGreaterThan(verb === 'reparent' ? 2 : 6);
        }
      },
      roundTimeoutMs * rounds,
    );
  }
}

interface Case {
  readonly servers: Servers;
  readonly ports: readonly number[];
  readonly verb: (typeof verbs)[number];
  readonly direction: Direction;
  readonly steps: number;
}

/** False when the change had fewer steps than it was to die after. */
async function dieThenTakeUp(what: Case): Promise<boolean> {
  const { servers, ports, direction } = what;
  const stateDir = await use.tempDir();
  const writers = ['w1', 'w2'].map((key) => new SteadyWriter(`${key}:${stateDir}`, ports));
  try {
    await Promise.all(writers.map((writer) => writer.progress()));
    const before = edgesOf(await look(servers.a));
    const died = await changeThenDie(task(what, before, stateDir));
    expect(await mastersAmong(servers)).toBeLessThanOrEqual(1);
    const records = await readRecords(stateDir);
    expect(records.map(isOpen)).toEqual([died]);
    if (died) await takeUp(servers, stateDir, direction);
    expect(await mastersAmong(servers)).toBe(1);
    expect(await pingPeriods(servers)).toEqual(['10']);
    if (died && direction === 'rollback') expect(edgesOf(await look(servers.a))).toEqual(before);
    await Promise.all(writers.map((writer) => writer.progress()));
    for (const writer of writers) {
      await writer.stop();
      expect(await writer.lostAt(await masterPort(servers))).toEqual([]);
    }
    return died;
  } finally {
    await Promise.all(writers.map((writer) => writer.stop()));
  }
}

/** The next move from where everything is now: rounds leave other masters behind. */
function task(
  { servers, ports, verb, steps }: Case,
  edges: readonly string[],
  stateDir: string,
): ChangeThenDie {
  const upstreamOf = new Map(
    edges.map((edge) => edge.split(' -> ').map(Number) as [number, number]),
  );
  const isUpstream = new Set(upstreamOf.values());
  const master = ports.find((port) => !upstreamOf.has(port)) ?? 0;
  const common = { port: servers.a.port, stateDir, steps };
  if (verb === 'apply') {
    // A chain below another master: nobody stays where it was.
    const chain = [...ports.filter((port) => port !== master).reverse(), master];
    return { ...common, shape: chain.map((port, at) => [port, at === 0 ? null : chain[at - 1]]) };
  }
  if (verb === 'promote') {
    return { ...common, node: ports.find((port) => upstreamOf.get(port) === master) ?? 0 };
  }
  const leaf = ports.findLast((port) => !isUpstream.has(port)) ?? 0;
  const other = ports.find((port) => port !== leaf && port !== upstreamOf.get(leaf)) ?? 0;
  return { ...common, node: leaf, upstream: other };
}

/** True when it was killed, false when it came to its end. */
async function changeThenDie(what: ChangeThenDie): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(what)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal === 'SIGKILL' || code === 0) return signal === 'SIGKILL';
  throw new Error(`the change failed (${code}): ${stderr}`);
}

async function takeUp(servers: Servers, stateDir: string, direction: Direction): Promise<void> {
  const records = await readRecords(stateDir);
  const before = await look(servers.a, { extra: Object.values(servers) });
  const written: string[] = [];
  const result = await runAgain({
    ...unattendedChange,
    record: records[0],
    direction,
    before,
    stateDir,
    write: (text) => void written.push(text),
  });
  if (result.document.outcome !== 'done') {
    throw new Error(`${direction} ended ${result.document.outcome}:\n${written.join('')}`);
  }
  expect((await readRecords(stateDir)).map(isOpen)).toEqual([false]);
  const after = judgeStatus(await before.again());
  expect(after.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
}

async function mastersAmong(servers: Servers): Promise<number> {
  const roles = await Promise.all(Object.values(servers).map((server) => server.info('role')));
  return roles.filter((role) => role === 'master').length;
}

/** Whoever dies while PINGs are held must not leave them so. */
async function pingPeriods(servers: Servers): Promise<string[]> {
  const replies = await Promise.all(
    Object.values(servers).map((server) => server.cli('CONFIG', 'GET', 'repl-ping-replica-period')),
  );
  return [...new Set(replies.map((reply) => reply.trim().split('\n')[1]))];
}

async function masterPort(servers: Servers): Promise<number> {
  for (const server of Object.values(servers)) {
    if ((await server.info('role')) === 'master') return server.port;
  }
  throw new Error('no master');
}
