/** A client as replication sees it, once it has spoken REPLCONF, SYNC or PSYNC. */
import type { Client } from '../client.ts';
import type { Executor } from '../context.ts';
import type { ReplicaConnection } from '../replication/ports.ts';

export function replicaConnectionOf(client: Client, executor: Executor): ReplicaConnection {
  client.replicaConnection ??= newConnection(client, executor);
  return client.replicaConnection;
}

function newConnection(client: Client, executor: Executor): ReplicaConnection {
  const { transport } = client;
  return {
    id: client.id,
    address: transport.address,
    ip: ipOf(transport.address),
    get pendingOutputBytes() {
      return transport.pendingBytes;
    },
    write: (bytes, written) => transport.write(bytes, written),
    setNoDelay: (enabled) => transport.setNoDelay(enabled),
    close: () => executor.close(client, 'now'),
  };
}

/** `127.0.0.1` of `127.0.0.1:6379`, `::1` of `[::1]:6379`. */
function ipOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':'));
  return host.startsWith('[') ? host.slice(1, -1) : host;
}
