/**
 * Topologies for tests, from a sketch that says only what matters: names, who follows whom, and
 * what is unusual. Everything else is a healthy node of one history at offset 1000. Sketches are
 * also what test/cases/CODE/observed.json holds.
 */
import { formatAddress, parseAddress, type Address } from '../../src/instance/address.ts';
import type { FailureKind } from '../../src/instance/failure.ts';
import type { InstantaneousRates } from '../../src/instance/report.ts';
import type { Watch } from '../../src/instance/sentinel.ts';
import { readSettings, type ServerSettings } from '../../src/instance/settings.ts';
import { parseVersion, rdbVersionsOf } from '../../src/instance/version.ts';
import type { ReplicationInfo } from '../../src/protocol/info.ts';
import { lagBetween, type Link, type LinkState } from '../../src/topology/model.ts';
import type {
  Fence,
  NodeFacts,
  SentinelNode,
  Topology,
  TopologyNode,
  Trend,
} from '../../src/topology/model.ts';

export interface Sketch {
  source?: Topology['source'];
  nodes: Record<string, NodeSketch>;
  sentinels?: SentinelSketch[];
  fences?: Fence[];
}

/** One that watches one master, `mymaster`. */
export interface SentinelSketch {
  address: string;
  down?: { kind: FailureKind; message: string };
  /** An address, or the name of a node. */
  master?: string;
  replicas?: string[];
  /** Other Sentinels; one that ends with `!` does not answer this one. */
  others?: string[];
  quorum?: number;
}

export interface NodeSketch {
  /** `127.0.0.1:NAME` unless said otherwise. */
  address?: string;
  upstream?: string;
  /** In the inventory: a name, or `master`. With source `inventory` it is `upstream` by default. */
  expected?: string;
  down?: { kind: FailureKind; message: string };
  link?: LinkState;
  downSinceSeconds?: number;
  offset?: number;
  replid?: string;
  replid2?: string;
  secondReplOffset?: number;
  backlogSize?: number;
  readOnly?: boolean;
  loading?: boolean;
  keys?: number;
  syncReadBytes?: number;
  syncTotalBytes?: number;
  /** Numbers that stand for passwords; 0 is none. */
  asked?: number;
  held?: number;
  product?: 'redis' | 'valkey';
  version?: string;
  settings?: Partial<ServerSettings>;
  /** Addresses that others have for it; one that ends with `!` does not answer us. */
  aliases?: string[];
  /** As the node lists them. */
  lines?: { address: string; state?: string; ackAgeSeconds?: number }[];
  linkPhase?: string;
  configFile?: null;
  confFile?: NodeFacts['confFile'];
  trend?: Trend;
  rates?: Partial<InstantaneousRates>;
  syncFull?: number;
  uptimeSeconds?: number;
  outputBufferDisconnections?: number | null;
}

/** As servers have them when nobody changed any. */
export const defaultSettings: ServerSettings = readSettings(
  new Map([
    ['repl-ping-replica-period', '10'],
    ['repl-timeout', '60'],
    ['repl-backlog-size', '1048576'],
    ['repl-backlog-ttl', '3600'],
    ['min-replicas-to-write', '0'],
    ['min-replicas-max-lag', '10'],
    [
      'client-output-buffer-limit',
      'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
    ],
    ['replica-read-only', 'yes'],
    ['replica-serve-stale-data', 'yes'],
    ['replica-priority', '100'],
    ['replica-announced', 'yes'],
    ['replica-announce-ip', ''],
    ['replica-announce-port', '0'],
    ['masteruser', ''],
    ['maxmemory', '0'],
    ['save', '3600 1 300 100 60 10000'],
    ['appendonly', 'no'],
    ['dir', '/var/lib/redis'],
  ]),
);

/** Nobody reads or writes. */
export const quietRates: InstantaneousRates = {
  opsPerSecond: 0,
  inputKibPerSecond: 0,
  outputKibPerSecond: 0,
  inputReplKibPerSecond: 0,
  outputReplKibPerSecond: 0,
};

/** When the samples of a sketch were taken; a view drawn 4 ms later says so. */
export const sampledAtMs = 1_700_000_000_000;
export const nowMs = sampledAtMs + 4;

export function buildTopology({
  source = 'address',
  nodes,
  sentinels = [],
  fences = [],
}: Sketch): Topology {
  const entries = Object.entries(nodes);
  return {
    source,
    nodes: entries.map(([name, node]) => buildNode(name, node, { source, nodes })),
    links: entries.flatMap(([name, node]) => buildLink(name, node, nodes) ?? []),
    sentinels: sentinels.map(buildSentinel),
    fences,
  };
}

function buildNode(
  name: string,
  node: NodeSketch,
  { source, nodes }: Pick<Required<Sketch>, 'source' | 'nodes'>,
): TopologyNode {
  const address = addressOf(name, node);
  const aliases = (node.aliases ?? []).map((text) => addressAt(text.replace(/!$/, '')));
  const expected = node.expected ?? node.upstream ?? 'master';
  const upstreamName = expected === 'master' ? undefined : expected;
  return {
    id: name,
    name,
    address,
    aliases: [address, ...aliases],
    silentAliases: aliases.filter((_, index) => node.aliases?.[index].endsWith('!')),
    dialAddress: address,
    expected: source === 'inventory' ? { upstreamName } : undefined,
    state: node.down
      ? { kind: 'down', failure: node.down }
      : { kind: 'up', facts: buildFacts(name, node, nodes) },
  };
}

