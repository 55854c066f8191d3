/**
 * One change at a time per topology, whoever makes it and from wherever: a connection to each node,
 * named by CLIENT SETNAME, which other operators see in CLIENT LIST. Nothing is written into the
 * servers, and the lock ends by itself when its holder dies. Of two that come at once, the server
 * tells who came first: client ids only grow. Used by the change engine.
 */
import type { Instance } from '../../instance/connection.ts';
import { failed, type Failure, type Outcome } from '../../instance/failure.ts';
import { listClients, ping, setClientName, type ClientLine } from '../../instance/verbs.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import { factsOf, isLiveMaster, type Topology, type TopologyNode } from '../model.ts';

const namePrefix = 'repl-change:';

/** A server may close idle connections, after a second at the earliest (`timeout`). */
const keepAlivePeriodMs = 500;

export interface LockOptions {
  readonly topology: Topology;
  readonly connect: (node: TopologyNode) => Promise<Outcome<Instance>>;
  readonly clock: Clock;
  /** Of the change. */
  readonly id: string;
  readonly who: string;
}

export type Locked =
  | { readonly kind: 'locked'; readonly lock: ChangeLock }
  /** Another change is under way. */
  | {
      readonly kind: 'held';
      readonly node: TopologyNode;
      readonly by: LockHolder;
    }
  /** A node did not let us look or be seen. */
  | { readonly kind: 'failed'; readonly node: TopologyNode; readonly failure: Failure };

export interface LockHolder {
  readonly changeId: string;
  readonly who: string;
  readonly sinceSeconds: number | undefined;
}

export interface ChangeLock {
  release(): void;
}

/**
 * Locks the masters first, so that of two operators one fails there, then all other nodes that
 * answer: which of them is the master changes while we work.
 */
export async function lockTopology(options: LockOptions): Promise<Locked> {
  const instances: Instance[] = [];
  const alive = options.topology.nodes.filter((node) => factsOf(node) !== undefined);
  const rounds = [alive.filter(isLiveMaster), alive.filter((node) => !isLiveMaster(node))];
  for (const nodes of rounds) {
    const tried = await Promise.all(nodes.map((node) => lockNode(node, options, instances)));
    const refused = tried.find((outcome) => outcome !== undefined);
    if (refused === undefined) continue;
    for (const instance of instances) instance.close();
    return refused;
  }
  return { kind: 'locked', lock: holdLock(instances, options.clock) };
}

/** Undefined when the lock on this node is ours. */
async function lockNode(
  node: TopologyNode,
  { connect, id, who }: LockOptions,
  instances: Instance[],
): Promise<Exclude<Locked, { kind: 'locked' }> | undefined> {
  const connected = await connect(node);
  if (connected.kind === 'failed') return { kind: 'failed', node, failure: connected.failure };
  const instance = connected.value;
  instances.push(instance);
  const name = lockName(id, who);
  const clients = await nameAndList(instance, name);
  if (clients.kind === 'failed') return { kind: 'failed', node, failure: clients.failure };
  const holder = firstHolder(clients.value);
  if (holder === undefined) {
    return { kind: 'failed', node, failure: failed('reply', 'does not list us').failure };
  }
  if (holder.name === name) return undefined;
  return { kind: 'held', node, by: toHolder(holder) };
}

async function nameAndList(
  instance: Instance,
  name: string,
): Promise<Outcome<readonly ClientLine[]>> {
  const named = await setClientName(instance, name);
  return named.kind === 'failed' ? named : listClients(instance);
}

/** Whoever came first has the lowest id; ids of one server are never used twice. */
export function firstHolder(clients: readonly ClientLine[]): ClientLine | undefined {
  const holders = clients.filter(({ name }) => name.startsWith(namePrefix));
  return holders.sort((a, b) => a.id - b.id)[0];
}

/** `repl-change:ID:WHO`, of the letters that a client's name may have. */
export function lockName(id: string, who: string): string {
  return `${namePrefix}${id}:${who.replace(/[^\x21-\x7e]/g, '_')}`;
}

function toHolder({ name, ageSeconds }: ClientLine): LockHolder {
  const [changeId, ...who] = name.slice(namePrefix.length).split(':');
  return { changeId, who: who.join(':'), sinceSeconds: ageSeconds };
}

function holdLock(instances: readonly Instance[], clock: Clock): ChangeLock {
  const keepAlive: Timer = clock.every(keepAlivePeriodMs, () => {
    for (const instance of instances) void ping(instance);
  });
  return {
    release: () => {
      keepAlive.cancel();
      for (const instance of instances) instance.close();
    },
  };
}
