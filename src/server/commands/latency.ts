/**
 * LATENCY: what has stalled the server (`../latency-monitor.ts`), and how long commands take
 * (`../latency-histogram.ts`). The graph is `latency-graph.ts`, the advice `latency-doctor.ts`.
 */
import type { Call } from '../call.ts';
import type { Command, CommandSpec, Handler } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import type { LatencyHistogram } from '../latency-histogram.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { diagnoseLatency } from './latency-doctor.ts';
import { drawLatency } from './latency-graph.ts';

const byAdmin: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];

/** name, arity, flags, since, complexity, handler, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, string, Handler, string];

const perEvent = 'O(n) for n events';

const rows: readonly Row[] = [
  [
    'doctor',
    2,
    byAdmin,
    '2.8.13',
    'O(1)',
    doctorCommand,
    'Says what may be wrong, and what helps.',
  ],
  ['graph', 3, byAdmin, '2.8.13', 'O(1)', graphCommand, 'Draws the samples of an event.'],
  ['help', 2, ['loading', 'stale'], '2.8.13', 'O(1)', helpCommand, 'Lists what LATENCY can do.'],
  [
    'histogram',
    -2,
    byAdmin,
    '7.0.0',
    'O(n) for n commands',
    histogramCommand,
    'Shows how long executions of commands took.',
  ],
  ['history', 3, byAdmin, '2.8.13', 'O(1)', historyCommand, 'Shows the samples of an event.'],
  [
    'latest',
    2,
    byAdmin,
    '2.8.13',
    perEvent,
    latestCommand,
    'Shows the latest sample of each event.',
  ],
  [
    'reset',
    -2,
    byAdmin,
    '2.8.13',
    perEvent,
    resetCommand,
    'Drops the samples of all or some events.',
  ],
];

export const latencyCommands: readonly CommandSpec[] = [
  {
    name: 'latency',
    arity: -2,
    flags: [],
    categories: ['slow'],
    group: 'server',
    since: '2.8.13',
    summary: 'Shows what has stalled the server, and how long commands take.',
    complexity: 'see the subcommands',
    subcommands: rows.map(([name, arity, flags, since, complexity, handler, summary]) => ({
      name,
      arity,
      flags,
      categories: [],
      group: 'server',
      since,
      summary,
      complexity,
      handler,
    })),
  },
];

const help: readonly HelpRow[] = [
  ['DOCTOR', 'Says in words what has been slow, and what may help.'],
  ['GRAPH <event>', 'Draws the samples of an event.'],
  ['HISTORY <event>', 'Shows the samples of an event: Unix time and milliseconds of each.'],
  ['LATEST', 'Shows the latest and the worst sample of each event.'],
  ['RESET [<event> ...]', 'Drops the samples of all events, or of those named; tells how many.'],
  [
    'HISTOGRAM [<command> ...]',
    'Shows how many executions took at most so many microseconds, of all commands or',
    'of those named; a command with subcommands stands for all of them.',
  ],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'LATENCY', help);
}

function doctorCommand(call: Call): void {
  call.reply.verbatim(diagnoseLatency(call.server));
}

function graphCommand(call: Call): void {
  const event = call.text(2);
  const series = call.server.latency.series(event);
  if (series === undefined) {
    call.error(`ERR No samples available for event '${event}'`);
    return;
  }
  const nowSec = Math.floor(call.server.clock.now() / 1000);
  call.reply.verbatim(drawLatency(event, series, nowSec));
}

function historyCommand(call: Call): void {
  const { reply } = call;
  const samples = call.server.latency.series(call.text(2))?.samples ?? [];
  reply.array(samples.length);
  for (const { timeSec, latencyMs } of samples) {
    reply.array(2);
    reply.integer(timeSec);
    reply.integer(latencyMs);
  }
}

function latestCommand({ reply, server }: Call): void {
  const all = server.latency.all();
  reply.array(all.size);
  for (const [event, { samples, maxMs }] of all) {
    const { timeSec, latencyMs } = samples[samples.length - 1];
    reply.array(4);
    reply.bulkText(event);
    reply.integer(timeSec);
    reply.integer(latencyMs);
    reply.integer(maxMs);
  }
}

function resetCommand(call: Call): void {
  const { latency } = call.server;
  const events =
    call.argc === 2
      ? [...latency.all().keys()]
      : Array.from({ length: call.argc - 2 }, (_, at) => call.text(at + 2));
  call.reply.integer(events.filter((event) => latency.reset(event)).length);
}

function histogramCommand(call: Call): void {
  const { commands } = call.server;
  const asked =
    call.argc === 2
      ? [...commands.all.values()]
      : Array.from({ length: call.argc - 2 }, (_, at) => commands.byName(call.text(at + 2)));
  const shown = asked
    .filter((command) => command !== null)
    .flatMap((command): Command[] => [command, ...(command.subcommands?.values() ?? [])])
    .filter(({ latency }) => latency !== null);
  call.reply.map(shown.length);
  for (const { fullName, latency } of shown) {
    call.reply.bulkText(fullName);
    replyHistogram(call, latency as LatencyHistogram);
  }
}

function replyHistogram({ reply }: Call, histogram: LatencyHistogram): void {
  const levels = histogram.levels();
  reply.map(2);
  reply.bulkText('calls');
  reply.integer(histogram.total);
  reply.bulkText('histogram_usec');
  reply.map(levels.length);
  for (const { maxUsec, count } of levels) {
    reply.integer(maxUsec);
    reply.integer(count);
  }
}
