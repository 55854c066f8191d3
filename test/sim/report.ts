/** A run as text: for the runner, and for the message of a failed test. */
import type { RunResult } from './simulate.ts';

const shownTail = 60;

/** One failed seed, short: what broke, what was done, the last log lines. */
export function printFailure(result: RunResult): string {
  return [
    `seed ${result.scenario.seed} FAILED: ${result.failure?.message ?? 'not at all'}`,
    ...printScenario(result),
    'schedule:',
    ...indent(result.schedule),
    `the last ${shownTail} lines:`,
    ...indent(result.tail.slice(-shownTail)),
    `replay it: npm run sim -- ${result.scenario.seed}`,
  ].join('\n');
}

/** One run with everything that was logged. */
export function printRun(result: RunResult): string {
  const verdict = result.failure === undefined ? 'passed' : `FAILED: ${result.failure.stack ?? ''}`;
  return [
    ...printScenario(result),
    ...result.tail,
    `seed ${result.scenario.seed} ${verdict}`,
    `${result.events} events, ${Math.round(result.virtualMs / 1000)} virtual seconds, ` +
      `${result.syncs.full} full and ${result.syncs.partial} partial syncs, trace ${result.hash}`,
  ].join('\n');
}

function printScenario({ scenario }: RunResult): string[] {
  const { nodes, network, phases, populate, usesDisk } = scenario;
  return [
    `${populate} keys at first, ${usesDisk ? 'with' : 'without'} background files`,
    `network: ${JSON.stringify(network)}`,
    ...nodes.map(
      ({ port, upstream, settings, skewMs, clockCostMs }) =>
        `${port} ${upstream === undefined ? 'master' : `of ${upstream}`}: ${settings.join(', ')}; ` +
        `clock off by ${skewMs} ms, a look costs ${clockCostMs} ms`,
    ),
    ...phases.map(
      ({ durationMs, faultGapMs, burstGapMs, kinds }, index) =>
        `phase ${index + 1}: ${durationMs} ms, a fault each ${faultGapMs} ms, requests each ` +
        `${burstGapMs} ms, faults ${kinds.map(([weight, kind]) => `${weight} ${kind}`).join(', ')}`,
    ),
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
