/**
 * From the record of a change that was left in the middle to what is to be done today: its nodes
 * found again, the shape it wanted or came from in today's ids, and what its steps left switched on.
 * Used by resume and rollback, and to undo a change that has failed. Pure.
 */
import type {
  ChangeRecord,
  Direction,
  RecordBegin,
  RecordedNode,
  RecordedShape,
} from './change-record.ts';
import {
  factsOf,
  isLiveMaster,
  linkOf,
  nodeOf,
  pathUp,
  type NodeId,
  type Topology,
  type TopologyNode,
} from '../model.ts';
import type { PlanOptions, Shape } from '../plan/planned.ts';
import { heldPingPeriod, type Step } from '../plan/step.ts';

/**
 * A node of a record, or of a topology seen before, as it is called today: by its run id, or where
 * one was reached that was restarted or does not answer any more.
 */
export function nodeToday(
  seen: { readonly nodes: readonly RecordedNode[] },
  topology: Topology,
  id: NodeId,
): TopologyNode | undefined {
  const same = nodeOf(topology, id);
  if (same !== undefined) return same;
  const then = seen.nodes.find((node) => node.id === id);
  return topology.nodes.find(
    ({ address: { host, port } }) => host === then?.address.host && port === then.address.port,
  );
}

/**
 * The topology with the settings to go back to: a node whose PINGs the change left held counts as
 * having the period that it had before.
 */
export function withRecordedSettings(record: ChangeRecord, topology: Topology): Topology {
  const periods = heldPings(record, topology);
  const nodes = topology.nodes.map((node): TopologyNode => {
    const period = periods.get(node.id);
    const facts = factsOf(node);
    if (period === undefined || facts === undefined) return node;
    const settings = { ...facts.settings, replPingReplicaPeriod: period };
    return { ...node, state: { kind: 'up', facts: { ...facts, settings } } };
  });
  return { ...topology, nodes };
}

/** Whom each recorded node shall follow, in today's ids. Nodes that are gone are left out. */
export function shapeToday(
  { begin }: ChangeRecord,
  topology: Topology,
  direction: Direction,
): Shape {
  if (direction === 'leave') return new Map();
  const recorded = direction === 'resume' ? begin.wanted : begin.before;
  const places = Object.entries(recorded).flatMap(([id, upstream]) => {
    const node = nodeToday(begin, topology, id);
    const above = upstream === null ? undefined : nodeToday(begin, topology, upstream);
    if (node === undefined || (upstream !== null && above === undefined)) return [];
    return [[node.id, above?.id] as const];
  });
  return new Map(places);
}

/** What was agreed to when the change was begun, and need not be refused now. */
export function allowances(
  record: ChangeRecord,
  topology: Topology,
  direction: Direction,
): PlanOptions {
  const { begin } = record;
  const today = (ids: readonly NodeId[]): ReadonlySet<NodeId> =>
    new Set(ids.flatMap((id) => nodeToday(begin, topology, id)?.id ?? []));
  const common = { persist: false, severalMasters: true } as const;
  if (direction === 'resume') {
    const secondMasters = today(
      newMasters(record).filter((id) => followsMasterThatStays(begin, id)),
    );
    return {
      ...common,
      force: isTakeover(record),
      secondMasters,
      mayClear: today(begin.clears ?? []),
    };
  }
  // What a replica has of another history is a copy that the change has given it.
  const isReplica = (id: NodeId): boolean =>
    factsOf(nodeOf(topology, id))?.replication.role === 'replica';
  return { ...common, mayClear: new Set(movedNodes(record, topology).filter(isReplica)) };
}

/** The change was begun with a dead master: nobody's writes were held. */
export function isTakeover({ begin }: ChangeRecord): boolean {
  const has = (kind: Step['kind']): boolean => begin.steps.some((step) => step.kind === kind);
  return has('follow-no-one') && !has('hold-writes');
}

/**
 * Who has taken over from a master that was dead, and takes writes now: the way back would lose them.
 * Undefined where nobody has.
 */
export function takenOver(
  record: ChangeRecord,
  topology: Topology,
): { readonly by: TopologyNode; readonly from: string } | undefined {
  const { before } = record.begin;
  for (const id of newMasters(record)) {
    const top = topIn(before, id);
    const by = nodeToday(record.begin, topology, id);
    if (Object.hasOwn(before, top) || by === undefined || !isLiveMaster(by)) continue;
    return { by, from: nodeToday(record.begin, topology, top)?.name ?? 'a master' };
  }
  return undefined;
}

/** The dead masters that the change was to replace, where they were. */
export function replacedMasters(record: ChangeRecord): RecordedNode[] {
  const { before, nodes } = record.begin;
  const tops = newMasters(record).map((id) => topIn(before, id));
  return nodes.filter(({ id }) => tops.includes(id) && !Object.hasOwn(before, id));
}

/** Those that the change makes masters, in the record's ids. */
function newMasters({ begin: { before, wanted } }: ChangeRecord): NodeId[] {
  return Object.keys(wanted).filter((id) => wanted[id] === null && (before[id] ?? null) !== null);
}

