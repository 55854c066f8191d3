/**
 * How many nodes a radix tree takes for a set of ids, as Redis keeps the nodes of a stream: XINFO
 * STREAM shows it, and no tree of ours has it. The tree's keys are the ids' 16 bytes. It has a node
 * for each id, one for each place where ids part ways, and one for each run of bytes in between.
 */
import type { IdTable } from './id-table.ts';
import { StreamId, streamIdBytes } from '../../rdb/structure/stream-id.ts';

/** Linear in the number of ids. */
export function radixNodeCount(ids: IdTable): number {
  if (ids.size === 0) return 1;
  let count = 0;
  // How deep the ids so far part ways, on the path to the id at hand; deepest last.
  const forks: number[] = [];
  const [id, next] = [new StreamId(), new StreamId()];
  let place = ids.first();
  while (place !== -1) {
    ids.readId(place, id);
    place = ids.next(place);
    const shared = place === -1 ? -1 : sharedBytes(id, ids.readId(place, next));
    let depth = streamIdBytes;
    count++;
    // No later id comes through the forks below: count them, and the runs of bytes under them.
    for (let fork = forks.at(-1) ?? -1; fork > shared; fork = forks.at(-1) ?? -1) {
      count += depth - fork > 1 ? 2 : 1;
      depth = fork;
      forks.pop();
    }
    if (depth - shared > 1) count++;
    if (shared > (forks.at(-1) ?? -1)) forks.push(shared);
  }
  return count;
}

/** How many of their first bytes two different ids share. */
function sharedBytes(a: Readonly<StreamId>, b: Readonly<StreamId>): number {
  if (a.msHigh !== b.msHigh) return sharedInWord(a.msHigh, b.msHigh);
  if (a.msLow !== b.msLow) return 4 + sharedInWord(a.msLow, b.msLow);
  if (a.seqHigh !== b.seqHigh) return 8 + sharedInWord(a.seqHigh, b.seqHigh);
  return 12 + sharedInWord(a.seqLow, b.seqLow);
}

function sharedInWord(a: number, b: number): number {
  return Math.clz32(a ^ b) >>> 3;
}
