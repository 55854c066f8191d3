/**
 * Loads `dbfilename` into the databases: at start-up, after a full sync that came by way of the
 * disk, for DEBUG RELOAD. Going on with half a data set would be worse than not starting: whatever
 * is wrong is thrown, in words for the operator.
 */
import { RdbError } from '../../rdb/rdb-error.ts';
import type { Clock } from '../../util/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../log.ts';
import { fileSize, loadRdbFile } from './rdb-file.ts';
import { KeyspaceLoader, type LoadedFacts } from './rdb-load.ts';
import { SkippedItems } from './skipped-items.ts';

export interface LoadDataFileOptions {
  readonly path: string;
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly log: Logger;
  readonly verifyChecksum: boolean;
  /** How much is loaded between two steps. */
  readonly sliceBytes: number;
  /** A master drops what has expired; a replica leaves that to its master. */
  readonly dropExpired: boolean;
  /** Told of each key that was dropped: replicas of the restored history may have it still. */
  readonly onExpired?: ((dbId: number, key: Buffer) => void) | undefined;
}

/** A slice has been loaded. */
export interface LoadStep {
  readonly bytes: number;
  /** What the writer of an RDB says to have used; 0 where it does not say. */
  readonly usedMemBytes?: number;
  readonly keysSoFar: number;
}

/**
 * Loads step by step; the caller decides what happens in between. Null when there is no such file.
 * Throws Error; the databases are half filled then.
 */
export function* loadDataFile(
  options: LoadDataFileOptions,
): Generator<LoadStep, LoadedFacts | null, void> {
  const { path, clock, log } = options;
  if (fileSize(path) === undefined) return null;
  const startedMs = clock.monotonic();
  const skipped = new SkippedItems();
  const loader = newLoader(options, skipped);
  try {
    for (const bytes of loadRdbFile(path, loader, options)) {
      const usedMemBytes = Number(loader.facts.aux.get('used-mem') ?? 0);
      yield { bytes, usedMemBytes, keysSoFar: loader.facts.keysLoaded };
    }
  } catch (error) {
    // In the words that whoever watches the log of a Redis looks for.
    if (error instanceof RdbError) log.warning(`Internal error in RDB: ${error.message}`);
    throw new Error(loadFailure(path, error), { cause: error });
  }
  for (const line of skipped.lines()) log.notice(line);
  const { keysLoaded, keysExpired } = loader.facts;
  const seconds = ((clock.monotonic() - startedMs) / 1000).toFixed(3);
  log.notice(`DB loaded from disk: ${seconds} seconds, ${keysLoaded} keys, ${keysExpired} expired`);
  return loader.facts;
}

function newLoader(options: LoadDataFileOptions, skipped: SkippedItems): KeyspaceLoader {
  const { keyspace, clock, dropExpired, onExpired } = options;
  return new KeyspaceLoader({
    dict: (dbId) => {
      const db = keyspace.databases[dbId];
      if (db === undefined) throw new Error(`the file has a database ${dbId}: raise 'databases'`);
      return db.dict;
    },
    dropExpiredBefore: dropExpired ? clock.now() : -1,
    onExpired: (dbId, key) => onExpired?.(dbId, key),
    valueSettings: keyspace.valueSettings,
    skipped,
  });
}

/** What happened to which file, and what to do about it. */
function loadFailure(path: string, error: unknown): string {
  if (error instanceof RdbError) {
    return (
      `The data file ${path} is damaged: ${error.message}. ` +
      'Put back a good copy, or move the file away to start empty.'
    );
  }
  return `The data file ${path} could not be loaded: ${(error as Error).message}`;
}
