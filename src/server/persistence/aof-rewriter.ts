/**
 * When the append-only file is rewritten, and what becomes of it: one rewrite at a time, in its turn
 * with other snapshots, tried again with growing patience after failures. Owned by the Aof, whose
 * writer it switches to the new increment.
 */
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../log.ts';
import type { AofFiles } from './aof-files.ts';
import type { AofFileEntry } from './aof-manifest.ts';
import { AofRewrite } from './aof-rewrite.ts';
import type { Persistence } from './persistence.ts';

/** What the rewriter asks of the Aof. */
export interface AofRewriterOwner {
  /**
   * Whether changes are appended: not at all, from the coming snapshot on (its increment is named
   * together with its base), or all along.
   */
  readonly appends: 'no' | 'from-snapshot' | 'yes';
  /** Appends to this file from now on. */
  switchTo(increment: AofFileEntry): void;
  /** Ceases to append: the snapshot that the increment belongs to has failed. */
  giveUp(increment: AofFileEntry): void;
  onRewritten(): void;
}

export interface AofRewriterDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly persistence: Persistence;
  readonly files: AofFiles;
}

/** After a failure it is not tried again at once. */
const retryDelayMs = 1000;
/** After so many in a row it rests for longer and longer. [aof.c, 7.0] */
const patientFailures = 3;
const maxRestMinutes = 60;

export class AofRewriter {
  /** INFO's fields. */
  lastOk = true;
  /** Seconds the last one took, −1 before the first. */
  lastSec = -1;
  count = 0;
  consecutiveFailures = 0;

  readonly #deps: AofRewriterDeps;
  readonly #owner: AofRewriterOwner;
  #running: AofRewrite | null = null;
  #scheduled = false;
  #retryAtMs = 0;
  /**
   * Rewrites that have not come to their end, those that were broken off too: until then they may
   * still change the manifest, and another one would give its files the same names.
   */
  #unsettled = 0;
  /** A manifest that names `#unnamed` is being written. */
  #naming = false;
  /** Written to since the snapshot that will be its base; not in the manifest yet. */
  #unnamed: AofFileEntry | null = null;

  constructor(deps: AofRewriterDeps, owner: AofRewriterOwner) {
    this.#deps = deps;
    this.#owner = owner;
  }

  get inProgress(): boolean {
    return this.#running !== null;
  }

  get isScheduled(): boolean {
    return this.#scheduled;
  }

