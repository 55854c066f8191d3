/**
 * A spinner on stderr while nodes start and stop: only on a terminal, never under `--json`. It says
 * what is being waited for; results are printed by the commands.
 */
import type { NodeSpec } from '../topology/spec.ts';

export interface Progress {
  /** A node begins to be worked on, or is done with. */
  step(node: NodeSpec, done: boolean): void;
  stop(): void;
}

/** `verb` completes "… redis6379": `starting`. */
export async function showProgress(verb: string, { quiet }: { quiet: boolean }): Promise<Progress> {
  if (quiet || !process.stderr.isTTY) return { step() {}, stop() {} };
  const { default: ora } = await import('ora');
  const spinner = ora({ stream: process.stderr, discardStdin: false });
  const busy = new Set<string>();
  return {
    step({ name }, done) {
      if (done) busy.delete(name);
      else busy.add(name);
      if (busy.size === 0) spinner.stop();
      else spinner.start(`${verb} ${[...busy].join(', ')}`);
    },
    stop: () => void spinner.stop(),
  };
}
