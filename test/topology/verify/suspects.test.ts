import { describe, expect, it } from 'vitest';
import { noKey, type KeyState } from '../../../src/topology/verify/key-state.ts';
import type { Verdict } from '../../../src/topology/verify/judge.ts';
import { Suspects } from '../../../src/topology/verify/suspects.ts';
import type { Clock } from '../../../src/util/clock.ts';
import { clockThatJumps } from '../../support/clocks.ts';

const present: KeyState = {
  type: 'string',
  sum: { by: 'elements', text: 'a' },
  expireAtMs: undefined,
};
const equal: Verdict = { kind: 'equal' };
const touched: Verdict = { kind: 'open', expiresAtMs: undefined };
const missing: Verdict = {
  kind: 'different',
  difference: 'missing',
  master: present,
  replica: noKey,
};

interface Rig {
  suspects: Suspects;
  /** Keys that were judged together, in order. */
  rounds: string[][];
  followed: string[];
  clock: Clock;
  stop: () => void;
}

function rig(
  verdictOf: (key: string, round: number, nowMs: number) => Verdict,
  options: { inStep?: boolean } = {},
): Rig {
  const rounds: string[][] = [];
  const followed: string[] = [];
  const seen = new Map<string, number>();
  const clock = clockThatJumps(1000);
  const stop = new AbortController();
  const judge = {
    judge: (_db: number, keys: readonly string[]) => {
      rounds.push([...keys]);
      return Promise.resolve(
        keys.map((key) => {
          const round = seen.get(key) ?? 0;
          seen.set(key, round + 1);
          return verdictOf(key, round, clock.now());
        }),
      );
    },
    follow: (_db: number, key: string) => {
      followed.push(key);
      return Promise.resolve(options.inStep ?? false);
    },
  };
  const suspects = new Suspects(judge, { clock, signal: stop.signal });
  return { suspects, rounds, followed, clock, stop: () => stop.abort() };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `key${at}`);

describe('suspicious keys', () => {
  it('are dropped when they are equal, kept when they are different', async () => {
    const { suspects, rounds } = rig((key) => (key === 'key1' ? missing : equal));
    suspects.add(2, names(3));
    suspects.add(2, ['key1']);
    await suspects.settle();
    expect(rounds).toEqual([names(3)]);
    expect(suspects.differences).toEqual([
      {
        db: 2,
        key: 'key1',
        difference: 'missing',
        masterType: 'string',
        replicaType: 'none',
        masterExpireAtMs: null,
        replicaExpireAtMs: null,
      },
    ]);
    expect(suspects.size).toBe(0);
  });

  it('are judged with ever fewer others while they are touched', async () => {
    const { suspects, rounds } = rig((_key, round) => (round < 3 ? touched : missing));
    suspects.add(0, names(600));
    await suspects.settle();
    const sizes = rounds.map(({ length }) => length);
    expect([...new Set(sizes)]).toEqual([512, 88, 64, 24, 8, 1]);
    expect(suspects.differences).toHaveLength(600);
  });

  it('of two databases are never judged together', async () => {
    const { suspects, rounds } = rig(() => equal);
    suspects.add(0, ['a', 'b']);
    suspects.add(1, ['a']);
    await suspects.settle();
    expect(rounds).toEqual([['a', 'b'], ['a']]);
  });

  it('are followed when they are touched all the time', async () => {
    for (const inStep of [true, false]) {
      const { suspects, followed } = rig(() => touched, { inStep });
      suspects.add(0, ['hot']);
      await suspects.settle();
      expect(followed).toEqual(['hot']);
      expect(suspects.unsettled).toEqual(inStep ? [] : [{ db: 0, key: 'hot' }]);
      expect(suspects.differences).toEqual([]);
    }
  });

  it('that cannot be compared are not asked for again', async () => {
    const { suspects, rounds } = rig(() => ({ kind: 'unsettled' }));
    suspects.add(0, ['a']);
    await suspects.settle();
    expect(rounds).toHaveLength(1);
    expect(suspects.unsettled).toEqual([{ db: 0, key: 'a' }]);
  });

  it('that expire are judged when they have expired', async () => {
    const { suspects, clock } = rig((_key, _round, nowMs) =>
      nowMs < 4000 ? { kind: 'open', expiresAtMs: 4000 } : equal,
    );
    suspects.add(0, ['soon']);
    await suspects.settle();
    expect(clock.now()).toBeGreaterThanOrEqual(4000);
    expect([suspects.differences, suspects.unsettled]).toEqual([[], []]);
  });

  it('stay open when the comparison is stopped', async () => {
    const { suspects, stop } = rig(() => touched);
    suspects.add(0, ['a']);
    stop();
    await suspects.settle();
    expect(suspects.open()).toEqual([{ db: 0, key: 'a' }]);
  });
});
