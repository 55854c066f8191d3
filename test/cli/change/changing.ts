/** A change as a command makes it, with what a terminal would show. For the tests of this folder. */
import type { Observation } from '../../../src/cli/observe.ts';
import { runChange, type ChangeOptions } from '../../../src/cli/change/run-change.ts';
import type { ChangeResult } from '../../../src/cli/change/change-document.ts';
import { planChange, type Wanted } from '../../../src/topology/plan/plan.ts';
import { unattendedChange } from '../../support/unattended-change.ts';

export interface Changing {
  run(): Promise<ChangeResult>;
  /** What was written so far. */
  text(): string;
  readonly options: ChangeOptions;
}

export function changing(
  what: { before: Observation; wanted: Wanted; stateDir: string } & Partial<ChangeOptions>,
): Changing {
  const { wanted, ...rest } = what;
  const written: string[] = [];
  const options: ChangeOptions = {
    ...unattendedChange,
    plan: (topology) => planChange(topology, wanted, { persist: rest.persist ?? false }),
    command: `repl ${wanted.kind}`,
    write: (text) => void written.push(text),
    ...rest,
  };
  return { run: () => runChange(options), text: () => written.join(''), options };
}
