/**
 * Receives the RDB of a full sync: parses it as it arrives into dicts set aside, while the old data
 * set goes on being served, and puts them in place in one step when the whole RDB is there and its
 * checksum is right. A transfer that breaks off leaves everything as it was. Implements
 * replication's RdbLoader.
 */
import { RdbReader } from '../../rdb/rdb-reader.ts';
import type { Dict } from '../keyspace/dict.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../log.ts';
import { KeyspaceLoader } from '../persistence/rdb-load.ts';
import { SkippedItems } from '../persistence/skipped-items.ts';
import type { LoadedRdb, LoadInfo, RdbLoader } from '../replication/ports.ts';

export interface FullSyncLoaderDeps {
  readonly keyspace: Keyspace;
  readonly log: Logger;
  readonly verifyChecksum: () => boolean;
}

interface Transfer {
  readonly info: LoadInfo;
  readonly reader: RdbReader;
  readonly loader: KeyspaceLoader;
  readonly dicts: Dict[];
  readonly skipped: SkippedItems;
  whole: boolean;
}

export class FullSyncLoader implements RdbLoader {
  readonly #deps: FullSyncLoaderDeps;
  #transfer: Transfer | null = null;

  constructor(deps: FullSyncLoaderDeps) {
    this.#deps = deps;
  }

  begin(info: LoadInfo): void {
    const { keyspace, verifyChecksum } = this.#deps;
    const dicts = keyspace.databases.map(() => keyspace.newDict());
    const skipped = new SkippedItems();
    const loader = new KeyspaceLoader({
      dict: (dbId) => {
        const dict = dicts[dbId];
        if (dict === undefined) {
          throw new Error(`the master has a database ${dbId}: raise 'databases' here`);
        }
        return dict;
      },
      dropExpiredBefore: -1,
      accessClock: keyspace.accessClock,
      onSkipped: (item) => skipped.add(item),
    });
    const reader = new RdbReader({ verifyChecksum: verifyChecksum() });
    this.#transfer = { info, reader, loader, dicts, skipped, whole: false };
  }

  feed(slice: Uint8Array): void {
    const transfer = this.#current();
    transfer.reader.feed(slice);
    transfer.whole = transfer.reader.parse(transfer.loader).kind === 'done';
  }

  end(): LoadedRdb {
    const { keyspace, log } = this.#deps;
    const { info, reader, loader, dicts, skipped, whole } = this.#current();
    if (!whole) reader.end();
    info.beforeReplacing();
    const before = keyspace.keyCount;
    keyspace.replaceAll(dicts);
    // The file on disk is out of date: save points count this as so many changes.
    keyspace.dirty += Math.max(1, loader.facts.keysLoaded);
    this.#transfer = null;
    for (const line of skipped.lines()) log.notice(`Full sync from ${info.master}: ${line}`);
    log.notice(
      `Full sync from ${info.master}: ${loader.facts.keysLoaded} keys loaded in place of ${before}`,
    );
    return { replStreamDb: Number(loader.facts.aux.get('repl-stream-db') ?? 0) };
  }

  abort(): void {
    this.#transfer = null;
  }

  #current(): Transfer {
    if (this.#transfer === null) throw new Error('no transfer has begun');
    return this.#transfer;
  }
}
