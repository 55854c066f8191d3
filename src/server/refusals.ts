/**
 * Why a command may not run at the moment, and which must wait instead. Dispatch asks where a client
 * is special or a gate is closed to the command; nothing is executed or replied here, but room is
 * made where memory is short. The order of the questions is Redis 7.0's: of several reasons the
 * client is told the first.
 */
import { errorReplies, misconfAof } from '../protocol/error-replies.ts';
import { type Client, clientFlags } from './client.ts';
import type { Command } from './command.ts';
import { commandFlags, gateBits } from './command-flags.ts';
import type { Gates } from './gates.ts';
import type { Room } from './memory-limit.ts';

/** What of the server decides. */
export interface ServerState {
  readonly gates: Gates;
  readonly memoryLimit: { makeRoom(): Room };
  readonly replication: { readonly goodReplicas: number; readonly dataIsCurrent: boolean };
  readonly config: { readonly values: { readonly minReplicasToWrite: number } };
}

/** All that a RESP2 client may do while it listens: its replies and messages must not mix. */
const allowedWhileSubscribed = new Set(
  'subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe ping quit reset'.split(
    ' ',
  ),
);
/** Commands that are not refused between MULTI and EXEC where memory is short. */
const endsTransaction = new Set(['exec', 'discard', 'quit', 'reset']);
const touchesKeyspace = commandFlags.write | commandFlags.readonly | commandFlags.may_replicate;

/** A command's bits for the questions below: EXEC is as special as the most special it will run. */
export function effectiveBits(client: Client, command: Command): number {
  if (command.fullName !== 'exec') return command.bits;
  return client.queue.reduce((bits, request) => bits | request.commandBits, command.bits);
}

/** The error to reply, null when the command may run. `bits` are the effective ones. */
export function refusalOf(
  server: ServerState,
  client: Client,
  command: Command,
  bits: number,
): string | null {
  const { gates, replication } = server;
  if (client.has(clientFlags.needsAuth) && !command.has('no_auth')) return errorReplies.noAuth;
  if (client.has(clientFlags.multi) && command.has('no_multi')) {
    return 'ERR Command not allowed inside a transaction';
  }
  if (gates.memoryLimited && isOutOfMemory(server, client, command, bits)) return errorReplies.oom;
  const fromMaster = client.has(clientFlags.master);
  const refusal = fromMaster ? null : writeRefusal(server, command, bits);
  if (refusal !== null) return refusal;
  const onlyListens = client.has(clientFlags.pubsub) && !client.resp3;
  if (onlyListens && !allowedWhileSubscribed.has(command.fullName)) {
    return (
      `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / ` +
      'PING / QUIT / RESET are allowed in this context'
    );
  }
  const stale = gates.staleDataMatters && !replication.dataIsCurrent;
  if ((bits & gateBits.notStale) !== 0 && stale && !fromMaster) return errorReplies.masterDown;
  if (isRefusedWhileLoading(gates, bits)) return errorReplies.loading;
  // CLIENT PAUSE does not hold replicas back: they must not use that. [redis 7.0]
  if (client.has(clientFlags.replica) && (bits & touchesKeyspace) !== 0) {
    return "ERR Replica can't interact with the keyspace";
  }
  return null;
}

/** Whether CLIENT PAUSE and the like hold the request back. */
export function mustWait({ paused }: Gates, client: Client, bits: number): boolean {
  if (paused === 'none' || client.has(clientFlags.replica)) return false;
  if (paused === 'all') return true;
  return (bits & (commandFlags.write | commandFlags.may_replicate)) !== 0;
}

/** Makes room, whatever the command; where there is none, those that may ask for more wait. */
function isOutOfMemory(
  { memoryLimit }: ServerState,
  client: Client,
  command: Command,
  bits: number,
): boolean {
  if (memoryLimit.makeRoom() !== 'none') return false;
  // A transaction that is being queued takes memory whatever is in it.
  const queued = client.has(clientFlags.multi) && !endsTransaction.has(command.fullName);
  return queued || (bits & commandFlags.denyoom) !== 0;
}

function writeRefusal(
  { config, gates, replication }: ServerState,
  command: Command,
  bits: number,
): string | null {
  const isWrite = (bits & commandFlags.write) !== 0;
  // A PING tells who asks for the server's health. [Redis 7.0]
  if (isWrite || command.fullName === 'ping') {
    if (gates.diskFailing) return errorReplies.misconf;
    if (gates.aofFailure !== null) return misconfAof(gates.aofFailure);
  }
  if (!isWrite) return null;
  if (gates.replicasMatter && replication.goodReplicas < config.values.minReplicasToWrite) {
    return errorReplies.noReplicas;
  }
  return gates.readOnlyReplica ? errorReplies.readOnly : null;
}

function isRefusedWhileLoading({ loading }: Gates, bits: number): boolean {
  if (loading === 'none') return false;
  const refused = loading === 'aside' ? commandFlags.no_async_loading : gateBits.notLoading;
  return (bits & refused) !== 0;
}
