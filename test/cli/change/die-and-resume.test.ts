/**
 * The tool dies after every step of every verb; resume and rollback must end healthy, with nothing
 * acknowledged lost, and never two nodes that take writes unless that was asked for. KILL_ROUNDS=20
 * makes the long run of it, on all kinds of server, with both ways from every step; without, ways
 * and kinds take turns. KILL_VERBS=promote,force and KILL_KINDS=redis7 choose.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runAgain } from '../../../src/cli/change/resume-change.ts';
import { judgeStatus } from '../../../src/cli/judge-status.ts';
import { isOpen, type Direction } from '../../../src/topology/change/change-record.ts';
import { readFences } from '../../../src/topology/change/fence.ts';
import { readRecords } from '../../../src/topology/change/journal.ts';
import type { ChangeThenDie } from '../../support/change-then-die.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { SteadyWriter } from '../../support/steady-writer.ts';
import { unattendedChange } from '../../support/unattended-change.ts';
import { liveKinds, startTree } from '../../topology/live.ts';
import { scenarios, type Scenario } from './die-scenarios.ts';
import { LiveTree } from './live-tree.ts';

const use = useResources();
const isLong = process.env['KILL_ROUNDS'] !== undefined;
const rounds = Number(process.env['KILL_ROUNDS'] ?? 1);
const kinds = chosen('KILL_KINDS', isLong ? liveKinds : (['bundled', 'redis7'] as const));
const verbs = chosen('KILL_VERBS', Object.keys(scenarios) as (keyof typeof scenarios)[]);
const roundTimeoutMs = 240_000;
const script = fileURLToPath(new URL('../../support/change-then-die.ts', import.meta.url));
const directions: readonly Direction[] = ['resume', 'rollback'];

/** A master, two replicas, and one below the second. */
const shape = { a: undefined, b: 'a', c: 'a', d: 'c' } as const;

describe.for(kinds)('on %s', (kind) => {
  it.for(verbsFor(kind))(
    '%s ends healthy, whichever step its command died after',
    { timeout: roundTimeoutMs * rounds },
    async (verb, context) => {
      needServer(context, kind);
      const scenario: Scenario = scenarios[verb];
      const tree = new LiveTree(Object.values(await startTree(use, kind, shape)));
      const tookMs: number[] = [];
      for (let round = 0; round < (isLong ? rounds * 2 : 1); round++) {
        let steps = 0;
        const direction = (): Direction => directions[(steps + round) % 2];
        while (await dieThenTakeUp({ tree, scenario, direction: direction(), steps, tookMs })) {
          steps++;
        }
        // It died after each step of a plan that had some.
        expect(steps).toBeGreaterThanOrEqual(scenario.stepsAtLeast);
      }
      if (isLong) {
        const worst = Math.round(Math.max(...tookMs));
        console.log(`${kind}, ${verb}: taken up ${tookMs.length} times, in ${worst} ms at most`);
      }
    },
  );
});

/** The short run tries each verb on one of the kinds, and the one that matters most on all. */
function verbsFor(kind: (typeof kinds)[number]): typeof verbs {
  const isAll = isLong || verbs.length < kinds.length;
  const isTurn = (at: number): boolean => kinds[at % kinds.length] === kind;
  return verbs.filter((verb, at) => isAll || verb === 'promote' || isTurn(at));
}

interface Death {
  readonly tree: LiveTree;
  readonly scenario: Scenario;
  readonly direction: Direction;
  readonly steps: number;
  /** How long it took until all was well again is added. */
  readonly tookMs: number[];
}

