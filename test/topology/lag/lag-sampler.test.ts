// Lags on live servers behind proxies that delay what the master sends. The suite asserts generous
// bounds on medians: a busy machine must not fail it. `REPL_LAG_LONG=1` runs every delay at every
// depth on every kind of server, and prints the medians.
import { afterEach, describe, expect, it } from 'vitest';
import { LagSampler } from '../../../src/topology/lag/lag-sampler.ts';
import type { HopLag, NodeLag } from '../../../src/topology/lag/lag.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { median } from '../../bench/figures.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { linkUp, liveKinds, look } from '../live.ts';

const use = useResources();
const isLong = process.env.REPL_LAG_LONG === '1';

/** A busy machine adds to every hop. */
const toleranceMs = isLong ? 25 : 250;
const samplesPerDelay = isLong ? 100 : 15;
const writePeriodMs = 5;

let stopWriting = (): void => {};
afterEach(() => stopWriting());

/** A master and a chain of `depth` replicas below it, each link `delayMs` late once it is up. */
async function startChain(
  kind: ServerKind,
  depth: number,
): Promise<{ servers: TestServer[]; delayEach: (ms: number) => void }> {
  const servers = [await use.server(kind)];
  const proxies: TcpProxy[] = [];
  for (let at = 0; at < depth; at++) {
    const proxy = await use.proxy(servers[at]);
    proxies.push(proxy);
    const args = ['--replicaof', `127.0.0.1 ${proxy.port}`, '--replica-announce-ip', '127.0.0.1'];
    servers.push(await use.server(kind, { args }));
    await linkUp(servers[at + 1]);
  }
  const delayEach = (ms: number): void => proxies.forEach((proxy) => proxy.delay(ms, 'toClient'));
  return { servers, delayEach };
}

async function writeSteadily(master: TestServer): Promise<void> {
  const client = await master.connect();
  const timer = setInterval(() => void client.command('SET', 'key', 'x'.repeat(50)), writePeriodMs);
  stopWriting = () => clearInterval(timer);
}

/** The chain as discovery would see it without the proxies in between. */
async function followChain(servers: readonly TestServer[]): Promise<() => NodeLag[]> {
  const looks = await Promise.all(servers.map((server) => look(server)));
  const nodes = looks.map(({ find }, at) => find(`127.0.0.1:${servers[at].port}`));
  const links = nodes.slice(1).map((node, at) => {
    const link = looks[at + 1].topology.links.find(({ replica }) => replica === node.id);
    if (link === undefined) throw new Error(`${node.name} has no link`);
    return { ...link, upstream: nodes[at].id };
  });
  const topology = { source: 'address', nodes, links, sentinels: [] } as const;
  const connect = looks[0].connectToLook;
  const sampler = new LagSampler({ clock: systemClock, connect, timeoutMs: 2000 });
  use.defer(() => sampler.close());
  sampler.follow(nodes);
  await sampler.settle(topology, 20_000);
  return () => sampler.lags(topology);
}

function measuredMs(lag: HopLag | undefined): number {
  if (lag?.kind !== 'measured') throw new Error(`the lag is ${lag?.kind}`);
  return lag.lagMs;
}

/** Medians over some looks: for each replica the lag of its hop and from the top. */
async function medianLags(lags: () => NodeLag[]): Promise<{ hop: number; top: number }[]> {
  const seen: NodeLag[][] = [];
  while (seen.length < samplesPerDelay) {
    await new Promise<void>((resolve) => void systemClock.schedule(31, resolve));
    seen.push(lags());
  }
  const replicas = seen[0].slice(1);
  return replicas.map((_, at) => ({
    hop: median(seen.map((each) => measuredMs(each[at + 1].hop))),
    top: median(seen.map((each) => measuredMs(each[at + 1].top))),
  }));
}

/** How far each median is off, with where it was. */
async function measureErrors(
  kind: ServerKind,
  depth: number,
  delays: readonly number[],
): Promise<{ where: string; errorMs: number }[]> {
  const { servers, delayEach } = await startChain(kind, depth);
  await writeSteadily(servers[0]);
  const errors = [];
  for (const delayMs of delays) {
    delayEach(delayMs);
    // The replicas must have got what was sent since: until then they are on their way there.
    await new Promise<void>((resolve) => {
      systemClock.schedule(delayMs * depth + 500, resolve);
    });
    const medians = await medianLags(await followChain(servers));
    const shown = medians.map(({ hop, top }) => `${hop.toFixed(0)}/${top.toFixed(0)}`).join('  ');
    if (isLong) console.log(`${kind}, ${delayMs} ms a hop, hop/top at depth 1…: ${shown}`);
    for (const [at, { hop, top }] of medians.entries()) {
      const where = `${kind}, ${delayMs} ms, depth ${at + 1}: ${shown}`;
      errors.push({ where, errorMs: Math.abs(hop - delayMs) });
      errors.push({ where, errorMs: Math.abs(top - delayMs * (at + 1)) });
    }
  }
  return errors;
}

describe.each(liveKinds)('the lag on %s', (kind) => {
  it('is the delay of each hop and the sum of them from the top', async (context) => {
    needServer(context, kind);
    const isShort = kind === 'redis7' || kind === 'bundled';
    if (!isLong && !isShort) context.skip('this kind only with REPL_LAG_LONG=1');
    const [depth, delays] = isLong ? [5, [20, 300, 2500]] : [3, [20, 600]];
    const errors = await measureErrors(kind, depth, delays);
    expect(errors).toHaveLength(2 * depth * delays.length);
    expect(errors.filter(({ errorMs }) => errorMs > toleranceMs)).toEqual([]);
  }, 120_000);

  it('is 0 on an idle master', async (context) => {
    needServer(context, kind);
    const { servers } = await startChain(kind, 1);
    const lags = await followChain(servers);
    expect(lags()[1].hop).toMatchObject({ kind: 'measured', lagMs: 0, lagBytes: 0 });
  });
});
