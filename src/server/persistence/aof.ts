/**
 * The append-only file: every change is appended to an increment file, and rewriting replaces what
 * has piled up by a new base, made by the same snapshot walk as an RDB. Owned by the composition
 * root, which feeds it what is propagated and calls `cron` ten times a second.
 *
 *              enable                      rewrite done
 *     off ───────────────▶ waiting-rewrite ─────────────▶ on ──┐ rewrite: a new increment, a walk,
 *      ▲                        │ rewrite failed: again        │ then the manifest names the new
 *      └────────────────────────┴──────────────────────────────┘ base and what came after it
 *
 * The files on disk are always a whole data set: an increment is in the manifest before it is
 * written to, and old files go only after the manifest has named them history.
 */
import type { Clock } from '../../util/clock.ts';
import { standStill } from '../../util/stand-still.ts';
import type { Logger } from '../log.ts';
import { type AofApplier, loadAof } from './aof-load.ts';
import { AofDirectory } from './aof-directory.ts';
import {
  type AofFileEntry,
  type AofManifest,
  AofManifestError,
  emptyManifest,
  nextBase,
  nextIncrement,
  replaceBase,
} from './aof-manifest.ts';
import { AofRewrite } from './aof-rewrite.ts';
import { type AofPosition, AofStream, parsePosition, printPosition } from './aof-stream.ts';
import { AofWriter } from './aof-writer.ts';
import type { Loading } from './loading.ts';
import type { AofBase, Persistence } from './persistence.ts';
import type { KeyspaceLoader } from './rdb-load.ts';

/** The directives that matter here; read afresh at each use. */
export interface AofSettings {
  readonly dir: string;
  readonly appendonly: boolean;
  readonly appenddirname: string;
  readonly appendfilename: string;
  readonly appendfsync: 'always' | 'everysec' | 'no';
  readonly noAppendfsyncOnRewrite: boolean;
  /** Percent; 0 switches rewriting by itself off. */
  readonly autoAofRewritePercentage: number;
  /** Bytes. */
  readonly autoAofRewriteMinSize: number;
  readonly aofLoadTruncated: boolean;
  readonly aofUseRdbPreamble: boolean;
  readonly aofTimestampEnabled: boolean;
  readonly aofDisableAutoGc: boolean;
  readonly rdbchecksum: boolean;
}

export interface AofDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: AofSettings;
  readonly loading: Loading;
  readonly persistence: Persistence;
  readonly applier: AofApplier;
  readonly newRdbLoader: () => KeyspaceLoader;
  readonly defer: (fn: () => void) => void;
  /** Where the data set stands in its replication history. */
  readonly position: () => AofPosition | undefined;
  /** Writes may be refused while the file cannot be written. */
  readonly onStatus: (error: Error | null) => void;
  /** With `appendfsync always` what was acknowledged must be on disk: the process cannot go on. */
  readonly onFatal: (error: Error) => void;
}

type AofState = 'off' | 'waiting-rewrite' | 'on';

const fsyncEveryMs = 1000;
/** After so many failures in a row a rewrite waits longer and longer, up to an hour. [aof.c, 7.0] */
const patientFailures = 3;
const maxRetryDelayMs = 3_600_000;

export class Aof {
  lastWriteOk = true;
  lastRewriteOk = true;
  /** Seconds the last rewrite took, −1 before the first. */
  lastRewriteSec = -1;
  rewrites = 0;
  consecutiveFailures = 0;
  delayedFsyncs = 0;
  /** DEBUG AOF-FLUSH-SLEEP: stands still so long before each write. */
  flushSleepMs = 0;
  /** Bytes of all files when the last rewrite ended. */
  baseSizeBytes = 0;

  readonly #deps: AofDeps;
  readonly #directory: AofDirectory;
  readonly #stream: AofStream;
  #state: AofState = 'off';
  #manifest: AofManifest = emptyManifest;
  #writer: AofWriter | null = null;
  #rewrite: AofRewrite | null = null;
  #scheduled = false;
  #writeScheduled = false;
  #lastSyncMs = 0;
  #retryAtMs = 0;

  constructor(deps: AofDeps) {
    this.#deps = deps;
    this.#directory = new AofDirectory(deps.settings);
    this.#stream = new AofStream({ clock: deps.clock, settings: deps.settings });
  }

  // ---- questions ----

