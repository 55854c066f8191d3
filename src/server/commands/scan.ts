/** Ways to find keys: KEYS, SCAN, RANDOMKEY. */
import { globMatch } from '../../util/glob.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { typeNames } from '../types/value.ts';
import { isPastExpiry } from '../keyspace/expire.ts';
import { integerArgument } from './generic-arguments.ts';

const defaultScanCount = 10;
/** Where expired keys must stay and may be all there is, RANDOMKEY gives up. [db.c, 7.0] */
const maxRandomTries = 100;

const row = { arity: 1, flags: ['readonly'], categories: ['keyspace'], group: 'generic' } as const;

export const scanCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'keys',
    arity: 2,
    categories: ['keyspace', 'dangerous'],
    since: '1.0.0',
    summary: 'Returns all keys that match a pattern; nothing else is served meanwhile.',
    complexity: 'O(n) for n keys in the database',
    handler: keysCommand,
  },
  {
    ...row,
    name: 'scan',
    arity: -2,
    since: '2.8.0',
    summary: 'Goes through the keys of the database a few at a time.',
    complexity: 'O(1) per call, O(n) for all n keys',
    handler: scanCommand,
  },
  {
    ...row,
    name: 'randomkey',
    since: '1.0.0',
    summary: 'Returns some key of the database.',
    complexity: 'O(1)',
    handler: randomkeyCommand,
  },
];

function keysCommand(call: Call): void {
  const { dict } = call.db;
  const accepts = patternFilter(call.text(1));
  const found: number[] = [];
  dict.walk(0, (ref) => {
    if (!isPastExpiry(call.keyspace, dict, ref) && accepts(call, ref)) found.push(ref);
    return true;
  });
  replyKeys(call, found);
}

function scanCommand(call: Call): void {
  const cursor = readCursor(call.text(1));
  if (cursor === null) {
    call.error('ERR invalid cursor');
    return;
  }
  const options = readScanOptions(call);
  if (options === null) return;
  const { db, keyspace } = call;
  const seen: number[] = [];
  const next = db.dict.walk(cursor, (ref) => {
    seen.push(ref);
    return seen.length < options.count;
  });
  // Only now, as the walk must not meet deletions: the refs of other entries stay valid.
  const found = seen.filter((ref) => {
    if (keyspace.isExpired(db, ref)) return false;
    if (options.type !== null && typeNames[db.dict.type(ref)] !== options.type) return false;
    return options.accepts(call, ref);
  });
  call.reply.array(2);
  call.reply.bulkText(String(next));
  replyKeys(call, found);
}

/** What C's strtoul takes without white space before it: a minus sign wraps round. */
function readCursor(text: string): number | null {
  const match = /^([+-]?)(\d*)$/.exec(text);
  if (match === null || (match[1] !== '' && match[2] === '')) return null;
  const magnitude = BigInt(match[2] || '0');
  if (magnitude >= 2n ** 64n) return null;
  return Number(BigInt.asUintN(32, match[1] === '-' ? -magnitude : magnitude));
}

type KeyFilter = (call: Call, ref: number) => boolean;

interface ScanOptions {
  readonly count: number;
  readonly accepts: KeyFilter;
  readonly type: string | null;
}

/** Null after an error reply. */
function readScanOptions(call: Call): ScanOptions | null {
  let count = defaultScanCount;
  let accepts: KeyFilter = acceptAll;
  let type: string | null = null;
  for (let index = 2; index < call.argc; index += 2) {
    const value = index + 1;
    if (value === call.argc) return refuseSyntax(call);
    if (call.is(index, 'count')) {
      count = integerArgument(call, value);
      if (Number.isNaN(count)) return null;
      if (count < 1) return refuseSyntax(call);
    } else if (call.is(index, 'match')) {
      accepts = patternFilter(call.text(value));
    } else if (call.is(index, 'type')) {
      type = call.text(value).toLowerCase();
    } else {
      return refuseSyntax(call);
    }
  }
  return { count, accepts, type };
}

function refuseSyntax(call: Call): null {
  call.syntaxError();
  return null;
}

function patternFilter(pattern: string): KeyFilter {
  if (pattern === '*') return acceptAll;
  return (call, ref) => {
    const { dict } = call.db;
    dict.readKey(ref);
    const key = dict.windowBuffer.toString('latin1', dict.windowStart, dict.windowEnd);
    return globMatch(pattern, key);
  };
}

function acceptAll(): boolean {
  return true;
}

function replyKeys(call: Call, refs: readonly number[]): void {
  call.reply.array(refs.length);
  for (const ref of refs) replyKey(call, ref);
}

function replyKey(call: Call, ref: number): void {
  const { dict } = call.db;
  dict.readKey(ref);
  call.reply.bulk(dict.windowBuffer, dict.windowStart, dict.windowEnd);
}

function randomkeyCommand(call: Call): void {
  const { db, keyspace } = call;
  const { random } = call.server;
  for (let tries = 1; ; tries++) {
    const ref = db.dict.sample(() => random.float());
    if (ref === 0) {
      call.reply.nil();
      return;
    }
    if (
      !keyspace.isExpired(db, ref) ||
      (keyspace.expiryMode === 'hide' && tries >= maxRandomTries)
    ) {
      replyKey(call, ref);
      return;
    }
  }
}
