/**
 * DEBUG: what tests and rehearsals need to look behind the scenes or to make a server misbehave.
 * Closed unless `enable-debug-command` opens it. One handler, as in Redis: the subcommands are no
 * rows of the command table.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import { encodeCommand } from '../../protocol/resp-encode.ts';
import { parseInt64 } from '../../util/int64.ts';
import { parseMemory } from '../../util/units.ts';
import { standStill } from '../../util/stand-still.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { anyDb } from '../propagation.ts';
import { datasetDigest, valueDigest } from '../digest.ts';
import { noDigest } from '../digest-sum.ts';
import { defaultEncodingLimits } from '../types/value.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { protectedRefusal } from './protected-gate.ts';
import { debugObject } from './debug-object.ts';
import { debugProtocol } from './debug-protocol.ts';

export const debugCommands: readonly CommandSpec[] = [
  {
    name: 'debug',
    arity: -2,
    flags: ['admin', 'noscript', 'loading', 'stale', 'protected'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Looks behind the scenes, and makes the server misbehave for a test.',
    complexity: 'see DEBUG HELP',
    handler: debugCommand,
  },
];

interface Subcommand {
  /** Arguments with DEBUG and its own word: at least, at most. */
  readonly argc: readonly [least: number, most: number];
  readonly run: (call: Call) => void;
  readonly help: HelpRow;
}

const anyNumber = Number.POSITIVE_INFINITY;
/** A little below 4 GiB, which lengths of 32 bits cannot reach. [7.0] */
const maxPackedThreshold = 2n ** 32n - 2n ** 20n;

const subcommands: Readonly<Record<string, Subcommand>> = {
  'config-rewrite-force-all': {
    argc: [2, 2],
    run: debugConfigRewriteForceAll,
    help: ['CONFIG-REWRITE-FORCE-ALL', 'CONFIG REWRITE with every directive, defaults too.'],
  },
  digest: {
    argc: [2, 2],
    run: ({ reply, keyspace }) => reply.simple(datasetDigest(keyspace)),
    help: ['DIGEST', 'Forty digits that are the same wherever the data are the same.'],
  },
  'digest-value': {
    argc: [2, anyNumber],
    run: debugDigestValue,
    help: ['DIGEST-VALUE <key> [<key> ...]', 'The same for single values.'],
  },
  error: {
    argc: [3, 3],
    run: (call) => call.error(call.text(2)),
    help: ['ERROR <text>', 'Answers with that error.'],
  },
  log: {
    argc: [3, 3],
    run: debugLog,
    help: ['LOG <text>', 'Writes a line into the log.'],
  },
  object: {
    argc: [3, 3],
    run: debugObject,
    help: ['OBJECT <key>', 'How the value is stored.'],
  },
  'pause-cron': {
    argc: [3, 3],
    run: debugPauseCron,
    help: ['PAUSE-CRON <0|1>', 'Stops what the server does by itself, or lets it go on.'],
  },
  populate: {
    argc: [3, 5],
    run: debugPopulate,
    help: [
      'POPULATE <count> [<prefix>] [<size>]',
      'Adds strings key:0, key:1 … where they are not there yet. Replicas are not told.',
    ],
  },
  protocol: {
    argc: [3, 3],
    run: debugProtocol,
    help: ['PROTOCOL <type>', 'Answers with a sample of a type of reply.'],
  },
  'quicklist-packed-threshold': {
    argc: [3, 3],
    run: debugPackedThreshold,
    help: [
      'QUICKLIST-PACKED-THRESHOLD <size>',
      'From how many bytes on an element of a list has a node to itself; 0 for the default.',
    ],
  },
  'aof-flush-sleep': {
    argc: [3, 3],
    run: debugAofFlushSleep,
    help: ['AOF-FLUSH-SLEEP <microseconds>', 'Stands still before each write to the file.'],
  },
  loadaof: {
    argc: [2, 2],
    run: debugLoadaof,
    help: ['LOADAOF', 'Drops the data, and loads what the append-only file holds.'],
  },
  reload: {
    argc: [2, anyNumber],
    run: debugReload,
    help: ['RELOAD [NOSAVE]', 'Saves the data, drops them, and loads them again.'],
  },
  replicate: {
    argc: [3, anyNumber],
    run: debugReplicate,
    help: ['REPLICATE <command> [<arg> ...]', 'Sends replicas a command that was not run here.'],
  },
  replybuffer: {
    argc: [4, 4],
    run: debugReplybuffer,
    help: [
      'REPLYBUFFER PEAK-RESET-TIME|RESIZING <value>',
      'Is accepted: the reply buffer that all clients share here never changes its size.',
    ],
  },
  'set-active-expire': {
    argc: [3, 3],
    run: debugSetActiveExpire,
    help: ['SET-ACTIVE-EXPIRE <0|1>', 'Whether expired keys go before anyone asks for them.'],
  },
  'set-skip-checksum-validation': {
    argc: [3, 3],
    run: debugSkipChecksums,
    help: [
      'SET-SKIP-CHECKSUM-VALIDATION <0|1>',
      'Whether RDB files and payloads of RESTORE are read whatever their checksum.',
    ],
  },
  sleep: {
    argc: [3, 3],
    run: debugSleep,
    help: ['SLEEP <seconds>', 'Serves nobody for so long; fractions are allowed.'],
  },
};

