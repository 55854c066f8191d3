/**
 * Forecasts against what live servers do: random moves on trees where nobody writes, and under
 * writes. A short run by default; FORECAST_MOVES=1000 makes it so many of each on every kind of
 * server that is there (FORECAST_KINDS=redis7,bundled on some), FORECAST_SEED repeats one.
 */
import { describe, expect, it } from 'vitest';
import { settled } from '../../../src/cli/change/settled.ts';
import type { Observation } from '../../../src/cli/observe.ts';
import { executeSteps } from '../../../src/topology/change/execute.ts';
import { isReconnecting } from '../../../src/topology/change/settling.ts';
import { compareForecast, forecast } from '../../../src/topology/plan/forecast.ts';
import { isLiveMaster, linkOf } from '../../../src/topology/model.ts';
import { planShape } from '../../../src/topology/plan/plan-shape.ts';
import { pathIn, shapeOf, type Plan, type Shape } from '../../../src/topology/plan/planned.ts';
import { seededRandom, type Random } from '../../../src/util/random.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import { liveKinds, look, startTree } from '../live.ts';

const { FORECAST_MOVES = '6', FORECAST_SEED, FORECAST_KINDS } = process.env;
const moves = Number(FORECAST_MOVES);
const kinds = liveKinds.filter((kind) => FORECAST_KINDS?.split(',').includes(kind) ?? true);

/** A move takes seconds where a replica tries again only once a second. */
const timeoutMs = 60_000 + moves * 10_000;

/** Small enough that what a cut-off node misses falls out of it. */
const smallBacklog = 'repl-backlog-size 16384\nrepl-diskless-sync-delay 0\n';
const beyondBacklogBytes = 40_000;

const use = useResources();

interface Tally {
  moves: number;
  resyncs: number;
  uncertain: number;
  full: number;
  wrong: string[];
}

describe.each(kinds)('forecasts on %s', (kind) => {
  it(
    'come true where nobody writes',
    async (context) => {
      needServer(context, kind);
      const tally = await tryMoves(kind, { writes: false });
      expect(tally.wrong).toEqual([]);
      expect(tally.uncertain).toBeLessThanOrEqual(mostUncertain(tally));
    },
    timeoutMs,
  );

  it(
    'come true under writes, where they say that they are certain',
    async (context) => {
      needServer(context, kind);
      const tally = await tryMoves(kind, { writes: true });
      expect(tally.wrong).toEqual([]);
      expect(tally.uncertain).toBeLessThanOrEqual(mostUncertain(tally));
    },
    timeoutMs,
  );
});

/** One in twenty, where there are enough to tell; a short run may meet its few early. */
function mostUncertain({ resyncs }: Tally): number {
  return resyncs < 200 ? Infinity : resyncs / 20;
}

