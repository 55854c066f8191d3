/** Findings about how nodes are set up: what will hurt on the day of a change or a failure. Pure. */
import { redisCli } from '../../instance/address.ts';
import { formatMemory } from '../../util/units.ts';
import { factsOf, isLiveMaster, judgePassword, linkOf, nodeOf, replicasOf } from '../model.ts';
import type { Topology, TopologyNode } from '../model.ts';
import { listNames, listWords, verb, type Finding } from './finding.ts';
import { isDrifted } from './shape.ts';

/**
 * How long a replica may be away and still resume, where repl-timeout does not say it: that long, a
 * dead line is not even noticed.
 */
const outageSeconds = 60;

/** A node that the others would refuse, were it to follow them. */
export function findAuthTrap(topology: Topology): Finding[] {
  const kinds = ['missing', 'wrong'] as const;
  return kinds.flatMap((kind) => {
    const trapped = topology.nodes.filter((node) => refusedBy(topology, node, kind).length > 0);
    if (trapped.length === 0) return [];
    const others = topology.nodes.filter((other) =>
      trapped.some((node) => refusedBy(topology, node, kind).includes(other)),
    );
    const what = kind === 'missing' ? 'no password' : 'another password';
    return [
      {
        nodes: trapped,
        sentence: `${listNames(trapped)} could not follow ${listNames(others)} after a promotion: ${verb(trapped, 'it has', 'they have')} ${what} for ${verb(others, 'it', 'them')} (masterauth).`,
        next: `set masterauth of ${listNames(trapped)} (CONFIG SET, then CONFIG REWRITE)`,
      },
    ];
  });
}

/** Nobody, where its own upstream refuses it already: that is no trap any more. */
function refusedBy(
  topology: Topology,
  node: TopologyNode,
  kind: 'missing' | 'wrong',
): TopologyNode[] {
  const isRefusedBy = (other: TopologyNode | undefined): boolean =>
    other !== undefined && judgePassword(factsOf(node), factsOf(other)) === kind;
  const link = linkOf(topology, node.id);
  if (link !== undefined && link.state !== 'up' && isRefusedBy(nodeOf(topology, link.upstream))) {
    return [];
  }
  return topology.nodes.filter((other) => other !== node && isRefusedBy(other));
}

/** What runs differs from the node's own file. A node in the wrong place has a finding for that. */
export function findFileDrift(topology: Topology): Finding[] {
  return topology.nodes.flatMap((node) => {
    const all = factsOf(node)?.confFile?.differences ?? [];
    const differences = all.filter(
      ({ name }) => name !== 'replicaof' || !isDrifted(topology, node),
    );
    if (differences.length === 0) return [];
    const words = differences.map(({ name, running, file }) => `${name} ${running}, not ${file}`);
    return [
      {
        nodes: [node],
        sentence: `${node.name} runs with other settings than its file: ${listWords(words)}; a restart goes back to the file.`,
        next: `${redisCli(node, 'CONFIG REWRITE')}   (keeps what runs), or CONFIG SET it back`,
      },
    ];
  });
}

export function findRewriteImpossible(topology: Topology): Finding[] {
  const without = topology.nodes.filter((node) => {
    const facts = factsOf(node);
    return facts !== undefined && facts.runId !== '' && facts.configFile === undefined;
  });
  const locked = topology.nodes.filter(
    (node) => factsOf(node)?.confFile !== undefined && !factsOf(node)?.confFile?.writable,
  );
  const say = (nodes: readonly TopologyNode[], why: string): Finding[] =>
    nodes.length === 0
      ? []
      : [
          {
            nodes,
            sentence: `${listNames(nodes)} cannot keep a change over a restart: ${why}.`,
            next: `start ${listNames(nodes)} with a configuration file that ${verb(nodes, 'it', 'they')} may write`,
          },
        ];
  return [
    ...say(without, `${verb(without, 'it was', 'they were')} started without a configuration file`),
    ...say(locked, `${verb(locked, 'its', 'their')} configuration file cannot be written`),
  ];
}

/** Restarted without its data, a master empties all its replicas. */
export function findPersistenceOff(topology: Topology): Finding[] {
  return topology.nodes.filter(isLiveMaster).flatMap((node) => {
    const { save, appendonly } = factsOf(node)?.settings ?? {};
    const replicas = replicasOf(topology, node.id);
    if (save !== '' || appendonly !== false || replicas.length === 0) return [];
    return [
      {
        nodes: [node],
        sentence: `${node.name} keeps nothing on disk: restarted, it comes back empty, and its replicas copy that.`,
        next: `${redisCli(node, 'CONFIG SET appendonly yes')}, and do not let it restart by itself until then`,
      },
    ];
  });
}

/**
 * What is written while a replica is away must fit, or it is sent everything again. Told by two looks
 * only: what the server itself averages counts a copy that just ended as well.
 */
export function findBacklogTooSmall(topology: Topology): Finding[] {
  return topology.nodes.flatMap((node) => {
    const facts = factsOf(node);
    if (facts?.trend === undefined || replicasOf(topology, node.id).length === 0) return [];
    const rate = (1000 * facts.trend.streamBytes) / facts.trend.overMs;
    const outage = facts.settings.replTimeout ?? outageSeconds;
    const size = facts.replication.replBacklogSize;
    if (rate * outage <= size) return [];
    return [
      {
        nodes: [node],
        sentence: `${node.name} keeps ${formatMemory(BigInt(size))} of its stream, which is ${Math.floor(size / rate)} s of what is written now (${Math.round(rate / 1024)} KiB/s): a replica that is away for longer needs a full copy.`,
        next: redisCli(node, `CONFIG SET repl-backlog-size ${roundUp(rate * outage)}`),
      },
    ];
  });
}

/** To a power of two that a person would choose. */
function roundUp(bytes: number): string {
  return formatMemory(BigInt(2 ** Math.ceil(Math.log2(bytes))));
}
