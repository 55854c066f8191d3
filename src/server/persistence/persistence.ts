/**
 * The data set on disk: SAVE, BGSAVE, save points, the save before the end, and the facts that INFO
 * persistence shows of them. The walks themselves are `snapshots`, which full syncs and the
 * append-only file use as well; loading is `dataFile`.
 */
import type { Clock } from '../../util/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../log.ts';
import { DataFile, type DataFileSettings } from './data-file.ts';
import type { Loading } from './loading.ts';
import { BackgroundRdbFile } from './rdb-file.ts';
import type { LoadedFacts } from './rdb-load.ts';
import type { AuxFields } from './snapshot-entries.ts';
import { type FileSnapshotEnd, Snapshots, type SnapshotSettings } from './snapshots.ts';

/** After a failed save point the next try waits this long. [server.c, 7.0] */
const retryAfterFailureSec = 5;

/** The directives that matter here; read afresh at each use. */
export interface PersistenceSettings extends DataFileSettings, SnapshotSettings {
  readonly save: readonly { readonly seconds: number; readonly changes: number }[];
}

export interface PersistenceDeps {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly log: Logger;
  readonly loading: Loading;
  readonly pid: number;
  readonly settings: PersistenceSettings;
  readonly defer: (fn: () => void) => void;
  /** How many requests the server has executed so far: a snapshot leaves time for them. */
  readonly requests: () => number;
  /** Facts for the file's head: versions, times, the replication history. */
  readonly aux: () => AuxFields;
  /** The same for data that stand at no offset. */
  readonly auxWithoutHistory: () => AuxFields;
  /** Whether the last save to disk worked: writes may be refused while it does not. */
  readonly onSaveStatus: (ok: boolean) => void;
}

/** A save in the background, and how to break it off: its taker is told that it failed. */
interface BackgroundSave {
  readonly file: BackgroundRdbFile;
  readonly abandon: (error: Error) => void;
}

type BgsaveAnswer =
  | { kind: 'started' }
  | { kind: 'scheduled' }
  | { kind: 'refused'; error: string };

const alreadyInProgress = 'ERR Background save already in progress';
const otherInProgress =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. " +
  'Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.';

export class Persistence {
  readonly snapshots: Snapshots;
  readonly dataFile: DataFile;
  /** Unix seconds of the last successful save, at first of the start. */
  lastSaveSec: number;
  lastBgsaveOk = true;
  /** Seconds the last BGSAVE took, −1 before the first. */
  lastBgsaveSec = -1;
  /** How many SAVE and BGSAVE have begun, INFO's rdb_saves. [Redis 7.0] */
  saves = 0;
  /** The append-only file is being rewritten, whether or not the walk has begun; its rewriter says so. */
  isRewriting = false;

  readonly #deps: PersistenceDeps;
  /** It outlives the walk until the file is in place. */
  #save: BackgroundSave | null = null;
  #scheduled = false;
  #startedAtMs = 0;
  #lastTrySec = 0;

  constructor(deps: PersistenceDeps) {
    this.#deps = deps;
    this.snapshots = new Snapshots(deps);
    this.dataFile = new DataFile(deps);
    this.lastSaveSec = Math.floor(deps.clock.now() / 1000);
  }

  /** Facts for the head of a file that is written now. */
  aux(): AuxFields {
    return this.#deps.aux();
  }

  /** Something is walking or being written: a BGSAVE, a full sync, the base of an append-only file. */
  get inProgress(): boolean {
    return this.isRewriting || this.inSnapshot;
  }

  /** The same but for what has not begun to walk. */
  get inSnapshot(): boolean {
    return this.snapshots.walking !== null || this.#save !== null;
  }

  /** The same but for the append-only file: INFO's rdb_bgsave_in_progress. */
  get rdbInProgress(): boolean {
    return this.snapshots.walking === 'rdb' || this.#save !== null;
  }

