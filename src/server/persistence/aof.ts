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
import { standStill } from '../../util/stand-still.ts';
import { AofFiles } from './aof-files.ts';
import type { AofFileEntry } from './aof-manifest.ts';
import type { AofDeps } from './aof-ports.ts';
import { AofRewriter } from './aof-rewriter.ts';
import { loadAtStart, loadSteps, openAtStart } from './aof-start.ts';
import { type AofPosition, AofStream, parsePosition, printPosition } from './aof-stream.ts';
import { AofSynced } from './aof-synced.ts';
import { AofWriter } from './aof-writer.ts';

type AofState = 'off' | 'waiting-rewrite' | 'on';

const fsyncEveryMs = 1000;

export class Aof {
  readonly rewriter: AofRewriter;
  lastWriteOk = true;
  delayedFsyncs = 0;
  /** DEBUG AOF-FLUSH-SLEEP: stands still so long before each write. */
  flushSleepMs = 0;
  /** Bytes of all files when the last rewrite ended. */
  baseSizeBytes = 0;

  readonly #deps: AofDeps;
  readonly #files: AofFiles;
  readonly #stream: AofStream;
  readonly #synced: AofSynced;
  #state: AofState = 'off';
  #writer: AofWriter | null = null;
  #writeScheduled = false;
  #lastSyncMs = 0;
  /** Bytes of the files that are not written to any more. */
  #sizeBefore = 0;

