/**
 * From the observed topology and what is wanted to the steps that lead there, or to a refusal with
 * its reason. Pure: nothing is touched, so a plan can be shown, tested and thrown away. Used by the
 * changing commands through change.ts; execute.ts runs the steps.
 *
 * Promote while the old master lives (demote first: a tool that dies in between leaves no writer,
 * never two):
 *
 *     hold writes on M → T in step with M → M follows T → T follows no one → release M
 *                      → M's other replicas follow T → every link is up
 *
 * M and T follow each other for a moment. That is harmless: neither takes writes, and since both
 * are replicas no PING moves an offset, so everyone continues without a full copy.
 */
import { formatAddress, type Address } from '../instance/address.ts';
import {
  factsOf,
  isLiveMaster,
  judgePassword,
  linkOf,
  nodeOf,
  pathUp,
  replicasOf,
  sharesHistory,
} from './model.ts';
import type { NodeId, Topology, TopologyNode } from './model.ts';
import type { Step } from './step.ts';

export type Wanted =
  | { readonly kind: 'promote'; readonly node: NodeId }
  | { readonly kind: 'reparent'; readonly node: NodeId; readonly upstream: NodeId }
  /** `upstream` is the node at `address` where one was found there. */
  | {
      readonly kind: 'replicaof';
      readonly node: NodeId;
      readonly address: Address;
      readonly upstream: NodeId | undefined;
    }
  | { readonly kind: 'no-one'; readonly node: NodeId };

/** A node's new place, for the inventory. No upstream: a master. */
export interface Move {
  readonly node: NodeId;
  readonly upstream: Address | undefined;
}

export type Planned =
  | {
      readonly kind: 'plan';
      readonly steps: readonly Step[];
      /** What may be lost or cleared, in full sentences. A change with any is asked about. */
      readonly warnings: readonly string[];
      readonly moves: readonly Move[];
    }
  | {
      readonly kind: 'refused';
      readonly because: RefusalReason;
      readonly message: string;
      readonly hint: string;
    };

export type RefusalReason =
  | 'self'
  | 'cycle'
  | 'not-reachable'
  | 'not-in-step'
  | 'never-synced'
  | 'two-masters'
  | 'masterauth'
  | 'loading';

type Refused = Extract<Planned, { kind: 'refused' }>;

export interface PlanOptions {
  /** Also write the change into each changed node's configuration file. */
  readonly persist: boolean;
}

/** The steps for what is wanted. A plan without steps means that it is so already. */
export function planChange(topology: Topology, wanted: Wanted, options: PlanOptions): Planned {
  const node = nodeOf(topology, wanted.node);
  if (node === undefined) return refuse('not-reachable', 'There is no such node.', 'repl status');
  const refusal = refuseUnfit(node);
  if (refusal !== undefined) return refusal;
  switch (wanted.kind) {
    case 'promote':
      return planPromote(topology, node, options);
    case 'reparent':
      return planReparent(topology, node, {
        upstream: nodeOf(topology, wanted.upstream),
        ...options,
      });
    case 'replicaof':
      return planFollow(topology, node, { ...wanted, ...options });
    case 'no-one':
      return planNoOne(topology, node, options);
    default: {
      const never: never = wanted;
      return never;
    }
  }
}

function planPromote(topology: Topology, target: TopologyNode, options: PlanOptions): Planned {
  const old = nodeOf(topology, pathUp(topology, target.id).at(-1) ?? target.id);
  if (isLiveMaster(target) || old === undefined) return planKeepMaster(topology, target, options);
  if (isLiveMaster(old)) return planSwitchover(topology, { target, old, ...options });
  return planTakeover(topology, { target, dead: old, ...options });
}

/** It is a master already. With --persist everyone's present place is written down. */
function planKeepMaster(
  topology: Topology,
  master: TopologyNode,
  { persist }: PlanOptions,
): Planned {
  const others = topology.nodes.filter((node) => node !== master && isLiveMaster(node));
  if (others.length > 0) {
    const message = `${master.name} is a master already, and so is ${others[0].name}.`;
    return refuse('two-masters', message, `repl reparent ${others[0].name} ${master.name}`);
  }
  if (!persist) return plan([], [], []);
  const below = topology.nodes.filter(({ id }) => pathUp(topology, id).at(-1) === master.id);
  const alive = below.filter(({ state }) => state.kind === 'up');
  const moves = alive.map(({ id }) => ({ node: id, upstream: liveUpstream(topology, id) }));
  return plan(
    alive.map(({ id }) => ({ kind: 'rewrite-config', node: id })),
    [],
    moves,
  );
}