function debugCommand(call: Call): void {
  const refusal = protectedRefusal(call, call.command);
  if (refusal !== null) {
    call.error(refusal);
    return;
  }
  const word = call.text(1).toLowerCase();
  if (word === 'help' && call.argc === 2) {
    replyHelp(
      call,
      'DEBUG',
      Object.values(subcommands).map(({ help }) => help),
    );
    return;
  }
  const subcommand = Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
  if (
    subcommand === undefined ||
    call.argc < subcommand.argc[0] ||
    call.argc > subcommand.argc[1]
  ) {
    call.error(
      `ERR unknown subcommand or wrong number of arguments for '${call.text(1)}'. Try DEBUG HELP.`,
    );
    return;
  }
  subcommand.run(call);
}

function debugDigestValue(call: Call): void {
  call.reply.array(call.argc - 2);
  for (let index = 2; index < call.argc; index++) {
    const ref = lookupQuietly(call, index);
    call.reply.simple(ref === 0 ? noDigest : valueDigest(call.db.dict, ref));
  }
}

/** Without a hit, a miss or a touch. */
function lookupQuietly(call: Call, index: number): number {
  const { dict } = call.db;
  const start = call.argStart[index];
  const end = call.argEnd[index];
  const exists = call.keyspace.exists(call.db, call.buffer, start, end);
  return exists ? dict.find(call.buffer, start, end) : 0;
}

function debugLog(call: Call): void {
  call.server.log.warning(`DEBUG LOG: ${call.text(2)}`);
  call.reply.ok();
}

function debugPauseCron(call: Call): void {
  call.server.cron.setPaused(leadingNumber(call.text(2)) !== 0);
  call.reply.ok();
}

function debugSetActiveExpire(call: Call): void {
  call.server.cron.setActiveExpire(leadingNumber(call.text(2)) !== 0);
  call.reply.ok();
}

function debugSkipChecksums(call: Call): void {
  call.server.persistence.dataFile.verifiesChecksums = leadingNumber(call.text(2)) === 0;
  call.reply.ok();
}

function debugPackedThreshold(call: Call): void {
  const bytes = parseMemory(call.text(2));
  if (bytes === null || bytes < 0n || bytes > maxPackedThreshold) {
    call.error('ERR argument must be a memory value bigger than 1 and smaller than 4gb');
    return;
  }
  const { quicklistPackedThreshold } = defaultEncodingLimits;
  const threshold = bytes === 0n ? quicklistPackedThreshold : Number(bytes);
  call.keyspace.valueSettings.quicklistPackedThreshold = threshold;
  call.reply.ok();
}

/** Blocks the whole process, as it must. */
function debugSleep(call: Call): void {
  const milliseconds = leadingNumber(call.text(2)) * 1000;
  standStill(milliseconds);
  call.reply.ok();
}

/** The number that the text begins with, 0 when there is none: as C reads it. */
function leadingNumber(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isNaN(value) ? 0 : value;
}

