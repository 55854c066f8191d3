/**
 * What must always hold, and what must hold when nothing moves any more. A broken rule throws.
 *
 * The strongest rule: an offset in a history *is* a data set. Whoever is at `replid:offset`, at
 * whatever time, on whatever way it came there, holds the same keys.
 */
import { datasetDigest } from '../../src/server/digest.ts';
import type { Cluster } from './cluster.ts';
import { differences, fingerprint } from './fingerprint.ts';
import type { SimNode } from './sim-node.ts';

/** One of so many events is followed by a look at the whole data set. */
const eventsPerLook = 40;

interface Seen {
  readonly fingerprint: string;
  readonly where: string;
}

export class Checks {
  readonly #cluster: Cluster;
  /** Data sets by `replid:offset`. */
  readonly #seen = new Map<string, Seen>();
  /** The last offset of a process as the master of a history. */
  readonly #offsets = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** After every event of a node. */
  afterEvent(node: SimNode): void {
    const state = readState(node);
    const { active, offset, firstByteOffset, histlen, secondOffset, replid } = state;
    if (active && firstByteOffset + histlen !== offset + 1) {
      fail(`${node.name}: first ${firstByteOffset} + histlen ${histlen} ≠ offset ${offset} + 1`);
    }
    if (secondOffset > offset + 1) {
      fail(`${node.name}: second offset ${secondOffset} is beyond ${offset} + 1`);
    }
    if (node.server.context.keyspace.expiryMode === 'ignore') {
      fail(`${node.name}: expired keys are shown to clients`);
    }
    this.#checkOffset(node, replid, offset);
    if (active && this.#cluster.queue.count % eventsPerLook === 0) this.look(node);
  }

  /** A master's history only grows; a replica's may be replaced by an earlier state of it. */
  #checkOffset(node: SimNode, replid: string, offset: number): void {
    if (node.server.context.replication.role !== 'master') return;
    const key = `${node.lane.id} ${replid}`;
    const before = this.#offsets.get(key) ?? 0;
    if (offset < before) fail(`${node.name}: the offset went back from ${before} to ${offset}`);
    this.#offsets.set(key, offset);
  }

  /** Compares the node's data set with all others that were seen at its offset. */
  look(node: SimNode): void {
    const { active, replid, offset } = readState(node);
    if (!active) return;
    const print = fingerprint(node.server.context.keyspace);
    const key = `${replid}:${offset}`;
    const seen = this.#seen.get(key);
    const where = `${node.name} at ${(this.#cluster.queue.nowMs / 1000).toFixed(4)}`;
    if (seen === undefined) this.#seen.set(key, { fingerprint: print, where });
    else if (seen.fingerprint !== print) {
      fail(
        `two data sets at ${key}: ${print} on ${where}, ${seen.fingerprint} on ${seen.where}` +
          this.#compareAll(node),
      );
    }
  }

  /** When the cluster is at rest. */
  atRest(): void {
    for (const node of this.#cluster.nodes) {
      this.look(node);
      const missing = this.#cluster.markers.missing(node);
      if (missing.length > 0) fail(`${node.name} has lost ${missing.join(', ')}`);
      const upstream = this.#cluster.at(node.upstream ?? -1);
      if (upstream === undefined) continue;
      const [own, above] = [node, upstream].map(({ server }) =>
        datasetDigest(server.context.keyspace),
      );
      if (own !== above) {
        fail(`${node.name} differs from ${upstream.name}${this.#compareAll(node)}`);
      }
    }
  }

  #compareAll(node: SimNode): string {
    return this.#cluster.running
      .filter((other) => other !== node)
      .map((other) => {
        const lines = differences(node.server.context.keyspace, other.server.context.keyspace);
        return `\n  ${node.name} | ${other.name}:\n    ${lines.join('\n    ') || 'equal now'}`;
      })
      .join('');
  }
}

/** Why the cluster is not at rest yet; undefined when it is. */
export function unrest(cluster: Cluster): string | undefined {
  for (const node of cluster.nodes) {
    const reason = nodeUnrest(cluster, node);
    if (reason !== undefined) return `${node.name}: ${reason}`;
  }
  return undefined;
}

function nodeUnrest(cluster: Cluster, node: SimNode): string | undefined {
  if (!node.running) return 'it does not run';
  if (node.lane.frozenUntilMs > cluster.queue.nowMs) return 'it is frozen';
  const { context } = node.server;
  const { replication } = context;
  if (context.persistence.inProgress) return 'a snapshot is in progress';
  if (node.unanswered !== undefined) return `it owes a reply to ${node.unanswered}`;
  const children = cluster.childrenOf(node).length;
  const { online, all } = countReplicas(node);
  if (all !== children || online !== children) {
    return `${online} replicas are online of ${all}, ${children} should be`;
  }
  if (node.upstream === undefined) {
    return replication.role === 'master' ? undefined : 'it is still a replica';
  }
  if (replication.master?.port !== node.upstream) return 'it follows another master';
  if (replication.linkState !== 'connected') return `its link is in ${replication.linkState}`;
  const upstream = cluster.at(node.upstream)?.server.context.replication;
  if (replication.masterReplid !== upstream?.masterReplid) return 'it has another history';
  return replication.masterReplOffset === upstream.masterReplOffset
    ? undefined
    : `it is at ${replication.masterReplOffset} of ${upstream.masterReplOffset}`;
}

function countReplicas(node: SimNode): { online: number; all: number } {
  const lines = node.server.context.replication
    .info()
    .filter(([name]) => /^slave\d+$/.test(name))
    .map(([, value]) => String(value));
  return {
    online: lines.filter((line) => line.includes('state=online')).length,
    all: lines.length,
  };
}

interface ReplicationFacts {
  readonly active: boolean;
  readonly replid: string;
  readonly offset: number;
  readonly firstByteOffset: number;
  readonly histlen: number;
  readonly secondOffset: number;
}

/** As a client reads it from INFO. */
function readState(node: SimNode): ReplicationFacts {
  const info = new Map(node.server.context.replication.info());
  return {
    active: info.get('repl_backlog_active') === 1,
    replid: String(info.get('master_replid')),
    offset: Number(info.get('master_repl_offset')),
    firstByteOffset: Number(info.get('repl_backlog_first_byte_offset')),
    histlen: Number(info.get('repl_backlog_histlen')),
    secondOffset: Number(info.get('second_repl_offset')),
  };
}

function fail(message: string): never {
  throw new Error(message);
}
