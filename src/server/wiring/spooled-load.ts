/**
 * A full sync by way of the disk, as Redis does it by default: the RDB becomes `dbfilename`, then
 * the old data set is dropped and the file loaded. Takes the memory of one data set; the old one is
 * served until the whole RDB is here, clients get -LOADING from then on.
 */
import { rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { BackgroundRdbFile } from '../persistence/rdb-file.ts';
import { loadOpenRdbFile } from '../persistence/rdb-file.ts';
import type { LoadedFacts } from '../persistence/rdb-load.ts';
import { SkippedItems } from '../persistence/skipped-items.ts';
import type { LoadInfo } from '../replication/ports.ts';
import type { LoadInProgress } from './load-in-progress.ts';
import { newFullSyncLoader, type StreamedLoadDeps } from './streamed-load.ts';

/** The socket rests while so much waits for the disk. */
const maxPendingDiskBytes = 8 * 1024 * 1024;

export interface SpooledLoadDeps extends StreamedLoadDeps {
  readonly dataFile: {
    readonly path: string;
    /** Opens what will become the data file; `commit` puts it in place. */
    open(): BackgroundRdbFile;
    /** Nothing else may be saved over what we have received. */
    abortSaves(reason: string): void;
    /** The data set is what the file holds. */
    onLoaded(facts: LoadedFacts): void;
    /** `rdb-del-sync-files`: the file must not stay when nothing else is persistent. */
    readonly mustGo: boolean;
  };
}

export class SpooledLoad implements LoadInProgress {
  readonly #deps: SpooledLoadDeps;
  readonly #info: LoadInfo;
  readonly #verifyChecksum: boolean;
  readonly #file: BackgroundRdbFile;
  #receivedBytes = 0;
  #committed = false;
  #dropped = false;

  constructor(deps: SpooledLoadDeps, options: { info: LoadInfo; verifyChecksum: boolean }) {
    this.#deps = deps;
    this.#info = options.info;
    this.#verifyChecksum = options.verifyChecksum;
    this.#file = deps.dataFile.open();
  }

  feed(slice: Uint8Array): Promise<void> | undefined {
    if (this.#file.failure !== null) throw this.#file.failure;
    this.#receivedBytes += slice.length;
    this.#file.write(slice, () => undefined);
    return this.#file.pendingBytes > maxPendingDiskBytes ? this.#file.written() : undefined;
  }

  async end(mayReplace: (keysComing: number) => void): Promise<LoadedFacts> {
    const { dataFile } = this.#deps;
    dataFile.abortSaves('a full sync replaces the data set');
    const handle = await this.#file.commit();
    this.#committed = true;
    try {
      return await this.#load(handle, mayReplace);
    } finally {
      await handle.close();
    }
  }

  /** From the very file that was received: a last save may have put another one in its place. */
  async #load(handle: FileHandle, mayReplace: (keysComing: number) => void): Promise<LoadedFacts> {
    const { dataFile, keyspace, loading, log } = this.#deps;
    mayReplace(this.#hasKeys(handle) ? 1 : 0);
    this.#info.beforeReplacing();
    log.notice('MASTER <-> REPLICA sync: Flushing old data');
    this.#dropped = true;
    keyspace.flush(keyspace.databases);
    loading.begin('exclusive', this.#receivedBytes);
    log.notice('MASTER <-> REPLICA sync: Loading DB in memory');
    const skipped = new SkippedItems();
    const loader = newFullSyncLoader(keyspace, undefined, skipped);
    for (const bytes of this.#slices(handle, loader)) {
      await loading.breathe(bytes, loader.facts.keysLoaded);
    }
    loading.end();
    dataFile.onLoaded(loader.facts);
    this.#removeIfUnwanted();
    for (const line of skipped.lines()) log.notice(line);
    return loader.facts;
  }

  abort(): void {
    const { keyspace, loading } = this.#deps;
    if (!this.#committed) void this.#file.discard();
    if (!this.#dropped) return;
    keyspace.flush(keyspace.databases);
    loading.end();
    this.#removeIfUnwanted();
  }

  #slices(
    { fd }: FileHandle,
    loader: ReturnType<typeof newFullSyncLoader>,
  ): Generator<number, void> {
    return loadOpenRdbFile(fd, loader, {
      verifyChecksum: this.#verifyChecksum,
      sliceBytes: this.#deps.loading.sliceBytes,
    });
  }

  /** Looks no further than the first slice that has some. */
  #hasKeys(handle: FileHandle): boolean {
    const { keyspace } = this.#deps;
    const aside = keyspace.databases.map(() => keyspace.newDict());
    const probe = newFullSyncLoader(keyspace, aside, new SkippedItems());
    for (const _ of this.#slices(handle, probe)) if (probe.hasMetKey) break;
    return probe.hasMetKey;
  }

  #removeIfUnwanted(): void {
    const { mustGo, path } = this.#deps.dataFile;
    if (mustGo) rmSync(path, { force: true });
  }
}
