/**
 * FLUSHALL, FLUSHDB and SWAPDB: whole databases at once. A dropped database costs nothing to drop,
 * so SYNC and ASYNC are the same here.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import { parseInt64 } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { Database } from '../keyspace/database.ts';

export const flushCommands: readonly CommandSpec[] = [
  {
    name: 'flushall',
    arity: -1,
    flags: ['write'],
    categories: ['keyspace', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Empties all databases.',
    complexity: 'O(1)',
    handler: flushallCommand,
  },
  {
    name: 'flushdb',
    arity: -1,
    flags: ['write'],
    categories: ['keyspace', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Empties the database of this connection.',
    complexity: 'O(1)',
    handler: (call) => void flush(call, [call.db]),
  },
  {
    name: 'swapdb',
    arity: 3,
    flags: ['write', 'fast'],
    categories: ['keyspace', 'dangerous'],
    group: 'server',
    since: '4.0.0',
    summary: 'Exchanges two databases; every client sees the other one at once.',
    complexity: 'O(N) for the watched keys of both',
    handler: swapdbCommand,
  },
];

function flushallCommand(call: Call): void {
  if (flush(call, call.keyspace.databases)) call.server.persistence.dataSetEmptied();
}

/** False after an error reply. */
function flush(call: Call, databases: readonly Database[]): boolean {
  const known = call.argc === 1 || call.is(1, 'sync') || call.is(1, 'async');
  if (call.argc > 2 || !known) {
    call.syntaxError();
    return false;
  }
  const { keyspace } = call;
  const removed = keyspace.flush(databases);
  keyspace.dirty += removed;
  if (isLazy(call)) keyspace.stats.lazyfreedObjects += removed;
  // Also when there was nothing to remove here: a replica may hold what we do not.
  call.propagateAs(...Array.from({ length: call.argc }, (_, index) => call.arg(index)));
  call.reply.ok();
  return true;
}

function isLazy(call: Call): boolean {
  return call.argc === 1 ? call.server.config.values.lazyfreeLazyUserFlush : call.is(1, 'async');
}

function swapdbCommand(call: Call): void {
  const first = indexAt(call, 1);
  const second = indexAt(call, 2);
  if (first === null) {
    call.error('ERR invalid first DB index');
    return;
  }
  if (second === null) {
    call.error('ERR invalid second DB index');
    return;
  }
  const a = call.keyspace.databases[first];
  const b = call.keyspace.databases[second];
  if (a === undefined || b === undefined) {
    call.error(errorReplies.dbIndexOutOfRange);
    return;
  }
  if (a !== b) call.keyspace.swap(a, b);
  call.keyspace.dirty++;
  call.reply.ok();
}

/** Null when it is not an integer of 32 bits. */
function indexAt(call: Call, index: number): number | null {
  const id = parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
  return id === null || id !== BigInt.asIntN(32, id) ? null : Number(id);
}
