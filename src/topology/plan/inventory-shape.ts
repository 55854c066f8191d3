/**
 * Whom each node shall follow by the inventory. Nodes that it does not name, and nodes that do not
 * answer, are left out: they stay where they are. Used by `repl apply`. Pure.
 */
import { factsOf, type NodeId, type Topology } from '../model.ts';
import type { Shape } from './planned.ts';

export function inventoryShape({ nodes }: Topology): Shape {
  const idOf = new Map(nodes.map(({ name, id }) => [name, id]));
  const places = nodes.flatMap((node): [NodeId, NodeId | undefined][] => {
    const { id, expected } = node;
    if (expected === undefined || factsOf(node) === undefined) return [];
    const { upstreamName } = expected;
    return [[id, upstreamName === undefined ? undefined : idOf.get(upstreamName)]];
  });
  return new Map(places);
}
