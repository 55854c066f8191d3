/** INFO clients, and how much memory clients hold. */
import { type Client, clientFlags } from '../client.ts';
import type { ServerContext } from '../context.ts';
import type { InfoFields } from '../../protocol/info.ts';

export function clientsFields({ blocked, clients, config }: ServerContext): InfoFields {
  const all = clients.all();
  const normal = all.filter((client) => !client.has(clientFlags.replica));
  return [
    ['connected_clients', normal.length],
    ['cluster_connections', 0],
    ['maxclients', config.values.maxclients],
    ['client_recent_max_input_buffer', largest(all, (client) => client.pending.buffer.length)],
    ['client_recent_max_output_buffer', largest(all, (client) => client.transport.pendingBytes)],
    ['blocked_clients', all.filter((client) => client.has(clientFlags.blocked)).length],
    ['tracking_clients', 0],
    ['clients_in_timeout_table', blocked.timedCount],
  ];
}

function largest(clients: readonly Client[], bytesOf: (client: Client) => number): number {
  return clients.reduce((most, client) => Math.max(most, bytesOf(client)), 0);
}

/** What one Client object weighs besides its buffers, about. */
const clientBytes = 1024;

/**
 * Bytes that a client holds: unread input, unsent output, a queued transaction. What is on its way
 * to a replica lies in the replication log, and is counted there.
 */
export function clientMemoryBytes(client: Client): number {
  const { pending, transport, queue } = client;
  const unsent = client.has(clientFlags.replica) ? 0 : transport.pendingBytes;
  return clientBytes + pending.buffer.length + unsent + queueBytes(queue);
}

export function queueBytes(queue: Client['queue']): number {
  return queue.reduce((bytes, { frame }) => bytes + frame.length, 0);
}
