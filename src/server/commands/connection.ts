/**
 * The connection itself: is it alive, which database, how it ends. Who it is (AUTH, HELLO) is
 * `connection-auth.ts`.
 */
import { errorReplies, wrongArity } from '../../protocol/error-replies.ts';
import { parseInt64 } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import type { CommandSpec } from '../command.ts';
import { discardTransaction } from '../transaction.ts';
import { authRows, forgetLogin } from './connection-auth.ts';

/** What RESET undoes. A skipped reply stays skipped, and NO-EVICT stays on. [Redis 7.0.15] */
const connectionState =
  clientFlags.monitor | clientFlags.replyOff | clientFlags.replySkipNext | clientFlags.noTouch;

const alwaysAllowed = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'] as const;

export const connectionCommands: readonly CommandSpec[] = [
  {
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Answers PONG, or the message it was given.',
    complexity: 'O(1)',
    handler: pingCommand,
  },
  {
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Sends the message back.',
    complexity: 'O(1)',
    handler: echoCommand,
  },
  {
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Chooses the database that this connection works in.',
    complexity: 'O(1)',
    handler: selectCommand,
  },
  {
    name: 'quit',
    arity: -1,
    flags: alwaysAllowed,
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Ends the connection after the replies so far.',
    complexity: 'O(1)',
    handler: quitCommand,
  },
  {
    name: 'reset',
    arity: 1,
    flags: alwaysAllowed,
    categories: ['connection'],
    group: 'connection',
    since: '6.2.0',
    summary: 'Puts the connection back into the state of a new one.',
    complexity: 'O(1)',
    handler: resetCommand,
  },
  ...authRows,
];

function pingCommand(call: Call): void {
  if (call.argc > 2) call.error(wrongArity('ping'));
  else if (call.client.has(clientFlags.pubsub) && !call.client.resp3) pingWhileSubscribed(call);
  else if (call.argc === 2) replyArgument(call, 1);
  else call.reply.simple('PONG');
}

/** In RESP2 a subscriber gets nothing but arrays. */
function pingWhileSubscribed(call: Call): void {
  call.reply.array(2);
  call.reply.bulkText('pong');
  if (call.argc === 2) replyArgument(call, 1);
  else call.reply.bulkText('');
}

function echoCommand(call: Call): void {
  replyArgument(call, 1);
}

function replyArgument(call: Call, index: number): void {
  call.reply.bulk(call.buffer, call.argStart[index], call.argEnd[index]);
}

function selectCommand(call: Call): void {
  const id = parseInt64(call.buffer, call.argStart[1], call.argEnd[1]);
  const db = call.keyspace.databases[Number(id)];
  if (id === null) call.error(errorReplies.notInteger);
  else if (id !== BigInt.asIntN(32, id)) call.error(notInt32);
  else if (db === undefined) call.error(errorReplies.dbIndexOutOfRange);
  else {
    call.client.db = db;
    call.reply.ok();
  }
}

const notInt32 = 'ERR value is out of range, value must between -2147483648 and 2147483647';

function quitCommand(call: Call): void {
  call.reply.ok();
  call.client.set(clientFlags.closeAfterReply, true);
}

function resetCommand(call: Call): void {
  const { client, server } = call;
  if (client.has(clientFlags.replica | clientFlags.master)) {
    call.error('ERR can only reset normal client connections');
    return;
  }
  discardTransaction(client);
  server.clients.monitors.delete(client);
  server.pubsub.unsubscribeAll(client);
  client.set(connectionState, false);
  client.db = server.keyspace.databases[0];
  client.name = '';
  client.resp3 = false;
  call.reply.resp3 = false;
  forgetLogin(call);
  call.reply.simple('RESET');
}
