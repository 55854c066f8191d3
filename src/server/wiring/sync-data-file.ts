/** The data file as full syncs that come by way of the disk use it. */
import type { Config } from '../config.ts';
import type { Persistence } from '../persistence/persistence.ts';
import type { SpooledLoadDeps } from './spooled-load.ts';

export function syncDataFile(
  persistence: Persistence,
  config: Config,
): SpooledLoadDeps['dataFile'] {
  return {
    get path() {
      return persistence.dataFile.path;
    },
    open: () => persistence.snapshots.openFile(persistence.dataFile.path),
    abortSaves: (reason) => persistence.abortAll(reason),
    onLoaded: (facts) => persistence.loadedFromSync(facts),
    get mustGo() {
      return syncFilesMustGo(persistence, config);
    },
  };
}

/** `rdb-del-sync-files`: where nothing else is persistent, no copy of the data stays on the disk. */
export function syncFilesMustGo(persistence: Persistence, { values }: Config): boolean {
  return values.rdbDelSyncFiles && !persistence.hasSavePoints && !values.appendonly;
}
