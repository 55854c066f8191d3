/**
 * What planning ends with: a plan, or a refusal with its reason. Pure data, and the small functions
 * that make it. Used by all of plan*.ts, read by the commands.
 */
import type { Address } from '../../instance/address.ts';
import type { NodeId, Topology } from '../model.ts';
import { linkOf } from '../model.ts';
import type { Step } from './step.ts';

export type Planned = Plan | Refused;

export interface Plan {
  readonly kind: 'plan';
  readonly steps: readonly Step[];
  /** What may be lost or cleared, in full sentences. A change with any is asked about. */
  readonly warnings: readonly string[];
  readonly moves: readonly Move[];
}

export interface Refused {
  readonly kind: 'refused';
  readonly because: RefusalReason;
  readonly message: string;
  readonly hint: string;
}

/** A node's new place, for the inventory. No upstream: a master. */
export interface Move {
  readonly node: NodeId;
  readonly upstream: Address | undefined;
}

export type RefusalReason =
  | 'self'
  | 'cycle'
  | 'not-reachable'
  | 'not-in-step'
  | 'never-synced'
  | 'two-masters'
  | 'masterauth'
  | 'loading'
  | 'master-dead'
  | 'hidden-nodes'
  | 'cannot-hold'
  | 'foreign-data';

export interface PlanOptions {
  /** Also write the change into each changed node's configuration file. */
  readonly persist: boolean;
  /** A replica may take over from a master that does not answer, whose last writes are lost. */
  readonly force?: boolean;
  /** Nodes that we cannot see may have more than the one that takes over. */
  readonly acceptHidden?: boolean;
  /** Data of another history may be cleared. */
  readonly discardData?: boolean;
  /** Where that was accepted for these nodes only. */
  readonly mayClear?: ReadonlySet<NodeId>;
  /** The shape was true or wanted once, with all its masters: two of them are no mistake in it. */
  readonly severalMasters?: boolean;
  /** Nodes that become masters beside the one that they follow, for that is what was asked for. */
  readonly secondMasters?: ReadonlySet<NodeId>;
  /** Writes of a few milliseconds may be lost, where the server can neither hold nor hand over. */
  readonly allowLoss?: boolean;
  /** Full copies that may go on at the same time; 1 unless told. */
  readonly maxFullSyncs?: number;
  /** Ends when the nodes have their new upstreams, whether their links are up or not. */
  readonly noWait?: boolean;
  /** Of nodes that were tried before; what is not known is tried when its step comes. */
  readonly abilities?: ReadonlyMap<NodeId, Abilities>;
}

/** What our user may do on a server. Undefined: nobody can tell without doing it. */
export interface Abilities {
  readonly pauseWrites: boolean | undefined;
  readonly failover: boolean | undefined;
  readonly setConfig: boolean | undefined;
}

/** Whom each node follows; undefined for a master. */
export type Shape = ReadonlyMap<NodeId, NodeId | undefined>;

/** The shape as it is. */
export function shapeOf(topology: Topology): Shape {
  return new Map(topology.nodes.map(({ id }) => [id, linkOf(topology, id)?.upstream]));
}

/** The node and those above it, nearest first; ends at a node that was met before. */
export function pathIn(shape: Shape, from: NodeId): NodeId[] {
  const path: NodeId[] = [];
  for (let at: NodeId | undefined = from; at !== undefined && !path.includes(at);) {
    path.push(at);
    at = shape.get(at);
  }
  return path;
}

export function refuse(because: RefusalReason, message: string, hint: string): Refused {
  return { kind: 'refused', because, message, hint };
}
