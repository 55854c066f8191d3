/**
 * The RDBs that full syncs send, made by the persistence layer's snapshot: written to `dbfilename`
 * first (`disk`) or handed over as they are made (`socket`). Implements replication's SnapshotPort.
 */
import { rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Logger } from '../log.ts';
import type { AuxFields } from '../persistence/snapshot-entries.ts';
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
  readonly log: Logger;
  readonly pid: number;
  /** Facts for the file's head, those of the history included. */
  readonly aux: (saveInfo: SaveInfo) => AuxFields;
  /** `rdb-del-sync-files`: what was saved for replicas alone goes once they have it. */
  readonly mustGo: () => boolean;
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
    let aborted = false;
    const save = persistence.startDiskSnapshot(aux(request.saveInfo), (end) => {
      if (end.kind === 'failed') {
        if (!aborted) request.onFailed(end.error.message);
        return;
      }
      this.#rdbFile(end.file).then(
        (file) => request.onDone(file),
        (failure: Error) => request.onFailed(failure.message),
      );
    });
    return {
      resume: () => undefined,
      abort: (reason) => {
        // A file that no replica waits for any more may still be a BGSAVE worth finishing.
        if (persistence.hasSavePoints) return;
        aborted = true;
        save.abandon(new Error(reason));
      },
    };
  }

  #startSocket(request: SnapshotRequest): SnapshotJob {
    const { persistence, log, pid, aux } = this.#deps;
    let wanted = true;
    const run = persistence.snapshots.start({
      purpose: 'rdb',
      aux: aux(request.saveInfo),
      forReplicas: true,
      withoutData: request.withoutData,
      sink: (block, release) => {
        wanted = request.onChunk(block, release);
      },
      mayGoOn: () => wanted,
      onWalked: () => request.onDone(),
      onFailed: (error) => request.onFailed(error.message),
    });
    // Redis's words, which scripts look for; the process is this one.
    log.notice(`Background RDB transfer started by pid ${pid}`);
    return {
      resume: () => {
        wanted = true;
        run.resume();
      },
      abort: () => persistence.snapshots.abort(run),
    };
  }

  /** The very file that was saved, whatever stands under its name by now. */
  async #rdbFile(handle: FileHandle): Promise<RdbFile> {
    const { persistence, mustGo } = this.#deps;
    const { path } = persistence.dataFile;
    const { saves } = persistence;
    const { size } = await handle.stat();
    return {
      sizeBytes: size,
      async read(into, position) {
        const { bytesRead } = await handle.read(into, 0, into.length, position);
        return bytesRead;
      },
      close: () => {
        void handle.close().catch(() => undefined);
        // Another save has put a file of its own there: that one stays.
        if (mustGo() && persistence.saves === saves) rmSync(path, { force: true });
      },
    };
  }
}
