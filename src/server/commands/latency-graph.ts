/**
 * LATENCY GRAPH: the samples of an event as bars of text, as Redis draws them, with how long ago
 * each was standing upright below it:
 *
 *        #
 *        |
 *      _ |
 *     _|o|
 *
 *     5431
 *     ssss
 */
import type { LatencySample, LatencySeries } from '../latency-monitor.ts';

const columns = 80;
const rows = 4;
/** The tops of bars, three to a row. */
const tops = '_o#';
const levels = rows * tops.length;

export function drawLatency(event: string, series: LatencySeries, nowSec: number): string {
  const latencies = series.samples.map(({ latencyMs }) => latencyMs);
  const range = { low: Math.min(...latencies), high: Math.max(...latencies) };
  const graphs: string[] = [];
  for (let from = 0; from < series.samples.length; from += columns) {
    const samples = series.samples.slice(from, from + columns);
    graphs.push([...drawBars(samples, range), ...drawAges(samples, nowSec)].join(''));
  }
  const { low, high } = range;
  return (
    `${event} - high ${high} ms, low ${low} ms (all time high ${series.maxMs} ms)\n` +
    `${'-'.repeat(columns)}\n${graphs.join('\n')}`
  );
}

/** From the top row down. */
function drawBars(
  samples: readonly LatencySample[],
  range: { low: number; high: number },
): string[] {
  const span = range.high - range.low || 1;
  const heights = samples.map(({ latencyMs }) =>
    Math.min(levels - 1, Math.floor(((latencyMs - range.low) / span) * levels)),
  );
  return Array.from({ length: rows }, (_, at) => {
    const row = rows - 1 - at;
    return `${heights.map((height) => barAt(height, row)).join('')}\n`;
  });
}

function barAt(height: number, row: number): string {
  const topRow = Math.floor(height / tops.length);
  if (row > topRow) return ' ';
  return row < topRow ? '|' : tops[height % tops.length];
}

/** A row of nothing, then as many rows as the longest age has letters. */
function drawAges(samples: readonly LatencySample[], nowSec: number): string[] {
  const ages = samples.map(({ timeSec }) => ageOf(nowSec - timeSec));
  const longest = Math.max(...ages.map((age) => age.length));
  const lines = Array.from({ length: longest }, (_, row) =>
    ages.map((age) => age[row] ?? ' ').join(''),
  );
  return [' '.repeat(samples.length), ...lines].map((line) => `${line}\n`);
}

function ageOf(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
