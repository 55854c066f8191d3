/** What is said of nodes that were started or stopped, where not all went well. */
import { expect, test } from 'vitest';
import {
  interruptionOf,
  renderNodeResults,
  renderPendingLinks,
  type AnyResult,
} from '../../src/cli/node-results.ts';
import { pendingLinks } from '../../src/cli/await-links.ts';
import { plain } from '../../src/cli/views/paint.ts';
import type { NodeSpec } from '../../src/topology/spec.ts';
import { buildTopology, type NodeSketch } from '../topology/build-topology.ts';

const nodeAt = (port: number): NodeSpec => ({
  name: `redis${port}`,
  host: '127.0.0.1',
  port,
  dir: String(port),
  replicaof: undefined,
});
const nodes = [1, 2, 3].map(nodeAt);

test('Ctrl-C names what it left out, and is an error of its own', () => {
  const results: AnyResult[] = [
    { node: nodes[0], outcome: { kind: 'started', pid: 7, tookMs: 3 } },
    { node: nodes[1], outcome: { kind: 'interrupted' } },
  ];
  expect(renderNodeResults(results, plain)).toBe(
    'redis1  127.0.0.1:1  started  pid 7, ready after 3 ms\n' +
      'redis2  127.0.0.1:2  unknown  not waited for\n',
  );
  expect(interruptionOf(nodes, results)).toMatchObject({
    message: 'stopped by Ctrl-C',
    cause: 'not done, or not waited for: redis2, redis3',
    exitCode: 130,
  });
  expect(interruptionOf(nodes.slice(0, 1), results.slice(0, 1))).toBeUndefined();
});

test('links that are waited for are those between nodes that answer', () => {
  const down = { kind: 'unreachable', message: 'nobody listens there' } as const;
  const sketch: Record<string, NodeSketch> = {
    1: {},
    2: { upstream: '1', link: 'down' },
    3: { upstream: '1', link: 'syncing' },
    4: { upstream: '1', down },
    5: { down },
    6: { upstream: '5', link: 'down' },
    7: { upstream: '1' },
  };
  const topology = buildTopology({ nodes: sketch });
  const pendingOf = (names?: string[]): string =>
    renderPendingLinks(topology, pendingLinks(topology, names));
  const [down2, copying3] = [
    '2 has no link yet to 1; next: repl status\n',
    '3 is still copying 1; next: repl status\n',
  ];
  expect(pendingOf()).toBe(down2 + copying3);
  expect(pendingOf(['1'])).toBe(down2 + copying3);
  expect(pendingOf(['3', '7'])).toBe(copying3);
});