  /** Seconds, −1 when no BGSAVE is running. */
  get currentBgsaveSec(): number {
    if (this.#save === null) return -1;
    return Math.floor((this.#deps.clock.now() - this.#startedAtMs) / 1000);
  }

  /** Whether save points are set, so that SHUTDOWN and SIGTERM save. */
  get hasSavePoints(): boolean {
    return this.#deps.settings.save.length > 0;
  }

  // ---- at once ----

  /** SAVE. A rewrite of the append-only file does not keep it from saving. Returns as `saveNow`. */
  save(): string | null {
    if (this.rdbInProgress) return alreadyInProgress;
    this.saves++;
    return this.saveNow();
  }

  /**
   * Writes the file now, whatever is under way: nothing else runs meanwhile. Returns an error text or
   * null. That it fails closes no gates: whoever asked has the error. [Redis 7.0]
   */
  saveNow(aux = this.aux()): string | null {
    const { keyspace, log } = this.#deps;
    try {
      this.snapshots.writeFileNow(this.dataFile.path, { purpose: 'rdb', aux });
    } catch (error) {
      log.warning(`Saving ${this.dataFile.path} failed: ${(error as Error).message}`);
      return 'ERR';
    }
    keyspace.dirty = 0;
    log.notice('DB saved on disk');
    this.#saved(true);
    return null;
  }

  /**
   * FLUSHALL: a BGSAVE or full sync of what is gone is broken off, and where there are save points,
   * that it is gone is saved at once. It stands in no history: FLUSHALL itself has not been propagated
   * yet, and a replica that has missed it must not continue from the offset before it.
   */
  dataSetEmptied(): void {
    const error = new Error('the data set was emptied');
    this.#save?.abandon(error);
    this.snapshots.abortForReplicas(error);
    if (this.hasSavePoints && !this.rdbInProgress) this.saveNow(this.#deps.auxWithoutHistory());
  }

  // ---- in the background ----

  /**
   * BGSAVE. With `schedule`, one that cannot start now starts when the present job ends; `later` has
   * it start when the present command is over.
   */
  bgsave({ schedule = false, later = false } = {}): BgsaveAnswer {
    if (this.rdbInProgress && !(schedule && this.#save === null)) {
      return { kind: 'refused', error: alreadyInProgress };
    }
    if (this.inProgress || later) {
      if (!schedule && !later) return { kind: 'refused', error: otherInProgress };
      this.#scheduled = true;
      return { kind: 'scheduled' };
    }
    this.startDiskSnapshot(this.aux(), (end) => {
      if (end.kind === 'saved') void end.file.close();
    });
    return { kind: 'started' };
  }

  /** Saves to `dbfilename` in the background; `onEnd` is called once. */
  startDiskSnapshot(aux: AuxFields, onEnd: (end: FileSnapshotEnd) => void): BackgroundSave {
    const { clock, log } = this.#deps;
    this.saves++;
    this.#startedAtMs = clock.now();
    this.#lastTrySec = Math.floor(this.#startedAtMs / 1000);
    const onDone = (how: FileSnapshotEnd): void => {
      this.lastBgsaveSec = Math.floor((clock.now() - this.#startedAtMs) / 1000);
      if (how.kind === 'saved') log.notice('Background saving terminated with success');
      else log.warning(`Background saving error: ${how.error.message}`);
      this.#saved(how.kind === 'saved');
      onEnd(how);
    };
    const file = this.snapshots.openFile(this.dataFile.path);
    const save = this.#saveTo(file, aux, { onDone, onAbandoned: onEnd });
    log.notice(`Background saving started: ${this.snapshots.progress.total} keys`);
    return save;
  }

  /**
   * The save before the end: in slices, so that signals are heard meanwhile; the caller sees to it
   * that nothing changes. Resolves to an error text or null.
   */
  saveBeforeEnd(): Promise<string | null> {
    const { log, pid } = this.#deps;
    const { path } = this.dataFile;
    return new Promise((resolve) => {
      this.#saveTo(new BackgroundRdbFile(path, pid), this.aux(), {
        onDone: (how) => {
          if (how.kind === 'failed') {
            log.warning(`Saving ${path} failed: ${how.error.message}`);
            resolve('ERR');
            return;
          }
          void how.file.close();
          log.notice('DB saved on disk');
          this.#saved(true);
          resolve(null);
        },
        onAbandoned: () => resolve('ERR'),
      });
    });
  }

  #saveTo(
    file: BackgroundRdbFile,
    aux: AuxFields,
    on: Record<'onDone' | 'onAbandoned', (end: FileSnapshotEnd) => void>,
  ): BackgroundSave {
    const { keyspace, log } = this.#deps;
    const dirtyBefore = keyspace.dirty;
    const run = this.snapshots.writeFile({ purpose: 'rdb', aux }, file, (how) => {
      if (this.#save?.file !== file) {
        // It was abandoned, and its taker told so, while the last steps were on their way.
        if (how.kind === 'saved') void how.file.close();
        return;
      }
      this.#save = null;
      if (how.kind === 'saved') keyspace.dirty -= Math.min(dirtyBefore, keyspace.dirty);
      on.onDone(how);
    });
    const abandon = (error: Error): void => {
      if (this.#save !== save) return;
      this.#save = null;
      this.snapshots.abort(run);
      file.abandon();
      log.notice(`Saving was broken off: ${error.message}`);
      on.onAbandoned({ kind: 'failed', error });
    };
    const save: BackgroundSave = { file, abandon };
    this.#save = save;
    return save;
  }

  /** Breaks off whatever is being saved or sent; its taker is told why. */
  abortAll(reason: string): void {
    const error = new Error(reason);
    this.#save?.abandon(error);
    this.snapshots.abortRunning(error);
  }

  /** A full sync has come by way of the data file: memory and disk are the same. */
  loadedFromSync(facts: LoadedFacts): void {
    this.dataFile.lastLoad = facts;
    this.#deps.keyspace.dirty = 0;
    this.lastSaveSec = Math.floor(this.#deps.clock.now() / 1000);
  }

  // ---- time ----

  /** Ten times a second: save points, and a BGSAVE that waits for its turn. */
  cron(): void {
    if (this.inProgress || this.#deps.loading.kind === 'exclusive') return;
    if (this.#scheduled) {
      this.#scheduled = false;
      this.bgsave();
      return;
    }
    const { keyspace, clock, log, settings } = this.#deps;
    const nowSec = Math.floor(clock.now() / 1000);
    if (!this.lastBgsaveOk && nowSec - this.#lastTrySec <= retryAfterFailureSec) return;
    for (const { seconds, changes } of settings.save) {
      if (keyspace.dirty < changes || nowSec - this.lastSaveSec <= seconds) continue;
      log.notice(`${changes} changes in ${seconds} seconds. Saving...`);
      this.bgsave();
      return;
    }
  }

  #saved(ok: boolean): void {
    this.lastBgsaveOk = ok;
    if (ok) {
      this.lastSaveSec = Math.floor(this.#deps.clock.now() / 1000);
    }
    this.#deps.onSaveStatus(ok);
  }
}
