/**
 * The directives whose value has a grammar of its own: save points, buffer limits, addresses,
 * replicaof, keyspace events and the like. Called by the table in directives.ts only; reasons are
 * Redis's [7.0.15].
 */
import { formatMemory, parseMemory } from '../util/units.ts';
import {
  accepted,
  directive,
  failed,
  plainRow,
  quotedRow,
  type Columns,
  type ConfRow,
  type Directive,
} from './directive.ts';
import { findChoice, notAChoice, parseInt64 } from './kinds.ts';

/** How many addresses `bind` takes [Redis]. */
const maxBindAddresses = 16;

export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/**
 * `save <seconds> <changes> …`. The first line drops the default points, each further one adds,
 * `save ""` drops them all; CONFIG SET replaces them.
 */
export function savePoints(
  initial: string,
  columns: Columns = {},
): Directive<readonly SavePoint[]> {
  return directive(
    {
      kind: 'special',
      defaults: initial.split(' '),
      multiArg: true,
      read(args, { previous, phase }) {
        const added = parseSavePoints(args);
        if (added === null) return failed('Invalid save parameters');
        const kept = phase === 'load' && args[0] !== '' ? (previous ?? []) : [];
        const points = [...kept, ...added];
        return accepted(points, points.map((p) => `${p.seconds} ${p.changes}`).join(' '));
      },
      rows: (name, { value }) =>
        value.length === 0
          ? [{ line: `${name} ""`, force: true }]
          : value.map((p) => ({ line: `${name} ${p.seconds} ${p.changes}`, force: true })),
    },
    columns,
  );
}

function parseSavePoints(args: readonly string[]): SavePoint[] | null {
  if (args.length === 0 || (args.length === 1 && args[0] === '')) return [];
  if (args.length % 2 !== 0) return null;
  const points: SavePoint[] = [];
  for (let index = 0; index < args.length; index += 2) {
    const seconds = decimal(args[index]);
    const changes = decimal(args[index + 1]);
    if (seconds === null || changes === null || seconds < 1 || changes < 0) return null;
    points.push({ seconds, changes });
  }
  return points;
}

/** The classes of clients that have a limit of their own, in the order of CONFIG GET. */
const bufferLimitClasses = ['normal', 'replica', 'pubsub'] as const;
type BufferLimitClass = (typeof bufferLimitClasses)[number];

interface BufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}
export type BufferLimits = Readonly<Record<BufferLimitClass, BufferLimit>>;

/** `client-output-buffer-limit <class> <hard> <soft> <seconds> …`; classes not named keep theirs. */
export function bufferLimits(
  initial: BufferLimits,
  columns: Columns = {},
): Directive<BufferLimits> {
  return directive(
    {
      kind: 'special',
      defaults: [],
      multiArg: true,
      read(args, { previous }) {
        if (args.length % 4 !== 0) {
          return failed('Wrong number of arguments in buffer limit configuration.');
        }
        const limits: Record<BufferLimitClass, BufferLimit> = { ...(previous ?? initial) };
        for (let index = 0; index < args.length; index += 4) {
          const name = findLimitClass(args[index]);
          if (name === undefined) {
            return failed('Invalid client class specified in buffer limit configuration.');
          }
          const limit = parseLimit(args.slice(index + 1, index + 4));
          if (limit === null) {
            return failed(
              'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
            );
          }
          limits[name] = limit;
        }
        return accepted(limits, printLimits(limits));
      },
      rows: (name, { value }) =>
        bufferLimitClasses.map((limitClass) => limitRow(name, limitClass, value, initial)),
    },
    columns,
  );
}

function findLimitClass(text: string): BufferLimitClass | undefined {
  const found = findChoice([...bufferLimitClasses, 'slave'], text);
  return found === 'slave' ? 'replica' : found;
}

function parseLimit([hard, soft, seconds]: readonly string[]): BufferLimit | null {
  const hardBytes = parseMemory(hard);
  const softBytes = parseMemory(soft);
  const softSeconds = decimal(seconds);
  if (hardBytes === null || softBytes === null || softSeconds === null || softSeconds < 0)
    return null;
  return { hardBytes: Number(hardBytes), softBytes: Number(softBytes), softSeconds };
}

