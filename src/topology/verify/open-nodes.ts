/**
 * Opens the connections of one comparison, and decides how values are read: by what both nodes
 * allow, and by what both would print alike. Called by verify-pair.ts.
 */
import type { BulkInstance } from '../../instance/connection.ts';
import type { Outcome } from '../../instance/failure.ts';
import type { Clock } from '../../util/clock.ts';
import { factsOf, type TopologyNode } from '../model.ts';
import { Judge } from './judge.ts';
import { askAbilities, type NodeAbilities } from './node-abilities.ts';
import { NodeFailed, NodeReader, type ReadOptions } from './node-reader.ts';
import type { VerifyPair } from './pairs.ts';

export type End = 'master' | 'replica';

export interface OpenOptions {
  readonly clock: Clock;
  readonly connect: (node: TopologyNode) => Promise<Outcome<BulkInstance>>;
  readonly ttlToleranceMs: number;
  /** How long a node may take to come to the offset of the other. */
  readonly waitMs: number;
  /** `elements` never asks for DEBUG DIGEST-VALUE. */
  readonly compareBy: 'auto' | 'elements';
  /** Ends the comparison early. */
  readonly signal: AbortSignal;
}

export interface OpenedNodes {
  readonly scanners: Readonly<Record<End, NodeReader>>;
  readonly judge: Judge;
  readonly comparedBy: 'digest' | 'elements';
}

type Two<T> = Readonly<Record<End, T>>;

/**
 * Two connections to each node: one that scans, and one that judges under WATCH. All that were
 * opened are in `instances`, to be closed, also when it throws NodeFailed.
 */
export async function openNodes(
  pair: VerifyPair,
  options: OpenOptions,
  instances: BulkInstance[],
): Promise<OpenedNodes> {
  const connect = async (end: End): Promise<BulkInstance> => {
    const connected = await options.connect(pair[end]);
    if (connected.kind === 'failed') throw new NodeFailed(end, connected.failure);
    instances.push(connected.value);
    return connected.value;
  };
  const scanning = await both(connect);
  const judging = await both(connect);
  const abilities = await both((end) => abilitiesOf(end, scanning[end], options.clock));
  const { master, replica } = abilities;
  const byDigest = options.compareBy === 'auto' && master.digest && replica.digest;
  const byElements: ReadOptions = {
    digestTypes: [],
    byDump: isOneVersion(pair),
    fieldsExpire: master.hpexpiretime && replica.hpexpiretime,
  };
  const scanOptions = { ...byElements, digestTypes: byDigest ? digestTypesOf(pair) : [] };
  const reader = (end: End, from: Two<BulkInstance>, how: ReadOptions): NodeReader =>
    new NodeReader(end, from[end], { abilities: abilities[end], options: how });
  return {
    scanners: {
      master: reader('master', scanning, scanOptions),
      replica: reader('replica', scanning, scanOptions),
    },
    // Elements can always be compared, and in pieces: they are what a difference is judged by.
    judge: new Judge(
      {
        master: reader('master', judging, byElements),
        replica: reader('replica', judging, byElements),
      },
      {
        ...options,
        hasFence: pair.hasFence,
        canWatch: master.watch && replica.watch,
        clockSkewMs: Math.abs(master.clockSkewMs - replica.clockSkewMs),
      },
    ),
    comparedBy: byDigest ? 'digest' : 'elements',
  };
}

async function both<T>(make: (end: End) => Promise<T>): Promise<Two<T>> {
  const [master, replica] = await Promise.all([make('master'), make('replica')]);
  return { master, replica };
}

async function abilitiesOf(end: End, instance: BulkInstance, clock: Clock): Promise<NodeAbilities> {
  const abilities = await askAbilities(instance, () => clock.now());
  if (abilities.kind === 'failed') throw new NodeFailed(end, abilities.failure);
  return abilities.value;
}

/** Scores go into the digest as text, which versions print in different ways. */
function digestTypesOf(pair: VerifyPair): string[] {
  // A digest of a stream leaves out its groups.
  return ['string', 'list', 'set', 'hash', ...(isOneVersion(pair) ? ['zset'] : [])];
}

function isOneVersion({ master, replica }: VerifyPair): boolean {
  const [ours, theirs] = [factsOf(master), factsOf(replica)];
  return ours?.product === theirs?.product && ours?.version === theirs?.version;
}
