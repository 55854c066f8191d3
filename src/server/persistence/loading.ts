/**
 * The load that is under way: how far it is, for INFO, and whether clients are kept out meanwhile.
 * Whoever loads a data set (the start, a full sync) begins and ends it here, and takes a breath
 * between two slices so that the event loop serves.
 */
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../log.ts';

/** Whoever watches the log of a long load hears of it so often. */
const reportEveryMs = 5000;
/** A slice of the usual 4 to 5 ms per MB keeps clients waiting about a millisecond. */
const longestSliceBytes = 256 * 1024;

/**
 * `exclusive`: the live data set is being filled, commands get -LOADING. `aside`: another one is,
 * and the old is served; INFO's async_loading.
 */
export type LoadingKind = 'none' | 'exclusive' | 'aside';

/** The directives that matter here; read afresh at each use. */
export interface LoadingSettings {
  /** Microseconds to wait for each key, for tests of what happens meanwhile. */
  readonly keyLoadDelayUs: number;
  readonly loadingProcessEventsIntervalBytes: number;
}

export interface LoadingDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly defer: (fn: () => void) => void;
  readonly settings: LoadingSettings;
  /** Closes and opens the gates. */
  readonly onChange: (kind: LoadingKind) => void;
}

export class Loading {
  /** Unix milliseconds. */
  startedAtMs = 0;
  /** Bytes of the file; 0 when they are not known beforehand. */
  totalBytes = 0;
  loadedBytes = 0;
  /** What the file's writer says to have used, as soon as that is read; 0 before. */
  rdbUsedMemBytes = 0;
  readonly #deps: LoadingDeps;
  #kind: LoadingKind = 'none';
  #keysBefore = 0;
  #reportAtMs = 0;

  constructor(deps: LoadingDeps) {
    this.#deps = deps;
  }

  get kind(): LoadingKind {
    return this.#kind;
  }

  begin(kind: 'exclusive' | 'aside', totalBytes: number): void {
    this.#kind = kind;
    this.startedAtMs = this.#deps.clock.now();
    this.totalBytes = totalBytes;
    this.loadedBytes = this.rdbUsedMemBytes = 0;
    this.#keysBefore = 0;
    this.#reportAtMs = this.#deps.clock.monotonic() + reportEveryMs;
    this.#deps.onChange(kind);
  }

  end(): void {
    if (this.#kind === 'none') return;
    this.#kind = 'none';
    this.#deps.onChange('none');
  }

  /** How much to load between two breaths. */
  get sliceBytes(): number {
    return Math.min(longestSliceBytes, this.#deps.settings.loadingProcessEventsIntervalBytes);
  }

  /** Notes a slice. What it returns is to be awaited; undefined when the caller need not wait. */
  advance(bytes: number, keysSoFar: number): Promise<void> | undefined {
    this.loadedBytes += bytes;
    const keys = keysSoFar - this.#keysBefore;
    this.#keysBefore = keysSoFar;
    this.#report(keysSoFar);
    const delayMs = (keys * this.#deps.settings.keyLoadDelayUs) / 1000;
    if (delayMs <= 0) return undefined;
    return new Promise((resolve) => void this.#deps.clock.schedule(delayMs, resolve));
  }

  #report(keysSoFar: number): void {
    const { clock, log } = this.#deps;
    const nowMs = clock.monotonic();
    if (nowMs < this.#reportAtMs) return;
    this.#reportAtMs = nowMs + reportEveryMs;
    const share = this.totalBytes === 0 ? '' : `, ${this.percent.toFixed(2)}%`;
    log.notice(`Loading: ${this.loadedBytes} bytes${share}, ${keysSoFar} keys or commands so far`);
  }

  /** How much of the file is loaded, 0 … 100; 0 when its size is not known. */
  get percent(): number {
    return this.totalBytes === 0 ? 0 : (100 * this.loadedBytes) / this.totalBytes;
  }

  /** The same for who must let others run in any case. */
  async breathe(bytes: number, keysSoFar: number): Promise<void> {
    const delay = this.advance(bytes, keysSoFar);
    await (delay ?? new Promise<void>((resolve) => this.#deps.defer(resolve)));
  }
}
