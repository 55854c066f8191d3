/**
 * Receives the RDB of a full sync in the way that `repl-diskless-load` wants. Implements replication's
 * RdbLoader; what the ways have in common is here, how each comes by the data in a class of its own.
 *
 *     swapdb        parsed as it arrives into dicts set aside; the old data set is served meanwhile
 *                   where it is an earlier state of the same history, else clients get -LOADING
 *     on-empty-db   parsed as it arrives into the live dicts, if these are empty; else as disabled
 *     disabled      written to `dbfilename` first, then loaded from there in place of the old data
 *
 * With `replica-protect-data yes` a master without keys does not take away the data of this replica:
 * as a rule it is one that was restarted without its files.
 */
import type { LoadedRdb, LoadInfo, RdbLoader } from '../replication/ports.ts';
import type { LoadInProgress } from './load-in-progress.ts';
import { SpooledLoad, type SpooledLoadDeps } from './spooled-load.ts';
import { StreamedLoad } from './streamed-load.ts';

export interface FullSyncSettings {
  readonly replDisklessLoad: 'disabled' | 'on-empty-db' | 'swapdb';
  readonly replicaProtectData: boolean;
  /** Redis frees the old data in another thread and counts them then; here they go at once. */
  readonly replicaLazyFlush: boolean;
  readonly rdbchecksum: boolean;
}

export interface FullSyncLoaderDeps extends SpooledLoadDeps {
  readonly settings: FullSyncSettings;
}

export class FullSyncLoader implements RdbLoader {
  refusals = 0;
  readonly #deps: FullSyncLoaderDeps;
  #load: LoadInProgress | null = null;
  #info: LoadInfo | null = null;
  #keysBefore = 0;

  constructor(deps: FullSyncLoaderDeps) {
    this.#deps = deps;
  }

  begin(info: LoadInfo): void {
    const { keyspace, settings } = this.#deps;
    this.#info = info;
    this.#keysBefore = keyspace.keyCount;
    const verifyChecksum = settings.rdbchecksum;
    const isEmpty = this.#keysBefore === 0;
    if (settings.replDisklessLoad === 'swapdb') {
      this.#load = new StreamedLoad(this.#deps, { info, verifyChecksum, into: 'aside' });
    } else if (settings.replDisklessLoad === 'on-empty-db' && isEmpty) {
      this.#load = new StreamedLoad(this.#deps, { info, verifyChecksum, into: 'live' });
    } else {
      this.#load = new SpooledLoad(this.#deps, { info, verifyChecksum });
    }
  }

  feed(slice: Uint8Array): void | Promise<void> {
    return this.#current().feed(slice);
  }

  async end(): Promise<LoadedRdb> {
    const { keyspace, settings } = this.#deps;
    const facts = await this.#current().end((keysComing) => this.#mayReplace(keysComing));
    this.#load = null;
    if (settings.replicaLazyFlush) keyspace.stats.lazyfreedObjects += this.#keysBefore;
    this.#deps.log.notice(
      `Full sync from ${this.#info?.master}: ${facts.keysLoaded} keys loaded in place of ${this.#keysBefore}`,
    );
    return { replStreamDb: Number(facts.aux.get('repl-stream-db') ?? 0) };
  }

  abort(reason: string): void {
    this.#load?.abort(reason);
    this.#load = null;
  }

  #mayReplace(keysComing: number): void {
    this.#keysBefore = this.#deps.keyspace.keyCount;
    if (keysComing > 0 || this.#keysBefore === 0 || !this.#deps.settings.replicaProtectData) return;
    this.refusals++;
    throw new Error(
      `the master has no keys, this replica has ${this.#keysBefore}: replica-protect-data keeps ` +
        'them. REPLICAOF NO ONE makes them the data of a master; CONFIG SET replica-protect-data no ' +
        'lets them go',
    );
  }

  #current(): LoadInProgress {
    if (this.#load === null) throw new Error('no transfer has begun');
    return this.#load;
  }
}
