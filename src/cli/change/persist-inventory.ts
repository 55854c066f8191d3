/**
 * With `--persist` a lab's inventory is changed too, else a later start would undo the change. Used
 * by run-change.ts and resume-change.ts, after the live change.
 */
import { findNode, nodeOf } from '../../topology/model.ts';
import type { Move } from '../../topology/plan/planned.ts';
import { formatAddress } from '../../instance/address.ts';
import { OperatorError } from '../../util/errors.ts';
import type { Observation } from '../observe.ts';

/** Notes the moves in `repl.yaml`. Throws an OperatorError for an upstream outside the lab. */
export async function persistInventory(before: Observation, moves: readonly Move[]): Promise<void> {
  if (before.lab === undefined) return;
  const { spec, dir } = before.lab;
  const changes = moves.flatMap((move) => {
    const name = nodeOf(before.topology, move.node)?.name;
    if (!spec.nodes.some((node) => node.name === name) || name === undefined) return [];
    return [{ name, replicaof: upstreamName(before, move) }];
  });
  if (changes.length === 0) return;
  const { saveUpstreams } = await import('../../topology/spec.ts');
  await saveUpstreams(dir, changes);
}

function upstreamName({ topology, lab }: Observation, { upstream }: Move): string | undefined {
  if (upstream === undefined) return undefined;
  const address = formatAddress(upstream);
  const name = findNode(topology, address)?.name;
  if (lab?.spec.nodes.some((node) => node.name === name)) return name;
  throw new OperatorError(
    `the change is live and in the configuration files, but ${address} is no node of the lab`,
    {
      hint: 'repl.yaml was not changed: add that server to it, or leave it so',
    },
  );
}
