/**
 * From what the user named to the live topology: the whole lab where a lab is meant, otherwise what
 * can be found from one address. Used by the commands that look at or change a live setup. It does
 * not print.
 */
import { addressKey, formatAddress, parseAddress, type Address } from '../instance/address.ts';
import {
  connectInBulk,
  connectInstance,
  connectToLook,
  type BulkInstance,
  type Credentials,
  type Instance,
} from '../instance/connection.ts';
import type { Outcome } from '../instance/failure.ts';
import { nowhere } from '../instance/verbs.ts';
import type { Seed } from '../topology/assemble.ts';
import { discover } from '../topology/discover.ts';
import { findNode, type Topology, type TopologyNode } from '../topology/model.ts';
import type { LabSpec } from '../topology/spec.ts';
import { withTrend } from '../topology/trend.ts';
import type { Clock } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';

export interface ObserveOptions {
  /** Nodes that were typed; all must be found. None means the whole lab. */
  readonly words: readonly string[];
  /** Addresses to ask as well, whether somebody is there or not. */
  readonly extra?: readonly Address[];
  readonly lab: Lab | undefined;
  /** For live setups; a lab brings its own password. */
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The look before this one, to tell how fast things change. */
  readonly previous?: Topology;
}

export interface Lab {
  readonly dir: string;
  readonly spec: LabSpec;
}

/** A topology, and the means to look again and to reach its nodes. */
export interface Observation {
  readonly topology: Topology;
  readonly lab: Lab | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
  again(): Promise<Observation>;
  connect(node: TopologyNode): Promise<Outcome<Instance>>;
  /** The same for whoever only looks. */
  connectToLook(node: TopologyNode): Promise<Outcome<Instance>>;
  /** The same for whoever reads whole data sets. */
  connectInBulk(node: TopologyNode, timeoutMs: number): Promise<Outcome<BulkInstance>>;
  /** The node that was typed. Throws an OperatorError that lists the names there are. */
  find(words: string): TopologyNode;
}

/** Looks at the topology that the words mean. Throws an OperatorError for words that mean nothing. */
export async function observe(options: ObserveOptions): Promise<Observation> {
  const { timeoutMs, clock } = options;
  const { seeds, lab, credentials } = resolveSeeds(options);
  const source = lab === undefined ? 'address' : 'inventory';
  const seen = await discover({ seeds, source, credentials, timeoutMs, clock });
  const topology = options.previous === undefined ? seen : withTrend(options.previous, seen);
  if (topology.nodes.length === 0) throwNobodyMeant(topology);
  return {
    topology,
    lab,
    timeoutMs,
    clock,
    again: () => observeAgain(options, topology),
    connect: ({ address }) => connectInstance({ ...address, ...credentials, timeoutMs }),
    connectToLook: ({ address }) => connectToLook({ ...address, ...credentials, timeoutMs }),
    connectInBulk: ({ address }, answerTimeoutMs) =>
      connectInBulk({ ...address, ...credentials, timeoutMs: answerTimeoutMs }),
    find: (words) => findNode(topology, words) ?? throwUnknown(words, topology.nodes),
  };
}

/**
 * The inventory may have been changed meanwhile, by us or by hand. And nodes that are between two
 * links right now, or have died, are listed by nobody: they are asked where they were.
 */
async function observeAgain(options: ObserveOptions, seen: Topology): Promise<Observation> {
  const isNowhere = (address: Address): boolean => addressKey(address) === addressKey(nowhere);
  const extra = seen.nodes.map(({ address }) => address).filter((address) => !isNowhere(address));
  const next = { ...options, extra, previous: seen };
  if (options.lab === undefined) return observe(next);
  const { loadSpec } = await import('../topology/spec.ts');
  const lab = { ...options.lab, spec: await loadSpec(options.lab.dir) };
  return observe({ ...next, lab });
}

/** Where one node is and how to log in there, without asking anyone. */
export function resolveNode(
  words: string,
  { lab, credentials }: Pick<ObserveOptions, 'lab' | 'credentials'>,
): { address: Address; credentials: Credentials } {
  const { seeds, ...resolved } = resolveSeeds({ words: [words], lab, credentials });
  const { address } = seeds.find((seed) => isMeant(seed, words)) ?? seeds[0];
  return { address, credentials: resolved.credentials };
}

function resolveSeeds(options: Pick<ObserveOptions, 'words' | 'extra' | 'lab' | 'credentials'>): {
  seeds: Seed[];
  lab: Lab | undefined;
  credentials: Credentials;
} {
  const { words, extra = [], lab, credentials } = options;
  const extraSeeds = extra.map((address) => ({ address }));
  const labSeeds = lab === undefined ? [] : seedsOf(lab.spec);
  const isInLab = words.some((word) => labSeeds.some((seed) => isMeant(seed, word)));
  if (lab !== undefined && (isInLab || words.length === 0)) {
    const password = lab.spec.password ?? credentials.password;
    const own = password === undefined ? credentials : { ...credentials, password };
    // Words that are no node of the lab may be addresses; `find` judges them later.
    const others = words.filter((word) => !labSeeds.some((seed) => isMeant(seed, word)));
    const otherSeeds = others.map((word) => ({ address: addressOf(word, labSeeds) }));
    return { seeds: [...labSeeds, ...otherSeeds, ...extraSeeds], lab, credentials: own };
  }
  const seeds = words.map((word) => ({ address: addressOf(word, labSeeds) }));
  return { seeds: [...seeds, ...extraSeeds], lab: undefined, credentials };
}

function seedsOf(spec: LabSpec): (Seed & { name: string })[] {
  return spec.nodes.map(({ name, host, port, replicaof }) => ({
    name,
    address: { host, port },
    expected: { upstreamName: replicaof },
  }));
}

/** By name, address or port. */
function isMeant({ name, address }: Seed, words: string): boolean {
  if (name === words) return true;
  const meant = parseAddress(words);
  if (meant === undefined) return false;
  const isPortAlone = !words.includes(':');
  return isPortAlone ? meant.port === address.port : addressKey(meant) === addressKey(address);
}

function addressOf(words: string, known: readonly { name: string }[]): Address {
  return parseAddress(words) ?? throwUnknown(words, known);
}

/** Only Sentinels were named, and none of them watches one master and no other. */
function throwNobodyMeant({ sentinels }: Topology): never {
  const [{ name, state }] = sentinels;
  const masters = state.kind === 'up' ? state.watches.map(({ master }) => master) : [];
  const [first] = masters.map(formatAddress);
  if (first === undefined) {
    throw new OperatorError(`Sentinel ${name} watches no master`, {
      hint: 'name a live server as host:port',
      exitCode: exitCodes.failed,
    });
  }
  throw new OperatorError(
    `Sentinel ${name} watches several masters: ${masters.map(formatAddress).join(', ')}`,
    { hint: `name one of them too: repl status ${first} ${name}`, exitCode: exitCodes.usage },
  );
}

function throwUnknown(words: string, nodes: readonly { readonly name: string }[]): never {
  const names = nodes.map(({ name }) => name).join(', ');
  throw new OperatorError(`there is no node ${words}`, {
    hint:
      names === ''
        ? 'name a live server as host:port, or make a lab: repl init 6379 6380 6381'
        : `there are: ${names}; or name a live server as host:port`,
    exitCode: exitCodes.usage,
  });
}
