/**
 * The RDBs that full syncs send, made by the persistence layer's snapshot: written to `dbfilename`
 * first (`disk`) or handed over as they are made (`socket`). Implements replication's SnapshotPort.
 */
import type { FileHandle } from 'node:fs/promises';
import type { AuxFields } from '../persistence/snapshot.ts';
import type { Persistence } from '../persistence/persistence.ts';
import type {
  RdbFile,
  SaveInfo,
  SnapshotJob,
  SnapshotPort,
  SnapshotRequest,
} from '../replication/ports.ts';

export interface SnapshotSourceDeps {
  readonly persistence: Persistence;
  /** Facts for the file's head, those of the history included. */
  readonly aux: (saveInfo: SaveInfo) => AuxFields;
}

export class SnapshotSource implements SnapshotPort {
  readonly #deps: SnapshotSourceDeps;

  constructor(deps: SnapshotSourceDeps) {
    this.#deps = deps;
  }

  start(request: SnapshotRequest): SnapshotJob | { readonly busy: string } {
    if (this.#deps.persistence.inProgress) return { busy: 'a snapshot is in progress' };
    return request.target === 'disk' ? this.#startDisk(request) : this.#startSocket(request);
  }

  #startDisk(request: SnapshotRequest): SnapshotJob {
    const { persistence, aux } = this.#deps;
    const run = persistence.startDiskSnapshot(aux(request.saveInfo), (end) => {
      if (end.kind === 'failed') {
        request.onFailed(end.error.message);
        return;
      }
      rdbFile(end.file).then(
        (file) => request.onDone(file),
        (failure: Error) => request.onFailed(failure.message),
      );
    });
    // A file that nobody waits for any more is still a BGSAVE worth finishing.
    return { resume: () => run.resume(), abort: () => undefined };
  }

  #startSocket(request: SnapshotRequest): SnapshotJob {
    const { persistence, aux } = this.#deps;
    let wanted = true;
    const run = persistence.snapshots.start({
      aux: aux(request.saveInfo),
      sink: (block, release) => {
        wanted = request.onChunk(block, release);
      },
      mayGoOn: () => wanted,
      onWalked: () => request.onDone(),
      onFailed: (error) => request.onFailed(error.message),
    });
    return {
      resume: () => {
        wanted = true;
        run.resume();
      },
      abort: () => persistence.snapshots.abort(run),
    };
  }
}

/** The very file that was saved, whatever stands under its name by now. */
async function rdbFile(handle: FileHandle): Promise<RdbFile> {
  const { size } = await handle.stat();
  return {
    sizeBytes: size,
    async read(into, position) {
      const { bytesRead } = await handle.read(into, 0, into.length, position);
      return bytesRead;
    },
    close: () => void handle.close().catch(() => undefined),
  };
}