/** False when the change had fewer steps than it was to die after. */
async function dieThenTakeUp(death: Death): Promise<boolean> {
  const { tree, scenario, direction, steps, tookMs } = death;
  const stateDir = await use.tempDir();
  const writers = await startWriters('before', tree.ports);
  await progress(writers);
  await Promise.all(writers.map((writer) => writer.stop()));
  const ask = await scenario.ask(tree, stateDir);
  const aside = scenario.besides?.(ask) ?? [];
  writers.push(...(await startWriters('meanwhile', without(tree.ports, aside))));
  try {
    const hasMaster = (await tree.masters()).length > 0;
    if (hasMaster) await progress(writers);
    const before = await tree.edges();
    const died = await changeThenDie({ ports: tree.ports, ask, stateDir, steps });
    expect(without(await tree.masters(), aside).length).toBeLessThanOrEqual(1);
    expect((await readRecords(stateDir)).filter(isOpen)).toHaveLength(died ? 1 : 0);
    const hasWayBack = steps < (scenario.noWayBackAfter ?? Number.POSITIVE_INFINITY);
    const isBack = died && direction === 'rollback' && hasWayBack;
    if (died) {
      if (direction === 'rollback' && !hasWayBack) await expectNoWayBack(tree, stateDir);
      const startedAt = performance.now();
      await takeUp(tree, stateDir, isBack ? 'rollback' : 'resume');
      tookMs.push(performance.now() - startedAt);
      expect(without(await tree.masters(), aside)).toHaveLength(isBack && !hasMaster ? 0 : 1);
    }
    if (isBack) expect(await tree.edges()).toEqual(before);
    await scenario.end?.(tree, stateDir, { ask, isDone: !isBack });
    await expectWell(tree, stateDir);
    await progress(writers);
    await expectNothingLost(tree, writers);
    return died;
  } finally {
    await Promise.all(writers.map((writer) => writer.stop()));
  }
}

/** Two applications, each with a list of its own. */
async function startWriters(name: string, ports: readonly number[]): Promise<SteadyWriter[]> {
  const run = await use.tempDir();
  return [1, 2].map((number) => new SteadyWriter(`${name}:${number}:${run}`, ports));
}

async function progress(writers: readonly SteadyWriter[]): Promise<void> {
  await Promise.all(writers.slice(-2).map((writer) => writer.progress()));
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

async function takeUp(tree: LiveTree, stateDir: string, direction: Direction): Promise<void> {
  const [record] = (await readRecords(stateDir)).filter(isOpen);
  const written: string[] = [];
  const result = await runAgain({
    ...unattendedChange,
    record,
    direction,
    before: await tree.look(),
    stateDir,
    write: (text) => void written.push(text),
  });
  if (result.document.outcome !== 'done') {
    throw new Error(`${direction} ended ${result.document.outcome}:\n${written.join('')}`);
  }
  expect((await readRecords(stateDir)).filter(isOpen)).toEqual([]);
}

/** Refused before anything is touched. */
async function expectNoWayBack(tree: LiveTree, stateDir: string): Promise<void> {
  const then = [await tree.masters(), await tree.edges()];
  await expect(takeUp(tree, stateDir, 'rollback')).rejects.toMatchObject({
    exitCode: 1,
    hint: expect.stringContaining('repl resume'),
  });
  expect([await tree.masters(), await tree.edges()]).toEqual(then);
}

/** One master, nothing held, and no note left about a master that was replaced. */
async function expectWell(tree: LiveTree, stateDir: string): Promise<void> {
  expect(await tree.masters()).toHaveLength(1);
  const { problems } = judgeStatus(await tree.look());
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(await tree.pingPeriods()).toEqual(['10']);
  expect(await readFences(stateDir)).toEqual([]);
}

async function expectNothingLost(tree: LiveTree, writers: readonly SteadyWriter[]): Promise<void> {
  const [master] = await tree.masters();
  for (const writer of writers) {
    await writer.stop();
    expect(await writer.lostAt(master)).toEqual([]);
  }
}

function without(ports: readonly number[], aside: readonly number[]): number[] {
  return ports.filter((port) => !aside.includes(port));
}

/** Those that the environment names, or all. */
function chosen<Name extends string>(variable: string, all: readonly Name[]): readonly Name[] {
  const named = process.env[variable]?.split(',');
  return named === undefined ? all : all.filter((name) => named.includes(name));
}