function debugConfigRewriteForceAll(call: Call): void {
  const result = call.server.config.rewrite({ defaultsToo: true });
  if (result.kind === 'ok') call.reply.ok();
  else call.error(result.reply);
}

function debugReplybuffer(call: Call): void {
  if (call.is(2, 'resizing') || call.is(2, 'peak-reset-time')) call.reply.ok();
  else call.syntaxError();
}

function debugReplicate(call: Call): void {
  const { propagation, replication } = call.server;
  const words = Array.from({ length: call.argc - 2 }, (_, index) => call.arg(index + 2));
  const command = encodeCommand(words);
  propagation.flushRun();
  replication.feed(anyDb, command, 0, command.length);
  call.reply.ok();
}

/** Neither counted as changes nor propagated. */
function debugPopulate(call: Call): void {
  const count = positiveAt(call, 2);
  const size = call.argc > 4 ? positiveAt(call, 4) : 0;
  if (count === null || size === null) {
    call.error(errorReplies.mustBePositive);
    return;
  }
  const prefix = call.argc > 3 ? call.text(3) : 'key';
  const { dict } = call.db;
  for (let number = 0; number < count; number++) {
    const key = Buffer.from(`${prefix}:${number}`, 'latin1');
    if (call.keyspace.lookupWrite(call.db, key, 0, key.length) !== 0) continue;
    const value = sampleValue(number, size);
    dict.insertString(key, 0, key.length, value, 0, value.length);
    call.keyspace.notify(notifyClass.newKey, 'new', call.db, key, 0, key.length);
    call.keyspace.signalModified(call.db, key, 0, key.length);
  }
  call.reply.ok();
}

/** `value:N`, cut or filled up with zero bytes to `size` unless that is 0. */
function sampleValue(number: number, size: number): Buffer {
  const text = `value:${number}`;
  if (size === 0) return Buffer.from(text);
  const value = Buffer.alloc(size);
  value.write(text);
  return value;
}

function positiveAt(call: Call, index: number): number | null {
  const value = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  return value === null || value < 0n ? null : Number(value);
}

function debugAofFlushSleep(call: Call): void {
  call.server.aof.flushSleepMs = Number(call.text(2)) / 1000;
  call.reply.ok();
}

function debugLoadaof(call: Call): void {
  const { argc, argEnd, argStart, buffer, client, command, keyspace, server } = call;
  const { dirty } = keyspace;
  server.propagation.flushRun();
  // The commands of the file run in this same call, and their replies are dropped.
  server.executor.flushReplies(client);
  try {
    server.aof.reloadAtOnce(() => keyspace.flush(keyspace.databases));
  } catch (error) {
    server.log.warning((error as Error).message);
    call.error('ERR Error trying to load the AOF files, check server logs.');
  }
  call.load(client, { argc, argEnd, argStart, buffer });
  call.command = command;
  keyspace.dirty = dirty;
  call.preventPropagation();
  if (!call.failed) call.reply.ok();
}

/** Keeps what is in memory where the file cannot be written. */
function debugReload(call: Call): void {
  const options = Array.from({ length: call.argc - 2 }, (_, at) => call.text(at + 2).toLowerCase());
  if (!options.every((option) => option === 'nosave')) {
    call.error('ERR DEBUG RELOAD of this server only supports the NOSAVE option.');
    return;
  }
  const { keyspace, server } = call;
  const { dirty } = keyspace;
  const saveError = options.length > 0 ? null : server.persistence.saveNow();
  if (saveError !== null) {
    call.error(saveError === 'ERR' ? 'ERR ' : saveError);
    return;
  }
  keyspace.flush(keyspace.databases);
  try {
    const loaded = server.persistence.dataFile.loadAtOnce(server.replication.role === 'master');
    if (loaded === null) throw new Error(`There is no file ${server.persistence.dataFile.path}`);
  } catch (error) {
    server.log.warning((error as Error).message);
    call.error('ERR Error trying to load the RDB dump');
  }
  keyspace.dirty = options.length > 0 ? dirty : 0;
  call.preventPropagation();
  if (!call.failed) call.reply.ok();
}