function addressOf(name: string, node: NodeSketch): Address {
  return addressAt(node.address ?? name);
}

function addressAt(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`the sketch has no address for ${text}`);
  return address;
}

function buildSentinel(sketch: SentinelSketch): SentinelNode {
  const { address, down, master = '6379', replicas = [], others = [], quorum = 2 } = sketch;
  const watch: Watch = {
    masterName: 'mymaster',
    master: addressAt(master),
    flags: ['master'],
    quorum,
    replicas: replicas.map((text) => ({ address: addressAt(text), flags: ['slave'] })),
    sentinels: others.map((text) => ({
      address: addressAt(text.replace(/!$/, '')),
      flags: text.endsWith('!') ? ['s_down', 'sentinel'] : ['sentinel'],
    })),
  };
  return {
    name: formatAddress(addressAt(address)),
    address: addressAt(address),
    state: down ? { kind: 'down', failure: down } : { kind: 'up', watches: [watch] },
  };
}

function buildFacts(name: string, node: NodeSketch, nodes: Sketch['nodes']): NodeFacts {
  const product = node.product ?? 'redis';
  const version = node.version ?? '7.0.15';
  const serverVersion = parseVersion(version);
  return {
    runId: name,
    product,
    bundled: false,
    version,
    serverVersion,
    rdb: rdbVersionsOf({ product, bundled: false, version: serverVersion }),
    mode: 'standalone',
    tcpPort: addressOf(name, node).port,
    configFile: node.configFile === null ? undefined : `/etc/redis/${name}.conf`,
    uptimeSeconds: node.uptimeSeconds ?? 86_400,
    loading: node.loading ?? false,
    keyCount: node.keys ?? 10,
    usedMemoryBytes: 1_000_000,
    totalSystemMemoryBytes: 8_000_000_000,
    connectedClients: 1,
    rates: { ...quietRates, ...node.rates },
    syncFull: node.syncFull ?? 0,
    syncPartialOk: 0,
    syncPartialErr: 0,
    outputBufferDisconnections:
      node.outputBufferDisconnections === null ? undefined : (node.outputBufferDisconnections ?? 0),
    replication: buildReplication(node, nodes),
    linkPhase: node.upstream === undefined ? undefined : (node.linkPhase ?? phases[linkOf(node)]),
    settings: { ...defaultSettings, ...node.settings },
    passwords: { asked: node.asked ?? 0, held: node.held ?? 0 },
    confFile: node.confFile,
    trend: node.trend,
    sampledAtMs,
  };
}

/** What ROLE says meanwhile. */
const phases: Record<LinkState, string> = {
  up: 'connected',
  connecting: 'connect',
  syncing: 'sync',
  down: 'connect',
  unknown: 'connect',
};

function linkOf(node: NodeSketch): LinkState {
  return node.link ?? 'up';
}

function buildReplication(node: NodeSketch, nodes: Sketch['nodes']): ReplicationInfo {
  const offset = node.offset ?? 1000;
  const link = linkOf(node);
  const upstream = node.upstream === undefined ? undefined : nodes[node.upstream];
  return {
    role: node.upstream === undefined ? 'master' : 'replica',
    upstream: upstream && {
      ...addressOf(node.upstream ?? '', upstream),
      linkStatus: link === 'up' ? 'up' : 'down',
      lastIoSecondsAgo: link === 'up' ? 1 : undefined,
      syncInProgress: link === 'syncing',
      syncTotalBytes: node.syncTotalBytes,
      syncReadBytes: node.syncReadBytes,
      syncLastIoSecondsAgo: link === 'syncing' ? 0 : undefined,
      slaveReplOffset: offset,
      slaveReadReplOffset: offset,
      linkDownSinceSeconds: node.downSinceSeconds,
      priority: 100,
      readOnly: node.readOnly ?? true,
      announced: true,
    },
    replicas: (node.lines ?? []).map((line) => ({
      ...addressAt(line.address),
      state: line.state ?? 'online',
      ackedOffset: offset,
      ackAgeSeconds: line.ackAgeSeconds ?? 0,
    })),
    masterFailoverState: 'no-failover',
    masterReplid: node.replid ?? '6f4f611cc8dd899f43c327b9f7bf43ba8ac95991',
    masterReplid2: node.replid2,
    masterReplOffset: offset,
    secondReplOffset: node.secondReplOffset,
    replBacklogActive: true,
    replBacklogSize: node.backlogSize ?? 1_048_576,
    replBacklogFirstByteOffset: 1,
    replBacklogHistlen: offset,
  };
}

function buildLink(name: string, node: NodeSketch, nodes: Sketch['nodes']): Link | undefined {
  if (node.upstream === undefined) return undefined;
  const upstream = nodes[node.upstream];
  const known = node.down === undefined;
  const bothUp = known && upstream.down === undefined;
  const state = node.link ?? (known ? 'up' : 'unknown');
  return {
    replica: name,
    upstream: node.upstream,
    knownFrom: known ? 'replica' : 'inventory',
    state,
    neverUp: state === 'connecting',
    downSinceSeconds: node.downSinceSeconds,
    lastIoSecondsAgo: state === 'up' ? 1 : undefined,
    lagBytes: bothUp
      ? lagBetween(buildReplication(upstream, nodes), buildReplication(node, nodes))
      : undefined,
    syncReadBytes: node.syncReadBytes,
    syncTotalBytes: node.syncTotalBytes,
  };
}
