/**
 * The configuration files of nodes on this machine, compared with what runs: a restart goes back to
 * the file. Used by discover.ts for the nodes of an inventory only: of others we cannot know that a
 * path of theirs means this file here.
 */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { addressKey, isLoopback } from '../../instance/address.ts';
import { parseConf, type ConfLine } from '../../redis-conf/parse.ts';
import { parseMemory } from '../../util/units.ts';
import { factsOf } from '../model.ts';
import type { ConfDifference, ConfFileFacts, NodeFacts, Topology, TopologyNode } from '../model.ts';

/** `topology`, with what the files say. A file that cannot be read is no finding. */
export async function withConfFiles(topology: Topology): Promise<Topology> {
  const read = async (node: TopologyNode): Promise<TopologyNode> => {
    const facts = factsOf(node);
    const isHere = node.expected !== undefined && isLoopback(node.address.host);
    if (!isHere || facts?.configFile === undefined) return node;
    const confFile = await readConfFile(facts.configFile, facts);
    return { ...node, state: { kind: 'up', facts: { ...facts, confFile } } };
  };
  return { ...topology, nodes: await Promise.all(topology.nodes.map(read)) };
}

async function readConfFile(path: string, facts: NodeFacts): Promise<ConfFileFacts | undefined> {
  // CONFIG REWRITE writes a new file beside the old one and renames it.
  const writable = await access(dirname(path), constants.W_OK).then(
    () => true,
    () => false,
  );
  const text = await readFile(path, 'latin1').catch(() => undefined);
  if (text === undefined) return writable ? undefined : { writable, differences: [] };
  return { writable, differences: compareConf(text, facts) };
}

/** What the file says otherwise. What it does not mention, or takes from another file, is left out. */
export function compareConf(text: string, facts: NodeFacts): ConfDifference[] {
  const lines = parseConf(text).filter((line) => line.kind === 'directive');
  if (lines.some(({ name }) => name === 'include')) return [];
  const differences = Object.entries(compared).flatMap(([name, { running, normalise }]) => {
    const file = lastOf(lines, name)?.args[0];
    const now = running(facts);
    if (file === undefined || now === undefined || normalise(file) === now) return [];
    return [{ name, running: now, file }];
  });
  return [...differences, ...compareUpstream(lines, facts)];
}

type Directive = Extract<ConfLine, { kind: 'directive' }>;

interface Compared {
  readonly running: (facts: NodeFacts) => string | undefined;
  /** From how people write a value to how the server prints it. */
  readonly normalise: (text: string) => string;
}

function plain(running: (facts: NodeFacts) => number | boolean | undefined): Compared {
  const print = (value: number | boolean): string =>
    typeof value === 'number' ? String(value) : value ? 'yes' : 'no';
  return {
    running: (facts) => {
      const value = running(facts);
      return value === undefined ? undefined : print(value);
    },
    normalise: (text) => text.toLowerCase(),
  };
}

function memory(running: (facts: NodeFacts) => number | undefined): Compared {
  return { ...plain(running), normalise: (text) => String(parseMemory(text)) };
}

/** Directive → what runs. Only what matters to replication. */
const compared: Readonly<Record<string, Compared>> = {
  'repl-ping-replica-period': plain(({ settings }) => settings.replPingReplicaPeriod),
  'repl-timeout': plain(({ settings }) => settings.replTimeout),
  'repl-backlog-size': memory(({ settings }) => settings.replBacklogSize),
  'repl-backlog-ttl': plain(({ settings }) => settings.replBacklogTtl),
  'min-replicas-to-write': plain(({ settings }) => settings.minReplicasToWrite),
  'min-replicas-max-lag': plain(({ settings }) => settings.minReplicasMaxLag),
  'replica-read-only': plain(({ settings }) => settings.replicaReadOnly),
  'replica-serve-stale-data': plain(({ settings }) => settings.replicaServeStaleData),
  'replica-priority': plain(({ settings }) => settings.replicaPriority),
  maxmemory: memory(({ settings }) => settings.maxmemory),
  appendonly: plain(({ settings }) => settings.appendonly),
};

/** Under its new name or its old one, whichever stands last. */
function compareUpstream(
  lines: readonly Directive[],
  { replication }: NodeFacts,
): ConfDifference[] {
  const { upstream } = replication;
  const last = lines.findLast(({ name }) => name === 'replicaof' || name === 'slaveof');
  const isMaster = last === undefined || last.args.join(' ').toLowerCase() === 'no one';
  const file = isMaster ? undefined : { host: last.args[0], port: Number(last.args[1]) };
  const print = (address: { host: string; port: number } | undefined): string =>
    address === undefined ? 'no one' : `${address.host} ${address.port}`;
  const isSame =
    file === undefined || upstream === undefined
      ? file === upstream
      : addressKey(file) === addressKey(upstream);
  return isSame ? [] : [{ name: 'replicaof', running: print(upstream), file: print(file) }];
}

function lastOf(lines: readonly Directive[], name: string): Directive | undefined {
  return lines.findLast((line) => line.name === name);
}
