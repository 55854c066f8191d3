/**
 * What memory the server uses, counted by those who hold it: the data set, the replication log, the
 * clients. INFO shows it, `maxmemory` goes by it.
 */
import { type Client, clientFlags } from './client.ts';
import { clientMemoryBytes } from './client-memory.ts';
import type { Config } from './config.ts';

/** The parts of the server that hold memory. */
export interface MemoryHolders {
  readonly keyspace: { readonly memoryBytes: number };
  readonly clients: { all(): readonly Client[] };
  readonly replication: { readonly backlogMemoryBytes: number; readonly replicaCount: number };
  readonly config: Pick<Config, 'values'>;
}

/** Bytes, by holder. */
export interface UsedMemory {
  readonly dataset: number;
  readonly backlog: number;
  readonly normalClients: number;
  /** Of the replicas' connections, and of the log what only they still need. */
  readonly replicas: number;
  /** What no eviction could do anything about; see maxmemory. */
  readonly notCounted: number;
  readonly total: number;
}

export function usedMemory(holders: MemoryHolders): UsedMemory {
  const clients = clientsMemory(holders);
  const log = logMemory(holders);
  const dataset = holders.keyspace.memoryBytes;
  return {
    dataset,
    backlog: log.backlog,
    normalClients: clients.normal,
    replicas: clients.replicas + log.forReplicas,
    notCounted: log.forReplicas,
    total: dataset + log.backlog + log.forReplicas + clients.total,
  };
}

/** What is held for clients; goes through all of them. */
export function clientsMemory({ clients }: Pick<MemoryHolders, 'clients'>): {
  readonly normal: number;
  readonly replicas: number;
  readonly total: number;
} {
  let normal = 0;
  let replicas = 0;
  for (const client of clients.all()) {
    if (client.has(clientFlags.replica)) replicas += clientMemoryBytes(client);
    else normal += clientMemoryBytes(client);
  }
  return { normal, replicas, total: normal + replicas };
}

/** What counts for maxmemory, the clients left out. */
export function countedBytes(holders: MemoryHolders): number {
  return holders.keyspace.memoryBytes + logMemory(holders).backlog;
}

/** The log beyond the size of the backlog is there for a replica that lags. [7.0] */
function logMemory({ config, replication }: MemoryHolders): {
  readonly backlog: number;
  readonly forReplicas: number;
} {
  const bytes = replication.backlogMemoryBytes;
  const { replBacklogSize } = config.values;
  if (replication.replicaCount === 0 || bytes <= replBacklogSize) {
    return { backlog: bytes, forReplicas: 0 };
  }
  return { backlog: replBacklogSize, forReplicas: bytes - replBacklogSize };
}