/** The old master lives: nothing may be lost. */
function planSwitchover(
  topology: Topology,
  options: PlanOptions & { target: TopologyNode; old: TopologyNode },
): Planned {
  const { target, old } = options;
  const behind = pathUp(topology, target.id).find((id) => {
    const link = linkOf(topology, id);
    return link !== undefined && link.state !== 'up';
  });
  if (behind !== undefined) {
    const link = linkOf(topology, behind);
    const name = nodeOf(topology, behind)?.name ?? '';
    const message = `${target.name} cannot take over without loss: the link of ${name} to ${nodeOf(topology, link?.upstream ?? '')?.name ?? ''} is ${link?.state ?? 'unknown'}.`;
    return refuse(
      'not-in-step',
      message,
      `repl status: mend that link first, or promote another replica of ${old.name}`,
    );
  }
  const siblings = replicasOf(topology, old.id).filter((node) => node !== target);
  const movable = siblings.filter(({ state }) => state.kind === 'up');
  const upstream = target.dialAddress;
  const followers = [old, ...movable];
  const locked = refuseLockedOut(followers, target);
  if (locked !== undefined) return locked;
  const steps: Step[] = [
    { kind: 'hold-writes', node: old.id },
    { kind: 'await-in-step', node: target.id, with: old.id },
    { kind: 'follow', node: old.id, upstream, as: 'demotion' },
    { kind: 'follow-no-one', node: target.id },
    { kind: 'release-writes', node: old.id },
    ...movable.map(({ id }): Step => ({ kind: 'follow', node: id, upstream, as: 'sibling' })),
    ...followers.map(({ id }): Step => ({ kind: 'await-link', node: id, upstream, of: target.id })),
    ...awaitOthers(topology, old, [target, ...followers]),
    ...rewrites([target, ...followers], options),
  ];
  return plan(steps, leftBehind(siblings, target), promoteMoves(target, followers));
}

/** The old master is dead, or there is only a cycle: the target's data is what remains. */
function planTakeover(
  topology: Topology,
  options: PlanOptions & { target: TopologyNode; dead: TopologyNode },
): Planned {
  const { target, dead } = options;
  const own = factsOf(target)?.replication;
  const neverHadData =
    linkOf(topology, target.id)?.neverUp === true && factsOf(target)?.keyCount === 0;
  const siblings = replicasOf(topology, dead.id).filter((node) => node !== target);
  const movable = siblings.filter(({ state }) => state.kind === 'up');
  const better = movable.find((node) => {
    const facts = factsOf(node)?.replication;
    return (
      facts !== undefined &&
      own !== undefined &&
      sharesHistory(own, facts) &&
      facts.masterReplOffset > own.masterReplOffset
    );
  });
  if (neverHadData) {
    const message = `${target.name} has never had the data of ${dead.name}: promoting it would make an empty master.`;
    return refuse(
      'never-synced',
      message,
      better ? `repl promote ${better.name}` : `repl start ${dead.name}`,
    );
  }
  const locked = refuseLockedOut(movable, target);
  if (locked !== undefined) return locked;
  const upstream = target.dialAddress;
  const steps: Step[] = [
    { kind: 'follow-no-one', node: target.id },
    ...movable.map(({ id }): Step => ({ kind: 'follow', node: id, upstream, as: 'sibling' })),
    ...movable.map(({ id }): Step => ({ kind: 'await-link', node: id, upstream, of: target.id })),
    ...awaitOthers(topology, dead, [target, ...movable]),
    ...rewrites([target, ...movable], options),
  ];
  const warnings = [
    ...takeoverWarnings(target, dead, better),
    ...leftBehind(siblings, target),
    ...(topology.source === 'address' ? unseenWarnings(target, dead) : []),
  ];
  // Its file cannot be written now, but the inventory must not name two masters.
  const followers = dead.state.kind === 'down' ? [dead, ...movable] : movable;
  return plan(steps, warnings, promoteMoves(target, followers));
}

