/** How tests and benches make changes: nobody is asked, nothing is shown, all the rest as by default. */
import type { ChangeOptions } from '../../src/cli/change/run-change.ts';
import { plain } from '../../src/cli/views/paint.ts';

export const unattendedChange: Omit<ChangeOptions, 'before' | 'plan' | 'command' | 'stateDir'> = {
  persist: false,
  dryRun: false,
  out: undefined,
  locks: true,
  askWhen: 'always',
  persistHint: undefined,
  signal: new AbortController().signal,
  random: Math.random,
  confirm: () => Promise.resolve(true),
  write: () => {},
  paint: plain,
};
