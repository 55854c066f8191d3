/**
 * Keeps the notes about replaced masters in step with a change: one is left before a dead master is
 * replaced, and taken away when nobody has replaced it after all, or when a noted node has got its
 * place again. Used by run-change.ts and resume-change.ts.
 */
import { removeFence, writeFence } from '../../topology/change/fence.ts';
import { nodeOf, type Fence, type Topology } from '../../topology/model.ts';
import type { Move } from '../../topology/plan/planned.ts';
import { makesMaster } from '../../topology/plan/step.ts';
import type { ChangeRecord, Direction } from '../../topology/change/change-record.ts';
import { movedNodes, replacedMasters, takenOver } from '../../topology/change/take-up.ts';
import type { Observation } from '../observe.ts';
import type { Performed } from './perform-change.ts';

/** Runs the change between writing the note and taking away those that have become untrue. */
export async function performFenced(
  {
    before: { topology },
    moves,
    fence,
    stateDir,
  }: {
    before: Observation;
    moves: readonly Move[];
    fence: Fence | undefined;
    stateDir: string;
  },
  perform: () => Promise<Performed>,
): Promise<Performed> {
  let performed: Performed | undefined;
  // Before the first step: a tool that dies in between has left it.
  if (fence !== undefined) await writeFence(stateDir, fence);
  try {
    performed = await perform();
    return performed;
  } finally {
    const carried = performed?.carried;
    const isReplaced = carried?.kind === 'done' || carried?.done.some(makesMaster) === true;
    if (fence !== undefined && !isReplaced) await removeFence(stateDir, fence.address);
    const placed = carried?.kind === 'done' ? moves.map(({ node }) => nodeOf(topology, node)) : [];
    for (const node of placed) {
      if (node?.state.kind === 'up') await removeFence(stateDir, node.address);
    }
  }
}

/** The same at the end of a change that was taken up again, whose command had left its notes. */
export async function settleFences(
  { record, direction, stateDir }: { record: ChangeRecord; direction: Direction; stateDir: string },
  after: Topology,
): Promise<void> {
  const placed = direction === 'resume' ? movedNodes(record, after) : [];
  const inPlace = placed.flatMap((id) => nodeOf(after, id) ?? []);
  const isReplaced = direction === 'resume' || takenOver(record, after) !== undefined;
  const back = isReplaced ? [] : replacedMasters(record);
  const up = inPlace.filter(({ state }) => state.kind === 'up');
  for (const { address } of [...up, ...back]) await removeFence(stateDir, address);
}
