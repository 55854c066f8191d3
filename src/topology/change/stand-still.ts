/**
 * The first half of a demotion: a master whose writes are held becomes a replica of nobody, and its
 * replicas have all that it has then. It goes on sending to them. Were it to follow its new upstream
 * at once, it would ask that for a copy, and what only it has would be gone before anybody looked.
 * Used by run-step.ts.
 */
import type { Instance } from '../../instance/connection.ts';
import { readReplication } from '../../instance/report.ts';
import { replicaofNobody, replicaofNoOne } from '../../instance/verbs.ts';
import { type Clock, pause } from '../../util/clock.ts';
import type { NodeId } from '../model.ts';
import type { StepOutcome } from '../plan/step.ts';
import { changeAndVerify } from './change-and-verify.ts';

/** Who had everything of the master at the last look, and how much that was. */
export interface InStep {
  readonly nodes: readonly NodeId[];
  readonly offset: number;
}

export interface StandStillOptions {
  readonly instanceOf: (node: NodeId) => Instance | undefined;
  readonly clock: Clock;
}

/**
 * For what came in between the last look and the demotion (a write after the hold had ended, the
 * GETACK of a WAIT): replicas have it within a millisecond or two, and writers wait for them.
 */
const slipLimitMs = 100;
const pollPeriodMs = 1;

/** Fails as a value; where something was missing, the node is a master again. */
export async function standStill(
  instance: Instance,
  inStep: InStep,
  options: StandStillOptions,
): Promise<StepOutcome> {
  let stoodAt = inStep.offset;
  const demoted = await changeAndVerify(instance, replicaofNobody(instance), {
    isSo: ({ role, masterReplOffset }) => {
      stoodAt = masterReplOffset;
      return role === 'replica';
    },
    otherwise: 'it is a master still',
  });
  if (demoted.kind !== 'ok' || stoodAt === inStep.offset) return demoted;
  if (await haveAll(inStep.nodes, stoodAt, options)) return demoted;
  await replicaofNoOne(instance);
  const message = `it took ${stoodAt - inStep.offset} bytes more while its writes were held, and its replicas did not get them: it stays the master`;
  return { kind: 'failed', message };
}

async function haveAll(
  nodes: readonly NodeId[],
  offset: number,
  { instanceOf, clock }: StandStillOptions,
): Promise<boolean> {
  const until = clock.monotonic() + slipLimitMs;
  const hasAll = async (id: NodeId): Promise<boolean> => {
    const instance = instanceOf(id);
    const own = instance && (await readReplication(instance, { timeoutMs: slipLimitMs }));
    return own?.kind === 'ok' && own.value.masterReplOffset >= offset;
  };
  for (;;) {
    if ((await Promise.all(nodes.map(hasAll))).every(Boolean)) return true;
    if (clock.monotonic() >= until) return false;
    await pause(clock, pollPeriodMs);
  }
}
