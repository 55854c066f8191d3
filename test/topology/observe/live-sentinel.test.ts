// Real Sentinels over real servers: found, shown, and caught when they are behind the times.
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/topology/findings/diagnose.ts';
import type { Observation } from '../../../src/cli/observe.ts';
import { realKinds, type RealKind } from '../../support/real-servers.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import { edgesOf, look, startTree } from '../live.ts';

const use = useResources();
const host = '127.0.0.1';

/** Sentinel asks for what a master lists once in ten seconds; at its start it asks at once. */
async function startSentinel(
  kind: RealKind,
  masters: Record<string, { port: number; quorum?: number }>,
): Promise<TestServer> {
  const lines = Object.entries(masters).map(
    ([name, { port, quorum = 2 }]) =>
      `sentinel monitor ${name} ${host} ${port} ${quorum}\nsentinel down-after-milliseconds ${name} 60000\n`,
  );
  return use.server(kind, { conf: lines.join(''), args: ['--sentinel'], ready: 'Sentinel ID is' });
}

async function lookUntil(
  server: TestServer,
  isSeen: (seen: Observation) => boolean,
): Promise<Observation> {
  let seen = await look(server);
  await waitFor(async () => isSeen((seen = await look(server))), { what: 'the Sentinel to see' });
  return seen;
}

function knownReplicas({ topology }: Observation): number {
  const [sentinel] = topology.sentinels;
  return sentinel?.state.kind === 'up' ? (sentinel.state.watches[0]?.replicas.length ?? 0) : 0;
}

const pairs: [sentinel: RealKind, servers: ServerKind][] = [
  ...realKinds.map((kind): [RealKind, ServerKind] => [kind, kind]),
  ['redis7', 'bundled'],
];

describe.each(pairs)('a Sentinel of %s over servers of %s', (sentinelKind, kind) => {
  it('leads to what it watches, and is caught when it is stale', async (context) => {
    needServer(context, sentinelKind, kind);
    const { a, b, c } = await startTree(use, kind, { a: undefined, b: 'a', c: 'a' });
    const sentinel = await startSentinel(sentinelKind, { mymaster: a });
    const seen = await lookUntil(sentinel, (each) => knownReplicas(each) === 2);
    expect(edgesOf(seen)).toEqual([`${b.port} -> ${a.port}`, `${c.port} -> ${a.port}`].sort());
    expect(seen.topology.sentinels).toMatchObject([
      {
        address: { port: sentinel.port },
        state: { kind: 'up', watches: [{ masterName: 'mymaster', master: { port: a.port } }] },
      },
    ]);
    expect(diagnose(seen.topology)).toEqual([]);

    await b.cli('REPLICAOF', 'NO', 'ONE');
    for (const server of [a, c]) await server.cli('REPLICAOF', host, b.port);
    const after = await lookUntil(sentinel, ({ topology }) =>
      topology.links.every(({ state }) => state === 'up'),
    );
    expect(diagnose(after.topology).map(({ code }) => code)).toEqual(['sentinel-stale']);
  });
});

describe('Sentinels', () => {
  it('are found by each other, and the dead ones among them', async (context) => {
    needServer(context, 'redis7');
    const { a } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const first = await startSentinel('redis7', { mymaster: a });
    const second = await startSentinel('redis7', { mymaster: a });
    const seen = await lookUntil(first, ({ topology }) => topology.sentinels.length === 2);
    const ports = seen.topology.sentinels.map(({ address }) => address.port);
    expect(new Set(ports)).toEqual(new Set([first.port, second.port]));
    expect(diagnose(seen.topology)).toEqual([]);
    await second.kill9();
    const after = await look(first);
    expect(after.topology.sentinels.map(({ state }) => state.kind).sort()).toEqual(['down', 'up']);
    expect(after.topology.nodes).toHaveLength(2);
  });

  it('keep a dead replica in its place', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const sentinel = await startSentinel('redis7', { mymaster: a });
    await lookUntil(sentinel, (each) => knownReplicas(each) === 1);
    await b.kill9();
    const seen = await lookUntil(
      sentinel,
      ({ topology }) => topology.links[0]?.knownFrom === 'sentinel',
    );
    expect(edgesOf(seen)).toEqual([`${b.port} -> ${a.port}`]);
    expect(diagnose(seen.topology).map(({ code }) => code)).toEqual(['unreachable']);
  });

  it('that watch several masters lead to the one that is named', async (context) => {
    needServer(context, 'redis7');
    const { a } = await startTree(use, 'redis7', { a: undefined });
    const { c } = await startTree(use, 'redis7', { c: undefined });
    const sentinel = await startSentinel('redis7', { one: a, two: c });
    await expect(look(sentinel)).rejects.toThrow('several masters');
    const seen = await look(a, { words: [a, sentinel].map(({ port }) => `${host}:${port}`) });
    expect(seen.topology.nodes.map(({ address }) => address.port)).toEqual([a.port]);
    expect(seen.topology.sentinels).toMatchObject([
      { state: { watches: [{ masterName: 'one' }] } },
    ]);
  });
});
