/** FAILOVER: its arguments and refusals, in Redis's order. The work is `replication/failover.ts`. */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { FailoverRequest } from '../replication/failover.ts';
import { integerArgument } from './generic-arguments.ts';

export const failoverCommands: readonly CommandSpec[] = [
  {
    name: 'failover',
    arity: -1,
    flags: ['admin', 'noscript', 'stale'],
    categories: [],
    group: 'server',
    since: '6.2.0',
    summary: 'Hands the role of the master to a replica without losing a write.',
    complexity: 'O(1)',
    handler: failoverCommand,
  },
];

function failoverCommand(call: Call): void {
  const { propagation, replication } = call.server;
  if (call.argc === 2 && call.is(1, 'abort')) {
    if (replication.abortFailover()) call.reply.ok();
    else call.error('ERR No failover in progress.');
    return;
  }
  const request = readRequest(call);
  if (request === null) return;
  // What was written before, in this pipeline or transaction, belongs to what is handed over.
  propagation.endUnit();
  propagation.flushRun();
  const refusal = whyNot(call, request) ?? replication.failover(request);
  if (refusal === undefined) call.reply.ok();
  else call.error(refusal);
}

function whyNot(call: Call, { force, target, timeoutMs }: FailoverRequest): string | undefined {
  const { replication } = call.server;
  if (replication.failoverInProgress) return 'ERR FAILOVER already in progress.';
  if (replication.role === 'replica') return 'ERR FAILOVER is not valid when server is a replica.';
  if (replication.replicaCount === 0) return 'ERR FAILOVER requires connected replicas.';
  if (force && (timeoutMs === 0 || target === undefined)) {
    return 'ERR FAILOVER with force option requires both a timeout and target HOST and IP.';
  }
  return undefined;
}

/** Null after an error reply. Each option may be given once. */
function readRequest(call: Call): FailoverRequest | null {
  let target: FailoverRequest['target'];
  let force = false;
  let timeoutMs = 0;
  for (let index = 1; index < call.argc; index++) {
    if (call.is(index, 'timeout') && index + 1 < call.argc && timeoutMs === 0) {
      timeoutMs = integerArgument(call, ++index);
      if (Number.isNaN(timeoutMs)) return null;
      if (timeoutMs <= 0) {
        call.error('ERR FAILOVER timeout must be greater than 0');
        return null;
      }
    } else if (call.is(index, 'to') && index + 2 < call.argc && target === undefined) {
      const port = integerArgument(call, index + 2);
      if (Number.isNaN(port)) return null;
      target = { host: call.text(index + 1), port };
      index += 2;
    } else if (call.is(index, 'force') && !force) {
      force = true;
    } else {
      call.error(errorReplies.syntax);
      return null;
    }
  }
  return { target, force, timeoutMs };
}