async function tryMoves(kind: ServerKind, { writes }: { writes: boolean }): Promise<Tally> {
  const seed = Number(FORECAST_SEED ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const conf = writes ? '' : smallBacklog;
  const tree = { a: undefined, b: 'a', c: 'a', d: 'b', e: 'd' } as const;
  const servers = Object.values(await startTree(use, kind, tree, { conf }));
  const writer = writes ? startWriter(servers) : undefined;
  const tally: Tally = { moves: 0, resyncs: 0, uncertain: 0, full: 0, wrong: [] };
  try {
    for (let n = 0; n < moves; n++) {
      // The first moves are disturbed for sure, that no short run goes without a full copy.
      if (n < 2 || random.float() < 0.25) await disturb(servers, random, { writes });
      const at = `seed ${seed}, ${writes ? 'under writes' : 'quiet'}, move ${n + 1}`;
      if (!writes) await calmDown(servers);
      await tryMove(servers, { random, tally, at });
    }
  } finally {
    await writer?.stop();
  }
  const { wrong, ...counts } = tally;
  console.log(`${kind}, ${writes ? 'under writes' : 'quiet'}, seed ${seed}:`, counts, wrong.length);
  return tally;
}

async function tryMove(
  servers: readonly TestServer[],
  { random, tally, at }: { random: Random; tally: Tally; at: string },
): Promise<void> {
  // As every verb does: what was disturbed is back, or broken.
  const before = await settled(await lookAtAll(servers), isReconnecting);
  const shape = randomShape(before, random);
  const planned = planShape(before.topology, shape, { persist: false, discardData: true });
  if (planned.kind === 'refused') throw new Error(`${at}: ${planned.message}`);
  const { steps } = planned;
  const forecasts = forecast(before.topology, steps);
  await settleAfter(before, servers, { plan: planned, at });
  const after = await lookAtAll(servers);
  const compared = compareForecast(forecasts, {
    before: before.topology,
    after: after.topology,
  });
  const unsure = forecasts.filter(({ certainty }) => certainty === 'uncertain');
  tally.moves++;
  tally.resyncs += forecasts.length;
  tally.uncertain += unsure.length;
  tally.full += compared.happened.full;
  if (compared.holds) return;
  tally.wrong.push(`${at}: ${JSON.stringify({ compared, steps, forecasts })}`);
}

/** Quiet also in the average of the last seconds, from which rates are told. */
async function calmDown(servers: readonly TestServer[]): Promise<void> {
  for (const server of servers) {
    const isCalm = async (): Promise<boolean> => {
      const rates = ['instantaneous_input_kbps', 'instantaneous_output_repl_kbps'];
      const now = await Promise.all(rates.map((rate) => server.info(rate)));
      return now.every((rate) => Number(rate) < 2);
    };
    await waitFor(isCalm, { intervalMs: 200, what: 'the rates to sink' });
  }
}

/** Carries the plan out and waits until every link is up: only then all resyncs are counted. */
async function settleAfter(
  before: Observation,
  servers: readonly TestServer[],
  { plan: { steps }, at }: { plan: Plan; at: string },
): Promise<void> {
  const executed = await executeSteps({ ...before, steps, onStep: () => {} });
  if (executed.kind !== 'done') throw new Error(`${at}: ${executed.at.kind}: ${executed.message}`);
  await waitFor(
    async () => {
      const { topology } = await lookAtAll(servers);
      return topology.nodes.every(
        (node) => isLiveMaster(node) || linkOf(topology, node.id)?.state === 'up',
      );
    },
    { timeoutMs: 30_000, intervalMs: 50, what: 'every link to be up' },
  );
}

/** One node moves, one is promoted, or everything is shuffled. */
function randomShape({ topology }: Observation, random: Random): Shape {
  const now = shapeOf(topology);
  const ids = topology.nodes.filter(({ state }) => state.kind === 'up').map(({ id }) => id);
  const root =
    topology.nodes.find((node) => isLiveMaster(node) && isBiggest(node.id))?.id ?? ids[0];
  function isBiggest(id: string): boolean {
    const below = (each: string): number =>
      ids.filter((one) => pathIn(now, one).at(-1) === each).length;
    return ids.every((each) => below(each) <= below(id));
  }
  const pick = (from: readonly string[]): string => from[random.uint32() % from.length];
  const order = shuffled(ids, random);
  const choice = random.float();
  if (choice < 0.15) return treeOf(order, pick);
  const shape = new Map(ids.map((id) => [id, id === root ? undefined : safeUpstream(id)]));
  function safeUpstream(id: string): string {
    const upstream = now.get(id);
    return upstream !== undefined && pathIn(now, id).at(-1) === root ? upstream : root;
  }
  const others = ids.filter((id) => id !== root);
  const node = pick(others);
  if (choice < 0.4) {
    for (const id of others) if (shape.get(id) === root) shape.set(id, node);
    return shape.set(root, node).set(node, undefined);
  }
  const upstreams = ids.filter((id) => !pathIn(shape, id).includes(node));
  return shape.set(node, pick(upstreams));
}

function treeOf(order: readonly string[], pick: (from: readonly string[]) => string): Shape {
  return new Map(order.map((id, at) => [id, at === 0 ? undefined : pick(order.slice(0, at))]));
}

function shuffled(ids: readonly string[], random: Random): string[] {
  return ids
    .map((id) => ({ id, key: random.float() }))
    .sort((a, b) => a.key - b.key)
    .map(({ id }) => id);
}

/** A replica misses more than the backlog holds, or goes on as a master of its own. */
async function disturb(
  servers: readonly TestServer[],
  random: Random,
  { writes }: { writes: boolean },
): Promise<void> {
  const roles = await Promise.all(servers.map((server) => server.info('role')));
  const replicas = servers.filter((_, at) => roles[at] === 'slave');
  const victim = replicas[random.uint32() % replicas.length];
  const master = servers[roles.indexOf('master')];
  if (random.float() < 0.5) {
    await victim.cli('REPLICAOF', 'NO', 'ONE');
    if (random.float() < 0.5) await victim.cli('SET', 'own', random.uint32());
    return;
  }
  await victim.cli('REPLICAOF', '127.0.0.1', 1);
  if (writes) return;
  await master.cli('SET', 'big', 'x'.repeat(beyondBacklogBytes));
}

function lookAtAll(servers: readonly TestServer[]): Promise<Observation> {
  const words = servers.map(({ port }) => `127.0.0.1:${port}`);
  return look(servers[0], { words });
}

/** A steady trickle to whoever takes writes. */
function startWriter(servers: readonly TestServer[]): { stop(): Promise<void> } {
  const running = new AbortController();
  const loop = (async () => {
    const clients = await Promise.all(servers.map((server) => server.connect()));
    for (let n = 0, at = 0; !running.signal.aborted; n++) {
      const reply = await clients[at].command('SET', `w:${n % 1000}`, n);
      if (reply !== 'OK') at = (at + 1) % clients.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return {
    stop: async () => {
      running.abort();
      await loop;
    },
  };
}
