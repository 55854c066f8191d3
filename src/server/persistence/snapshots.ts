/**
 * Snapshots of the data set, one at a time, and where their bytes go: to whoever takes blocks (a full
 * sync), to a file in the background, to a file at once. What a file is for is the business of those
 * who ask: Persistence (SAVE, BGSAVE) and the append-only file's bases.
 */
import type { FileHandle } from 'node:fs/promises';
import type { EntryWriter } from '../../rdb/entry-writer.ts';
import { RdbWriter } from '../../rdb/rdb-writer.ts';
import type { Clock } from '../../util/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { CommandWriter } from './command-writer.ts';
import { BackgroundRdbFile, SyncRdbFile } from './rdb-file.ts';
import { Snapshot } from './snapshot.ts';
import { type AuxFields, writeDataSetNow } from './snapshot-entries.ts';
import { SnapshotRun } from './snapshot-run.ts';

/** The walk stops while so much waits for the disk. */
const maxPendingDiskBytes = 8 * 1024 * 1024;

/** The directives that matter here; read afresh at each use. */
export interface SnapshotSettings {
  readonly rdbcompression: boolean;
  readonly rdbchecksum: boolean;
  /** Microseconds. */
  readonly rdbKeySaveDelayUs: number;
}

export interface SnapshotsDeps {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly pid: number;
  readonly settings: SnapshotSettings;
  readonly defer: (fn: () => void) => void;
  /** How many requests the server has executed so far. */
  readonly requests: () => number;
}

/** Takes a block of the RDB; it must call `release` when it has no more use for its memory. */
export type TakeBlock = (block: Uint8Array, release: () => void) => void;

/** What is written. */
export interface SnapshotForm {
  /** For a save or a full sync, or for the base of an append-only file. */
  readonly purpose: 'rdb' | 'aof';
  /** Facts for the file's head. */
  readonly aux: AuxFields;
  /** Writes commands that rebuild the data set instead of an RDB. */
  readonly asCommands?: { readonly timestampSec: number } | undefined;
  /** The head and the end alone, without a key. */
  readonly withoutData?: boolean;
}

/** A snapshot in slices whose blocks go to `sink`. */
export interface SlicedSnapshotRequest extends SnapshotForm {
  /** Full syncs: when the data set is emptied there is no use in sending what it was. */
  readonly forReplicas?: boolean;
  readonly sink: TakeBlock;
  readonly mayGoOn: () => boolean;
  readonly onWalked: () => void;
  readonly onFailed: (error: Error) => void;
}

/** How a snapshot to a file in the background ended. */
export type FileSnapshotEnd =
  /** The file is in place; it is `file`, open for reading, and the taker closes it. */
  | { readonly kind: 'saved'; readonly file: FileHandle }
  | { readonly kind: 'failed'; readonly error: Error };

/** The snapshot at work, and how to tell its taker that it was broken off. */
interface Running {
  readonly purpose: SnapshotForm['purpose'];
  readonly snapshot: Snapshot;
  readonly run: SnapshotRun;
  readonly forReplicas: boolean;
  readonly fail: (error: Error) => void;
}

export class Snapshots {
  readonly #deps: SnapshotsDeps;
  /** The snapshot that walks at the moment, for whomever. */
  #running: Running | null = null;
  #fileCount = 0;
  /** How many were begun in slices, where Redis would have forked; CONFIG RESETSTAT starts it over. */
  begun = 0;

  constructor(deps: SnapshotsDeps) {
    this.#deps = deps;
  }

  /** What the one at work is for; null when none is walking, and another one can start. */
  get walking(): SnapshotForm['purpose'] | null {
    return this.#running?.purpose ?? null;
  }

  /** Keys done and in all of the snapshot at work; zeros without one. */
  get progress(): { processed: number; total: number } {
    const snapshot = this.#running?.snapshot;
    return { processed: snapshot?.keysProcessed ?? 0, total: snapshot?.keysTotal ?? 0 };
  }

  /** Starts at this very moment; the caller has checked that none is walking. */
  start(request: SlicedSnapshotRequest): SnapshotRun {
    const { clock, defer, requests, settings } = this.#deps;
    const snapshot = this.#newSnapshot(request, request.sink);
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
      requests,
      keyDelayMs: () => settings.rdbKeySaveDelayUs / 1000,
      defer,
      mayGoOn: request.mayGoOn,
      onWalked: () => {
        over();
        request.onWalked();
      },
      onFailed: fail,
    });
    const { forReplicas = false, purpose } = request;
    this.#running = { purpose, snapshot, run, fail, forReplicas };
    this.begun++;
    run.resume();
    return run;
  }

  /** Breaks off the snapshot that `run` drives; the place is free for the next one. */
  abort(run: SnapshotRun): void {
    run.abort();
    if (this.#running?.run === run) this.#running = null;
  }

  /** Breaks off whatever is walking; its taker is told why. */
  abortRunning(reason: Error): void {
    const running = this.#running;
    running?.run.abort();
    running?.fail(reason);
  }

  /** The same if it is for replicas alone. */
  abortForReplicas(reason: Error): void {
    if (this.#running?.forReplicas === true) this.abortRunning(reason);
  }

  /** A file that takes the place of the one at `path` when it is committed. */
  openFile(path: string): BackgroundRdbFile {
    return new BackgroundRdbFile(path, `${this.#deps.pid}.${++this.#fileCount}`);
  }

  /** Walks the data set into a file in the background; `end` is called once, unless it is aborted. */
  writeFile(form: SnapshotForm, file: BackgroundRdbFile, end: OnFileEnd): SnapshotRun {
    const run = this.start({
      ...form,
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
      onWalked: () => void commit(file, end),
      onFailed: (error) => void discard(file, error, end),
    });
    return run;
  }

  /**
   * The same in one go: nothing else runs meanwhile, and one that walks in slices goes on afterwards.
   * Throws the system's error.
   */
  writeFileNow(path: string, { aux, asCommands }: Omit<SnapshotForm, 'withoutData'>): void {
    const file = new SyncRdbFile(path, this.#deps.pid);
    const take: TakeBlock = (block, release) => {
      file.write(block);
      release();
    };
    try {
      writeDataSetNow(this.#deps.keyspace, this.#newWriter(take, asCommands), aux);
      file.commit();
    } catch (error) {
      file.discard();
      throw error;
    }
  }

  #newSnapshot(form: SnapshotForm, take: TakeBlock): Snapshot {
    const { keyspace, clock } = this.#deps;
    const { aux, asCommands, withoutData = false } = form;
    const writer = this.#newWriter(take, asCommands);
    const monotonicMs = (): number => clock.monotonic();
    return new Snapshot({ keyspace, writer, aux, withoutData, monotonicMs });
  }

  #newWriter(take: TakeBlock, asCommands: SnapshotForm['asCommands']): EntryWriter {
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
}

type OnFileEnd = (how: FileSnapshotEnd) => void;

async function commit(file: BackgroundRdbFile, end: OnFileEnd): Promise<void> {
  let how: FileSnapshotEnd;
  try {
    how = { kind: 'saved', file: await file.commit() };
  } catch (error) {
    how = { kind: 'failed', error: error as Error };
  }
  end(how);
}

async function discard(file: BackgroundRdbFile, error: Error, end: OnFileEnd): Promise<void> {
  await file.discard();
  end({ kind: 'failed', error });
}
