import { expect, it } from 'vitest';
import { Client, clientFlags, type ClientTransport } from '../../src/server/client.ts';
import { clientMemoryBytes } from '../../src/server/client-memory.ts';
import { Config } from '../../src/server/config.ts';
import type { Database } from '../../src/server/keyspace/database.ts';
import {
  clientsMemory,
  countedBytes,
  type MemoryHolders,
  usedMemory,
} from '../../src/server/memory-use.ts';

const backlogSize = 20_000;

function client(id: number, flags: number): Client {
  const transport = { pendingBytes: 500 } as ClientTransport;
  const made = new Client({ id, transport, db: {} as Database, nowMs: 0 });
  made.flags = flags;
  return made;
}

function holders(log: { bytes: number; replicas: number }): MemoryHolders {
  const clients = [client(1, 0), client(2, clientFlags.replica), client(3, clientFlags.pubsub)];
  return {
    keyspace: { memoryBytes: 7000 },
    clients: { all: () => clients },
    replication: { backlogMemoryBytes: log.bytes, replicaCount: log.replicas },
    config: Config.fromText(`repl-backlog-size ${backlogSize}`),
  };
}

it('counts replicas apart from the other clients', () => {
  const of = holders({ bytes: 0, replicas: 1 });
  const [normal, replica, listening] = of.clients.all().map(clientMemoryBytes);
  expect(clientsMemory(of)).toEqual({
    normal: normal + listening,
    replicas: replica,
    total: normal + replica + listening,
  });
});

it('adds up to the total', () => {
  const used = usedMemory(holders({ bytes: 50_000, replicas: 1 }));
  const { dataset, backlog, normalClients, replicas } = used;
  expect(dataset).toBe(7000);
  expect(dataset + backlog + normalClients + replicas).toBe(used.total);
});

it('counts what the log holds beyond the backlog for replicas, and not for maxmemory', () => {
  const of = holders({ bytes: 50_000, replicas: 1 });
  expect(usedMemory(of)).toMatchObject({ backlog: backlogSize, notCounted: 30_000 });
  expect(countedBytes(of)).toBe(7000 + backlogSize);
});

it('without replicas, or within the size of the backlog, all of the log is backlog', () => {
  for (const log of [
    { bytes: 50_000, replicas: 0 },
    { bytes: backlogSize, replicas: 1 },
  ]) {
    expect(usedMemory(holders(log))).toMatchObject({ backlog: log.bytes, notCounted: 0 });
  }
});
