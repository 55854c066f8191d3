/**
 * How an append-only file begins: what is on disk is loaded, what is missing is made. Used by the Aof,
 * which goes on from there.
 */
import type { AofDeps } from './aof-ports.ts';
import { writeAofBaseNow } from './aof-base.ts';
import type { AofFiles } from './aof-files.ts';
import { loadAof } from './aof-load.ts';
import type { AofFileEntry } from './aof-manifest.ts';

/**
 * Loads the files, if there are some, and lets clients run in between. Rejects when they cannot be
 * loaded.
 */
export async function loadAtStart(deps: AofDeps, files: AofFiles): Promise<void> {
  if (!files.isEmpty) {
    const { loading } = deps;
    for (const { bytes, keysSoFar, usedMemBytes = 0 } of loadSteps(deps, files)) {
      loading.rdbUsedMemBytes ||= usedMemBytes;
      await loading.breathe(bytes, keysSoFar);
    }
  }
  await files.collectGarbage();
}

/** Throws Error when a file is missing, or cannot be loaded. */
export function loadSteps(deps: AofDeps, files: AofFiles): ReturnType<typeof loadAof> {
  const { applier, clock, loading, log, newRdbLoader, settings } = deps;
  files.requireFiles();
  return loadAof({
    directory: files.directory,
    manifest: files.manifest,
    applier,
    newRdbLoader,
    log,
    verifyChecksum: settings.rdbchecksum,
    aofLoadTruncated: settings.aofLoadTruncated,
    sliceBytes: loading.sliceBytes,
    monotonicMs: () => clock.monotonic(),
  });
}

/**
 * The increment to append to, which `open` opens at its size. What is missing is made: a base of the
 * present data set, an increment. Throws the system's error.
 */
export function openAtStart(
  { clock, log, persistence }: AofDeps,
  files: AofFiles,
  open: (increment: AofFileEntry, sizeBytes: number) => void,
): void {
  files.directory.make();
  if (files.isEmpty) {
    const base = files.nextBase();
    log.notice(`Creating AOF base file ${base.name} on server start`);
    writeAofBaseNow(persistence, files.describe(base, clock.now()));
    files.setBaseNow(base);
  }
  const last = files.manifest.increments.at(-1);
  if (last !== undefined) {
    open(last, files.directory.sizeOf(last.name) ?? 0);
    return;
  }
  const increment = files.nextIncrement();
  log.notice(`Creating AOF incr file ${increment.name} on server start`);
  open(increment, 0);
  files.addIncrementNow(increment);
}
