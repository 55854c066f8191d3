/**
 * MULTI, EXEC, DISCARD, WATCH, UNWATCH. Dispatch queues what comes between MULTI and EXEC, and
 * `transaction.ts` keeps the watched keys.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import type { CommandSpec } from '../command.ts';
import { discardTransaction, hasExpiredSinceWatch, unwatchAll, watchKey } from '../transaction.ts';

const row = {
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  categories: ['transaction'],
  group: 'transactions',
} as const;

export const transactionCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'multi',
    since: '1.2.0',
    summary: 'Begins a transaction: the commands that follow wait for EXEC.',
    complexity: 'O(1)',
    handler: multiCommand,
  },
  {
    ...row,
    name: 'exec',
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    since: '1.2.0',
    summary: 'Runs the commands of a transaction, with no others in between.',
    complexity: 'That of its commands',
    handler: execCommand,
  },
  {
    ...row,
    name: 'discard',
    since: '2.0.0',
    summary: 'Forgets the commands of a transaction and ends it.',
    complexity: 'O(n) for n commands',
    handler: discardCommand,
  },
  {
    ...row,
    name: 'watch',
    arity: -2,
    keys: [1, -1, 1],
    since: '2.2.0',
    summary: 'Lets the next EXEC do nothing if one of the keys changes before it.',
    complexity: 'O(1) for each key',
    handler: watchCommand,
  },
  {
    ...row,
    name: 'unwatch',
    since: '2.2.0',
    summary: 'Forgets all watched keys.',
    complexity: 'O(n) for n keys',
    handler: unwatchCommand,
  },
];

function multiCommand(call: Call): void {
  if (call.client.has(clientFlags.multi)) {
    call.error('ERR MULTI calls can not be nested');
    return;
  }
  call.client.set(clientFlags.multi, true);
  call.reply.ok();
}

function execCommand(call: Call): void {
  const { client } = call;
  if (!client.has(clientFlags.multi)) {
    call.error('ERR EXEC without MULTI');
    return;
  }
  // Its commands propagate themselves, as one unit; EXEC is not one of them.
  call.preventPropagation();
  if (client.has(clientFlags.dirtyExec)) {
    call.error(errorReplies.execAbort);
  } else if (client.dirtyCas || hasExpiredSinceWatch(client, call.keyspace)) {
    call.reply.nilArray();
  } else {
    unwatchAll(client);
    call.reply.array(client.queue.length);
    call.server.executor.runQueued(client);
  }
  discardTransaction(client);
}

function discardCommand(call: Call): void {
  if (!call.client.has(clientFlags.multi)) {
    call.error('ERR DISCARD without MULTI');
    return;
  }
  discardTransaction(call.client);
  call.reply.ok();
}

function watchCommand(call: Call): void {
  if (call.client.has(clientFlags.multi)) {
    call.error('ERR WATCH inside MULTI is not allowed');
    return;
  }
  for (let index = 1; index < call.argc && !call.client.dirtyCas; index++) {
    watchKey(call.client, call.keyspace, call.text(index));
  }
  call.reply.ok();
}

function unwatchCommand(call: Call): void {
  unwatchAll(call.client);
  call.reply.ok();
}