function followsMasterThatStays({ before, wanted }: RecordBegin, id: NodeId): boolean {
  return wanted[topIn(before, id)] === null;
}

/** The last node above, which is not in the shape itself when it did not answer. */
function topIn(shape: RecordedShape, from: NodeId): NodeId {
  const path: NodeId[] = [];
  let at = from;
  for (
    let above = shape[at];
    typeof above === 'string' && !path.includes(above);
    above = shape[at]
  ) {
    path.push(above);
    at = above;
  }
  return at;
}

/** Nodes whose place the change changes, in today's ids. */
export function movedNodes({ begin }: ChangeRecord, topology: Topology): NodeId[] {
  const { before, wanted } = begin;
  const moved = Object.keys(wanted).filter((id) => wanted[id] !== (before[id] ?? null));
  return moved.flatMap((id) => nodeToday(begin, topology, id)?.id ?? []);
}

/**
 * Before all else: writes that are still held. A node that was made a replica meanwhile does not
 * even take in what its master sends before they are released [Redis 7.0].
 */
export function releaseSteps(
  record: ChangeRecord,
  topology: Topology,
  planned: readonly Step[],
): Step[] {
  const held = begunOn(record, topology, 'hold-writes');
  const left = held.filter((node) => !planned.some(isOn('release-writes', node)));
  return left.map((node) => ({ kind: 'release-writes', node }));
}

/**
 * What the new plan does not do by itself: wait for links that the broken-off change left on their
 * way, let PINGs go that are still held, and on the way forward write the configuration files that
 * the change was to write. `topology` is the one that was observed.
 */
export function leftOpenSteps(
  record: ChangeRecord,
  topology: Topology,
  { direction, planned }: { direction: Direction; planned: readonly Step[] },
): Step[] {
  const pings = [...heldPings(record, topology)].flatMap(([node, period]): Step[] =>
    planned.some(isOn('restore-pings', node)) ? [] : [{ kind: 'restore-pings', node, period }],
  );
  const rewrites =
    direction === 'resume' && record.begin.persist ? movedNodes(record, topology) : [];
  return [
    ...(direction === 'leave' ? [] : awaitUnmoved(record, topology, planned)),
    ...pings,
    ...rewrites.map((node): Step => ({ kind: 'rewrite-config', node })),
  ];
}

/**
 * The replicas that the plan neither moves nor waits for, those above before those below: a node that
 * learns of another history drops its replicas once more. A dead node feeds nobody, however long one waits.
 */
function awaitUnmoved(
  { begin }: ChangeRecord,
  topology: Topology,
  planned: readonly Step[],
): Step[] {
  const recorded = begin.nodes.flatMap(({ id }) => nodeToday(begin, topology, id) ?? []);
  const depth = ({ id }: TopologyNode): number => pathUp(topology, id).length;
  const fromTheTop = [...new Set(recorded)].sort((a, b) => depth(a) - depth(b));
  return fromTheTop.flatMap((node): Step[] => {
    const upstream = factsOf(node)?.replication.upstream;
    const isPlanned = planned.some(
      ({ kind, node: id }) => id === node.id && kind !== 'rewrite-config',
    );
    const of = linkOf(topology, node.id)?.upstream;
    const isDead = nodeOf(topology, of ?? '')?.state.kind === 'down';
    if (upstream === undefined || isPlanned || isDead) return [];
    const { host, port } = upstream;
    return [{ kind: 'await-link', node: node.id, upstream: { host, port }, of }];
  });
}

/** The nodes, in today's ids, on which a step of this kind was begun. */
function begunOn({ begin, lines }: ChangeRecord, topology: Topology, kind: Step['kind']): NodeId[] {
  const begun = lines.flatMap((line) =>
    line.kind === 'step-begin' && line.step.kind === kind ? [line.step.node] : [],
  );
  const nodes = begun.flatMap((id) => nodeToday(begin, topology, id) ?? []);
  const alive = nodes.filter((node) => factsOf(node) !== undefined);
  return [...new Set(alive.map(({ id }) => id))];
}

/** The nodes, in today's ids, that still send no PINGs because of the change → their period before. */
function heldPings({ begin, lines }: ChangeRecord, topology: Topology): Map<NodeId, number> {
  const held = lines.flatMap((line): [NodeId, number][] => {
    if (line.kind !== 'step-begin' || line.step.kind !== 'hold-pings') return [];
    const node = nodeToday(begin, topology, line.step.node);
    const period = factsOf(node)?.settings.replPingReplicaPeriod;
    return node !== undefined && period === heldPingPeriod ? [[node.id, line.step.period]] : [];
  });
  // The first attempt saw what was set before; a later one may have found it held.
  return new Map(held.reverse());
}

function isOn(kind: Step['kind'], node: NodeId): (step: Step) => boolean {
  return (step) => step.kind === kind && step.node === node;
}
