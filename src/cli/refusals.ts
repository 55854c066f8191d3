/**
 * What a refusal means for `$?`, and how several of them are said at once.
 */
import type { Refusal, RefusalKind } from '../lab/refusal.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';

/** Kinds that the command line alone decides; for the others the world is at fault. */
const usageKinds: ReadonlySet<RefusalKind> = new Set([
  'invalid-port',
  'duplicate-port',
  'unknown-upstream',
  'cycle',
  'invalid-bind',
]);

/** Throws what stands in the way, if anything does: all of it, with a hint for each. */
export function throwRefusals(refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return;
  const isUsage = refusals.some(({ kind }) => usageKinds.has(kind));
  const hints = [...new Set(refusals.map(({ hint }) => hint))];
  throw new OperatorError(refusals.map(({ message }) => message).join('\n'), {
    hint: hints.join('\n'),
    exitCode: isUsage ? exitCodes.usage : exitCodes.failed,
  });
}
