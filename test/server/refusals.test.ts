/** Why commands are refused, and which reason comes first; the server's state is set by hand. */
import { describe, expect, it } from 'vitest';
import { errorReplies, misconfAof } from '../../src/protocol/error-replies.ts';
import { Client, clientFlags, type ClientTransport } from '../../src/server/client.ts';
import type { Command } from '../../src/server/command.ts';
import { CommandTable } from '../../src/server/command-table.ts';
import { allCommands } from '../../src/server/commands/index.ts';
import { Gates } from '../../src/server/gates.ts';
import { Keyspace } from '../../src/server/keyspace/keyspace.ts';
import type { Room } from '../../src/server/memory-limit.ts';
import { effectiveBits, mustWait, refusalOf } from '../../src/server/refusals.ts';
import { seededRandom } from '../../src/util/random.ts';

const table = new CommandTable(allCommands);
const { databases } = new Keyspace({
  databases: 1,
  random: seededRandom(1),
  onExpired: () => undefined,
});

function rig() {
  const gates = new Gates();
  const client = new Client({
    id: 1,
    transport: {} as ClientTransport,
    db: databases[0],
    nowMs: 0,
  });
  const state = { room: 'enough' as Room, goodReplicas: 0, dataIsCurrent: false };
  const server = {
    gates,
    memoryLimit: { makeRoom: () => state.room },
    replication: state,
    config: { values: { minReplicasToWrite: 2 } },
  };
  const refusal = (name: string): string | null => {
    const command = table.byName(name) as Command;
    return refusalOf(server, client, command, effectiveBits(client, command));
  };
  const waits = (name: string): boolean => {
    return mustWait(gates, client, effectiveBits(client, table.byName(name) as Command));
  };
  return { client, gates, refusal, state, waits };
}

/** What is wrong, from what Redis says first to what it says last, and whom it concerns. */
const reasons: {
  name: string;
  begin: (of: ReturnType<typeof rig>) => void;
  error: string;
  refused: string[];
  allowed: string[];
}[] = [
  {
    name: 'no password was given',
    begin: ({ client }) => client.set(clientFlags.needsAuth, true),
    error: errorReplies.noAuth,
    refused: ['get', 'ping'],
    allowed: ['auth', 'hello', 'quit'],
  },
  {
    name: 'memory is short',
    begin: ({ gates, state }) => {
      gates.memoryLimited = true;
      state.room = 'none';
    },
    error: errorReplies.oom,
    refused: ['set', 'lpush'],
    allowed: ['get', 'del', 'exec'],
  },
  {
    name: 'saving fails',
    begin: ({ gates }) => {
      gates.diskFailing = true;
    },
    error: errorReplies.misconf,
    refused: ['set', 'ping'],
    allowed: ['get'],
  },
  {
    name: 'the append-only file fails',
    begin: ({ gates }) => {
      gates.aofFailure = 'No space left on device';
    },
    error: misconfAof('No space left on device'),
    refused: ['set', 'ping'],
    allowed: ['get'],
  },
  {
    name: 'replicas are missing',
    begin: ({ gates, state }) => {
      gates.replicasMatter = true;
      state.goodReplicas = 1;
    },
    error: errorReplies.noReplicas,
    refused: ['set'],
    allowed: ['get', 'ping'],
  },
  {
    name: 'we are a replica',
    begin: ({ gates }) => {
      gates.readOnlyReplica = true;
    },
    error: errorReplies.readOnly,
    refused: ['set', 'del'],
    allowed: ['get'],
  },
  {
    name: 'the data are stale',
    begin: ({ gates }) => {
      gates.staleDataMatters = true;
    },
    error: errorReplies.masterDown,
    refused: ['get', 'set', 'ping'],
    allowed: ['info', 'replicaof'],
  },
  {
    name: 'data are being loaded',
    begin: ({ gates }) => {
      gates.loading = 'exclusive';
    },
    error: errorReplies.loading,
    refused: ['get', 'set', 'ping', 'replicaof'],
    allowed: ['info', 'multi'],
  },
];

describe.each(reasons)('when $name', ({ begin, error, refused, allowed }) => {
  it('says so', () => {
    const of = rig();
    begin(of);
    for (const name of refused) expect([name, of.refusal(name)]).toEqual([name, error]);
    for (const name of allowed) expect([name, of.refusal(name)]).toEqual([name, null]);
  });
});

it('of several reasons gives the one that Redis gives', () => {
  const of = rig();
  for (const { begin, error } of [...reasons].reverse()) {
    begin(of);
    expect(of.refusal('set')).toBe(error);
  }
});

it('obeys the master, but for a password', () => {
  const of = rig();
  of.client.set(clientFlags.master, true);
  for (const { begin } of reasons.slice(2, 7)) begin(of);
  expect(of.refusal('set')).toBeNull();
});

it('waits for good replicas and for the link no longer than needed', () => {
  const of = rig();
  of.gates.replicasMatter = true;
  of.gates.staleDataMatters = true;
  of.state.goodReplicas = 2;
  of.state.dataIsCurrent = true;
  expect(of.refusal('set')).toBeNull();
});

it('lets commands run while room is still being made', () => {
  const of = rig();
  of.gates.memoryLimited = true;
  of.state.room = 'soon';
  expect(of.refusal('set')).toBeNull();
});

it('queues nothing where memory is short, and lets the transaction end', () => {
  const of = rig();
  of.gates.memoryLimited = true;
  of.state.room = 'none';
  of.client.set(clientFlags.multi, true);
  expect(of.refusal('get')).toBe(errorReplies.oom);
  expect(of.refusal('discard')).toBeNull();
});

it('judges EXEC by what is queued', () => {
  const of = rig();
  const run = (): void => undefined;
  const queue = (name: string): void => {
    const commandBits = (table.byName(name) as Command).bits;
    of.client.queue.push({ commandBits, bytes: 1, run });
  };
  of.gates.readOnlyReplica = true;
  of.gates.paused = 'write';
  queue('get');
  expect([of.refusal('exec'), of.waits('exec')]).toEqual([null, false]);
  queue('set');
  expect([of.refusal('exec'), of.waits('exec')]).toEqual([errorReplies.readOnly, true]);
});

it('lets a RESP2 client that listens do little else', () => {
  const of = rig();
  of.client.set(clientFlags.pubsub, true);
  expect(of.refusal('get')).toMatch(/^ERR Can't execute 'get': only \(P\|S\)SUBSCRIBE/);
  expect(of.refusal('ping')).toBeNull();
  of.client.resp3 = true;
  expect(of.refusal('get')).toBeNull();
});

it('serves the old data while others are loaded aside', () => {
  const of = rig();
  of.gates.loading = 'aside';
  expect([of.refusal('get'), of.refusal('replicaof')]).toEqual([null, errorReplies.loading]);
});

it('keeps replicas from the keyspace, and never holds them back', () => {
  const of = rig();
  of.client.set(clientFlags.replica, true);
  of.gates.paused = 'all';
  expect(of.refusal('get')).toBe("ERR Replica can't interact with the keyspace");
  expect([of.refusal('replconf'), of.waits('replconf')]).toEqual([null, false]);
});

it('holds back what may change data, or everything', () => {
  const of = rig();
  expect(of.waits('set')).toBe(false);
  of.gates.paused = 'write';
  expect(['set', 'publish', 'get', 'ping'].map(of.waits)).toEqual([true, true, false, false]);
  of.gates.paused = 'all';
  expect(of.waits('ping')).toBe(true);
});
