import { describe, expect, it } from 'vitest';
import { lagDocument, lagSchema } from '../../../src/cli/views/lag-json.ts';
import { renderLag, type LagInput } from '../../../src/cli/views/lag-view.ts';
import { colours, plain } from '../../../src/cli/views/paint.ts';
import type { HopLag, NodeLag } from '../../../src/topology/lag/lag.ts';
import { linkOf } from '../../../src/topology/model.ts';
import { expectGolden, expectGoldenJson } from '../../support/golden.ts';
import { buildTopology, type Sketch } from '../../topology/build-topology.ts';
import { schemaProblems } from './check-schema.ts';

const measured = (lagMs: number, lagBytes: number): HopLag => ({
  kind: 'measured',
  lagMs,
  errorMs: 10.4,
  lagBytes,
});
const refused = { kind: 'unreachable', message: 'nobody listens there (ECONNREFUSED)' } as const;

/** A sketch, and the lags of its replicas: against the upstream, against the top. */
const screens: Record<
  string,
  { sketch: Sketch; lags: Record<string, [hop: HopLag, top: HopLag]> }
> = {
  'lag-star': {
    sketch: { nodes: { 6379: {}, 6380: { upstream: '6379' }, 6381: { upstream: '6379' } } },
    lags: {
      6380: [measured(0, 0), measured(0, 0)],
      6381: [measured(21.4, 400), measured(21.4, 400)],
    },
  },
  'lag-chain': {
    sketch: { nodes: { 6379: {}, 6380: { upstream: '6379' }, 6381: { upstream: '6380' } } },
    lags: {
      6380: [measured(300.2, 1500), measured(300.2, 1500)],
      6381: [measured(2504, 50_000), { kind: 'at-least', lagMs: 5000, lagBytes: 60_000 }],
    },
  },
  'lag-unknown': {
    sketch: {
      nodes: {
        6379: {},
        6380: { upstream: '6379', replid: 'f'.repeat(40), link: 'down', downSinceSeconds: 12 },
        6381: { upstream: '6379', down: refused },
      },
    },
    lags: {
      6380: [
        { kind: 'unknown', because: 'foreign-history' },
        { kind: 'unknown', because: 'foreign-history' },
      ],
      6381: [
        { kind: 'unknown', because: 'unreachable' },
        { kind: 'unknown', because: 'unreachable' },
      ],
    },
  },
  'lag-dead-top': {
    sketch: { nodes: { 6379: { down: refused }, 6380: { upstream: '6379', link: 'down' } } },
    lags: {
      6380: [
        { kind: 'unknown', because: 'upstream-unreachable' },
        { kind: 'unknown', because: 'upstream-unreachable' },
      ],
    },
  },
};

function inputOf(name: string): LagInput {
  const { sketch, lags } = screens[name];
  const topology = buildTopology(sketch);
  const lagOfNode = (node: (typeof topology.nodes)[number]): NodeLag => ({
    node,
    upstream: linkOf(topology, node.id)?.upstream,
    hop: lags[node.name]?.[0],
    top: lags[node.name]?.[1],
    sampleAgeMs: node.state.kind === 'up' ? 7.6 : undefined,
  });
  return { topology, lags: topology.nodes.map(lagOfNode) };
}

describe.each(Object.keys(screens))('the screen %s', (name) => {
  it('is drawn', () => {
    const text = renderLag(inputOf(name), plain);
    expectGolden(text, new URL(`golden/${name}.txt`, import.meta.url));
    for (const line of text.split('\n')) expect(line).toBe(line.trimEnd());
    expect(text).not.toMatch(/-\d|NaN|undefined|null/);
  });

  it('says as much without colour', () => {
    const painted = renderLag(inputOf(name), colours);
    // oxlint-disable-next-line no-control-regex -- colour is made of control characters
    expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(renderLag(inputOf(name), plain));
  });

  it('keeps the promise of the schema', () => {
    const document: unknown = JSON.parse(JSON.stringify(lagDocument(inputOf(name))));
    expect(schemaProblems(lagSchema, document)).toEqual([]);
  });
});

it('prints everything as JSON', () => {
  const document = lagDocument(inputOf('lag-chain'));
  expectGoldenJson(document, new URL('golden/lag-chain.json', import.meta.url));
});
