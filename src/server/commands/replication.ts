/**
 * The commands of replication: who follows whom (REPLICAOF, ROLE) and what replicas say (PSYNC, SYNC,
 * REPLCONF). The engine is `replication/`; here are only arguments and replies.
 */
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import type { CommandSpec } from '../command.ts';
import type { ReplicaConnection } from '../replication/ports.ts';

const maxPort = 65535;

export const replicationCommands: readonly CommandSpec[] = [
  replicaofRow('replicaof', '5.0.0'),
  replicaofRow('slaveof', '1.0.0'),
  {
    name: 'role',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'],
    categories: ['admin', 'fast', 'dangerous'],
    group: 'server',
    since: '2.8.12',
    summary: 'Tells the replication role, the offset, and who is at the other end.',
    complexity: 'O(1)',
    handler: roleCommand,
  },
  {
    name: 'psync',
    arity: -3,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    categories: ['admin', 'slow', 'dangerous'],
    group: 'server',
    since: '2.8.0',
    summary: 'Asks for the replication stream from an offset of a history on.',
    complexity: 'O(1), the transfer apart',
    handler: psyncCommand,
  },
  {
    name: 'sync',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    categories: ['admin', 'slow', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Asks for a full copy and the stream after it, as replicas before 2.8 do.',
    complexity: 'O(1), the transfer apart',
    handler: syncCommand,
  },
  {
    name: 'replconf',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
    categories: ['admin', 'slow', 'dangerous'],
    group: 'server',
    since: '3.0.0',
    summary: 'Carries what a replica tells its master about itself, and its acknowledgements.',
    complexity: 'O(1)',
    handler: replconfCommand,
  },
];

function replicaofRow(name: string, since: string): CommandSpec {
  return {
    name,
    arity: 3,
    flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
    categories: ['admin', 'slow', 'dangerous'],
    group: 'server',
    since,
    summary: 'Follows another server, or none (NO ONE) and keeps the data.',
    complexity: 'O(1)',
    handler: replicaofCommand,
  };
}

function replicaofCommand(call: Call): void {
  const { log, propagation, replication } = call.server;
  if (replication.failoverInProgress) {
    call.error('ERR REPLICAOF not allowed while failing over.');
    return;
  }
  const who = `client id=${call.client.id} addr=${call.client.transport.address}`;
  if (call.is(1, 'no') && call.is(2, 'one')) {
    if (replication.role === 'replica') {
      replication.noOne();
      log.notice(`Master now, by request of ${who}`);
    }
    call.reply.ok();
    return;
  }
  if (call.client.has(clientFlags.replica)) {
    call.error('ERR Command is not valid when client is a replica.');
    return;
  }
  const port = call.integer(2);
  if (!(port >= 0 && port <= maxPort)) {
    call.error('ERR Invalid master port');
    return;
  }
  const host = call.text(1);
  // What was written before, in this pipeline or transaction, belongs to the history that we leave.
  propagation.endUnit();
  propagation.flushRun();
  if (replication.replicaof({ host, port }) === 'already-connected') {
    call.reply.simple('OK Already connected to specified master');
    return;
  }
  log.notice(`Replica of ${host}:${port} now, by request of ${who}`);
  call.reply.ok();
}

function roleCommand(call: Call): void {
  const { reply } = call;
  const role = call.server.replication.roleReply();
  reply.array(role.length);
  reply.bulkText(role[0]);
  if (role[0] === 'slave') {
    reply.bulkText(role[1]);
    reply.integer(role[2]);
    reply.bulkText(role[3]);
    reply.integer(role[4]);
    return;
  }
  reply.integer(role[1]);
  reply.array(role[2].length);
  for (const replica of role[2]) {
    reply.array(replica.length);
    for (const field of replica) reply.bulkText(field);
  }
}

function psyncCommand(call: Call): void {
  admitReplica(call, (connection) => call.server.replication.handlePsync(connection, words(call)));
}

function syncCommand(call: Call): void {
  admitReplica(call, (connection) => call.server.replication.handleSync(connection));
}

/** From here on replication writes to the connection itself, unless it refuses. */
function admitReplica(
  call: Call,
  ask: (connection: ReplicaConnection) => string | undefined,
): void {
  const { client, server } = call;
  server.propagation.flushRun();
  server.executor.flushReplies(client);
  const connection = server.executor.replicaConnection(client);
  const line = ask(connection);
  if (server.replication.isReplica(connection)) client.set(clientFlags.replica, true);
  replyLine(call, line);
}

function replconfCommand(call: Call): void {
  const { client, server } = call;
  if (client.has(clientFlags.master)) {
    server.replication.handleReplconfFromMaster(words(call));
    return;
  }
  const connection = server.executor.replicaConnection(client);
  replyLine(call, server.replication.handleReplconf(connection, words(call)));
}

/** The arguments without the command's name. */
function words(call: Call): string[] {
  return Array.from({ length: call.argc - 1 }, (_, index) => call.text(index + 1));
}

/** Replication answers with a whole reply line, its sign included. */
function replyLine(call: Call, line: string | undefined): void {
  if (line === undefined) return;
  if (line.startsWith('-')) call.error(line.slice(1));
  else call.reply.simple(line.slice(1));
}
