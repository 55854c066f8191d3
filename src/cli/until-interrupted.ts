/**
 * Ctrl-C as a signal to the work that is under way, so that it ends where it can and what was done
 * can be said. Used by the commands that take their time.
 */
import { exitCodes } from './exit-codes.ts';

/** The first Ctrl-C aborts the signal and calls `onFirst`; the second one ends the process. */
export async function untilInterrupted<T>(
  run: (signal: AbortSignal) => Promise<T>,
  onFirst: () => void = () => {},
): Promise<T> {
  const stop = new AbortController();
  const onSigint = (): void => {
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
    onFirst();
  };
  // Not `once`: a spinner ends the process when it finds nobody else listening [signal-exit 4].
  process.on('SIGINT', onSigint);
  try {
    return await run(stop.signal);
  } finally {
    process.off('SIGINT', onSigint);
  }
}
