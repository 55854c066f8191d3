/**
 * WAIT and WAITAOF: a client asks whether its writes are copied, or safe on disks, and waits until
 * enough of them are. Replicas say how far they are (REPLCONF ACK … FACK …); `replication/` counts.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { timeoutMsArgument } from './block-timeout.ts';
import { integerArgument } from './generic-arguments.ts';

export const waitCommands: readonly CommandSpec[] = [
  {
    name: 'wait',
    arity: 3,
    flags: ['noscript'],
    categories: ['slow', 'connection'],
    group: 'generic',
    since: '3.0.0',
    summary: 'Waits until so many replicas have acknowledged the writes of this connection.',
    complexity: 'O(1)',
    handler: waitCommand,
  },
  {
    name: 'waitaof',
    arity: 4,
    flags: ['blocking'],
    categories: ['slow', 'blocking', 'connection'],
    group: 'generic',
    since: '7.2.0',
    summary: 'Waits until the writes of this connection are safe on disks, here and on replicas.',
    complexity: 'O(1)',
    handler: waitaofCommand,
  },
];

const noLocalFile = 'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.';

function waitCommand(call: Call): void {
  const { replication } = call.server;
  if (replication.role === 'replica') {
    call.error(
      'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a ' +
        'replica is configured to be writable (which is not the default) writes to replicas are ' +
        'just local and are not propagated.',
    );
    return;
  }
  const replicas = integerArgument(call, 1);
  if (Number.isNaN(replicas)) return;
  const timeoutMs = timeoutMsArgument(call, 2);
  if (Number.isNaN(timeoutMs)) return;
  const offset = ownWrites(call).offset;
  const reached = (): number => replication.countReplicasAt(offset);
  waitFor(call, {
    timeoutMs,
    isEnough: () => reached() >= replicas,
    reply: ({ reply }) => reply.integer(reached()),
  });
}

function waitaofCommand(call: Call): void {
  const { config, aof, replication } = call.server;
  const local = localArgument(call);
  if (Number.isNaN(local)) return;
  const replicas = positiveArgument(call, 2);
  if (Number.isNaN(replicas)) return;
  const timeoutMs = timeoutMsArgument(call, 3);
  if (Number.isNaN(timeoutMs)) return;
  if (replication.role === 'replica') {
    call.error(
      'ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas ' +
        'are just local and are not propagated.',
    );
    return;
  }
  // Also while it waits: the file may be switched off.
  const lacksFile = (): boolean => local > 0 && !config.values.appendonly;
  const { offset, position } = ownWrites(call);
  const localReached = (): number => (aof.isSynced(position) ? 1 : 0);
  const reached = (): number => replication.countReplicasFsyncedAt(offset);
  waitFor(call, {
    timeoutMs,
    isEnough: () => lacksFile() || (localReached() >= local && reached() >= replicas),
    reply: (waiting) => {
      if (lacksFile()) {
        waiting.error(noLocalFile);
        return;
      }
      waiting.reply.array(2);
      waiting.reply.integer(localReached());
      waiting.reply.integer(reached());
    },
  });
}

/** The own file counts for one. */
function localArgument(call: Call): number {
  const local = integerArgument(call, 1);
  if (Number.isNaN(local) || local === 0 || local === 1) return local;
  call.error('ERR value is out of range, value must between 0 and 1');
  return NaN;
}

function positiveArgument(call: Call, index: number): number {
  const value = integerArgument(call, index, errorReplies.mustBePositive);
  if (Number.isNaN(value) || value >= 0) return value;
  call.error(errorReplies.mustBePositive);
  return NaN;
}

/** Where the writes of this client end: in the replication stream, and in the append-only file. */
function ownWrites({ client, server }: Call): { offset: number; position: number } {
  server.propagation.flushRun();
  if (!client.wrote) return { offset: client.writeOffset, position: client.writePosition };
  return {
    offset: server.replication.masterReplOffset,
    position: server.aof.appendedPosition,
  };
}

interface Awaited {
  readonly timeoutMs: number;
  readonly isEnough: () => boolean;
  /** Says how much there is by now. */
  readonly reply: (call: Call) => void;
}

function waitFor(call: Call, { timeoutMs, isEnough, reply }: Awaited): void {
  if (isEnough() || !call.mayBlock) {
    reply(call);
    return;
  }
  call.block({
    until: 'replicas',
    timeoutMs,
    attempt: (waiting) => {
      if (!isEnough()) return false;
      reply(waiting);
      return true;
    },
    onTimeout: reply,
  });
  // Now rather than with their next heartbeat.
  call.server.replication.requestAcks();
}
