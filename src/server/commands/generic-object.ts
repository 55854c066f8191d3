/** OBJECT: how a value is stored, and how long it has not been used. */
import { parseSmallInteger } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { replyHelp, type HelpRow } from './command-help.ts';
import { encodingOf } from '../keyspace/encoding.ts';

/** Redis keeps one object for each of these numbers; its count is the greatest int. [7.0] */
const sharedIntegers = 10_000;
const sharedRefcount = 0x7fff_ffff;

const row = {
  arity: 3,
  flags: ['readonly'],
  categories: ['keyspace'],
  keys: [2, 2, 1],
  group: 'generic',
  complexity: 'O(1)',
} as const;

export const objectCommands: readonly CommandSpec[] = [
  {
    name: 'object',
    arity: -2,
    flags: [],
    categories: [],
    group: 'generic',
    since: '2.2.3',
    summary: 'Groups the commands that tell how a value is stored.',
    complexity: 'Depends on the subcommand',
    subcommands: [
      {
        ...row,
        name: 'encoding',
        since: '2.2.3',
        summary: 'Names the form in which a value is stored.',
        handler: objectEncodingCommand,
      },
      {
        ...row,
        name: 'freq',
        since: '4.0.0',
        summary: 'Returns how often a key is used, under an LFU policy.',
        handler: objectFreqCommand,
      },
      {
        ...row,
        name: 'idletime',
        since: '2.2.3',
        summary: 'Returns for how many seconds a key has not been used.',
        handler: objectIdletimeCommand,
      },
      {
        ...row,
        name: 'refcount',
        since: '2.2.3',
        summary: 'Returns how many references the value has.',
        handler: objectRefcountCommand,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        categories: ['keyspace'],
        group: 'generic',
        since: '6.2.0',
        summary: 'Lists the subcommands.',
        complexity: 'O(1)',
        handler: objectHelpCommand,
      },
    ],
  },
];

const otherPolicyHint =
  'Please note that when switching between policies at runtime LRU and LFU data will take some ' +
  'time to adjust.';

const help: readonly HelpRow[] = [
  ['ENCODING <key>', 'The form in which the value of <key> is stored.'],
  ['FREQ <key>', 'How often <key> is used: a counter that grows with the logarithm of its uses.'],
  ['IDLETIME <key>', 'For how many seconds <key> has not been used.'],
  ['REFCOUNT <key>', 'How many references the value of <key> has.'],
];

function objectEncodingCommand(call: Call): void {
  const ref = lookupUnnoticed(call);
  if (ref === 0) return;
  call.reply.bulkText(encodingOf(call.db.dict, ref));
}

function objectFreqCommand(call: Call): void {
  const ref = lookupUnnoticed(call);
  if (ref === 0) return;
  if (!usesLfu(call)) {
    call.error(
      `ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${otherPolicyHint}`,
    );
    return;
  }
  call.reply.integer(call.keyspace.frequencies.countOf(call.db.dict.accessedAt(ref)));
}

function objectIdletimeCommand(call: Call): void {
  const ref = lookupUnnoticed(call);
  if (ref === 0) return;
  if (usesLfu(call)) {
    call.error(
      `ERR An LFU maxmemory policy is selected, idle time not tracked. ${otherPolicyHint}`,
    );
    return;
  }
  call.reply.integer(call.db.dict.idleSeconds(ref));
}

function objectRefcountCommand(call: Call): void {
  const ref = lookupUnnoticed(call);
  if (ref === 0) return;
  call.reply.integer(isShared(call, ref) ? sharedRefcount : 1);
}

/** Objects that are shared cannot have access times of their own, which some policies need. */
function isShared(call: Call, ref: number): boolean {
  const { dict } = call.db;
  const { maxmemory, maxmemoryPolicy } = call.server.config;
  if (maxmemory > 0 && /-l[rf]u$/.test(maxmemoryPolicy)) return false;
  if (dict.isCollection(ref) || dict.isRaw(ref)) return false;
  dict.readString(ref);
  const value = parseSmallInteger(dict.windowBuffer, dict.windowStart, dict.windowEnd);
  return value >= 0 && value < sharedIntegers;
}

function objectHelpCommand(call: Call): void {
  replyHelp(call, 'OBJECT', help);
}

/** Neither counted nor touched: the question must not change the answer. Replies nil for none. */
function lookupUnnoticed(call: Call): number {
  const { db, keyspace } = call;
  const ref = db.dict.find(call.buffer, call.argStart[2], call.argEnd[2]);
  if (ref !== 0 && !keyspace.isExpired(db, ref)) return ref;
  call.reply.nil();
  return 0;
}

function usesLfu(call: Call): boolean {
  return call.server.config.maxmemoryPolicy.endsWith('-lfu');
}
