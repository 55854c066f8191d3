/** The base of an append-only file: the data set as it is at some moment, an RDB or commands. */
import type { Persistence } from './persistence.ts';
import type { SnapshotForm } from './snapshots.ts';

export interface AofBase {
  readonly path: string;
  readonly format: 'rdb' | 'aof';
  /** Unix seconds for the annotation at the head of commands; −1 for none. */
  readonly timestampSec: number;
}

/**
 * Walks the data set into a file of its own in the background. `onEnd` is called once; what is
 * returned breaks it off.
 */
export function startAofBase(
  persistence: Persistence,
  base: AofBase,
  onEnd: (error: Error | null) => void,
): (reason: string) => void {
  const { snapshots } = persistence;
  const file = snapshots.openFile(base.path);
  let over = false;
  const end = (error: Error | null): void => {
    if (over) return;
    over = true;
    onEnd(error);
  };
  const run = snapshots.writeFile(formOf(persistence, base), file, (how) => {
    if (how.kind === 'saved') void how.file.close();
    end(how.kind === 'saved' ? null : how.error);
  });
  return (reason) => {
    if (over) return;
    snapshots.abort(run);
    file.abandon();
    end(new Error(reason));
  };
}

/** The same in one go, for a server that serves nobody yet. Throws the system's error. */
export function writeAofBaseNow(persistence: Persistence, base: AofBase): void {
  persistence.snapshots.writeFileNow(base.path, formOf(persistence, base));
}

function formOf(persistence: Persistence, { format, timestampSec }: AofBase): SnapshotForm {
  const aux = persistence
    .aux()
    .map(([name, value]) => [name, name === 'aof-base' ? 1 : value] as const);
  return { purpose: 'aof', aux, asCommands: format === 'aof' ? { timestampSec } : undefined };
}