/** CONFIG GET keeps the old word for replicas [Redis 7.0.15]. */
function printLimits(limits: BufferLimits): string {
  return bufferLimitClasses
    .map((name) => {
      const { hardBytes, softBytes, softSeconds } = limits[name];
      return `${name === 'replica' ? 'slave' : name} ${hardBytes} ${softBytes} ${softSeconds}`;
    })
    .join(' ');
}

function limitRow(
  name: string,
  limitClass: BufferLimitClass,
  limits: BufferLimits,
  initial: BufferLimits,
): ConfRow {
  const { hardBytes, softBytes, softSeconds } = limits[limitClass];
  const usual = initial[limitClass];
  const sizes = `${formatMemory(BigInt(hardBytes))} ${formatMemory(BigInt(softBytes))}`;
  return {
    line: `${name} ${limitClass} ${sizes} ${softSeconds}`,
    force:
      hardBytes !== usual.hardBytes ||
      softBytes !== usual.softBytes ||
      softSeconds !== usual.softSeconds,
  };
}

/** Addresses to listen on; a leading `-` marks one that may be missing. None: no TCP at all. */
export function addresses(
  initial: readonly string[],
  columns: Columns = {},
): Directive<readonly string[]> {
  return directive(
    {
      kind: 'special',
      defaults: initial,
      multiArg: true,
      read(args) {
        if (args.length > maxBindAddresses) return failed('Too many bind addresses specified.');
        const list = args.length === 1 && args[0] === '' ? [] : [...args];
        return accepted(list, list.join(' '));
      },
      rows(name, now, usual) {
        if (now.text === usual.text) return [];
        return [{ line: `${name} ${now.text === '' ? '""' : now.text}`, force: true }];
      },
    },
    columns,
  );
}

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

/** `replicaof <host> <port>`, or `no one`, which is null. */
export function masterAddress(columns: Columns = {}): Directive<MasterAddress | null> {
  return directive<MasterAddress | null>(
    {
      kind: 'special',
      defaults: ['no', 'one'],
      multiArg: true,
      read(args) {
        const [host, portText] = args;
        if (args.length !== 2) return failed('wrong number of arguments');
        if (host.toLowerCase() === 'no' && portText.toLowerCase() === 'one')
          return accepted(null, '');
        const port = decimal(portText);
        if (port === null || port < 0 || port > 65535) return failed('Invalid master port');
        return accepted({ host: host, port }, `${host} ${port}`);
      },
      rows: (name, now) =>
        now.value === null ? [] : [{ line: `${name} ${now.text}`, force: true }],
    },
    columns,
  );
}

/** Letters of notify-keyspace-events: the classes that `A` stands for, then the others. */
const eventsOfA = 'g$lshzxetd'.split('');
const eventLetters = [...eventsOfA, 'n', 'K', 'E', 'm'];

