import { describe, expect, it } from 'vitest';
import { colours, plain } from '../../../src/cli/views/paint.ts';
import { statusDocument } from '../../../src/cli/views/status-json.ts';
import { statusSchema } from '../../../src/cli/views/status-schema.ts';
import { renderStatus, type StatusInput } from '../../../src/cli/views/status-view.ts';
import { diagnose, judge } from '../../../src/topology/findings/diagnose.ts';
import { expectGolden, expectGoldenJson } from '../../support/golden.ts';
import { buildTopology, nowMs, type Sketch } from '../../topology/build-topology.ts';
import { schemaProblems } from './check-schema.ts';

const refused = { kind: 'unreachable', message: 'nobody listens there (ECONNREFUSED)' } as const;
const locked = { kind: 'auth', message: 'asks for a password and was given none' } as const;

/** Each sketch is drawn to golden/NAME.txt. */
const screens: Record<string, Sketch> = {
  star: {
    nodes: { 6379: {}, 6380: { upstream: '6379' }, 6381: { upstream: '6379', offset: 400 } },
  },
  'chain-of-4': {
    nodes: {
      6379: { offset: 1_234_567 },
      6380: { upstream: '6379', offset: 1_234_000 },
      6381: { upstream: '6380', offset: 1_200_000 },
      6382: { upstream: '6381', offset: 1_200_000 },
    },
  },
  'dead-master': {
    source: 'inventory',
    nodes: {
      6379: { down: refused },
      6380: { upstream: '6379', link: 'down', downSinceSeconds: 12 },
      6381: { upstream: '6379', link: 'down', downSinceSeconds: 12 },
    },
  },
  'dead-replica': {
    source: 'inventory',
    nodes: {
      6379: {},
      6380: { upstream: '6379', down: refused },
      6381: { upstream: '6380', link: 'down', downSinceSeconds: 200 },
    },
  },
  'auth-failure': { nodes: { 6379: {}, 6380: { upstream: '6379', down: locked } } },
  'no-replicas': { nodes: { '10.0.0.5:6379': {} } },
  drift: {
    source: 'inventory',
    nodes: {
      6379: { upstream: '6380', expected: 'master' },
      6380: { expected: '6379' },
      6381: { upstream: '6380', expected: '6379' },
    },
  },
  ipv6: {
    nodes: {
      '[2001:db8::10]:6379': {},
      '[2001:db8::11]:6379': {
        upstream: '[2001:db8::10]:6379',
        product: 'valkey',
        version: '8.1.1',
      },
    },
  },
  'two-masters': {
    source: 'inventory',
    nodes: {
      6379: {},
      6380: { expected: '6379', replid: 'b'.repeat(40) },
      6381: { upstream: '6380', expected: '6379', replid: 'b'.repeat(40) },
    },
  },
  cycle: {
    nodes: { 6379: { upstream: '6380' }, 6380: { upstream: '6379' }, 6381: { upstream: '6380' } },
  },
  self: { nodes: { 6379: { upstream: '6379' } } },
  'first-copy': {
    nodes: {
      6379: {},
      6380: {
        upstream: '6379',
        link: 'syncing',
        replid: 'c',
        syncReadBytes: 42,
        syncTotalBytes: 100,
        readOnly: false,
      },
      6381: {
        upstream: '6379',
        link: 'connecting',
        replid: 'd',
        keys: 0,
        address: '10.0.0.7:6381',
      },
    },
  },
  advice: {
    nodes: { 6379: { settings: { save: '', appendonly: false } }, 6380: { upstream: '6379' } },
  },
  sentinels: {
    nodes: { 6379: {}, 6380: { upstream: '6379' } },
    sentinels: [
      {
        address: '127.0.0.1:26379',
        master: '127.0.0.1:6379',
        replicas: ['127.0.0.1:6380'],
        others: ['127.0.0.1:26380!', '127.0.0.1:26381'],
      },
      { address: '127.0.0.1:26380', down: refused },
      {
        address: '127.0.0.1:26381',
        master: '10.0.0.9:6379',
        replicas: ['127.0.0.1:6380'],
        others: ['127.0.0.1:26379', '127.0.0.1:26380'],
      },
    ],
  },
};

function inputOf(sketch: Sketch): StatusInput {
  const topology = buildTopology(sketch);
  const problems = diagnose(topology);
  return { topology, problems, verdict: judge(topology, problems), nowMs };
}

describe('the status screen', () => {
  for (const [name, sketch] of Object.entries(screens)) {
    it(`draws ${name}`, () => {
      const text = renderStatus(inputOf(sketch), plain);
      expectGolden(text, new URL(`golden/${name}.txt`, import.meta.url));
      for (const line of text.split('\n')) expect(line).toBe(line.trimEnd());
      expect(text).not.toMatch(/-\d|NaN|undefined|null/);
    });

    it(`says as much without colour: ${name}`, () => {
      const painted = renderStatus(inputOf(sketch), colours);
      // oxlint-disable-next-line no-control-regex -- colour is made of control characters
      expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(renderStatus(inputOf(sketch), plain));
    });

    it(`keeps the promise of the schema: ${name}`, () => {
      const document: unknown = JSON.parse(JSON.stringify(statusDocument(inputOf(sketch))));
      expect(schemaProblems(statusSchema, document)).toEqual([]);
    });
  }

  it('prints everything as JSON', () => {
    const document = statusDocument(inputOf(screens['dead-master']));
    expectGoldenJson(document, new URL('golden/dead-master.json', import.meta.url));
  });

  it('shows an age that never is negative, also when the clock was set back', () => {
    const text = renderStatus({ ...inputOf(screens.star), nowMs: 0 }, plain);
    expect(text).toContain('0 ms');
  });
});
