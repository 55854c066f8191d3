/**
 * Cuts a stream short from its start: to a length, or to what is not older than an id. Whole nodes
 * go at once; only an exact trim looks into one. Used by StreamValue.
 */
import { compareIds, type StreamId } from '../../rdb/structure/stream-id.ts';
import { NodeCursor } from './stream-node.ts';
import type { StreamNodes } from './stream-nodes.ts';

export interface StreamTrim {
  /** What to keep: so many entries, or those with this id or a later one. */
  readonly keep: { readonly length: number } | { readonly minId: Readonly<StreamId> };
  /** Remove whole nodes only: a few entries more may stay. */
  readonly approximate: boolean;
  /** Remove at most so many entries; 0 for as many as it takes. */
  readonly limit: number;
}

/**
 * Trims the nodes of a stream of `size` entries; returns how many went. The last node may be another
 * object afterwards.
 */
export function trimNodes(nodes: StreamNodes, size: number, trim: StreamTrim): number {
  const { keep, approximate, limit } = trim;
  let removed = 0;
  let place = nodes.ids.first();
  while (place !== -1) {
    if ('length' in keep && size - removed <= keep.length) break;
    const node = nodes.at(place);
    const { live } = node;
    if (limit > 0 && removed + live > limit) break;
    const surplus = 'length' in keep ? size - removed - keep.length : 0;
    const isOld = 'length' in keep ? live <= surplus : endsBefore(nodes, place, keep.minId);
    if (!isOld) {
      if (!approximate) removed += trimNode(nodes, place, keep, surplus);
      break;
    }
    removed += live;
    place = nodes.remove(place);
  }
  return removed;
}

/** Whether all entries of a node, deleted ones too, are older than an id. */
function endsBefore(nodes: StreamNodes, place: number, minId: Readonly<StreamId>): boolean {
  const cursor = new NodeCursor();
  nodes.ids.readId(place, cursor.masterId);
  cursor.open(nodes.at(place));
  return cursor.last() && compareIds(cursor.id, minId) < 0;
}

/** Marks entries at the start of a node as deleted: `surplus` of them, or those that are older. */
function trimNode(
  nodes: StreamNodes,
  place: number,
  keep: StreamTrim['keep'],
  surplus: number,
): number {
  const node = nodes.toChange(place);
  const cursor = new NodeCursor();
  nodes.ids.readId(place, cursor.masterId);
  cursor.open(node);
  let removed = 0;
  for (let inside = cursor.first(); inside; inside = cursor.next()) {
    if ('length' in keep ? removed === surplus : compareIds(cursor.id, keep.minId) >= 0) break;
    if (cursor.isDeleted) continue;
    node.markDeleted(cursor.at);
    removed++;
  }
  if (removed > 0) nodes.countDeleted(node, removed);
  return removed;
}