  /** Seconds, −1 when none is under way. */
  get currentSec(): number {
    if (this.#running === null) return -1;
    return Math.floor((this.#deps.clock.now() - this.#running.startedAtMs) / 1000);
  }

  /** After a failure it is not tried again at once. */
  get isResting(): boolean {
    return this.#deps.clock.monotonic() < this.#retryAtMs;
  }

  /**
   * Begins as soon as no other snapshot is under way, and no rest is due; `later` at the next cron,
   * not now.
   */
  schedule({ later = false } = {}): void {
    this.#scheduled = true;
    if (!later) this.cron();
  }

  /** The same on a user's word, who need not wait for what failures have brought about. */
  request({ later }: { later: boolean }): void {
    this.#scheduled = true;
    this.#retryAtMs = 0;
    const mustWait = this.#unsettled > 0 || this.#deps.persistence.inProgress;
    if (later || mustWait) this.consecutiveFailures = 0;
    else this.#begin();
  }

  /** Ten times a second. */
  cron(): void {
    if (!this.#scheduled || this.#unsettled > 0 || this.isResting) return;
    if (!this.#deps.persistence.inProgress) this.#begin();
  }

  #begin(): void {
    this.#scheduled = false;
    this.count++;
    this.#deps.log.notice('Background append only file rewriting started');
    try {
      const { base, rewrite } = this.#start();
      this.#setRunning(rewrite);
      this.#unsettled++;
      void rewrite
        .whenDone()
        .then(
          () => this.#onDone(rewrite, base),
          (error: Error) => this.#onFailed(rewrite, error),
        )
        .finally(() => this.#unsettled--);
    } catch (error) {
      this.#noteFailure(error as Error);
    }
  }

  #setRunning(rewrite: AofRewrite | null): void {
    this.#running = rewrite;
    this.#deps.persistence.isRewriting = rewrite !== null;
  }

  /** Throws the system's error, or one about the manifest. */
  #start(): { rewrite: AofRewrite; base: AofFileEntry } {
    const { clock, files, persistence } = this.#deps;
    // Somebody may have taken it away: what is rewritten is whole again.
    files.directory.make();
    // BGREWRITEAOF works without appending too: it leaves a base, and nothing after it.
    if (this.#owner.appends === 'no') files.read();
    const base = files.nextBase();
    const rewrite = new AofRewrite({
      clock,
      persistence,
      base: files.describe(base, clock.now()),
      prepare: () => this.#prepareIncrement(),
    });
    return { rewrite, base };
  }

  /** What changes from the snapshot on goes to a file of its own; returns what switches to it. */
  async #prepareIncrement(): Promise<() => void> {
    const { files } = this.#deps;
    const { appends } = this.#owner;
    if (appends === 'no') return () => undefined;
    const increment = files.nextIncrement();
    if (appends === 'yes') {
      await files.addIncrement(increment);
      return () => this.#owner.switchTo(increment);
    }
    return () => {
      this.#unnamed = increment;
      this.#owner.switchTo(increment);
    };
  }

  async #onDone(rewrite: AofRewrite, base: AofFileEntry): Promise<void> {
    if (this.#running !== rewrite) return;
    const { clock, files, log } = this.#deps;
    const kept = this.#owner.appends === 'no' ? 0 : 1;
    this.#naming = true;
    try {
      await files.replaceBase(base, { added: this.#unnamed, kept });
    } catch (error) {
      this.#naming = false;
      this.#onFailed(rewrite, error as Error);
      return;
    }
    this.#naming = false;
    await files.collectGarbage();
    // Switched off meanwhile: what the manifest says stays true.
    if (this.#running !== rewrite) return;
    this.#setRunning(null);
    this.#unnamed = null;
    this.lastOk = true;
    this.consecutiveFailures = 0;
    this.#retryAtMs = 0;
    this.lastSec = Math.floor((clock.now() - rewrite.startedAtMs) / 1000);
    log.notice('Background AOF rewrite finished successfully');
    this.#owner.onRewritten();
  }

  #onFailed(rewrite: AofRewrite, error: Error): void {
    if (this.#running !== rewrite) return;
    this.#setRunning(null);
    this.#noteFailure(error);
  }

  #noteFailure(error: Error): void {
    const { clock, log } = this.#deps;
    this.lastOk = false;
    this.consecutiveFailures++;
    log.warning(`Background AOF rewrite failed: ${error.message}`);
    const restMin = restMinutesAfter(this.consecutiveFailures);
    this.#retryAtMs = clock.monotonic() + (restMin === 0 ? retryDelayMs : restMin * 60_000);
    if (restMin > 0) {
      log.warning(
        'Background AOF rewrite has repeatedly failed and triggered the limit, ' +
          `will retry in ${restMin} minutes`,
      );
    }
    if (this.#owner.appends !== 'from-snapshot') return;
    this.#dropUnnamed();
    this.#scheduled = true;
  }

  /** Breaks off what is under way, and forgets what is scheduled. */
  abort(reason: string): void {
    const running = this.#running;
    this.#setRunning(null);
    this.#scheduled = false;
    if (running === null) return;
    running.abort(reason);
    this.#dropUnnamed();
  }

  /** It was written to, and no manifest names it. */
  #dropUnnamed(): void {
    const increment = this.#unnamed;
    if (increment === null) return;
    this.#unnamed = null;
    this.#owner.giveUp(increment);
    // Broken off while the manifest is on its way to the disk: it will name the file after all.
    if (this.#naming) return;
    this.#deps.log.notice(`Removing the temp incr aof file ${increment.name}`);
    // Before it returns: the next rewrite may give its own increment the same name at once.
    this.#deps.files.directory.removeNow(increment.name);
  }
}

function restMinutesAfter(failures: number): number {
  if (failures < patientFailures) return 0;
  return Math.min(2 ** (failures - patientFailures), maxRestMinutes);
}
