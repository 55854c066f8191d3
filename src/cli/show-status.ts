/**
 * Prints the status of a lab that was just started. Used by `repl init --start`: it waits until the
 * links are up, or a limit is reached, and then shows what there is.
 */
import { loadSpec } from '../topology/spec.ts';
import { systemClock } from '../util/clock.ts';
import { exitCodeOf, judgeStatus } from './judge-status.ts';
import { observe, type Observation } from './observe.ts';
import { paintFor } from './views/paint.ts';
import { statusDocument, type StatusDocument } from './views/status-json.ts';
import { renderStatus } from './views/status-view.ts';

export interface ShowStatusOptions {
  readonly labDir: string;
  /** How long links may take to come up; without it nothing is waited for. */
  readonly waitForLinksMs?: number;
  /** Print the JSON document instead of the screen. */
  readonly json?: boolean;
  readonly write: (text: string) => void;
}

/** For one look at all nodes. */
const timeoutMs = 2000;

/** Between two looks while links come up. */
const periodMs = 50;

/** Exit code as `repl status`; the document is what `repl status --json` prints. */
export async function showStatus(
  options: ShowStatusOptions,
): Promise<{ exitCode: number; document: StatusDocument }> {
  const { labDir, waitForLinksMs = 0, json = false, write } = options;
  const lab = { dir: labDir, spec: await loadSpec(labDir) };
  const first = await observe({ words: [], lab, credentials: {}, timeoutMs, clock: systemClock });
  const input = judgeStatus(await awaitLinks(first, waitForLinksMs));
  const document = statusDocument(input);
  write(
    json ? `${JSON.stringify(document, null, 2)}\n` : renderStatus(input, paintFor(process.stdout)),
  );
  return { exitCode: exitCodeOf(input.verdict), document };
}

async function awaitLinks(first: Observation, limitMs: number): Promise<Observation> {
  const { clock } = first;
  const until = clock.monotonic() + limitMs;
  let seen = first;
  while (!allLinksUp(seen) && clock.monotonic() < until) {
    await new Promise<void>((resolve) => void clock.schedule(periodMs, resolve));
    seen = await first.again();
  }
  return seen;
}

function allLinksUp({ topology }: Observation): boolean {
  return topology.links.every(({ state }) => state === 'up');
}