  get state(): AofState {
    return this.#state;
  }

  /** Whether propagated commands are wanted. */
  get feeding(): boolean {
    return this.#writer !== null;
  }

  get rewriteInProgress(): boolean {
    return this.#rewrite !== null;
  }

  get rewriteScheduled(): boolean {
    return this.#scheduled;
  }

  /** Seconds, −1 when none is under way. */
  get currentRewriteSec(): number {
    if (this.#rewrite === null) return -1;
    return Math.floor((this.#deps.clock.now() - this.#rewrite.startedAtMs) / 1000);
  }

  /** Bytes of all files of the manifest, what is not written yet included. */
  get currentSizeBytes(): number {
    if (this.#state === 'off') return 0;
    return this.#sizeBefore + (this.#writer?.sizeBytes ?? 0);
  }

  get bufferBytes(): number {
    return this.#writer?.pendingBytes ?? 0;
  }

  get pendingFsync(): number {
    return this.#writer?.syncing === true ? 1 : 0;
  }

  /** Bytes of the files that are not written to any more. */
  #sizeBefore = 0;

  // ---- start and end ----

  /**
   * Loads what is on disk and goes on appending to it. Resolves to the place in a replication
   * history at which an orderly shutdown left it. Rejects when the files cannot be loaded, or not be
   * written.
   */
  async start(): Promise<AofPosition | undefined> {
    const { log } = this.#deps;
    if (this.#directory.adoptOldFile(this.#readManifest())) {
      const { appendfilename, appenddirname } = this.#deps.settings;
      log.notice(
        `Successfully migrated an old-style AOF file (${appendfilename}) into the AOF directory ` +
          `(${appenddirname}).`,
      );
    }
    this.#manifest = this.#readManifest();
    const { base, increments } = this.#manifest;
    const found = base !== null || increments.length > 0;
    const { loading } = this.#deps;
    // Clients are kept out until their changes have a file to go to.
    loading.begin('exclusive', this.#sizeOf(this.#manifest));
    try {
      if (found) await this.#load();
      await this.#collectGarbage();
      this.#openAtStart();
    } finally {
      loading.end();
    }
    this.#state = 'on';
    this.baseSizeBytes = this.currentSizeBytes;
    return parsePosition(this.#deps.applier.lastAnnotation);
  }

  /** Reads the manifest also while it is off: numbers go on from there. */
  #readManifest(): AofManifest {
    try {
      return this.#directory.readManifest();
    } catch (error) {
      if (!(error instanceof AofManifestError)) throw error;
      const where = error.line === 0 ? '' : ` Line ${error.line}: '${error.text}'.`;
      throw new Error(
        `*** FATAL AOF MANIFEST FILE ERROR *** ${error.message} (${this.#directory.manifestPath}).${where}`,
        { cause: error },
      );
    }
  }

  async #load(): Promise<void> {
    const { loading } = this.#deps;
    for (const { bytes, keysSoFar } of this.#loadSteps()) await loading.breathe(bytes, keysSoFar);
  }

  #loadSteps(): ReturnType<typeof loadAof> {
    const { applier, clock, loading, log, newRdbLoader, settings } = this.#deps;
    this.#requireFiles();
    return loadAof({
      directory: this.#directory,
      manifest: this.#manifest,
      applier,
      newRdbLoader,
      log,
      verifyChecksum: settings.rdbchecksum,
      aofLoadTruncated: settings.aofLoadTruncated,
      sliceBytes: loading.sliceBytes,
      monotonicMs: () => clock.monotonic(),
    });
  }

  #requireFiles(): void {
    const { base, increments } = this.#manifest;
    for (const { name } of [...(base === null ? [] : [base]), ...increments]) {
      if (this.#directory.sizeOf(name) !== undefined) continue;
      throw new Error(
        `Unable to read the AOF file ${name} in ${this.#directory.path}: No such file or directory. ` +
          'The manifest names it: put it back, or take its line out of the manifest if you can do ' +
          'without what it held.',
      );
    }
  }

  /** What is missing is made: a base of the present data set, an increment to append to. */
  #openAtStart(): void {
    const { log, settings } = this.#deps;
    this.#directory.make();
    if (this.#manifest.base === null && this.#manifest.increments.length === 0) {
      const base = nextBase(this.#manifest, settings.appendfilename, this.#baseFormat());
      log.notice(`Creating AOF base file ${base.name} on server start`);
      this.#deps.persistence.writeAofBaseNow(this.#describe(base));
      this.#manifest = { ...this.#manifest, base };
    }
    const last = this.#manifest.increments.at(-1);
    if (last === undefined) {
      const increment = nextIncrement(this.#manifest, settings.appendfilename);
      log.notice(`Creating AOF incr file ${increment.name} on server start`);
      this.#open(increment, 0);
      this.#manifest = { ...this.#manifest, increments: [increment] };
      this.#directory.writeManifestNow(this.#manifest);
    } else {
      this.#open(last, this.#directory.sizeOf(last.name) ?? 0);
    }
  }

  /** DEBUG LOADAOF: what is on disk in place of what is in memory, in one go. */
  reloadAtOnce(empty: () => void): void {
    const writer = this.#writer;
    writer?.writeAndSyncNow();
    // What is loaded must not be appended.
    this.#writer = null;
    try {
      empty();
      for (const step of this.#loadSteps()) void step;
    } finally {
      this.#writer = writer;
    }
  }

  /** The server goes down: everything is on disk when this returns. Throws the system's error. */
  stop(): void {
    this.#abortRewrite('the server is shutting down');
    if (this.#writer === null) return;
    this.#deps.log.notice('Calling fsync() on the AOF file.');
    const writer = this.#writer;
    const position = this.#deps.position();
    if (position !== undefined) this.#stream.annotate(writer, printPosition(position));
    this.#writer = null;
    writer.closeNow();
  }

  // ---- CONFIG SET appendonly ----

  /** Begins with a rewrite; until that is done the data set is not on disk. An error text or null. */
  enable(): string | null {
    if (this.#state !== 'off') return null;
    try {
      this.#directory.make();
      this.#manifest = this.#readManifest();
    } catch (error) {
      this.#deps.log.warning(`Can't open the append-only file: ${(error as Error).message}`);
      return 'Unable to turn on AOF. Check server logs.';
    }
    this.#state = 'waiting-rewrite';
    this.#schedule();
    return null;
  }

  disable(): void {
    if (this.#rewrite !== null) {
      this.#deps.log.notice('Killing running AOF child: the rewrite is broken off');
    }
    this.#abortRewrite('appendonly is no');
    this.#writer?.close();
    this.#writer = null;
    this.#state = 'off';
    this.#scheduled = false;
    this.#setStatus(null);
  }

  /** A full sync has put another data set in place: what is on disk is no use any more. */
  restart(): void {
    if (this.#state === 'off') return;
    this.disable();
    const failure = this.enable();
    if (failure !== null) this.#deps.log.warning(failure);
  }

  // ---- appending ----

  /** Appends one or more whole commands that ran in database `dbId` (−1: in whichever is selected). */
  feed(dbId: number, bytes: Uint8Array, start: number, end: number): void {
    const writer = this.#writer;
    if (writer === null) return;
    this.#stream.append(writer, dbId, bytes, start, end);
    if (this.#writeScheduled) return;
    this.#writeScheduled = true;
    this.#deps.defer(() => {
      this.#writeScheduled = false;
      this.beforeReplies();
    });
  }

  /**
   * To be called before replies leave: the kernel has their changes then, so that a process that dies
   * loses none; with `appendfsync always` the disk has them. While a sync is under way a write would
   * wait for the disk: then it is made in the background. [Redis 7.0]
   */
  beforeReplies(): void {
    const writer = this.#writer;
    if (writer === null || writer.pendingBytes === 0) return;
    standStill(this.flushSleepMs);
    if (this.#deps.settings.appendfsync !== 'always') {
      writer.writeNow();
      return;
    }
    try {
      writer.writeAndSyncNow();
    } catch (error) {
      this.#deps.onFatal(error as Error);
    }
  }

  #open(entry: AofFileEntry, sizeBytes: number): void {
    const previous = this.#writer;
    this.#writer = new AofWriter(this.#directory.pathOf(entry.name), sizeBytes, {
      onStatus: (error) => this.#setStatus(error),
    });
    previous?.close();
    this.#stream.restart();
    this.#lastSyncMs = this.#deps.clock.monotonic();
    const { base, increments } = this.#manifest;
    const others = increments.filter(({ name }) => name !== entry.name);
    this.#sizeBefore = this.#sizeOf({ base, increments: others, history: [] });
  }

  #sizeOf({ base, increments }: AofManifest): number {
    return [...(base === null ? [] : [base]), ...increments].reduce(
      (sum, { name }) => sum + (this.#directory.sizeOf(name) ?? 0),
      0,
    );
  }

  #setStatus(error: Error | null): void {
    const ok = error === null;
    if (ok === this.lastWriteOk) return;
    this.lastWriteOk = ok;
    const { log } = this.#deps;
    if (ok) log.warning('AOF write error looks solved, the server can write again.');
    else log.warning(`Error writing to the AOF file: ${error.message}`);
    this.#deps.onStatus(error);
  }

  // ---- time ----

  cron(): void {
    this.#syncIfDue();
    if (!this.lastWriteOk) this.#writer?.write();
    if (this.#scheduled) this.#startScheduled();
    else if (this.#growsTooLarge()) this.#schedule();
  }

  #syncIfDue(): void {
    const { clock, settings } = this.#deps;
    const writer = this.#writer;
    if (writer === null || settings.appendfsync !== 'everysec') return;
    if (settings.noAppendfsyncOnRewrite && this.#rewrite !== null) return;
    if (clock.monotonic() - this.#lastSyncMs < fsyncEveryMs) return;
    if (!writer.sync()) {
      this.delayedFsyncs++;
      return;
    }
    this.#lastSyncMs = clock.monotonic();
  }

  #growsTooLarge(): boolean {
    const { autoAofRewritePercentage: percentage, autoAofRewriteMinSize } = this.#deps.settings;
    if (this.#state !== 'on' || this.#rewrite !== null || percentage === 0) return false;
    const size = this.currentSizeBytes;
    if (size <= autoAofRewriteMinSize || this.#deps.clock.monotonic() < this.#retryAtMs)
      return false;
    const growth = (100 * (size - this.baseSizeBytes)) / Math.max(1, this.baseSizeBytes);
    if (growth < percentage) return false;
    this.#deps.log.notice(`Starting automatic rewriting of AOF on ${Math.floor(growth)}% growth`);
    return true;
  }

  // ---- rewriting ----

  /** BGREWRITEAOF. `scheduled`: it begins when the present snapshot is done. */
  bgrewriteaof(): 'started' | 'scheduled' | 'in-progress' {
    if (this.#rewrite !== null) return 'in-progress';
    this.#schedule();
    return this.#rewrite === null ? 'scheduled' : 'started';
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#startScheduled();
  }

  #startScheduled(): void {
    const { clock, persistence, log } = this.#deps;
    if (this.#rewrite !== null || persistence.inProgress) return;
    if (clock.monotonic() < this.#retryAtMs) return;
    this.#scheduled = false;
    if (this.#state === 'off') this.#prepareWhileOff();
    this.rewrites++;
    log.notice('Background append only file rewriting started');
    const { appendfilename } = this.#deps.settings;
    const base = nextBase(this.#manifest, appendfilename, this.#baseFormat());
    const rewrite = this.#newRewrite(base);
    this.#rewrite = rewrite;
    rewrite.whenDone().then(
      () => this.#onRewritten(rewrite, base),
      (error: Error) => this.#onRewriteFailed(rewrite, error),
    );
  }

  /** BGREWRITEAOF works without appending too: it leaves a base, and nothing after it. */
  #prepareWhileOff(): void {
    this.#directory.make();
    this.#manifest = this.#readManifest();
  }

  #newRewrite(base: AofFileEntry): AofRewrite {
    const { clock, persistence } = this.#deps;
    return new AofRewrite({
      clock,
      persistence,
      base: this.#describe(base),
      prepare: () => this.#prepareIncrement(),
    });
  }

  #describe({ name }: AofFileEntry): AofBase {
    const { clock, settings } = this.#deps;
    return {
      path: this.#directory.pathOf(name),
      format: name.endsWith('.rdb') ? 'rdb' : 'aof',
      timestampSec: settings.aofTimestampEnabled ? Math.floor(clock.now() / 1000) : -1,
    };
  }

  /**
   * What changes from the snapshot on goes to a file of its own. It is named in the manifest before
   * it is written to; while the file has no base yet, only at the end. Returns what switches to it.
   */
  async #prepareIncrement(): Promise<() => void> {
    const { settings } = this.#deps;
    if (this.#state === 'off' || (this.#state === 'on' && this.#writer === null)) {
      return () => undefined;
    }
    const increment = nextIncrement(this.#manifest, settings.appendfilename);
    if (this.#state === 'on') {
      this.#manifest = {
        ...this.#manifest,
        increments: [...this.#manifest.increments, increment],
      };
      await this.#directory.createEmpty(increment.name);
      await this.#directory.writeManifest(this.#manifest);
      return () => this.#open(increment, 0);
    }
    return () => {
      this.#pendingIncrement = increment;
      this.#open(increment, 0);
    };
  }

  /** Written to since the snapshot that will be its base; not in the manifest yet. */
  #pendingIncrement: AofFileEntry | null = null;

  async #onRewritten(rewrite: AofRewrite, base: AofFileEntry): Promise<void> {
    if (this.#rewrite !== rewrite) return;
    const { clock, log } = this.#deps;
    const begun = this.#manifest;
    const increment = this.#pendingIncrement;
    const increments = increment === null ? begun.increments : [...begun.increments, increment];
    const kept = this.#writer === null ? 0 : 1;
    const manifest = replaceBase({ ...begun, increments }, base, kept);
    try {
      await this.#directory.writeManifest(manifest);
    } catch (error) {
      this.#onRewriteFailed(rewrite, error as Error);
      return;
    }
    // Switched off while the manifest was being written: what it says stays true.
    this.#manifest = manifest;
    if (this.#rewrite !== rewrite) return;
    this.#pendingIncrement = null;
    await this.#collectGarbage();
    if (this.#rewrite !== rewrite) return;
    this.#rewrite = null;
    if (this.#state === 'waiting-rewrite') this.#state = 'on';
    this.lastRewriteOk = true;
    this.consecutiveFailures = 0;
    this.#retryAtMs = 0;
    this.lastRewriteSec = Math.floor((clock.now() - rewrite.startedAtMs) / 1000);
    this.#sizeBefore = this.#sizeOf({ ...manifest, increments: [] });
    this.baseSizeBytes = this.#sizeBefore;
    log.notice('Background AOF rewrite finished successfully');
  }

  #onRewriteFailed(rewrite: AofRewrite, error: Error): void {
    if (this.#rewrite !== rewrite) return;
    const { clock, log } = this.#deps;
    this.#rewrite = null;
    this.lastRewriteOk = false;
    this.consecutiveFailures++;
    const patience = this.consecutiveFailures - patientFailures;
    const delayMs = patience < 0 ? 1000 : Math.min(60_000 * 2 ** patience, maxRetryDelayMs);
    this.#retryAtMs = clock.monotonic() + delayMs;
    log.warning(`Background AOF rewrite failed: ${error.message}`);
    if (this.#state !== 'waiting-rewrite') return;
    this.#dropPendingIncrement();
    this.#scheduled = true;
  }

  #abortRewrite(reason: string): void {
    const rewrite = this.#rewrite;
    this.#rewrite = null;
    rewrite?.abort(reason);
    if (rewrite !== null) this.#dropPendingIncrement();
  }

  /** It was written to, and no manifest names it. */
  #dropPendingIncrement(): void {
    const increment = this.#pendingIncrement;
    if (increment === null) return;
    this.#pendingIncrement = null;
    this.#writer?.close();
    this.#writer = null;
    this.#deps.log.notice(`Removing the temp incr aof file ${increment.name}`);
    void this.#directory.remove(increment.name);
  }

  #baseFormat(): 'rdb' | 'aof' {
    return this.#deps.settings.aofUseRdbPreamble ? 'rdb' : 'aof';
  }

  /** Deletes what rewrites have replaced, and ceases to name it. */
  async #collectGarbage(): Promise<void> {
    const { history } = this.#manifest;
    if (history.length === 0 || this.#deps.settings.aofDisableAutoGc) return;
    // The files first: names of files that are gone do no harm, files without a name stay for ever.
    for (const { name } of history) await this.#directory.remove(name);
    this.#manifest = { ...this.#manifest, history: [] };
    await this.#directory.writeManifest(this.#manifest).catch((error: Error) => {
      this.#deps.log.warning(`The AOF manifest could not be written: ${error.message}`);
    });
  }

  /** CONFIG SET aof-disable-auto-gc no. */
  collectGarbageNow(): void {
    void this.#collectGarbage();
  }
}
