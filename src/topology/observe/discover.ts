/**
 * Walks live servers and returns the topology that they form. It starts from the nodes of an
 * inventory or from addresses, follows `master_host` upwards and `slaveN` lines downwards, and from
 * a Sentinel whom it watches. It asks all at once, and has one deadline for everything: a dead node
 * costs one timeout in total. Used by the commands through cli/; it changes nothing.
 */
import { addressKey, asSeenFrom, isSocket, type Address } from '../../instance/address.ts';
import { connectToLook, type Credentials, type Instance } from '../../instance/connection.ts';
import type { Outcome } from '../../instance/failure.ts';
import { readReplication, readReport, type InstanceReport } from '../../instance/report.ts';
import type { Clock } from '../../util/clock.ts';
import { readWatches, type Watch } from '../../instance/sentinel.ts';
import { assembleTopology } from './assemble.ts';
import type { Seed, Visit } from './visit.ts';
import { withConfFiles } from './conf-on-disk.ts';
import type { Topology } from '../model.ts';

/** More nodes than this are not a tree of servers but a mistake. */
const visitsLimit = 512;

/** The part of the deadline that is kept for the last round, when a dead node used up the rest. */
const lastRoundShare = 0.2;
const lastRoundLimitMs = 250;

export interface DiscoverOptions {
  readonly seeds: readonly Seed[];
  readonly source: Topology['source'];
  /** For nodes that are found on the way, and seeds without their own. */
  readonly credentials: Credentials;
  /** For all of it together. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The observed topology. Never rejects for what servers do: dead nodes are part of the answer. */
export async function discover(options: DiscoverOptions): Promise<Topology> {
  const walk = new Walk(options);
  try {
    await Promise.all(options.seeds.map((seed) => walk.visit(seed)));
    const topology = assembleTopology(await walk.sampleAllAtOnce(), options.source);
    return options.source === 'inventory' ? await withConfFiles(topology) : topology;
  } finally {
    walk.close();
  }
}

/** The connections of one discovery, and what was read on them. */
class Walk {
  readonly #options: DiscoverOptions;
  readonly #startedAt: number;
  readonly #visits = new Map<string, Visit>();
  readonly #instances = new Map<string, Instance>();

