/**
 * A line on stderr while nodes are compared: only on a terminal, never under `--json`.
 */
import type { VerifyPair } from '../topology/verify/pairs.ts';
import type { VerifyProgress } from '../topology/verify/verify-pair.ts';
import type { Clock } from '../util/clock.ts';
import { progressText } from './views/verify-view.ts';

export interface VerifyProgressLine {
  show(pair: VerifyPair, progress: VerifyProgress): void;
  stop(): void;
}

/** Redrawing more often is not seen. */
const drawPeriodMs = 200;

export async function showVerifyProgress(options: {
  quiet: boolean;
  clock: Clock;
}): Promise<VerifyProgressLine> {
  if (options.quiet || !process.stderr.isTTY) return { show() {}, stop() {} };
  const { default: ora } = await import('ora');
  const spinner = ora({ stream: process.stderr, discardStdin: false }).start('looking');
  let current: VerifyPair | undefined;
  let started = { atMs: 0, keys: 0 };
  let drawnMs = -Infinity;
  return {
    show(pair, progress) {
      const nowMs = options.clock.monotonic();
      if (pair !== current) {
        current = pair;
        started = { atMs: nowMs, keys: progress.doneKeys };
      }
      if (nowMs - drawnMs < drawPeriodMs) return;
      drawnMs = nowMs;
      const keys = progress.doneKeys - started.keys;
      const seconds = (nowMs - started.atMs) / 1000;
      spinner.text = progressText(pair, progress, seconds > 0.5 ? keys / seconds : undefined);
    },
    stop: () => void spinner.stop(),
  };
}
