// Fifty real nodes in one look. How long it takes is only judged with REDIS_REPL_TIMED=1, on a
// machine that has nothing else to do.
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/topology/findings/diagnose.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { linkUp, look, soundArgs } from '../live.ts';

const use = useResources();
const host = '127.0.0.1';
const nodeCount = 50;
/** Of each node, except the last level. */
const fanOut = 4;

describe('fifty nodes', () => {
  it('are found from one of them, and nothing is wrong', { timeout: 120_000 }, async (context) => {
    needServer(context, 'redis7');
    // Each server ends with us, and so listens for our end.
    process.setMaxListeners(nodeCount + 20);
    const servers: TestServer[] = [];
    for (let n = 0; n < nodeCount; n++) {
      const upstream = n === 0 ? undefined : servers[Math.floor((n - 1) / fanOut)];
      const conf = upstream === undefined ? '' : `replicaof ${host} ${upstream.port}\n`;
      servers.push(await use.server('redis7', { conf, args: soundArgs }));
    }
    await Promise.all(servers.slice(1).map(linkUp));
    const startedAt = performance.now();
    const seen = await look(servers[nodeCount - 1], { timeoutMs: 10_000 });
    const problems = diagnose(seen.topology);
    const tookMs = Math.round(performance.now() - startedAt);
    expect(seen.topology.nodes).toHaveLength(nodeCount);
    expect(seen.topology.links).toHaveLength(nodeCount - 1);
    expect(problems).toEqual([]);
    await context.annotate(`discovered and diagnosed in ${tookMs} ms`);
    if (process.env.REDIS_REPL_TIMED === '1') expect(tookMs).toBeLessThan(1000);
  });
});
