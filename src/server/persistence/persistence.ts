/**
 * The data set on disk: SAVE, BGSAVE, save points, loading at start, and the facts that INFO
 * persistence shows. One snapshot walks at a time; full syncs take their turn through
 * `startSnapshot` as well.
 */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntryWriter } from '../../rdb/entry-writer.ts';
import { RdbWriter } from '../../rdb/rdb-writer.ts';
import type { Clock } from '../../util/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../log.ts';
import { CommandWriter } from './command-writer.ts';
import { loadDataFile, type LoadDataFileOptions } from './load-data-file.ts';
import type { Loading } from './loading.ts';
import { BackgroundRdbFile, fileSize, removeLeftovers, SyncRdbFile } from './rdb-file.ts';
import type { LoadedFacts } from './rdb-load.ts';
import { type AuxFields, Snapshot } from './snapshot.ts';
import { SnapshotRun } from './snapshot-run.ts';

/** The walk stops while so much waits for the disk. */
const maxPendingDiskBytes = 8 * 1024 * 1024;
/** After a failed save point the next try waits this long. [server.c, 7.0] */
const retryAfterFailureSec = 5;

/** The directives that matter here; read afresh at each use. */
export interface PersistenceSettings {
  readonly dir: string;
  readonly dbfilename: string;
  readonly rdbcompression: boolean;
  readonly rdbchecksum: boolean;
  /** Microseconds. */
  readonly rdbKeySaveDelayUs: number;
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
  /** Facts for the file's head: versions, times, the replication history. */
  readonly aux: () => AuxFields;
  /** Whether the last save to disk worked: writes may be refused while it does not. */
  readonly onSaveStatus: (ok: boolean) => void;
}

/** Takes a block of the RDB; it must call `release` when it has no more use for its memory. */
export type TakeBlock = (block: Uint8Array, release: () => void) => void;

/** A snapshot in slices whose blocks go to `sink`; see `startSnapshot`. */
export interface SlicedSnapshotRequest {
  readonly aux: AuxFields;
  /** Writes commands that rebuild the data set instead of an RDB. */
  readonly asCommands?: { readonly timestampSec: number } | undefined;
  readonly sink: TakeBlock;
  readonly mayGoOn: () => boolean;
  readonly onWalked: () => void;
  readonly onFailed: (error: Error) => void;
}

/** The base of an append-only file. */
export interface AofBase {
  readonly path: string;
  /** An RDB, or commands. */
  readonly format: 'rdb' | 'aof';
  /** Unix seconds for the annotation at the head of commands; −1 for none. */
  readonly timestampSec: number;
}

/** How a save in the background ended. */
export type DiskSnapshotEnd =
  /** The file is in place; it is `file`, open for reading, and the taker closes it. */
  | { readonly kind: 'saved'; readonly file: FileHandle }
  | { readonly kind: 'failed'; readonly error: Error };

/** The snapshot at work, and how to tell its taker that it was broken off. */
interface Running {
  readonly snapshot: Snapshot;
  readonly run: SnapshotRun;
  readonly fail: (error: Error) => void;
}

/** The save at work, and how to break it off. */
interface Bgsave {
  readonly file: BackgroundRdbFile;
  readonly abandon: (error: Error) => void;
}

type BgsaveAnswer =
  | { kind: 'started' }
  | { kind: 'scheduled' }
  | { kind: 'refused'; error: string };

