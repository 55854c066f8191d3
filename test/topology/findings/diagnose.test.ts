// Every illness has a fixture: test/cases/CODE/observed.json (a sketch) → findings.json (golden).
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  diagnose,
  judge,
  problemCodes,
  problemTable,
} from '../../../src/topology/findings/diagnose.ts';
import { expectGoldenJson } from '../../support/golden.ts';
import { buildTopology, type Sketch } from '../build-topology.ts';

const cases = new URL('../../cases/', import.meta.url);

describe('diagnose', () => {
  it('has a fixture for every code, and no other', () => {
    expect(readdirSync(cases).sort()).toEqual([...problemCodes].sort());
  });

  it('says of every code in one clause what it means', () => {
    for (const { means } of problemTable) expect(means).toMatch(/^[a-z].*[a-z]$/);
    expect(new Set(problemTable.map(({ means }) => means)).size).toBe(problemCodes.length);
  });

  for (const code of problemCodes) {
    it(`finds ${code}`, () => {
      const observed = new URL(`${code}/observed.json`, cases);
      const topology = buildTopology(JSON.parse(readFileSync(observed, 'utf8')) as Sketch);
      const problems = diagnose(topology);
      expect(problems.map((problem) => problem.code)).toContain(code);
      for (const { sentence, next } of problems) {
        expect(sentence).toMatch(/\.$/);
        expect(next).not.toBe('');
      }
      const verdict = judge(topology, problems);
      expectGoldenJson({ verdict, problems }, new URL(`${code}/findings.json`, cases));
    });
  }

  it('finds nothing wrong with a healthy tree', () => {
    const topology = buildTopology({ nodes: { 6379: {}, 6380: { upstream: '6379' } } });
    expect(diagnose(topology)).toEqual([]);
    expect(judge(topology, [])).toBe('healthy');
  });

  it('gives a link the time to come up before it blames the network', () => {
    const find = (up: number, own: number): string[] => {
      const replica = {
        upstream: '6379',
        link: 'down',
        downSinceSeconds: 5,
        uptimeSeconds: own,
      } as const;
      const nodes = { 6379: { uptimeSeconds: up }, 6380: replica };
      return diagnose(buildTopology({ nodes })).map(({ sentence }) => sentence);
    };
    const lost = '6380 lost its link to 6379 5 s ago';
    const why = 'has only just started, and a replica tries once a second';
    expect(find(0, 100)).toEqual([`${lost}: 6379 ${why}.`]);
    expect(find(100, 1)).toEqual([`${lost}: 6380 ${why}.`]);
    expect(find(100, 100)).toEqual([expect.stringContaining('it cannot connect')]);
  });

  it('tells how to start a stopped lab once', () => {
    const down = { kind: 'unreachable', message: 'nobody listens there' } as const;
    const nodes = { 6379: { down }, 6380: { upstream: '6379', down }, 6381: { down } };
    const problems = diagnose(buildTopology({ source: 'inventory', nodes }));
    expect(problems.map(({ code, next }) => [code, next])).toEqual([
      ['no-master', 'repl start'],
      ['unreachable', 'repl start'],
    ]);
  });

  it('names together those that are silent for one reason, apart for another', () => {
    const refused = { kind: 'unreachable', message: 'nobody listens there' } as const;
    const late = { kind: 'timeout', message: 'no answer in 2000 ms' } as const;
    const nodes = {
      6379: {},
      6380: { upstream: '6379', down: refused },
      6381: { upstream: '6379', down: late },
      6382: { upstream: '6379', down: refused },
    };
    const problems = diagnose(buildTopology({ source: 'inventory', nodes }));
    expect(problems.map(({ sentence, next }) => [sentence, next])).toEqual([
      ['6380 and 6382 do not answer: nobody listens there.', 'repl start 6380 6382'],
      ['6381 does not answer: no answer in 2000 ms.', 'repl start 6381'],
    ]);
  });

  it('cannot tell when nobody answers and no inventory says who should', () => {
    const down = { kind: 'timeout', message: 'no answer in 2000 ms' } as const;
    const topology = buildTopology({ nodes: { 6379: { down } } });
    expect(judge(topology, diagnose(topology))).toBe('unknown');
  });

  it('does not complain of two masters that the inventory intends', () => {
    const topology = buildTopology({ source: 'inventory', nodes: { 6379: {}, 6380: {} } });
    expect(diagnose(topology)).toEqual([]);
  });

  it('does not call a silent node a missing master', () => {
    const down = { kind: 'auth', message: 'does not accept our password' } as const;
    const nodes = { 6379: { down }, 6380: { upstream: '6379' } };
    const codes = diagnose(buildTopology({ nodes })).map(({ code }) => code);
    expect(codes).toEqual(['auth']);
  });
});
