/** One order to a server, and a look whether it has come true. Used by the steps of a change. */
import type { Instance } from '../../instance/connection.ts';
import type { Outcome } from '../../instance/failure.ts';
import { readReplication } from '../../instance/report.ts';
import type { ReplicationInfo } from '../../protocol/info.ts';
import type { StepOutcome } from '../plan/step.ts';

/** The question travels with the command: writers may be waiting for both answers. */
export async function changeAndVerify(
  instance: Instance,
  change: Promise<Outcome<void>>,
  { isSo, otherwise }: { isSo: (now: ReplicationInfo) => boolean; otherwise: string },
): Promise<StepOutcome> {
  const [changed, now] = await Promise.all([change, readReplication(instance)]);
  if (changed.kind === 'failed') return { kind: 'failed', message: changed.failure.message };
  if (now.kind === 'failed') return { kind: 'failed', message: now.failure.message };
  return isSo(now.value) ? { kind: 'ok' } : { kind: 'failed', message: otherwise };
}
