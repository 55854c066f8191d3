/** Ways to find keys: KEYS, SCAN, RANDOMKEY. */
import { globMatch } from '../../util/glob.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { typeNames } from '../types/value.ts';
import { isPastExpiry } from '../keyspace/expire.ts';
import { readScanCursor, readScanOptions } from './scan-options.ts';

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
    flags: ['readonly', 'touches_arbitrary_keys'],
    since: '2.8.0',
    summary: 'Goes through the keys of the database a few at a time.',
    complexity: 'O(1) per call, O(n) for all n keys',
    handler: scanCommand,
  },
  {
    ...row,
    name: 'randomkey',
    flags: ['readonly', 'touches_arbitrary_keys'],
    since: '1.0.0',
    summary: 'Returns some key of the database.',
    complexity: 'O(1)',
    handler: randomkeyCommand,
  },
];

function keysCommand(call: Call): void {
  const { dict } = call.db;
  const pattern = call.text(1);
  const found: number[] = [];
  dict.walk(0, (ref) => {
    if (!isPastExpiry(call.keyspace, dict, ref) && keyMatches(call, ref, pattern)) found.push(ref);
    return true;
  });
  replyKeys(call, found);
}

function scanCommand(call: Call): void {
  const cursor = readScanCursor(call, 1);
  if (cursor === null) return;
  const options = readScanOptions(call, 2, 'keys');
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
    return keyMatches(call, ref, options.pattern);
  });
  call.reply.array(2);
  call.reply.bulkText(String(next));
  replyKeys(call, found);
}

function keyMatches(call: Call, ref: number, pattern: string | null): boolean {
  if (pattern === null) return true;
  const { dict } = call.db;
  dict.readKey(ref);
  return globMatch(pattern, dict.windowBuffer.toString('latin1', dict.windowStart, dict.windowEnd));
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