function takeoverWarnings(
  target: TopologyNode,
  dead: TopologyNode,
  better: TopologyNode | undefined,
): string[] {
  if (dead.state.kind === 'up') return [];
  const warnings = [
    `${dead.name} does not answer: writes that it acknowledged and ${target.name} had not received are lost.`,
    `When ${dead.name} comes back it is a second master, until: repl reparent ${dead.name} ${target.name}.`,
  ];
  if (better === undefined) return warnings;
  const ahead =
    (factsOf(better)?.replication.masterReplOffset ?? 0) -
    (factsOf(target)?.replication.masterReplOffset ?? 0);
  return [
    ...warnings,
    `${better.name} has ${ahead} bytes more than ${target.name}, and would lose them: promote ${better.name} instead.`,
  ];
}

/** Only the dead master could have listed them. */
function unseenWarnings(target: TopologyNode, dead: TopologyNode): string[] {
  if (dead.state.kind === 'up') return [];
  return [
    `Other replicas of ${dead.name} cannot be found from here: move each with repl reparent NODE ${target.name}.`,
  ];
}

function leftBehind(siblings: readonly TopologyNode[], target: TopologyNode): string[] {
  const silent = siblings.filter(({ state }) => state.kind === 'down');
  return silent.map(
    ({ name }) =>
      `${name} does not answer and is not moved; once it is back: repl reparent ${name} ${target.name}.`,
  );
}

/**
 * A promotion gives the history a new name, and to pass that on each node drops its replicas for a
 * moment: those that stay where they are must be back, too.
 */
function awaitOthers(
  topology: Topology,
  root: TopologyNode,
  moved: readonly TopologyNode[],
): Step[] {
  return topology.nodes.flatMap((node): Step[] => {
    const upstream = factsOf(node)?.replication.upstream;
    const link = linkOf(topology, node.id);
    const isBelow = node !== root && pathUp(topology, node.id).includes(root.id);
    const wasWell = link?.state === 'up' && upstream !== undefined;
    if (!isBelow || !wasWell || moved.includes(node)) return [];
    const { host, port } = upstream;
    return [{ kind: 'await-link', node: node.id, upstream: { host, port }, of: link.upstream }];
  });
}

function promoteMoves(target: TopologyNode, followers: readonly TopologyNode[]): Move[] {
  const follow = followers.map(({ id }) => ({ node: id, upstream: target.dialAddress }));
  return [{ node: target.id, upstream: undefined }, ...follow];
}

function planReparent(
  topology: Topology,
  node: TopologyNode,
  options: PlanOptions & { upstream: TopologyNode | undefined },
): Planned {
  const { upstream, persist } = options;
  if (upstream === undefined) {
    return refuse('not-reachable', 'There is no such upstream.', 'repl status');
  }
  if (upstream.state.kind === 'down') {
    const message = `${upstream.name} does not answer: ${upstream.state.failure.message}.`;
    return refuse('not-reachable', message, `repl status ${upstream.name}`);
  }
  const address = upstream.dialAddress;
  return planFollow(topology, node, { upstream: upstream.id, address, persist });
}

function planFollow(
  topology: Topology,
  node: TopologyNode,
  options: PlanOptions & { upstream: NodeId | undefined; address: Address },
): Planned {
  const { upstream, address } = options;
  const above = nodeOf(topology, upstream ?? '');
  const refusal = above && (refuseLoop(topology, node, above.id) ?? refuseLockedOut([node], above));
  if (refusal !== undefined) return refusal;
  const moves = [{ node: node.id, upstream: address }];
  const isSoAlready = upstream !== undefined && linkOf(topology, node.id)?.upstream === upstream;
  const steps: Step[] = [
    ...catchUpFirst(topology, node, above),
    { kind: 'follow', node: node.id, upstream: address, as: 'asked' },
    { kind: 'await-link', node: node.id, upstream: address, of: factsOf(above) && above?.id },
  ];
  return plan(
    [...(isSoAlready ? [] : steps), ...rewrites([node], options)],
    isSoAlready ? [] : clearingWarnings(topology, node, options),
    moves,
  );
}

function refuseLoop(topology: Topology, node: TopologyNode, upstream: NodeId): Refused | undefined {
  if (upstream === node.id) {
    const message = `${node.name} cannot replicate from itself.`;
    return refuse('self', message, 'name another node as its upstream; repl status shows them');
  }
  const path = pathUp(topology, upstream);
  if (!path.includes(node.id)) return undefined;
  const between = path.slice(0, path.indexOf(node.id) + 1).map((id) => nodeOf(topology, id)?.name);
  const message = `That would be a cycle, in which nobody accepts writes: ${between.join(' follows ')}.`;
  return refuse('cycle', message, `repl promote ${between[0]}`);
}

