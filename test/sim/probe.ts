/**
 * A stranger that asks a node for its history at the very edges of what it has, and is gone again: what
 * a replica would have to be lucky to hit. What the node answers is judged by `psync-watch.ts`.
 */
import type { Client, ClientTransport } from '../../src/server/client.ts';
import { silentTransport } from '../../src/server/wiring/silent-transport.ts';
import { encodeCommand } from '../support/resp-value.ts';
import type { Cluster } from './cluster.ts';
import type { Draw } from './draw.ts';
import { readFacts } from './node-facts.ts';
import { feedClient } from './sim-client.ts';
import type { SimNode } from './sim-node.ts';

/** Long enough for a snapshot to begin, too short for a turn of the cron as a rule. */
const maxStayMs = 30;

export function probe(cluster: Cluster, draw: Draw): void {
  const node = draw.pick(cluster.nodes);
  if (!node.running) return;
  cluster.soon(node, 0, () => {
    const client = node.server.networking.addClient(deafTransport(), false);
    if (client === null) return;
    const [replid, offset] = drawPlace(node, draw);
    cluster.trace.order(`${node.name}: a stranger asks for ${replid}:${offset}`);
    feedClient(node.server, client, encodeCommand(['PSYNC', replid, offset]));
    leaveLater(cluster, node, client, draw.between(0.1, maxStayMs));
  });
}

function leaveLater(cluster: Cluster, node: SimNode, client: Client, stayMs: number): void {
  cluster.queue.after(node.lane, stayMs, () => node.server.networking.close(client));
}

function drawPlace(node: SimNode, draw: Draw): [replid: string, offset: number] {
  const { replid, replid2, offset, firstByteOffset, secondOffset } = readFacts(node);
  const edge = draw.pick([firstByteOffset, offset + 1, offset + 1, secondOffset]);
  const id = draw.pick([replid, replid, replid2, 'f'.repeat(40)]);
  return [id, Math.max(1, edge + draw.int(-1, 1))];
}

/** Whatever it is sent, it does not look at. */
function deafTransport(): ClientTransport {
  return { ...silentTransport('127.0.0.1:3'), localAddress: '127.0.0.1:2' };
}
