/** DUMP and RESTORE: a value as a payload that another server can take. */
import { decodeDumpBody, readDumpPayload, writeDumpPayload } from '../../rdb/dump-payload.ts';
import { rdbType } from '../../rdb/opcodes.ts';
import { RdbError } from '../../rdb/rdb-error.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import type {
  HashTarget,
  ListTarget,
  RdbValueSink,
  SetTarget,
  StreamTarget,
  ZsetTarget,
} from '../../rdb/value-sink.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import { isDueAtOnce, setExpire } from './expire-time.ts';
import type { Dict } from '../keyspace/dict.ts';
import { dumpBodyOf } from '../persistence/body-of.ts';
import { ValueMaker } from '../persistence/value-maker.ts';
import type { Value, ValueSettings } from '../types/value.ts';
import { createAt } from './values.ts';
import { argumentView, exactInteger, integerArgument, storeStringAt } from './generic-arguments.ts';

const row = { keys: [1, 1, 1], group: 'generic', since: '2.6.0' } as const;

export const dumpCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'dump',
    arity: 2,
    flags: ['readonly'],
    categories: ['keyspace'],
    summary: 'Returns a value in the form that RESTORE takes.',
    complexity: 'O(n) for a value of n bytes',
    handler: dumpCommand,
  },
  {
    ...row,
    name: 'restore',
    arity: -4,
    flags: ['write', 'denyoom'],
    categories: ['keyspace', 'dangerous'],
    summary: 'Creates a key from what DUMP returned.',
    complexity: 'O(n) for a value of n bytes',
    handler: restoreCommand,
  },
  {
    ...row,
    name: 'restore-asking',
    arity: -4,
    flags: ['write', 'denyoom', 'asking'],
    categories: ['keyspace', 'dangerous'],
    group: 'server',
    since: '3.0.0',
    summary: 'RESTORE as the nodes of a cluster send it to each other.',
    complexity: 'O(n) for a value of n bytes',
    handler: restoreCommand,
  },
];

function dumpCommand(call: Call): void {
  const ref = call.lookupRead(1);
  if (ref === 0) {
    call.reply.nil();
    return;
  }
  call.reply.bulk(dumpPayload(call, ref));
}

/** An entry as RESTORE takes it. */
export function dumpPayload(call: Call, ref: number): Buffer {
  const { dict } = call.db;
  const options = { compress: call.server.config.values.rdbcompression };
  return dict.isCollection(ref)
    ? dumpCollection(dict.value(ref), options)
    : dumpString(dict, ref, options);
}

type DumpOptions = Parameters<typeof writeDumpPayload>[2];

function dumpCollection(value: Value, options: DumpOptions): Buffer {
  const body = dumpBodyOf(value);
  const write = (output: RdbOutput): boolean => body.write(output, Number.POSITIVE_INFINITY);
  return writeDumpPayload(body.rdbType, write, options);
}

function dumpString(dict: Dict, ref: number, options: DumpOptions): Buffer {
  dict.readString(ref);
  const { windowBuffer, windowStart, windowEnd } = dict;
  const write = (output: RdbOutput): void => output.string(windowBuffer, windowStart, windowEnd);
  return writeDumpPayload(rdbType.string, write, options);
}

interface RestoreOptions {
  readonly replace: boolean;
  readonly absolute: boolean;
  /** Seconds, −1 when not given. */
  readonly idleSeconds: number;
  /** The LFU counter, −1 when not given. */
  readonly freq: number;
}

function restoreCommand(call: Call): void {
  const options = readRestoreOptions(call);
  if (options === null) return;
  const held = call.lookupWrite(1);
  if (held !== 0 && !options.replace) {
    call.error('BUSYKEY Target key name already exists.');
    return;
  }
  const ttlMs = integerArgument(call, 2);
  if (Number.isNaN(ttlMs)) return;
  if (ttlMs < 0) {
    call.error('ERR Invalid TTL value, must be >= 0');
    return;
  }
  const value = readValue(call);
  if (value === null) return;
  if (held !== 0) call.db.dict.remove(held);
  const expireAt = ttlMs === 0 || options.absolute ? ttlMs : ttlMs + call.keyspace.nowMs;
  if (expireAt !== 0 && isDueAtOnce(call, expireAt)) restoreNothing(call, held !== 0);
  else restoreValue(call, value, expireAt, options);
  call.reply.ok();
}

