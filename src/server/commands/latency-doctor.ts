/**
 * LATENCY DOCTOR: the samples of the latency monitor in words, and what is known to help. It only
 * speaks of what this server does: no fork, no AOF, no defragmentation is to blame here.
 */
import type { ServerContext } from '../context.ts';
import type { LatencySeries } from '../latency-monitor.ts';

/** Slower than this and still not in the slow log: the log's threshold is too high. */
const wideSlowlogUsec = 100_000;

export function diagnoseLatency(server: ServerContext): string {
  const { latency, config } = server;
  const thresholdMs = config.values.latencyMonitorThreshold;
  if (thresholdMs === 0) {
    return (
      'Nothing is measured: the latency monitor is off. ' +
      '"CONFIG SET latency-monitor-threshold <milliseconds>" turns it on.\n'
    );
  }
  const all = [...latency.all()];
  if (all.length === 0) return `Nothing has taken ${thresholdMs} ms or longer so far.\n`;
  const findings = all.map(([event, series], at) => `${at + 1}. ${describe(event, series)}\n`);
  const advice = adviceFor(new Set(latency.all().keys()), server).map((line) => `- ${line}\n`);
  return `These have taken ${thresholdMs} ms or longer:\n\n${findings.join('')}\n${advice.join('')}`;
}

function describe(event: string, { samples, maxMs }: LatencySeries): string {
  const count = samples.length;
  const mean = samples.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / count;
  const deviation =
    samples.reduce((sum, { latencyMs }) => sum + Math.abs(latencyMs - mean), 0) / count;
  const seconds = samples[count - 1].timeSec - samples[0].timeSec;
  const every = count > 1 ? `, one every ${(seconds / (count - 1)).toFixed(1)} s` : '';
  return (
    `${event}: ${count} ${count === 1 ? 'second' : 'seconds'} with a spike${every}; ` +
    `${Math.round(mean)} ms on average (mean deviation ${Math.round(deviation)} ms), ` +
    `${maxMs} ms at worst.`
  );
}

function adviceFor(events: ReadonlySet<string>, { config }: ServerContext): string[] {
  const { slowlogLogSlowerThan } = config.values;
  const advice: string[] = [];
  if (events.has('command') || events.has('fast-command')) {
    if (slowlogLogSlowerThan < 0 || slowlogLogSlowerThan > wideSlowlogUsec) {
      advice.push(
        'The slow log keeps little or nothing: "CONFIG SET slowlog-log-slower-than 1000" lets it ' +
          'show which commands are slow.',
      );
    } else {
      advice.push('SLOWLOG GET shows which commands are slow, and with which arguments.');
    }
  }
  if (events.has('command')) {
    advice.push('Commands over many elements take long: ask for less at a time (SCAN, LRANGE).');
  }
  if (events.has('fast-command')) {
    advice.push('Short commands that take long point to the machine: is its memory or CPU short?');
  }
  if (events.has('expire-cycle') || events.has('eviction-cycle')) {
    advice.push('Many keys go at one time: spread their times to live, or give more memory.');
  }
  if (events.has('command-unblocking')) {
    advice.push(
      'Clients that wait are served with much at once: push, or ask for, less at a time.',
    );
  }
  return advice;
}
