/** What diagnose.ts asks of the notes about replaced masters. Pure. */
import { brokenFences } from '../change/fence-state.ts';
import type { Topology } from '../model.ts';
import type { Finding } from './finding.ts';

export function findFencedMaster(topology: Topology): Finding[] {
  return brokenFences(topology).map(({ fence, node }) => {
    const when = new Date(fence.at).toISOString().slice(0, 16).replace('T', ' ');
    return {
      nodes: [node],
      sentence: `${node.name} did not answer on ${when} UTC and was replaced by ${fence.by.name}; it has come back as a master, and what it has after byte ${fence.offset} of the history is not there.`,
      next: `repl rejoin ${node.name}`,
    };
  });
}
