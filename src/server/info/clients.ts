/** INFO clients. */
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
