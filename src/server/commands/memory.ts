/**
 * MEMORY: what keys and the server take. Bytes are those that `memory-use.ts` counts; those of
 * the "allocator" are V8's. A key's bytes are always all of them, however few SAMPLES were asked for.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { errorReplies } from '../../protocol/error-replies.ts';
import { formatDouble } from '../../util/double.ts';
import type { Call } from '../call.ts';
import type { CommandSpec, Handler } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import { usedMemory } from '../memory-use.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { diagnoseMemory } from './memory-doctor.ts';

/** name, arity, flags, complexity, handler, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, Handler, string];

const rows: readonly Row[] = [
  ['doctor', 2, [], 'O(1)', doctorCommand, 'Says what is wrong with the memory, if anything.'],
  ['help', 2, ['loading', 'stale'], 'O(1)', helpCommand, 'Lists what MEMORY can do.'],
  ['malloc-stats', 2, [], 'O(1)', mallocStatsCommand, 'Shows what the allocator says of itself.'],
  ['purge', 2, [], 'O(1)', purgeCommand, 'Is accepted; V8 gives memory back by itself.'],
  ['stats', 2, [], 'O(n) for n clients', statsCommand, 'Shows what holds how much memory.'],
];

export const memoryCommands: readonly CommandSpec[] = [
  {
    name: 'memory',
    arity: -2,
    flags: [],
    categories: ['slow'],
    group: 'server',
    since: '4.0.0',
    summary: 'Shows what keys and the server take.',
    complexity: 'see the subcommands',
    subcommands: [
      ...rows.map(([name, arity, flags, complexity, handler, summary]) => ({
        name,
        arity,
        flags,
        categories: [],
        group: 'server',
        since: '4.0.0',
        summary,
        complexity,
        handler,
      })),
      {
        name: 'usage',
        arity: -3,
        flags: ['readonly'],
        categories: [],
        keys: [2, 2, 1],
        group: 'server',
        since: '4.0.0',
        summary: 'Tells how many bytes a key and its value take.',
        complexity: 'O(1)',
        handler: usageCommand,
      },
    ],
  },
];

const help: readonly HelpRow[] = [
  ['DOCTOR', 'Says in words what is wrong with the memory, if anything.'],
  ['MALLOC-STATS', 'Shows what the allocator, which is V8, says of itself.'],
  ['PURGE', 'Is accepted, and changes nothing: V8 gives memory back by itself.'],
  ['STATS', 'Shows what holds how much memory.'],
  ['USAGE <key> [SAMPLES <count>]', 'Tells how many bytes <key> and its value take.'],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'MEMORY', help);
}

/** Neither counted nor touched, and expired or not: what it takes, it takes. */
function usageCommand(call: Call): void {
  for (let index = 3; index < call.argc; index += 2) {
    if (!call.is(index, 'samples') || index + 1 === call.argc) {
      call.syntaxError();
      return;
    }
    const samples = call.integer(index + 1);
    if (!(samples >= 0)) {
      call.error(Number.isNaN(samples) ? errorReplies.notInteger : errorReplies.syntax);
      return;
    }
  }
  const { dict } = call.db;
  const ref = dict.find(call.buffer, call.argStart[2], call.argEnd[2]);
  if (ref === 0) call.reply.nil();
  else call.reply.integer(dict.entryBytes(ref));
}

function purgeCommand({ reply }: Call): void {
  reply.ok();
}

function doctorCommand(call: Call): void {
  call.reply.verbatim(diagnoseMemory(call.server));
}

function mallocStatsCommand(call: Call): void {
  const figures = Object.entries(getHeapStatistics()).map(([name, value]) => `${name}: ${value}\n`);
  const spaces = getHeapSpaceStatistics().map(
    (space) =>
      `${space.space_name}: ${space.space_used_size} used of ${space.space_size}, ` +
      `${space.space_available_size} available\n`,
  );
  call.reply.verbatim(`V8 ${process.versions.v8}\n${figures.join('')}${spaces.join('')}`);
}

/** A field's value: bytes and counts, or a share or ratio, which is a double. */
type Figure = number | { readonly double: number };

function statsCommand(call: Call): void {
  const { keyspace, reply } = call;
  const { before, after } = memoryFigures(call);
  const filled = keyspace.databases.filter(({ dict }) => dict.size > 0);
  reply.map(before.length + filled.length + after.length);
  for (const figure of before) replyFigure(call, figure);
  for (const { id, dict } of filled) {
    reply.bulkText(`db.${id}`);
    reply.map(3);
    replyFigure(call, ['overhead.hashtable.main', dict.indexBytes]);
    replyFigure(call, ['overhead.hashtable.expires', dict.expiryBytes]);
    replyFigure(call, ['overhead.hashtable.slot-to-keys', 0]);
  }
  for (const figure of after) replyFigure(call, figure);
}

type NamedFigure = readonly [name: string, value: Figure];

/** Those that Redis shows before and after the databases. */
function memoryFigures({ server, keyspace }: Call): Record<'before' | 'after', NamedFigure[]> {
  const used = usedMemory(server);
  const peak = server.infoSampler.peakMemory(used.total);
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const allocated = heapUsed + external;
  const active = heapTotal + external;
  const indexes = keyspace.databases.reduce(
    (sum, { dict }) => sum + dict.indexBytes + dict.expiryBytes,
    0,
  );
  const overhead = used.total - used.dataset + indexes;
  const data = used.total - overhead;
  return {
    before: [
      ['peak.allocated', peak],
      ['total.allocated', used.total],
      ['startup.allocated', 0],
      ['replication.backlog', used.backlog],
      ['clients.slaves', used.replicas],
      ['clients.normal', used.normalClients],
      ['cluster.links', 0],
      ['aof.buffer', 0],
      ['lua.caches', 0],
      ['functions.caches', 0],
    ],
    after: [
      ['overhead.total', overhead],
      ['keys.count', keyspace.keyCount],
      ['keys.bytes-per-key', Math.floor(used.total / Math.max(1, keyspace.keyCount))],
      ['dataset.bytes', data],
      ['dataset.percentage', percent(data, used.total)],
      ['peak.percentage', percent(used.total, peak)],
      ['allocator.allocated', allocated],
      ['allocator.active', active],
      ['allocator.resident', rss],
      ['allocator-fragmentation.ratio', { double: active / allocated }],
      ['allocator-fragmentation.bytes', active - allocated],
      ['allocator-rss.ratio', { double: rss / active }],
      ['allocator-rss.bytes', rss - active],
      ['rss-overhead.ratio', { double: 1 }],
      ['rss-overhead.bytes', 0],
      ['fragmentation', { double: rss / Math.max(1, used.total) }],
      ['fragmentation.bytes', rss - used.total],
    ],
  };
}

function percent(part: number, whole: number): Figure {
  return { double: whole === 0 ? 0 : (100 * part) / whole };
}

function replyFigure({ reply }: Call, [name, value]: NamedFigure): void {
  reply.bulkText(name);
  if (typeof value === 'number') reply.integer(value);
  else reply.double(formatDouble(value.double));
}
