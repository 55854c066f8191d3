/**
 * Prints the status of a lab that was just started. Used by `repl init --start`: it waits until the
 * links are up, or a limit is reached, and then shows what there is.
 */
import type { Lab } from '../lab/lab.ts';
import { awaitLinks } from './await-links.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitCodeOf, judgeStatus } from './judge-status.ts';
import { paintFor } from './views/paint.ts';
import { statusDocument, type StatusDocument } from './views/status-json.ts';
import { renderStatus } from './views/status-view.ts';

/** Exit code as `repl status`; the document is what `repl status --json` prints. */
export async function showStatus(
  lab: Lab,
  { linksLimitMs, write }: { linksLimitMs: number; write: (text: string) => void },
): Promise<{ exitCode: ExitCode; document: StatusDocument }> {
  const input = judgeStatus(await awaitLinks(lab, { limitMs: linksLimitMs }));
  write(renderStatus(input, paintFor(process.stdout)));
  return { exitCode: exitCodeOf(input.verdict), document: statusDocument(input) };
}
