/**
 * From what the user named to the live topology: the whole lab where a lab is meant, otherwise what
 * can be found from one address. Used by the commands that look at or change a live setup. It does
 * not print.
 */
import { addressKey, formatAddress, type Address } from '../instance/address.ts';
import {
  connectInBulk,
  connectInstance,
  connectToLook,
  type BulkInstance,
  type Credentials,
  type Instance,
  type InstanceTarget,
} from '../instance/connection.ts';
import type { Outcome } from '../instance/failure.ts';
import { nowhere } from '../instance/verbs.ts';
import { discover } from '../topology/observe/discover.ts';
import { brokenFences, unseenFences } from '../topology/change/fence-state.ts';
import { findNode, type Fence, type Topology, type TopologyNode } from '../topology/model.ts';
import { withTrend } from '../topology/findings/trend.ts';
import type { Clock } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';
import {
  credentialsAt,
  resolveSeeds,
  throwUnknown,
  type Lab,
  type SeedRequest,
} from './resolve-seeds.ts';

export interface ObserveOptions extends SeedRequest {
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Masters that were replaced; those that belong to what is found become part of it. */
  readonly fences?: readonly Fence[];
  /** The look before this one, to tell how fast things change. */
  readonly previous?: Topology;
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
  /** Somebody else's way in, with the node's own TLS; at its address unless another is given. */
  connectAs(
    node: TopologyNode,
    login: Pick<Credentials, 'username' | 'password'> & { readonly address?: Address },
  ): Promise<Outcome<Instance>>;
  /** The node that was typed. Throws an OperatorError that lists the names there are. */
  find(words: string): TopologyNode;
}

/** Looks at the topology that the words mean. Throws an OperatorError for words that mean nothing. */
export async function observe(options: ObserveOptions): Promise<Observation> {
  const { timeoutMs, clock } = options;
  const plan = await resolveSeeds(options);
  const { seeds, lab, credentials } = plan;
  const source = lab === undefined ? 'address' : 'inventory';
  const found = await discover({ seeds, source, credentials, timeoutMs, clock });
  const seen = { ...found, fences: fencesOf(found, options.fences ?? []) };
  const topology = options.previous === undefined ? seen : withTrend(options.previous, seen);
  if (topology.nodes.length === 0) throwNobodyMeant(topology);
  const targetOf = ({ address }: TopologyNode): InstanceTarget => ({
    ...address,
    ...credentialsAt(plan, address),
    timeoutMs,
  });
  return {
    topology,
    lab,
    timeoutMs,
    clock,
    again: () => observeAgain(options, topology),
    connect: (node) => connectInstance(targetOf(node)),
    connectToLook: (node) => connectToLook(targetOf(node)),
    connectAs: (node, { address = node.address, ...login }) => {
      const { tls } = credentialsAt(plan, node.address);
      return connectToLook({ ...address, ...login, ...(tls && { tls }), timeoutMs });
    },
    connectInBulk: (node, answerTimeoutMs) =>
      connectInBulk({ ...targetOf(node), timeoutMs: answerTimeoutMs }),
    find: (words) => findNode(topology, words) ?? throwUnknown(words, topology.nodes),
  };
}

/**
 * A replaced master that has come back is listed by nobody: it is asked where it was. While it does
 * not answer it is no part of the setup any more.
 */
export async function observeFenced(options: ObserveOptions): Promise<Observation> {
  const seen = await observe(options);
  const unseen = unseenFences(seen.topology);
  if (unseen.length === 0) return seen;
  const { extra = [] } = options;
  const wider = await observe({ ...options, extra: [...extra, ...unseen] });
  return brokenFences(wider.topology).length > 0 ? wider : seen;
}

/** Those whose old or new master is here. */
function fencesOf(topology: Topology, fences: readonly Fence[]): Fence[] {
  const isHere = (address: Address): boolean =>
    findNode(topology, formatAddress(address)) !== undefined;
  return fences.filter(({ address, by }) => isHere(address) || isHere(by.address));
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
