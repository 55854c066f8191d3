/**
 * What must always hold, and what must hold when nothing moves any more. A broken rule throws.
 *
 * The strongest rule: an offset in a history *is* a data set. Whoever is at `replid:offset`, at
 * whatever time, on whatever way it came there, holds the same keys.
 */
import { datasetDigest } from '../../src/server/digest.ts';
import type { Cluster } from './cluster.ts';
import { type DataDump, differences, dump, fingerprint } from './fingerprint.ts';
import type { Lane } from './event-queue.ts';
import { type NodeFacts, readFacts, type ReplicaFacts } from './node-facts.ts';
import { watchReplicas } from './psync-watch.ts';
import type { SimNode } from './sim-node.ts';

/** One of so many events is followed by a look at the whole data set. */
const eventsPerLook = 40;

/** Replicas acknowledge every second. */
const maxRestLagSec = 1;

/** One of so many is followed by a look at everything that INFO says. */
const eventsPerFacts = 6;

interface Seen {
  readonly fingerprint: string;
  readonly where: string;
  /** What it was, where everything is kept. */
  readonly data: DataDump | undefined;
}

export class Checks {
  readonly #cluster: Cluster;
  /** Data sets by `replid:offset`. */
  readonly #seen = new Map<string, Seen>();
  /** The last offset of a process as the master of a history. */
  readonly #offsets = new Map<string, number>();
  /** What each process said last. */
  readonly #facts = new WeakMap<Lane, NodeFacts>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.onBooted = (node) => watchReplicas(cluster, node);
  }

  /** After every event of a node. */
  afterEvent(node: SimNode): void {
    node.noteLinkState();
    const { keyspace, replication } = node.server.context;
    if (keyspace.expiryMode === 'ignore') fail(`${node.name}: expired keys are shown to clients`);
    this.#checkOffset(node, replication.masterReplid, replication.masterReplOffset);
    const { count } = this.#cluster.queue;
    if (count % eventsPerFacts === 0) this.#checkFacts(node, readFacts(node));
    if (count % eventsPerLook === 0) this.look(node);
  }

  #checkFacts(node: SimNode, facts: NodeFacts): void {
    const { active, offset, firstByteOffset, histlen, secondOffset } = facts;
    if (active && firstByteOffset + histlen !== offset + 1) {
      fail(`${node.name}: first ${firstByteOffset} + histlen ${histlen} ≠ offset ${offset} + 1`);
    }
    if (secondOffset > offset + 1) {
      fail(`${node.name}: second offset ${secondOffset} is beyond ${offset} + 1`);
    }
    this.#checkBacklog(node, facts);
    for (const replica of facts.replicas) this.#checkReplica(node, facts, replica);
    this.#facts.set(node.lane, facts);
  }

  /** What is dropped of the backlog is more than its size. */
  #checkBacklog(node: SimNode, facts: NodeFacts): void {
    const before = this.#facts.get(node.lane);
    if (before?.active !== true || !facts.active || before.replid !== facts.replid) return;
    // A replica's begins anew with a full resync.
    const isMaster = before.role === 'master' && facts.role === 'master';
    if (!isMaster || before.backlogSize !== facts.backlogSize) return;
    if (facts.firstByteOffset > before.firstByteOffset && facts.histlen < facts.backlogSize) {
      fail(
        `${node.name}: a backlog of ${facts.histlen} bytes, and ${facts.backlogSize} are wanted`,
      );
    }
  }

  /** Nobody has acknowledged more than he holds. */
  #checkReplica(
    node: SimNode,
    { replid, replicas }: NodeFacts,
    { port, offset }: ReplicaFacts,
  ): void {
    const replica = this.#cluster.at(port);
    if (replica?.running !== true) return;
    const { replication } = replica.server.context;
    if (replication.linkState !== 'connected' || replication.master?.port !== node.port) return;
    // A connection that is dead, and not known to be, says what held before.
    if (replicas.filter((one) => one.port === port).length > 1) return;
    if (replication.masterReplid !== replid || offset <= replication.masterReplOffset) return;
    fail(
      `${node.name}: ${port} is said to have acknowledged ${offset}, and is at ` +
        String(replication.masterReplOffset),
    );
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
    const { active, replid, offset } = readFacts(node);
    if (!active) return;
    const print = fingerprint(node.server.context.keyspace);
    const key = `${replid}:${offset}`;
    const seen = this.#seen.get(key);
    const { queue, trace } = this.#cluster;
    const where = `${node.name} at ${(queue.nowMs / 1000).toFixed(4)}`;
    if (seen === undefined) {
      const data = trace.keepsAll ? dump(node.server.context.keyspace) : undefined;
      this.#seen.set(key, { fingerprint: print, where, data });
      trace.tick(print);
    } else if (seen.fingerprint !== print) {
      fail(
        `two data sets at ${key}: ${print} on ${where}, ${seen.fingerprint} on ${seen.where}` +
          this.#compareSeen(node, seen),
      );
    }
  }

  /** With what was there before, or where that is not kept with what the others have now. */
  #compareSeen(node: SimNode, { data }: Seen): string {
    if (data === undefined) return this.#compareAll(node);
    return `\n  ${differences(dump(node.server.context.keyspace), data).join('\n  ')}`;
  }

  /** When the cluster is at rest. */
  atRest(): void {
    for (const node of this.#cluster.nodes) {
      this.look(node);
      const missing = this.#cluster.markers.missing(node);
      if (missing.length > 0) fail(`${node.name} has lost ${missing.join(', ')}`);
    }
  }

  /** When it is at rest for the last time: by Redis's own measure too. */
  atLastRest(): void {
    const digests = new Map(
      this.#cluster.nodes.map((node) => [node.port, datasetDigest(node.server.context.keyspace)]),
    );
    for (const node of this.#cluster.nodes) {
      if (node.upstream === undefined || digests.get(node.port) === digests.get(node.upstream)) {
        continue;
      }
      fail(`${node.name} differs from ${node.upstream}${this.#compareAll(node)}`);
    }
  }

  #compareAll(node: SimNode): string {
    return this.#cluster.running
      .filter((other) => other !== node)
      .map((other) => {
        const [one, two] = [node, other].map(({ server }) => dump(server.context.keyspace));
        const lines = differences(one, two);
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
  const { online, all, lagSec } = countReplicas(node);
  if (all !== children || online !== children) {
    return `${online} replicas are online of ${all}, ${children} should be`;
  }
  // One that was frozen may be given up by its master yet.
  if (lagSec > maxRestLagSec) return `a replica has said nothing for ${lagSec} s`;
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

function countReplicas(node: SimNode): { online: number; all: number; lagSec: number } {
  const { replicas } = readFacts(node);
  return {
    online: replicas.filter(({ state }) => state === 'online').length,
    all: replicas.length,
    lagSec: Math.max(0, ...replicas.map((replica) => replica.lagSec)),
  };
}

function fail(message: string): never {
  throw new Error(message);
}