export class Persistence {
  /** Unix seconds of the last successful save, at first of the start. */
  lastSaveSec: number;
  lastBgsaveOk = true;
  /** Seconds the last BGSAVE took, −1 before the first. */
  lastBgsaveSec = -1;
  /** Seconds, −1 when none is running. */
  get currentBgsaveSec(): number {
    if (this.#bgsave === null) return -1;
    return Math.floor((this.#deps.clock.now() - this.#startedAtMs) / 1000);
  }
  saves = 0;
  lastLoad: LoadedFacts | null = null;
  /** False after DEBUG SET-SKIP-CHECKSUM-VALIDATION: for tests that damage what is loaded. */
  verifiesChecksums = true;

  readonly #deps: PersistenceDeps;
  /** The snapshot that walks at the moment, for whomever. */
  #running: Running | null = null;
  /** The BGSAVE among them; it outlives the walk until the file is in place. */
  #bgsave: Bgsave | null = null;
  #scheduled = false;
  #startedAtMs = 0;
  #lastTrySec = 0;
  #fileCount = 0;

  constructor(deps: PersistenceDeps) {
    this.#deps = deps;
    this.lastSaveSec = Math.floor(deps.clock.now() / 1000);
  }

  get path(): string {
    return join(this.#deps.settings.dir, this.#deps.settings.dbfilename);
  }

  /** A BGSAVE or a full sync is walking or being written. */
  get inProgress(): boolean {
    return this.#running !== null || this.#bgsave !== null;
  }

  /** Keys done and in all of the snapshot at work; zeros without one. */
  get progress(): { processed: number; total: number } {
    const snapshot = this.#running?.snapshot;
    return { processed: snapshot?.keysProcessed ?? 0, total: snapshot?.keysTotal ?? 0 };
  }

  // ---- loading ----

  /** Clears away what a crashed process left half written. To be called before anything is saved. */
  removeLeftovers(): void {
    for (const name of removeLeftovers(this.path, this.#deps.pid)) {
      this.#deps.log.notice(`Removed ${name}, which an earlier process left half written`);
    }
  }

  /**
   * Loads `dbfilename` if it is there, and lets clients run in between, who get -LOADING. Rejects as
   * `loadDataFile` throws. `onExpired` is told of the keys that were left out because they are past
   * their time.
   */
  async load(
    dropExpired: boolean,
    onExpired?: (dbId: number, key: Buffer) => void,
  ): Promise<LoadedFacts | null> {
    const { loading } = this.#deps;
    loading.begin('exclusive', fileSize(this.path) ?? 0);
    try {
      const steps = this.#loadSteps({ dropExpired, onExpired });
      for (;;) {
        const step = steps.next();
        if (step.done === true) return this.#loaded(step.value);
        await loading.breathe(step.value.bytes, step.value.keysSoFar);
      }
    } finally {
      loading.end();
    }
  }

  /** The same in one go, for DEBUG RELOAD: nothing else runs meanwhile. */
  loadAtOnce(dropExpired: boolean): LoadedFacts | null {
    const steps = this.#loadSteps({ dropExpired, onExpired: undefined });
    for (;;) {
      const step = steps.next();
      if (step.done === true) return this.#loaded(step.value);
    }
  }

  #loadSteps(
    options: Pick<LoadDataFileOptions, 'dropExpired' | 'onExpired'>,
  ): ReturnType<typeof loadDataFile> {
    const { keyspace, clock, loading, log, settings } = this.#deps;
    return loadDataFile({
      ...options,
      path: this.path,
      keyspace,
      clock,
      log,
      verifyChecksum: settings.rdbchecksum && this.verifiesChecksums,
      sliceBytes: loading.sliceBytes,
    });
  }

  #loaded(facts: LoadedFacts | null): LoadedFacts | null {
    if (facts !== null) this.lastLoad = facts;
    return facts;
  }

  // ---- saving ----

  /**
   * SAVE: writes the file now, nothing else runs meanwhile. Returns an error text or null. That it
   * fails closes no gates: whoever asked has the error. [Redis 7.0]
   */
  save(): string | null {
    const { keyspace, log } = this.#deps;
    if (this.inProgress) return 'ERR Background save already in progress';
    try {
      this.#saveNow();
    } catch (error) {
      log.warning(`Saving ${this.path} failed: ${(error as Error).message}`);
      return 'ERR';
    }
    keyspace.dirty = 0;
    log.notice('DB saved on disk');
    this.#saved(true);
    return null;
  }

  /**
   * FLUSHALL: a BGSAVE of what is gone is broken off, and where there are save points, that it is
   * gone is saved at once.
   */
  dataSetEmptied(): void {
    this.#bgsave?.abandon(new Error('the data set was emptied'));
    if (this.hasSavePoints && !this.inProgress) this.save();
  }

  #saveNow(): void {
    this.#writeNow(this.path, { aux: this.#deps.aux() });
  }

  #writeNow(path: string, what: Pick<SlicedSnapshotRequest, 'aux' | 'asCommands'>): void {
    const { keyspace, clock, pid } = this.#deps;
    const { aux } = what;
    const file = new SyncRdbFile(path, pid);
    const writer = this.#newWriter((block, release) => {
      file.write(block);
      release();
    }, what.asCommands);
    const snapshot = new Snapshot({ keyspace, writer, aux, monotonicMs: () => clock.monotonic() });
    try {
      snapshot.step(Number.POSITIVE_INFINITY);
      file.commit();
    } catch (error) {
      snapshot.abort();
      file.discard();
      throw error;
    }
  }

  /** BGSAVE. With `schedule`, one that cannot start now starts when the present job ends. */
  bgsave(schedule: boolean): BgsaveAnswer {
    if (this.#bgsave !== null) {
      return { kind: 'refused', error: 'ERR Background save already in progress' };
    }
    if (this.#running !== null) {
      if (schedule) {
        this.#scheduled = true;
        return { kind: 'scheduled' };
      }
      return { kind: 'refused', error: 'ERR Background save already in progress' };
    }
    this.startDiskSnapshot(this.#deps.aux(), (end) => {
      if (end.kind === 'saved') void end.file.close();
    });
    return { kind: 'started' };
  }

  /** Saves to `dbfilename` in the background; `onEnd` is called once. */
  startDiskSnapshot(aux: AuxFields, onEnd: (end: DiskSnapshotEnd) => void): SnapshotRun {
    const { clock, keyspace, log } = this.#deps;
    const file = this.openDataFile();
    this.#startedAtMs = clock.now();
    this.#lastTrySec = Math.floor(this.#startedAtMs / 1000);
    const dirtyBefore = keyspace.dirty;
    const end = (how: DiskSnapshotEnd): void => {
      if (this.#bgsave?.file !== file) {
        // It was abandoned, and its taker told so, while the last steps were on their way.
        if (how.kind === 'saved') void how.file.close();
        return;
      }
      this.#bgsave = null;
      if (how.kind === 'saved') keyspace.dirty -= Math.min(dirtyBefore, keyspace.dirty);
      this.#onBgsaveEnd(how);
      onEnd(how);
    };
    this.#bgsave = {
      file,
      abandon: (error) => {
        this.#bgsave = null;
        this.abortSnapshot(run);
        file.abandon();
        log.notice(`Background saving was broken off: ${error.message}`);
        onEnd({ kind: 'failed', error });
      },
    };
    const run = this.#startFileSnapshot({ aux }, file, end);
    log.notice(`Background saving started: ${this.#running?.snapshot.keysTotal ?? 0} keys`);
    return run;
  }

  /** Opens a file that becomes the data file when it is committed. */
  openDataFile(): BackgroundRdbFile {
    return new BackgroundRdbFile(this.path, `${this.#deps.pid}.${++this.#fileCount}`);
  }

  /** A full sync has come by way of the data file: memory and disk are the same. */
  loadedFromSync(facts: LoadedFacts): void {
    this.lastLoad = facts;
    this.#deps.keyspace.dirty = 0;
    this.lastSaveSec = Math.floor(this.#deps.clock.now() / 1000);
  }

  /**
   * Walks the data set into a file of its own in the background, the base of an append-only file.
   * `onEnd` is called once, unless what is returned breaks it off before.
   */
  startAofBase(base: AofBase, onEnd: (error: Error | null) => void): (reason: string) => void {
    const file = new BackgroundRdbFile(base.path, `${this.#deps.pid}.${++this.#fileCount}`);
    let over = false;
    const run = this.#startFileSnapshot(this.#whatOf(base), file, (how) => {
      if (how.kind === 'saved') void how.file.close();
      if (over) return;
      over = true;
      onEnd(how.kind === 'saved' ? null : how.error);
    });
    return (reason) => {
      if (over) return;
      over = true;
      this.abortSnapshot(run);
      file.abandon();
      onEnd(new Error(reason));
    };
  }

  /** The same in one go, for a server that serves nobody yet. Throws the system's error. */
  writeAofBaseNow(base: AofBase): void {
    this.#writeNow(base.path, this.#whatOf(base));
  }

  #whatOf({ format, timestampSec }: AofBase): Pick<SlicedSnapshotRequest, 'aux' | 'asCommands'> {
    const aux = this.#deps
      .aux()
      .map(([name, value]) => [name, name === 'aof-base' ? 1 : value] as const);
    return { aux, asCommands: format === 'aof' ? { timestampSec } : undefined };
  }

  #startFileSnapshot(
    what: Pick<SlicedSnapshotRequest, 'aux' | 'asCommands'>,
    file: BackgroundRdbFile,
    end: (how: DiskSnapshotEnd) => void,
  ): SnapshotRun {
    const run = this.startSnapshot({
      ...what,
      sink: (block, release) => {
        file.write(block, () => {
          release();
          if (file.pendingBytes < maxPendingDiskBytes / 2) run.resume();
        });
      },
      mayGoOn: () => {
        if (file.failure !== null) throw file.failure;
        return file.pendingBytes < maxPendingDiskBytes;
      },
      onWalked: () => void this.#commit(file, end),
      onFailed: (error) => void this.#discard(file, error, end),
    });
    return run;
  }

  async #commit(file: BackgroundRdbFile, end: (how: DiskSnapshotEnd) => void): Promise<void> {
    let how: DiskSnapshotEnd;
    try {
      how = { kind: 'saved', file: await file.commit() };
    } catch (error) {
      how = { kind: 'failed', error: error as Error };
    }
    end(how);
  }

  async #discard(
    file: BackgroundRdbFile,
    error: Error,
    end: (how: DiskSnapshotEnd) => void,
  ): Promise<void> {
    await file.discard();
    end({ kind: 'failed', error });
  }

  /** Starts a snapshot at this very moment; the caller has checked that none is in progress. */
  startSnapshot(request: SlicedSnapshotRequest): SnapshotRun {
    const { keyspace, clock, defer } = this.#deps;
    const snapshot = new Snapshot({
      keyspace,
      writer: this.#newWriter(request.sink, request.asCommands),
      aux: request.aux,
      monotonicMs: () => clock.monotonic(),
    });
    const over = (): void => {
      if (this.#running?.run === run) this.#running = null;
    };
    const fail = (error: Error): void => {
      over();
      request.onFailed(error);
    };
    const run = new SnapshotRun({
      snapshot,
      clock,
      keyDelayMs: () => this.#deps.settings.rdbKeySaveDelayUs / 1000,
      defer,
      mayGoOn: request.mayGoOn,
      onWalked: () => {
        over();
        request.onWalked();
      },
      onFailed: fail,
    });
    this.#running = { snapshot, run, fail };
    run.resume();
    return run;
  }

  /** Breaks off the snapshot that `run` drives; the place is free for the next one. */
  abortSnapshot(run: SnapshotRun): void {
    run.abort();
    if (this.#running?.run === run) this.#running = null;
  }

  /** Breaks off whatever is being saved or sent; its taker is told why. */
  abortAll(reason: string): void {
    const error = new Error(reason);
    const running = this.#running;
    this.#bgsave?.abandon(error);
    running?.run.abort();
    running?.fail(error);
  }

  /** Ten times a second: save points, and a BGSAVE that waits for its turn. */
  cron(): void {
    if (this.inProgress || this.#deps.loading.kind === 'exclusive') return;
    if (this.#scheduled) {
      this.#scheduled = false;
      this.bgsave(false);
      return;
    }
    const { keyspace, clock, log, settings } = this.#deps;
    const nowSec = Math.floor(clock.now() / 1000);
    if (!this.lastBgsaveOk && nowSec - this.#lastTrySec <= retryAfterFailureSec) return;
    for (const { seconds, changes } of settings.save) {
      if (keyspace.dirty < changes || nowSec - this.lastSaveSec <= seconds) continue;
      log.notice(`${changes} changes in ${seconds} seconds. Saving...`);
      this.bgsave(false);
      return;
    }
  }

  /** Whether save points are set, so that SHUTDOWN and SIGTERM save. */
  get hasSavePoints(): boolean {
    return this.#deps.settings.save.length > 0;
  }

  #newWriter(take: TakeBlock, asCommands?: { readonly timestampSec: number }): EntryWriter {
    const { rdbchecksum: checksum, rdbcompression: compress } = this.#deps.settings;
    const sink = (block: Uint8Array, borrowed: boolean): void => {
      // A borrowed block is a window on a live value, which may change before it is written.
      if (borrowed) take(Buffer.from(block), () => undefined);
      else take(block, () => writer.recycle(block));
    };
    const writer: EntryWriter =
      asCommands === undefined
        ? new RdbWriter({ sink, checksum, compress })
        : new CommandWriter({ sink, compress, ...asCommands });
    return writer;
  }

  #onBgsaveEnd(how: DiskSnapshotEnd): void {
    const { clock, log } = this.#deps;
    this.lastBgsaveSec = Math.floor((clock.now() - this.#startedAtMs) / 1000);
    if (how.kind === 'saved') log.notice('Background saving terminated with success');
    else log.warning(`Background saving error: ${how.error.message}`);
    this.#saved(how.kind === 'saved');
  }

  #saved(ok: boolean): void {
    this.lastBgsaveOk = ok;
    if (ok) {
      this.lastSaveSec = Math.floor(this.#deps.clock.now() / 1000);
      this.saves++;
    }
    this.#deps.onSaveStatus(ok);
  }
}
