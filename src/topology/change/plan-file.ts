/**
 * A plan as a file: `--out plan.json` saves it, `repl apply plan.json` runs it if nothing has
 * drifted since. It holds the steps, what they were made from, and a digest of itself, so that a
 * file edited by hand is told from a plan. Used by the commands that plan and by apply.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { OperatorError } from '../../util/errors.ts';
import { fileErrorText } from '../../util/file-error.ts';
import type { RecordedNode, RecordedShape } from './change-record.ts';
import { hashOf, type Fingerprint } from './fingerprint.ts';
import type { Move } from '../plan/planned.ts';
import type { Step } from '../plan/step.ts';

export const planFileSchema = 'redis-repl/plan';

export interface PlanFile {
  readonly schema: typeof planFileSchema;
  readonly version: 1;
  /** ISO 8601. */
  readonly madeAt: string;
  /** What was typed. */
  readonly command: string;
  /** The lab's directory; null for a live setup, which is found again by the nodes' addresses. */
  readonly lab: string | null;
  readonly nodes: readonly RecordedNode[];
  readonly wanted: RecordedShape;
  readonly steps: readonly Step[];
  readonly warnings: readonly string[];
  readonly moves: readonly Move[];
  readonly persist: boolean;
  readonly fingerprint: Fingerprint;
  /** Of everything else in here. */
  readonly digest: string;
}

/** Writes a plan for its owner's eyes. Throws an OperatorError where it cannot be written. */
export async function savePlan(path: string, plan: Omit<PlanFile, 'digest'>): Promise<void> {
  const text = `${JSON.stringify({ ...plan, digest: hashOf(plan) }, null, 2)}\n`;
  try {
    await writeFile(path, text, { mode: 0o600 });
  } catch (error) {
    throw new OperatorError(`the plan could not be written to ${path}`, {
      cause: fileErrorText(error),
      hint: 'name a file in a directory that is there: --out plan.json',
    });
  }
}

/** Reads a plan. Throws an OperatorError when it is none, of another version, or was edited. */
export async function loadPlan(path: string): Promise<PlanFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OperatorError(`could not read the plan ${path}`, {
      cause: fileErrorText(error),
      hint: again,
    });
  }
  const plan = parseObject(text);
  if (plan?.['schema'] !== planFileSchema) {
    throw new OperatorError(`${path} is no plan`, { hint: again });
  }
  if (plan['version'] !== 1) {
    throw new OperatorError(`${path} is a plan of another version of repl`, { hint: again });
  }
  const { digest, ...rest } = plan;
  if (digest !== hashOf(rest)) {
    throw new OperatorError(`${path} was changed after it was made`, { hint: again });
  }
  return plan as unknown as PlanFile;
}

const again = 'make it anew: the command with --out FILE';

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