/** The value is the set of letters, `A` spelled out; the text is Redis's canonical form. */
export function eventClasses(columns: Columns = {}): Directive<string> {
  return directive(
    {
      kind: 'special',
      defaults: [''],
      multiArg: false,
      read([given]) {
        const letters = given.split('').flatMap((one) => (one === 'A' ? eventsOfA : [one]));
        if (!letters.every((letter) => eventLetters.includes(letter))) {
          return failed("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        }
        const chosen = (letter: string): boolean => letters.includes(letter);
        // Next to A the letter n is not shown, though it is in force [Redis 7.0.15].
        const shown = eventsOfA.every(chosen) ? ['A'] : [...eventsOfA, 'n'].filter(chosen);
        const text = [...shown, ...['K', 'E', 'm'].filter(chosen)].join('');
        return accepted(eventLetters.filter(chosen).join(''), text);
      },
      rows: quotedRow,
    },
    columns,
  );
}

const shutdownOptions = ['default', 'save', 'nosave', 'now', 'force'] as const;
export type ShutdownOption = 'save' | 'nosave' | 'now' | 'force';

/** What a signal does: the options of SHUTDOWN, none of them being `default`. */
export function shutdownSet(columns: Columns = {}): Directive<readonly ShutdownOption[]> {
  return directive(
    {
      kind: 'enum-set',
      defaults: ['default'],
      multiArg: true,
      read(args) {
        const chosen = new Set(args.map((arg) => findChoice(shutdownOptions, arg)));
        if (args.length === 0 || chosen.has(undefined)) return notAChoice(shutdownOptions);
        if (chosen.has('save') && chosen.has('nosave')) {
          return failed("shutdown options SAVE and NOSAVE can't be used simultaneously");
        }
        const value = shutdownOptions.filter(
          (option): option is ShutdownOption => option !== 'default' && chosen.has(option),
        );
        return accepted(value, value.length === 0 ? 'default' : value.join(' '));
      },
      rows: plainRow,
    },
    columns,
  );
}

/** latency-tracking-info-percentiles: numbers from 0 to 100. */
export function percentiles(initial: string, columns: Columns = {}): Directive<readonly number[]> {
  return directive(
    {
      kind: 'special',
      defaults: initial.split(' '),
      multiArg: true,
      read(args) {
        const list = args.length === 1 && args[0] === '' ? [] : args.map(parseNumber);
        if (list.some(Number.isNaN)) {
          return failed('Invalid latency-tracking-info-percentiles parameters');
        }
        if (list.some((value) => value < 0 || value > 100)) {
          return failed(
            'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
          );
        }
        return accepted(list, list.map((value) => String(Number(value.toFixed(6)))).join(' '));
      },
      rows: (name, now) => [{ line: `${name} ${now.text || '""'}`, force: true }],
    },
    columns,
  );
}

/** oom-score-adj-values: for the master, the replicas and the children. */
export function oomScores(initial: string, columns: Columns = {}): Directive<readonly number[]> {
  return directive(
    {
      kind: 'special',
      defaults: initial.split(' '),
      multiArg: true,
      read(args) {
        if (args.length !== 3) return failed('wrong number of arguments');
        const list = args.map(decimal);
        if (list.some((value) => value === null || value < -2000 || value > 2000)) {
          return failed('Invalid oom-score-adj-values, elements must be between -2000 and 2000.');
        }
        return accepted(list.map(Number), list.join(' '));
      },
      rows: plainRow,
    },
    columns,
  );
}

export type MemoryShare =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'percent'; readonly percent: number };

/** Bytes, or a share of maxmemory such as `5%`. */
export function memoryOrPercent(initial: string, columns: Columns = {}): Directive<MemoryShare> {
  return directive<MemoryShare>(
    {
      kind: 'memory-or-percent',
      defaults: [initial],
      multiArg: false,
      read([given]) {
        const percent = /^([0-9]{1,9})%$/.exec(given);
        if (percent !== null) {
          const value = Number(percent[1]);
          if (value > 100) return failed('percentage argument must be less or equal to 100');
          return accepted({ kind: 'percent', percent: value }, `${value}%`);
        }
        const bytes = parseMemory(given);
        // Above 2^63 Redis wraps into a percentage by accident; we refuse.
        if (bytes === null || bytes >= 1n << 63n) {
          return failed('argument must be a memory or percent value');
        }
        return accepted({ kind: 'bytes', bytes: Number(bytes) }, String(bytes));
      },
      rows(name, now, usual) {
        const { value } = now;
        const size = value.kind === 'bytes' ? formatMemory(BigInt(now.text)) : now.text;
        return [{ line: `${name} ${size}`, force: now.text !== usual.text }];
      },
    },
    columns,
  );
}

/** A number as strtod takes it, or NaN. */
function parseNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

/** A small decimal integer, leading zeros and plus allowed as strtol does; or null. */
function decimal(text: string): number | null {
  const match = /^([+-]?)0*([0-9]{1,15})$/.exec(text);
  if (match === null) return null;
  const value = parseInt64(match[2]);
  return value === null ? null : Number(value) * (match[1] === '-' ? -1 : 1);
}
