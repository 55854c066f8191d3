/**
 * From a plan to one that can be carried out: its preflight, and where our user may not do what the
 * plan's way needs, the plan for another way. Throws when one answer is no: nothing was changed then.
 * Used by run-change.ts.
 */
import { forecast, type Forecast } from '../../topology/plan/forecast.ts';
import type { Abilities, Plan } from '../../topology/plan/planned.ts';
import type { NodeId, Topology } from '../../topology/model.ts';
import { preflight, type CheckResult, type Preflight } from '../../topology/plan/preflight.ts';
import { checkNames } from '../../topology/plan/preflight-checks.ts';
import { OperatorError } from '../../util/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Observation } from '../observe.ts';

/** What a full copy gets through on a network of today with a disk behind it: a guess to plan by. */
const fullCopyBytesPerSecond = 50 * 1024 * 1024;

export interface CheckPlanOptions {
  readonly before: Observation;
  /** Plans again, knowing what our user may do. Throws when that is refused. */
  readonly plan: (topology: Topology, abilities?: ReadonlyMap<NodeId, Abilities>) => Plan;
  readonly skip: readonly string[];
}

export interface CheckedPlan {
  readonly plan: Plan;
  readonly forecasts: readonly Forecast[];
  readonly results: readonly CheckResult[];
}

export async function checkPlan(options: CheckPlanOptions): Promise<CheckedPlan> {
  const { topology } = options.before;
  throwUnknownChecks(options.skip);
  const first = options.plan(topology);
  const checked = await check(options, first);
  if (!needsAnotherWay(first, checked)) return checked.whole;
  return (await check(options, options.plan(topology, checked.abilities))).whole;
}

async function check(
  { before, skip }: CheckPlanOptions,
  plan: Plan,
): Promise<{ whole: CheckedPlan; abilities: Preflight['abilities'] }> {
  const { topology } = before;
  const forecasts = forecast(topology, plan.steps, { fullCopyBytesPerSecond });
  const { results, abilities } = await preflight({
    topology,
    steps: plan.steps,
    forecasts,
    skip: new Set(skip),
    connect: (node) => before.connectToLook(node),
    connectAs: (node, login) => before.connectAs(node, login),
  });
  return { whole: { plan, forecasts, results }, abilities };
}

/** Our user may not hold PINGs or writes where the plan does. */
function needsAnotherWay(
  { steps }: Plan,
  { abilities }: { readonly abilities: Preflight['abilities'] },
): boolean {
  return steps.some(({ kind, node }) => {
    const may = abilities.get(node);
    if (kind === 'hold-writes') return may?.pauseWrites === false;
    return kind === 'hold-pings' && may?.setConfig === false;
  });
}

/** Names that are no checks are slips of the finger. */
function throwUnknownChecks(skip: readonly string[]): void {
  const known: readonly string[] = checkNames;
  const unknown = skip.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new OperatorError(`there is no check ${unknown}`, {
    hint: `there are: ${known.join(', ')}`,
    exitCode: exitCodes.usage,
  });
}

/** Throws what stands in the way, all of it, with a command for each. */
export function throwRefusedChecks(results: readonly CheckResult[]): void {
  const refused = results.filter(({ answer }) => answer === 'no');
  if (refused.length === 0) return;
  const names = [...new Set(refused.map(({ check: name }) => name))];
  const why = refused.map(({ check: name, about, found }) => `${name}: ${about}: ${found}`);
  const next = [...new Set(refused.flatMap((each) => each.next ?? []))];
  const skip = `what is known and accepted: ${names.map((name) => `--skip-check ${name}`).join(' ')}`;
  throw new OperatorError('the preflight says no, so nothing was changed', {
    cause: why.join('\n'),
    hint: [...next, skip].join('\n'),
    exitCode: exitCodes.failed,
  });
}
