/**
 * A full sync that is parsed as it arrives. Into dicts set aside it takes the memory of both data
 * sets and is put in place in one step when it is whole and its checksum right; one that breaks off
 * leaves everything as it was. Into the live dicts, which are empty, it takes the memory of one; what
 * breaks off leaves them empty again.
 */
import { RdbReader } from '../../rdb/rdb-reader.ts';
import type { Dict } from '../keyspace/dict.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../log.ts';
import type { Loading } from '../persistence/loading.ts';
import { KeyspaceLoader, type LoadedFacts } from '../persistence/rdb-load.ts';
import { SkippedItems } from '../persistence/skipped-items.ts';
import type { LoadInfo } from '../replication/ports.ts';
import type { LoadInProgress } from './load-in-progress.ts';

export interface StreamedLoadDeps {
  readonly keyspace: Keyspace;
  readonly log: Logger;
  readonly loading: Loading;
}

export class StreamedLoad implements LoadInProgress {
  readonly #deps: StreamedLoadDeps;
  readonly #info: LoadInfo;
  readonly #reader: RdbReader;
  readonly #loader: KeyspaceLoader;
  readonly #skipped = new SkippedItems();
  /** Undefined when the live dicts are filled. */
  readonly #aside: Dict[] | undefined;
  #whole = false;

  constructor(
    deps: StreamedLoadDeps,
    options: { info: LoadInfo; verifyChecksum: boolean; into: 'aside' | 'live' },
  ) {
    const { keyspace, loading } = deps;
    this.#deps = deps;
    this.#info = options.info;
    this.#reader = new RdbReader({ verifyChecksum: options.verifyChecksum });
    this.#aside =
      options.into === 'aside' ? keyspace.databases.map(() => keyspace.newDict()) : undefined;
    this.#loader = newFullSyncLoader(keyspace, this.#aside, this.#skipped);
    if (options.into === 'live') options.info.beforeReplacing();
    const oldIsServed = options.into === 'aside' && options.info.sameHistory;
    loading.begin(oldIsServed ? 'aside' : 'exclusive', options.info.sizeBytes ?? 0);
    deps.log.notice('MASTER <-> REPLICA sync: Loading DB in memory');
  }

  feed(slice: Uint8Array): Promise<void> | undefined {
    this.#reader.feed(slice);
    this.#whole = this.#reader.parse(this.#loader).kind === 'done';
    return this.#deps.loading.advance(slice.length, this.#loader.facts.keysLoaded);
  }

  end(mayReplace: (keysComing: number) => void): LoadedFacts {
    const { keyspace, loading, log } = this.#deps;
    const { facts } = this.#loader;
    if (!this.#whole) this.#reader.end();
    if (this.#aside !== undefined) {
      mayReplace(facts.keysLoaded);
      this.#info.beforeReplacing();
      keyspace.replaceAll(this.#aside);
    }
    // The file on disk is out of date: save points count this as so many changes.
    keyspace.dirty += Math.max(1, facts.keysLoaded);
    loading.end();
    for (const line of this.#skipped.lines()) log.notice(line);
    return facts;
  }

  abort(reason: string): void {
    const { keyspace, loading, log } = this.#deps;
    log.warning(`Internal error in RDB from ${this.#info.master}: ${reason}`);
    if (this.#aside === undefined) keyspace.flush(keyspace.databases);
    loading.end();
  }
}

/** Fills the given dicts, or the live ones; what is expired is the master's to delete. */
export function newFullSyncLoader(
  keyspace: Keyspace,
  aside: readonly Dict[] | undefined,
  skipped: SkippedItems,
): KeyspaceLoader {
  return new KeyspaceLoader({
    dict: (dbId) => {
      const dict = aside === undefined ? keyspace.databases[dbId]?.dict : aside[dbId];
      if (dict === undefined) {
        throw new Error(`the master has a database ${dbId}: raise 'databases' here`);
      }
      return dict;
    },
    dropExpiredBefore: -1,
    valueSettings: keyspace.valueSettings,
    skipped,
  });
}