/**
 * A node that is a few bytes ahead of its new upstream would need a full copy. One above it always
 * has more; one whose own link is broken will not catch up.
 */
function catchUpFirst(
  topology: Topology,
  node: TopologyNode,
  upstream: TopologyNode | undefined,
): Step[] {
  const [own, above] = [factsOf(node), factsOf(upstream)];
  if (upstream === undefined || own === undefined || above === undefined) return [];
  const isAbove = pathUp(topology, node.id).includes(upstream.id);
  const isLinked = linkOf(topology, upstream.id)?.state === 'up';
  if (isAbove || !isLinked || !sharesHistory(above.replication, own.replication)) return [];
  return [{ kind: 'await-in-step', node: upstream.id, with: node.id }];
}

/** A replica without the right password would stand without a link after the change. */
function refuseLockedOut(
  replicas: readonly TopologyNode[],
  upstream: TopologyNode,
): Refused | undefined {
  for (const replica of replicas) {
    const fit = judgePassword(factsOf(replica), factsOf(upstream));
    if (fit !== 'missing' && fit !== 'wrong') continue;
    const { host, port } = replica.address;
    const held = fit === 'missing' ? 'no password' : 'another password';
    const message = `${upstream.name} would refuse ${replica.name}, which has ${held} for it (masterauth).`;
    const hint = `redis-cli -h ${host} -p ${port} CONFIG SET masterauth <the password of ${upstream.name}>`;
    return refuse('masterauth', message, hint);
  }
  return undefined;
}

function clearingWarnings(
  topology: Topology,
  node: TopologyNode,
  { upstream, address }: { upstream: NodeId | undefined; address: Address },
): string[] {
  const target = nodeOf(topology, upstream ?? '');
  const above = factsOf(target)?.replication;
  const own = factsOf(node);
  const name = target?.name ?? formatAddress(address);
  const warnings: string[] = [];
  if (above === undefined) {
    warnings.push(`${name} does not answer us: whether this makes a cycle could not be checked.`);
  }
  const mayContinue =
    above !== undefined && own !== undefined && sharesHistory(above, own.replication);
  if (own !== undefined && own.keyCount > 0 && !mayContinue) {
    warnings.push(
      `The data of ${node.name} (${own.keyCount === 1 ? '1 key' : `${own.keyCount} keys`}) is cleared and replaced by that of ${name}.`,
    );
  }
  return warnings;
}

function planNoOne(topology: Topology, node: TopologyNode, options: PlanOptions): Planned {
  const moves = [{ node: node.id, upstream: undefined }];
  if (isLiveMaster(node)) return plan(rewrites([node], options), [], moves);
  const steps: Step[] = [{ kind: 'follow-no-one', node: node.id }, ...rewrites([node], options)];
  const master = nodeOf(topology, pathUp(topology, node.id).at(-1) ?? node.id);
  const warnings =
    master !== undefined && isLiveMaster(master)
      ? [
          `${node.name} keeps its data and becomes a second master beside ${master.name}; to replace that: repl promote ${node.name}.`,
        ]
      : [];
  return plan(steps, warnings, moves);
}

function rewrites(nodes: readonly TopologyNode[], { persist }: PlanOptions): Step[] {
  return persist ? nodes.map(({ id }): Step => ({ kind: 'rewrite-config', node: id })) : [];
}

/** A node that cannot be asked cannot be changed. */
function refuseUnfit(node: TopologyNode): Refused | undefined {
  if (node.state.kind === 'down') {
    const message = `${node.name} does not answer: ${node.state.failure.message}.`;
    return refuse('not-reachable', message, `repl status ${node.name}`);
  }
  if (!node.state.facts.loading) return undefined;
  return refuse('loading', `${node.name} is still loading its data.`, 'repl status --watch');
}

function liveUpstream(topology: Topology, id: NodeId): Address | undefined {
  return nodeOf(topology, linkOf(topology, id)?.upstream ?? '')?.dialAddress;
}

function plan(
  steps: readonly Step[],
  warnings: readonly string[],
  moves: readonly Move[],
): Planned {
  return { kind: 'plan', steps, warnings, moves };
}

function refuse(because: RefusalReason, message: string, hint: string): Refused {
  return { kind: 'refused', because, message, hint };
}
