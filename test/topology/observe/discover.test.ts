import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/instance/secret.ts';
import { diagnose } from '../../../src/topology/findings/diagnose.ts';
import { factsOf } from '../../../src/topology/model.ts';
import { freePort } from '../../support/free-port.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';
import { edgesOf, liveKinds, look, soundArgs, startTree } from '../live.ts';

const use = useResources();

describe.each(liveKinds)('discovery on %s', (kind) => {
  it('finds the whole tree from any node of it', async (context) => {
    needServer(context, kind);
    const { a, b, c, d } = await startTree(
      use,
      kind,
      { a: undefined, b: 'a', c: 'b', d: 'a' },
      { password: 'pw' },
    );
    const expected = [
      `${b.port} -> ${a.port}`,
      `${c.port} -> ${b.port}`,
      `${d.port} -> ${a.port}`,
    ].sort();
    for (const server of [a, b, c, d]) {
      const seen = await look(server, { password: 'pw' });
      expect(edgesOf(seen)).toEqual(expected);
      expect(diagnose(seen.topology)).toEqual([]);
      expect(seen.topology.links.every(({ lagBytes }) => lagBytes === 0)).toBe(true);
    }
  });
});

describe('discovery', () => {
  it('gives one node for localhost and 127.0.0.1', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    await b.cli('REPLICAOF', 'localhost', a.port);
    const seen = await look(b, { words: [`localhost:${b.port}`, `127.0.0.1:${a.port}`] });
    expect(seen.topology.nodes).toHaveLength(2);
    expect(edgesOf(seen)).toEqual([`${b.port} -> ${a.port}`]);
  });

  it('sees through a proxy: the run id tells', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    const proxy = await use.proxy({ port: a.port });
    await b.cli('REPLICAOF', '127.0.0.1', proxy.port);
    await waitFor(async () => (await look(a)).topology.links[0]?.state === 'up');
    expect((await look(a)).topology.nodes).toHaveLength(2);
  });

  it('keeps dead nodes in place and pays one timeout for all frozen ones together', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c, d } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'a', d: 'c' });
    for (const server of [b, c]) server.freeze();
    const startedAt = performance.now();
    const seen = await look(a, {
      words: [a, d].map(({ port }) => `127.0.0.1:${port}`),
      timeoutMs: 600,
    });
    expect(performance.now() - startedAt).toBeLessThan(1100);
    expect(edgesOf(seen)).toEqual(
      [`${b.port} -> ${a.port}`, `${c.port} -> ${a.port}`, `${d.port} -> ${c.port}`].sort(),
    );
    expect(seen.topology.nodes.filter((node) => factsOf(node) === undefined)).toHaveLength(2);
  });

  it('keeps the dead master above its replicas', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'b' });
    await a.kill9();
    await waitFor(async () => (await b.info('master_link_status')) === 'down');
    const seen = await look(c);
    expect(edgesOf(seen)).toEqual([`${b.port} -> ${a.port}`, `${c.port} -> ${b.port}`].sort());
    const codes = diagnose(seen.topology).map(({ code }) => code);
    expect(codes).toEqual(['no-master', 'unreachable']);
  });

  it('says when a password is wrong, and shows the node still', async (context) => {
    needServer(context, 'redis7');
    const { a } = await startTree(use, 'redis7', { a: undefined }, { password: 'right' });
    const seen = await look(a, { password: 'wrong' });
    expect(diagnose(seen.topology)).toMatchObject([{ code: 'auth' }]);
  });

  it('names a replica that its master refuses', async (context) => {
    needServer(context, 'redis7');
    const args = soundArgs;
    const conf = 'requirepass pw\n';
    const a = await use.server('redis7', { args, conf: `${conf}masterauth pw\n` });
    const b = await use.server('redis7', { args, conf: `${conf}replicaof 127.0.0.1 ${a.port}\n` });
    const seen = await look(b, { password: 'pw' });
    expect(diagnose(seen.topology)).toMatchObject([
      { code: 'link-down', sentence: expect.stringContaining('masterauth') },
      { code: 'never-synced-serving' },
    ]);
  });

  it('compares with the inventory', async (context) => {
    needServer(context, 'redis7');
    const { a, b, c } = await startTree(use, 'redis7', { a: undefined, b: 'a', c: 'b' });
    const deadPort = await freePort();
    const node = (name: string, port: number, replicaof?: string) => ({
      name,
      host: '127.0.0.1',
      port,
      dir: name,
      replicaof,
    });
    const spec = {
      version: 1 as const,
      engine: 'redis',
      password: new Secret(''),
      nodes: [
        node('a', a.port),
        node('b', b.port, 'a'),
        node('c', c.port, 'a'),
        node('d', deadPort, 'c'),
      ],
    };
    const seen = await look(a, { words: [], lab: { dir: '/', spec } });
    const problems = diagnose(seen.topology);
    expect(problems.map(({ code }) => code)).toEqual(['unreachable', 'config-drift']);
    expect(edgesOf(seen)).toContain(`${deadPort} -> ${c.port}`);
  });
});
