/** From an observation to what the status views take, and from its verdict to an exit code. */
import { diagnose, judge, type Verdict } from '../topology/findings/diagnose.ts';
import type { Topology } from '../topology/model.ts';
import type { Clock } from '../util/clock.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import type { StatusInput } from './views/status-view.ts';

export function judgeStatus({
  topology,
  clock,
}: {
  topology: Topology;
  clock: Clock;
}): StatusInput {
  const problems = diagnose(topology);
  return { topology, problems, verdict: judge(topology, problems), nowMs: clock.now() };
}

export function exitCodeOf(verdict: Verdict): ExitCode {
  const codes = { healthy: exitCodes.ok, degraded: exitCodes.degraded, unknown: exitCodes.failed };
  return codes[verdict];
}
