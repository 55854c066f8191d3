/**
 * The data file, `dbfilename` in `dir`, as it is loaded: at the start, for DEBUG RELOAD, and where a
 * full sync has put it in place. How it is written is persistence.ts.
 */
import { dirname, join } from 'node:path';
import type { Clock } from '../../util/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../log.ts';
import { loadDataFile, type LoadDataFileOptions } from './load-data-file.ts';
import type { Loading } from './loading.ts';
import { fileSize, removeLeftovers } from './rdb-file.ts';
import type { LoadedFacts } from './rdb-load.ts';

/** The directives that matter here; read afresh at each use. */
export interface DataFileSettings {
  readonly dir: string;
  readonly dbfilename: string;
  readonly rdbchecksum: boolean;
}

export interface DataFileDeps {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly log: Logger;
  readonly loading: Loading;
  readonly pid: number;
  readonly settings: DataFileSettings;
}

export class DataFile {
  /** What the file that was loaded last said of itself. */
  lastLoad: LoadedFacts | null = null;
  /** False after DEBUG SET-SKIP-CHECKSUM-VALIDATION: for tests that damage what is loaded. */
  verifiesChecksums = true;
  readonly #deps: DataFileDeps;

  constructor(deps: DataFileDeps) {
    this.#deps = deps;
  }

  get path(): string {
    return join(this.#deps.settings.dir, this.#deps.settings.dbfilename);
  }

  /** Clears away what a crashed process left half written. To be called before anything is saved. */
  removeLeftovers(): void {
    const { log, pid, settings } = this.#deps;
    const isOurs = (name: string): boolean => name === settings.dbfilename;
    for (const name of removeLeftovers({ directory: dirname(this.path), isOurs }, pid)) {
      log.notice(`Removed ${name}, which an earlier process left half written`);
    }
  }

  /**
   * Loads the file if it is there, and lets clients run in between, who get -LOADING. Rejects as
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
        const { bytes, keysSoFar, usedMemBytes = 0 } = step.value;
        loading.rdbUsedMemBytes = usedMemBytes;
        await loading.breathe(bytes, keysSoFar);
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
}
