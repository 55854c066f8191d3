import { describe, expect, it } from 'vitest';
import type { VerifyOutcome } from '../../../src/cli/run-verify.ts';
import { colours, plain } from '../../../src/cli/views/paint.ts';
import { verifyDocument, verifySchema } from '../../../src/cli/views/verify-json.ts';
import { progressText, renderVerify } from '../../../src/cli/views/verify-view.ts';
import type { Difference } from '../../../src/topology/verify/suspects.ts';
import type { PairResult } from '../../../src/topology/verify/verify-pair.ts';
import { expectGolden, expectGoldenJson } from '../../support/golden.ts';
import { buildTopology } from '../../topology/build-topology.ts';
import { schemaProblems } from './check-schema.ts';

const [master, first, second] = buildTopology({
  nodes: { 6379: {}, 6380: { upstream: '6379' }, 6381: { upstream: '6379' } },
}).nodes;

const result = (more: Partial<PairResult> = {}): PairResult => ({
  pair: { master, replica: first, hasFence: true },
  masterKeys: 1_000_000,
  replicaKeys: 1_000_000,
  differences: [],
  unsettled: [],
  uncomparedTypes: [],
  comparedBy: 'digest',
  end: { kind: 'complete' },
  elapsedMs: 12_345.6,
  ...more,
});

const difference = (more: Partial<Difference>): Difference => ({
  db: 0,
  key: 'user:1',
  difference: 'value',
  masterType: 'string',
  replicaType: 'string',
  masterExpireAtMs: null,
  replicaExpireAtMs: null,
  ...more,
});

const differences: Difference[] = [
  difference({}),
  difference({ key: 'gone', difference: 'missing', replicaType: 'none' }),
  difference({ key: 'two words', difference: 'extra', masterType: 'none', replicaType: 'hash' }),
  difference({ key: '\u00ff\u0000', difference: 'type', replicaType: 'zset', db: 3 }),
  difference({
    key: 'session',
    difference: 'ttl',
    masterExpireAtMs: 1_800_000_000_000,
    replicaExpireAtMs: null,
  }),
  difference({ key: 'never:shown' }),
];

const refused = { master, replica: second, because: '6381 cannot be asked: nobody listens there' };

const screens: Record<string, VerifyOutcome> = {
  'verify-equal': {
    verdict: 'equal',
    isStopped: false,
    refused: [],
    results: [
      result(),
      result({ pair: { master, replica: second, hasFence: true }, replicaKeys: 999_990 }),
    ],
  },
  'verify-different': {
    verdict: 'different',
    isStopped: false,
    refused: [],
    results: [
      result({ differences }),
      result({ pair: { master, replica: second, hasFence: true } }),
    ],
  },
  'verify-unknown': {
    verdict: 'unknown',
    isStopped: false,
    refused: [refused],
    results: [
      result({
        pair: { master, replica: first, hasFence: false },
        comparedBy: 'elements',
        unsettled: [{ db: 0, key: 'hot' }],
        uncomparedTypes: ['MBbloom--'],
        end: {
          kind: 'failed',
          node: first,
          failure: { kind: 'timeout', message: 'no answer in 10000 ms' },
        },
      }),
    ],
  },
  'verify-denied': {
    verdict: 'unknown',
    isStopped: false,
    refused: [],
    results: [
      result({
        end: {
          kind: 'failed',
          node: master,
          failure: { kind: 'auth', message: 'NOPERM this user may not' },
        },
      }),
    ],
  },
  'verify-stopped': {
    verdict: 'different',
    isStopped: true,
    refused: [],
    results: [result({ differences: differences.slice(0, 1), end: { kind: 'stopped' } })],
  },
};

describe.each(Object.keys(screens))('the screen %s', (name) => {
  it('is drawn', () => {
    const text = renderVerify(screens[name], plain, { show: 5 });
    expectGolden(text, new URL(`golden/${name}.txt`, import.meta.url));
    for (const line of text.split('\n')) expect(line).toBe(line.trimEnd());
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  it('says as much without colour', () => {
    const painted = renderVerify(screens[name], colours, { show: 5 });
    // oxlint-disable-next-line no-control-regex -- colour is made of control characters
    const bare = painted.replaceAll(/\u001b\[\d+m/g, '');
    expect(bare).toBe(renderVerify(screens[name], plain, { show: 5 }));
  });

  it('keeps the promise of the schema', () => {
    const document: unknown = JSON.parse(JSON.stringify(verifyDocument(screens[name])));
    expect(schemaProblems(verifySchema, document)).toEqual([]);
  });
});

it('prints everything as JSON', () => {
  const document = verifyDocument(screens['verify-different']);
  expectGoldenJson(document, new URL('golden/verify-different.json', import.meta.url));
});

describe('the line of progress', () => {
  const pair = { master, replica: first, hasFence: true };
  const progress = { db: 0, doneKeys: 500, totalKeys: 2000, suspects: 3, differences: 0 };

  it('says how far, how fast and how long', () => {
    expect(progressText(pair, progress, undefined)).toBe('6379 → 6380: 25 %');
    expect(progressText(pair, { ...progress, differences: 1234 }, 100)).toBe(
      '6379 → 6380: 25 %, 100 keys/s, 15 s left, 1,234 different',
    );
  });

  it('is never past its end', () => {
    expect(progressText(pair, { ...progress, doneKeys: 3000 }, 100)).toContain(
      '100 %, 100 keys/s, 0 s left',
    );
  });
});
