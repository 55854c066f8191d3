/**
 * What `repl status --json` prints: everything that the screen shows, and the exact numbers. The
 * schema below is the promise: fields may be added within a version, never changed or removed.
 * What is unknown is null, never absent. Pure; the types are those of the schema.
 */
import { formatAddress } from '../../instance/address.ts';
import type { Problem, Verdict } from '../../topology/findings/diagnose.ts';
import { isDrifted } from '../../topology/findings/shape.ts';
import {
  depthOf,
  factsOf,
  lagFromTopBytes,
  linkOf,
  nodeOf,
  upstreamOf,
} from '../../topology/model.ts';
import type { NodeId, SentinelNode, Topology, TopologyNode } from '../../topology/model.ts';
import { applicationAddresses, replidOf, type StatusInput } from './status-view.ts';

export const statusSchemaName = 'redis-repl/status';
export const statusSchemaVersion = 1;

export interface StatusDocument {
  readonly schema: typeof statusSchemaName;
  readonly version: typeof statusSchemaVersion;
  readonly verdict: Verdict;
  readonly replid: string | null;
  readonly depth: number;
  readonly writesTo: readonly string[];
  readonly readsFrom: readonly string[];
  readonly staleReadsFrom: readonly string[];
  readonly nodes: readonly NodeDocument[];
  readonly sentinels: readonly SentinelDocument[];
  readonly problems: readonly ProblemDocument[];
}

export interface NodeDocument {
  readonly name: string;
  readonly address: string;
  readonly state: 'up' | 'down';
  readonly failure: { readonly kind: string; readonly message: string } | null;
  readonly role: 'master' | 'replica' | null;
  readonly upstream: string | null;
  readonly expectedUpstream: string | null;
  readonly drifted: boolean;
  readonly linkState: string | null;
  readonly linkDownSinceSeconds: number | null;
  readonly lastIoSecondsAgo: number | null;
  readonly lagBytes: number | null;
  readonly lagFromTopBytes: number | null;
  readonly sampleAgeMs: number | null;
  readonly masterReplid: string | null;
  readonly masterReplid2: string | null;
  readonly masterReplOffset: number | null;
  readonly secondReplOffset: number | null;
  readonly replBacklogSize: number | null;
  readonly replBacklogFirstByteOffset: number | null;
  readonly replBacklogHistlen: number | null;
  readonly readOnly: boolean | null;
  readonly keyCount: number | null;
  readonly syncFull: number | null;
  readonly syncPartialOk: number | null;
  readonly product: string | null;
  readonly productVersion: string | null;
}

export interface SentinelDocument {
  readonly address: string;
  readonly state: 'up' | 'down';
  readonly failure: { readonly kind: string; readonly message: string } | null;
  readonly watches: readonly {
    readonly masterName: string;
    readonly master: string;
    readonly flags: readonly string[];
    readonly quorum: number;
    readonly replicas: readonly string[];
    readonly sentinels: readonly string[];
  }[];
}

export interface ProblemDocument extends Omit<Problem, 'nodes'> {
  readonly nodes: readonly string[];
}

export function statusDocument(input: StatusInput): StatusDocument {
  const { topology, problems, verdict } = input;
  const nameOf = (id: NodeId): string => nodeOf(topology, id)?.name ?? id;
  return {
    schema: statusSchemaName,
    version: statusSchemaVersion,
    verdict,
    replid: replidOf(topology) ?? null,
    depth: depthOf(topology),
    ...applicationAddresses(topology),
    nodes: topology.nodes.map((node) => nodeDocument(topology, node, input.nowMs)),
    sentinels: topology.sentinels.map(sentinelDocument),
    problems: problems.map((problem) => ({ ...problem, nodes: problem.nodes.map(nameOf) })),
  };
}

function nodeDocument(topology: Topology, node: TopologyNode, nowMs: number): NodeDocument {
  const facts = factsOf(node);
  const own = facts?.replication;
  const link = linkOf(topology, node.id);
  return {
    name: node.name,
    address: formatAddress(node.address),
    state: node.state.kind,
    failure: node.state.kind === 'down' ? node.state.failure : null,
    role: own?.role ?? null,
    upstream: upstreamOf(topology, node.id)?.name ?? null,
    expectedUpstream: node.expected?.upstreamName ?? null,
    drifted: isDrifted(topology, node),
    linkState: link?.state ?? null,
    linkDownSinceSeconds: link?.downSinceSeconds ?? null,
    lastIoSecondsAgo: link?.lastIoSecondsAgo ?? null,
    lagBytes: link?.lagBytes ?? null,
    lagFromTopBytes: lagFromTopBytes(topology, node.id) ?? null,
    sampleAgeMs: facts === undefined ? null : Math.max(0, nowMs - facts.sampledAtMs),
    masterReplid: own?.masterReplid ?? null,
    masterReplid2: own?.masterReplid2 ?? null,
    masterReplOffset: own?.masterReplOffset ?? null,
    secondReplOffset: own?.secondReplOffset ?? null,
    replBacklogSize: own?.replBacklogSize ?? null,
    replBacklogFirstByteOffset: own?.replBacklogFirstByteOffset ?? null,
    replBacklogHistlen: own?.replBacklogHistlen ?? null,
    readOnly: own?.upstream?.readOnly ?? null,
    keyCount: facts?.keyCount ?? null,
    syncFull: facts?.syncFull ?? null,
    syncPartialOk: facts?.syncPartialOk ?? null,
    product: facts?.product ?? null,
    productVersion: facts?.version ?? null,
  };
}

function sentinelDocument({ address, state }: SentinelNode): SentinelDocument {
  const watches = state.kind === 'up' ? state.watches : [];
  return {
    address: formatAddress(address),
    state: state.kind,
    failure: state.kind === 'down' ? state.failure : null,
    watches: watches.map((watch) => ({
      ...watch,
      master: formatAddress(watch.master),
      replicas: watch.replicas.map((peer) => formatAddress(peer.address)),
      sentinels: watch.sentinels.map((peer) => formatAddress(peer.address)),
    })),
  };
}
