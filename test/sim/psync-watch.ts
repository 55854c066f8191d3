/**
 * Looks over a master's shoulder: every PSYNC is judged a second time, by the rules as the protocol
 * has them and on what INFO said before the request, and every acknowledged offset is compared with
 * what the replica really holds. So each full resync of a run is one that the rules demand, each
 * partial one is one that they allow, and nobody acknowledges what he does not have.
 */
import type { Cluster } from './cluster.ts';
import { type NodeFacts, readFacts } from './node-facts.ts';
import type { Connector } from './sim-network.ts';
import type { SimNode } from './sim-node.ts';

/** To be called when the node's process has been made, before anyone connects to it. */
export function watchReplicas(cluster: Cluster, node: SimNode): void {
  const { replication } = node.server.context;
  const handlePsync = replication.handlePsync.bind(replication);
  replication.handlePsync = (connection, args) => {
    const before = readFacts(node);
    const wasReplica = replication.role === 'replica';
    const counted = { ...replication.counters };
    const reply = handlePsync(connection, args);
    const { syncFull, syncPartialOk } = replication.counters;
    checkRequest(cluster, cluster.network.connector(connection.address), args);
    const expected = judge(before, wasReplica, args);
    if (syncFull > counted.syncFull && expected === 'partial') {
      throw new Error(`${node.name}: a full resync that no rule demands${show(args, before)}`);
    }
    if (syncPartialOk > counted.syncPartialOk && expected === 'full') {
      throw new Error(`${node.name}: a partial resync that no rule allows${show(args, before)}`);
    }
    return reply;
  };
  const handleReplconf = replication.handleReplconf.bind(replication);
  replication.handleReplconf = (connection, args) => {
    if (args[0]?.toLowerCase() === 'ack') {
      checkAck(cluster, node, { from: connection.address, offset: Number(args[1]) });
    }
    return handleReplconf(connection, args);
  };
}

/** `? -1` is for those who have nothing to continue. */
function checkRequest(
  cluster: Cluster,
  connector: Connector | undefined,
  [replid]: readonly string[],
): void {
  const node = cluster.at(connector?.port ?? -1);
  if (replid !== '?' || node === undefined || !node.running) return;
  if (node.lane !== connector?.lane || !node.hasHistory) return;
  throw new Error(`${node.name} asks for a full resync, and has a history to continue`);
}

/** It is in the same history, so its place there is at least what it has acknowledged. */
function checkAck(
  cluster: Cluster,
  master: SimNode,
  ack: { readonly from: string; readonly offset: number },
): void {
  const connector = cluster.network.connector(ack.from);
  const node = cluster.at(connector?.port ?? -1);
  if (node === undefined || !node.running || node.lane !== connector?.lane) return;
  const { masterReplid, masterReplOffset } = node.server.context.replication;
  if (masterReplid !== master.server.context.replication.masterReplid) return;
  if (ack.offset <= masterReplOffset) return;
  throw new Error(`${node.name} acknowledges ${ack.offset}, and is at ${masterReplOffset}`);
}

function judge(
  facts: NodeFacts,
  wasReplica: boolean,
  [replidText = '', offsetText = '', failover]: readonly string[],
): 'full' | 'partial' {
  const replid = replidText.toLowerCase();
  const offset = Number(offsetText);
  const isHandover = failover?.toLowerCase() === 'failover' && wasReplica;
  const isOurs = replid === facts.replid;
  const isFormer = replid === facts.replid2 && offset <= facts.secondOffset;
  // Taking over, its present history becomes the former one, valid to where it stands.
  const isKnown = isHandover ? isOurs : isOurs || isFormer;
  const isHeld = facts.active && offset >= facts.firstByteOffset && offset <= facts.offset + 1;
  return isKnown && isHeld ? 'partial' : 'full';
}

function show(args: readonly string[], facts: NodeFacts): string {
  return (
    `: PSYNC ${args.join(' ')} at ${facts.replid}:${facts.offset}, formerly ${facts.replid2} up to ` +
    `${facts.secondOffset}, backlog ${facts.active ? facts.firstByteOffset : 'none'}`
  );
}
