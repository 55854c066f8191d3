/** LATENCY GRAPH, against pictures that redis-server 7.0.15 drew of the same samples. */
import { expect, test } from 'vitest';
import { drawLatency } from '../../../src/server/commands/latency-graph.ts';
import type { LatencySeries } from '../../../src/server/latency-monitor.ts';

const rule = '-'.repeat(80);
const nowSec = 10_000;

function series(...samples: [agoSec: number, latencyMs: number][]): LatencySeries {
  return {
    samples: samples.map(([ago, latencyMs]) => ({ timeSec: nowSec - ago, latencyMs })),
    maxMs: Math.max(...samples.map(([, latencyMs]) => latencyMs)),
  };
}

test('bars of three heights a row, and how long ago', () => {
  expect(drawLatency('command', series([5, 21], [4, 100], [3, 52], [1, 300]), nowSec)).toBe(
    [
      'command - high 300 ms, low 21 ms (all time high 300 ms)',
      rule,
      '   #',
      '   |',
      ' _ |',
      '_|o|',
      '    ',
      '5431',
      'ssss',
      '',
    ].join('\n'),
  );
});

test('ages of different lengths', () => {
  const graph = drawLatency('command', series([11, 20], [10, 100], [9, 52], [0, 300]), nowSec);
  expect(graph.split('\n').slice(6)).toEqual(['    ', '1190', '10ss', 'ss  ', '']);
});

test('a single sample', () => {
  expect(
    drawLatency('command', series([0, 50]), nowSec)
      .split('\n')
      .slice(2),
  ).toEqual([' ', ' ', ' ', '_', ' ', '0', 's', '']);
});

test('minutes, hours, days; more than 80 samples go on below', () => {
  const old = series([90, 1], [7300, 1], [200_000, 1]);
  expect(drawLatency('x', old, nowSec).split('\n').slice(7)).toEqual(['122', 'mhd', '']);
  const many = series(...Array.from({ length: 81 }, (_, at): [number, number] => [at % 9, at]));
  const lines = drawLatency('x', many, nowSec).split('\n');
  expect(lines[2]).toHaveLength(80);
  expect(lines.slice(9)).toEqual(['', '#', '|', '|', '|', ' ', '8', 's', '']);
});
