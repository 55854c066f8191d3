/** A loader of full syncs with a keyspace and a directory of its own, and RDBs for it. */
import { Logger } from '../../../../src/server/log.ts';
import {
  FullSyncLoader,
  type FullSyncSettings,
} from '../../../../src/server/wiring/full-sync-loader.ts';
import { CollectedSnapshot, DataSet } from '../../persistence/support/data-set.ts';
import { PersistenceRig } from '../../persistence/support/persistence-rig.ts';

export type Way = FullSyncSettings['replDisklessLoad'];
export const ways: readonly Way[] = ['swapdb', 'on-empty-db', 'disabled'];

export interface SyncRig {
  rig: PersistenceRig;
  data: DataSet;
  loader: FullSyncLoader;
  settings: { -readonly [Name in keyof FullSyncSettings]: FullSyncSettings[Name] };
  dataFile: { mustGo: boolean };
  log: string[];
  /** What happened, in order. */
  events: string[];
  begin: () => void;
}

export function newSyncRig(
  dir: string,
  way: Way,
  old: Record<string, string> = { old: 'v' },
): SyncRig {
  const rig = new PersistenceRig(dir);
  const { data, log, persistence } = rig;
  for (const [key, value] of Object.entries(old)) data.set(0, key, value);
  const events: string[] = [];
  const settings = {
    replDisklessLoad: way,
    replicaProtectData: false,
    replicaLazyFlush: false,
    rdbchecksum: true,
  };
  const dataFile = {
    path: persistence.dataFile.path,
    open: () => persistence.snapshots.openFile(persistence.dataFile.path),
    abortSaves: (reason: string) => persistence.abortAll(reason),
    onLoaded: () => void events.push('file loaded'),
    mustGo: false,
  };
  const loader = new FullSyncLoader({
    keyspace: data.keyspace,
    loading: rig.loading,
    log: new Logger({ clock: rig.clock, pid: 1, write: (line) => void log.push(line) }),
    settings,
    dataFile,
  });
  const begin = (): void =>
    loader.begin({
      master: 'm:1',
      form: 'eof',
      sameHistory: true,
      sizeBytes: undefined,
      beforeReplacing: () => void events.push(`before: ${Object.keys(data.content()).length} keys`),
    });
  return { rig, data, loader, settings, dataFile, log, events, begin };
}

export function masterRdb(keys = 500): { rdb: Buffer; content: Record<string, string> } {
  const master = new DataSet();
  for (let number = 0; number < keys; number++) {
    master.set(number % 3, `key:${number}`, `v${number}`);
    // What has expired is the master's to delete.
    master.expireAt(number % 3, `key:${number}`, number % 2 === 0 ? 1 : -1);
  }
  const snapshot = new CollectedSnapshot(master.keyspace);
  snapshot.finish();
  return { rdb: snapshot.bytes(), content: master.content() };
}

export async function feed(loader: FullSyncLoader, rdb: Buffer): Promise<void> {
  for (let at = 0; at < rdb.length; at += 100) await loader.feed(rdb.subarray(at, at + 100));
}