  constructor(options: DiscoverOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  /** Asks one address, then all addresses that its answer names. Each address is asked once. */
  async visit(seed: Seed): Promise<void> {
    const key = addressKey(seed.address);
    if (this.#visits.has(key) || this.#visits.size >= visitsLimit) return;
    const notYet: Outcome<never> = {
      kind: 'failed',
      failure: { kind: 'timeout', message: 'was not asked' },
    };
    const isGiven = this.#options.seeds.includes(seed);
    this.#visits.set(key, { seed, isGiven, outcome: notYet });
    const outcome = await this.#ask(seed, key);
    this.#visits.set(key, { seed, isGiven, outcome });
    if (outcome.kind === 'ok') await this.#visitAll(namedAddresses(seed.address, outcome.value));
    else if (outcome.failure.kind === 'sentinel') await this.#visitWatched(key);
  }

  /**
   * Whom a Sentinel watches, and its fellows. One that watches several masters leads to those that
   * were named otherwise, and to none by itself.
   */
  async #visitWatched(key: string): Promise<void> {
    const [visit, instance] = [this.#visits.get(key), this.#instances.get(key)];
    if (visit === undefined || instance === undefined) return;
    const read = await readWatches(instance, { timeoutMs: this.#askLeftMs() });
    if (read.kind === 'failed') {
      this.#visits.set(key, { ...visit, seed: { ...visit.seed, isSentinel: true }, outcome: read });
      return;
    }
    const watches = read.value;
    this.#visits.set(key, { ...visit, watches });
    const isNamed = ({ master, replicas }: Watch): boolean =>
      [master, ...replicas.map(({ address }) => address)].some((each) => this.#isGiven(each));
    const followed = watches.length === 1 ? watches : watches.filter(isNamed);
    const from = visit.seed.address;
    await Promise.all([
      this.#visitAll(followed.flatMap((watch) => this.#watchedNodes(from, watch))),
      ...followed.flatMap(({ sentinels }) =>
        sentinels.map(({ address }) =>
          this.visit({ ...this.#seedFor(asSeenFrom(from, address)), isSentinel: true }),
        ),
      ),
    ]);
  }

  /** An inventory says itself which nodes there are. */
  #watchedNodes(from: Address, { master, replicas }: Watch): Address[] {
    if (this.#options.source === 'inventory') return [];
    return [master, ...replicas.map(({ address }) => address)].map((each) =>
      asSeenFrom(from, each),
    );
  }

  async #visitAll(addresses: readonly Address[]): Promise<void> {
    await Promise.all(addresses.map((address) => this.visit(this.#seedFor(address))));
  }

  #isGiven(address: Address): boolean {
    const key = addressKey(address);
    return this.#options.seeds.some((seed) => addressKey(seed.address) === key);
  }

  /** Offsets are only comparable when read together: one more short round, all at the same time. */
  async sampleAllAtOnce(): Promise<Visit[]> {
    const timeoutMs = Math.max(this.#leftMs(), this.#lastRoundMs());
    const resample = async (key: string, visit: Visit): Promise<Visit> => {
      const instance = this.#instances.get(key);
      if (instance === undefined || visit.outcome.kind === 'failed') return visit;
      const again = await readReplication(instance, { timeoutMs });
      if (again.kind === 'failed') return visit;
      const sample = { replication: again.value, sampledAtMs: this.#options.clock.now() };
      return { ...visit, outcome: { kind: 'ok', value: { ...visit.outcome.value, ...sample } } };
    };
    return Promise.all([...this.#visits].map(([key, visit]) => resample(key, visit)));
  }

  close(): void {
    for (const instance of this.#instances.values()) instance.close();
  }

  async #ask(seed: Seed, key: string): Promise<Outcome<InstanceReport>> {
    const credentials = seed.credentials ?? this.#options.credentials;
    const timeoutMs = this.#askLeftMs();
    const connected = await connectToLook({ ...seed.address, ...credentials, timeoutMs });
    if (connected.kind === 'failed') return connected;
    this.#instances.set(key, connected.value);
    const { clock } = this.#options;
    return readReport(connected.value, { clock, timeoutMs: this.#askLeftMs() });
  }

  /** An address found on the way may be one that the inventory knows. */
  #seedFor(address: Address): Seed {
    const key = addressKey(address);
    const isThere = (other: Address): boolean => addressKey(other) === key;
    const known = this.#options.seeds.find(
      (seed) => isThere(seed.address) || seed.aliases?.some(isThere),
    );
    return known ?? { address };
  }

  #leftMs(): number {
    const { clock, timeoutMs } = this.#options;
    return timeoutMs - (clock.monotonic() - this.#startedAt);
  }

  #askLeftMs(): number {
    return Math.max(1, this.#leftMs() - this.#lastRoundMs());
  }

  #lastRoundMs(): number {
    return Math.min(lastRoundLimitMs, this.#options.timeoutMs * lastRoundShare);
  }
}

/** Whom a node names as its upstream and its replicas, as we would dial them. */
function namedAddresses(from: Address, { replication }: InstanceReport): Address[] {
  const { upstream, replicas } = replication;
  const named = upstream === undefined ? replicas : [upstream, ...replicas];
  const dialled = named.map((address) => asSeenFrom(from, address));
  return dialled.map((address) => plainLoopback(from, address)).filter(({ port }) => port > 0);
}

/** One spelling for one machine, or the order of answers would decide how a node is called. */
function plainLoopback(from: Address, { host, port }: Address): Address {
  const isHere = from.host === '127.0.0.1' || isSocket(from);
  return { host: host === 'localhost' && isHere ? '127.0.0.1' : host, port };
}