/** The value's time is over already: all that is left to do is that the old one went. */
function restoreNothing(call: Call, deleted: boolean): void {
  if (!deleted) return;
  const lazy = call.server.config.values.lazyfreeLazyServerDel;
  call.changed(1);
  call.notify(notifyClass.generic, 'del', 1);
  call.propagateAs(lazy ? 'UNLINK' : 'DEL', argumentView(call, 1));
}

function restoreValue(
  call: Call,
  value: Buffer | Value,
  expireAt: number,
  options: RestoreOptions,
): void {
  const { dict } = call.db;
  const held = call.lookupWrite(1);
  let ref = Buffer.isBuffer(value)
    ? storeStringAt(call, held, 1, value, 0, value.length, false)
    : createAt(call, 1, value);
  if (expireAt !== 0) ref = setExpire(call, ref, expireAt);
  dict.restoreAccess(ref, options.idleSeconds, options.freq);
  call.changed(1);
  call.notify(notifyClass.generic, 'restore', 1);
  if (expireAt !== 0 && !options.absolute) propagateAbsolute(call, expireAt);
}

/** A replica must not count the time anew. */
function propagateAbsolute(call: Call, expireAt: number): void {
  const words: (string | Uint8Array)[] = [];
  for (let index = 0; index < call.argc; index++) words.push(argumentView(call, index));
  words[2] = String(exactInteger(expireAt));
  call.propagateAs(...words, 'ABSTTL');
}

/** Null after an error reply. */
function readRestoreOptions(call: Call): RestoreOptions | null {
  let replace = false;
  let absolute = false;
  let idleSeconds = -1;
  let freq = -1;
  for (let index = 4; index < call.argc; index++) {
    const more = index + 1 < call.argc;
    if (call.is(index, 'replace')) {
      replace = true;
    } else if (call.is(index, 'absttl')) {
      absolute = true;
    } else if (call.is(index, 'idletime') && more && freq < 0) {
      idleSeconds = integerArgument(call, ++index);
      if (idleSeconds < 0) call.error('ERR Invalid IDLETIME value, must be >= 0');
      if (!(idleSeconds >= 0)) return null;
    } else if (call.is(index, 'freq') && more && idleSeconds < 0) {
      freq = integerArgument(call, ++index);
      if (freq < 0 || freq > 255) call.error('ERR Invalid FREQ value, must be >= 0 and <= 255');
      if (!(freq >= 0 && freq <= 255)) return null;
    } else {
      call.syntaxError();
      return null;
    }
  }
  return { replace, absolute, idleSeconds, freq };
}

/** The value in the payload; null after an error reply. */
function readValue(call: Call): Buffer | Value | null {
  const { log, persistence } = call.server;
  const { verifiesChecksums } = persistence.dataFile;
  const payload = readDumpPayload(call.arg(3), { verifyChecksum: verifiesChecksums });
  if (payload.kind === 'error') {
    call.error('ERR DUMP payload version or checksum are wrong');
    return null;
  }
  const sink = new RestoreSink(call.keyspace.valueSettings);
  try {
    decodeDumpBody(payload.type, payload.body, Buffer.alloc(0), sink);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    log.warning(`RESTORE was refused: ${error.message}`);
    sink.value = null;
  }
  if (sink.value === null) call.error('ERR Bad data format');
  return sink.value;
}

/** Keeps the one value of a payload. */
class RestoreSink implements RdbValueSink {
  /** Null for a collection without elements, too: there is none under a key. */
  value: Buffer | Value | null = null;
  readonly #maker: ValueMaker;

  constructor(settings: ValueSettings) {
    this.#maker = new ValueMaker(settings);
  }

  string(...[, , , bytes, start, end]: Parameters<RdbValueSink['string']>): void {
    this.value = Buffer.from(bytes.subarray(start, end));
  }

  beginList(): ListTarget {
    return this.#maker.beginList();
  }

  beginSet(): SetTarget {
    return this.#maker.beginSet();
  }

  beginHash(): HashTarget {
    return this.#maker.beginHash();
  }

  beginZset(): ZsetTarget {
    return this.#maker.beginZset();
  }

  beginStream(): StreamTarget {
    return this.#maker.beginStream();
  }

  endCollection(): void {
    this.value = this.#maker.end();
  }
}