  constructor(deps: AofDeps) {
    const { clock, log, persistence, settings } = deps;
    this.#deps = deps;
    this.#files = new AofFiles({ settings, log });
    this.#stream = new AofStream({ clock, settings });
    this.#synced = new AofSynced(deps.replOffset);
    this.rewriter = new AofRewriter({ clock, log, persistence, files: this.#files }, this.#owner());
  }

  #owner(): ConstructorParameters<typeof AofRewriter>[1] {
    const appends = { off: 'no', 'waiting-rewrite': 'from-snapshot', on: 'yes' } as const;
    const state = (): AofState => this.#state;
    return {
      get appends() {
        return appends[state()];
      },
      switchTo: (increment) => this.#open(increment, 0),
      giveUp: () => {
        this.#writer?.close();
        this.#writer = null;
        this.#synced.forget();
      },
      onRewritten: () => {
        if (this.#state === 'waiting-rewrite') this.#state = 'on';
        this.#deps.onSynced();
        this.#sizeBefore = this.baseSizeBytes = this.#files.sizeWithout(
          this.#files.manifest.increments.at(-1) ?? null,
        );
      },
    };
  }

  // ---- questions ----

  get state(): AofState {
    return this.#state;
  }

  /** Whether propagated commands are wanted. */
  get feeding(): boolean {
    return this.#writer !== null;
  }

  /** Bytes of all files of the manifest, what is not written yet included. */
  get currentSizeBytes(): number {
    if (this.#state === 'off') return 0;
    return this.#sizeBefore + (this.#writer?.sizeBytes ?? 0);
  }

  get bufferBytes(): number {
    return this.#writer?.pendingBytes ?? 0;
  }

  /** For WAITAOF: where what was appended so far ends, in bytes since the server began. */
  get appendedPosition(): number {
    return this.#synced.appendedPosition;
  }

  /** Whether the data set with all that was appended up to `position` is safe on the disk. */
  isSynced(position: number): boolean {
    return this.#state === 'on' && this.#synced.syncedPosition >= position;
  }

  /** The same in offsets of the replication stream; undefined while it is not all on the disk. */
  get syncedReplOffset(): number | undefined {
    return this.#state === 'on' ? this.#synced.replOffset : undefined;
  }

  get pendingFsync(): number {
    return this.#writer?.syncing === true ? 1 : 0;
  }

  // ---- start and end ----

  /**
   * Loads what is on disk and goes on appending to it. Resolves to the place in a replication
   * history at which an orderly shutdown left it. Rejects when the files cannot be loaded, or not be
   * written.
   */
  async start(): Promise<AofPosition | undefined> {
    const { applier, loading, pid } = this.#deps;
    this.#files.removeLeftovers(pid);
    this.#files.adoptOldFile();
    // Clients are kept out until their changes have a file to go to.
    loading.begin('exclusive', this.#files.sizeWithout(null));
    try {
      await loadAtStart(this.#deps, this.#files);
      openAtStart(this.#deps, this.#files, (increment, sizeBytes) =>
        this.#open(increment, sizeBytes),
      );
    } finally {
      loading.end();
    }
    this.#state = 'on';
    this.baseSizeBytes = this.currentSizeBytes;
    return parsePosition(applier.lastAnnotation);
  }

  /** DEBUG LOADAOF: what is on disk in place of what is in memory, in one go. */
  reloadAtOnce(empty: () => void): void {
    const writer = this.#writer;
    writer?.writeAndSyncNow();
    // What is loaded must not be appended.
    this.#writer = null;
    try {
      empty();
      for (const step of loadSteps(this.#deps, this.#files)) void step;
    } finally {
      this.#writer = writer;
    }
  }

  /** The server goes down: everything is on disk when this returns. Throws the system's error. */
  stop(): void {
    this.rewriter.abort('the server is shutting down');
    if (this.#writer === null) return;
    this.#deps.log.notice('Calling fsync() on the AOF file.');
    const writer = this.#writer;
    const position = this.#deps.position();
    if (position !== undefined) this.#stream.annotate(writer, printPosition(position));
    this.#writer = null;
    writer.closeNow();
  }

  // ---- CONFIG SET appendonly ----

  /**
   * Begins with a rewrite, `later` when the present command is over; until that is done the data set is
   * not on disk. An error text or null.
   */
  enable({ later = false } = {}): string | null {
    if (this.#state !== 'off') return null;
    try {
      this.#files.directory.make();
      this.#files.read();
    } catch (error) {
      this.#deps.log.warning(`Can't open the append-only file: ${(error as Error).message}`);
      return 'Unable to turn on AOF. Check server logs.';
    }
    this.#state = 'waiting-rewrite';
    this.rewriter.schedule({ later });
    if (!this.rewriter.inProgress) {
      const because = later ? 'during a transaction' : 'while another snapshot is being made';
      this.#deps.log.notice(
        `AOF was enabled ${because}. An AOF background was scheduled to start when possible.`,
      );
    }
    return null;
  }

  disable(): void {
    if (this.rewriter.inProgress) {
      this.#deps.log.notice('Killing running AOF child: the rewrite is broken off');
    }
    this.rewriter.abort('appendonly is no');
    this.#writer?.close();
    this.#writer = null;
    this.#state = 'off';
    this.#synced.forget();
    this.#setStatus(null);
    this.#deps.onSynced();
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

  #open(increment: AofFileEntry, sizeBytes: number): void {
    const previous = this.#writer;
    // What it has not written belongs before the snapshot that begins now: nowhere else.
    previous?.writeAllNow();
    // What was wrong with that file is over: nothing more is written there.
    this.#setStatus(null);
    this.#writer = new AofWriter(this.#files.directory.pathOf(increment.name), sizeBytes, {
      onStatus: (error) => this.#setStatus(error),
      onSynced: () => this.#onSynced(),
    });
    this.#synced.open(this.#writer);
    previous?.close();
    this.#stream.restart();
    this.#lastSyncMs = this.#deps.clock.monotonic();
    this.#sizeBefore = this.#files.sizeWithout(increment);
  }

  #onSynced(): void {
    this.#synced.onSynced();
    this.#deps.onSynced();
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
    if (!this.lastWriteOk) this.#writer?.retryNow();
    if (this.#growsTooLarge()) this.rewriter.schedule();
    else this.rewriter.cron();
  }

  #syncIfDue(): void {
    const { clock, settings } = this.#deps;
    const writer = this.#writer;
    if (writer === null || settings.appendfsync !== 'everysec') return;
    if (settings.noAppendfsyncOnRewrite && this.rewriter.inProgress) return;
    if (clock.monotonic() - this.#lastSyncMs < fsyncEveryMs) return;
    if (!writer.sync()) {
      this.delayedFsyncs++;
      return;
    }
    this.#synced.onSync();
    this.#lastSyncMs = clock.monotonic();
  }

  #growsTooLarge(): boolean {
    const { autoAofRewritePercentage: percentage, autoAofRewriteMinSize } = this.#deps.settings;
    const { rewriter } = this;
    if (this.#state !== 'on' || percentage === 0 || rewriter.inProgress || rewriter.isResting) {
      return false;
    }
    const size = this.currentSizeBytes;
    const growth = (100 * (size - this.baseSizeBytes)) / Math.max(1, this.baseSizeBytes);
    if (size <= autoAofRewriteMinSize || growth < percentage) return false;
    this.#deps.log.notice(`Starting automatic rewriting of AOF on ${Math.floor(growth)}% growth`);
    return true;
  }

  // ---- rewriting ----

  /**
   * BGREWRITEAOF. `scheduled`: it begins when the present snapshot is done, or the transaction;
   * `failed`: the log says why.
   */
  bgrewriteaof({ later }: { later: boolean }): 'started' | 'scheduled' | 'in-progress' | 'failed' {
    const { rewriter } = this;
    if (rewriter.inProgress) return 'in-progress';
    rewriter.request({ later });
    if (rewriter.inProgress) return 'started';
    return rewriter.isScheduled ? 'scheduled' : 'failed';
  }

  /** CONFIG SET aof-disable-auto-gc no. */
  collectGarbageNow(): void {
    void this.#files.collectGarbage();
  }
}
