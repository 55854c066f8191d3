import { expect, it } from 'vitest';
import { isReconnecting, isSettling } from '../../../src/topology/change/settling.ts';
import { buildTopology } from '../build-topology.ts';

it('is settling while links are made, where somebody takes writes', () => {
  const link = 'down' as const;
  const below = { 6380: { upstream: '6379', link }, 6381: { upstream: '6380' } };
  const dead = { kind: 'unreachable', message: 'nobody listens there' } as const;
  const seen = [
    { 6379: {}, ...below },
    { 6379: {}, 6380: { upstream: '6379' }, 6381: { upstream: '6380' } },
    { 6379: { down: dead }, ...below },
    { 6379: { upstream: '6380' }, 6380: { upstream: '6379', link } },
    { 6379: {}, 6380: { upstream: '6379', link: 'syncing' as const } },
  ].map((nodes) => isSettling(buildTopology({ nodes })));
  expect(seen).toEqual([true, false, false, false, false]);
});

it('waits for a link that the upstream, in another history by now, is about to break', () => {
  const seen = ['ours', 'another'].map((replid) =>
    buildTopology({
      nodes: {
        6379: { replid: 'ours' },
        6380: { upstream: '6379', replid },
      },
    }),
  );
  expect(seen.map(isReconnecting)).toEqual([false, true]);
  expect(seen.map(isSettling)).toEqual([false, true]);
});

it('waits for a link that was lost a moment ago, for no other', () => {
  const seen = [
    { link: 'down' as const, downSinceSeconds: 0 },
    { link: 'down' as const, downSinceSeconds: 60 },
    { link: 'connecting' as const },
    { link: 'up' as const },
  ].map((facts) =>
    isReconnecting(buildTopology({ nodes: { 6379: {}, 6380: { upstream: '6379', ...facts } } })),
  );
  expect(seen).toEqual([true, false, false, false]);
});
