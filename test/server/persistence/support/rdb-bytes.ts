/** A keyspace to the bytes of an RDB, or of commands, and back, as a snapshot and a load make them. */
import { decodeDumpBody, readDumpPayload } from '../../../../src/rdb/dump-payload.ts';
import { RdbReader } from '../../../../src/rdb/rdb-reader.ts';
import { RdbWriter } from '../../../../src/rdb/rdb-writer.ts';
import type { Keyspace } from '../../../../src/server/keyspace/keyspace.ts';
import { KeyspaceLoader } from '../../../../src/server/persistence/rdb-load.ts';
import { SkippedItems } from '../../../../src/server/persistence/skipped-items.ts';
import { Snapshot } from '../../../../src/server/persistence/snapshot.ts';
import { writeDataSetNow } from '../../../../src/server/persistence/snapshot-entries.ts';
import { requestsIn } from './requests-in.ts';

/** In as many slices as it takes with no time at all for each. */
export function rdbOf(keyspace: Keyspace, compress: boolean): Buffer {
  const blocks: Buffer[] = [];
  const sink = (block: Uint8Array): number => blocks.push(Buffer.from(block));
  const writer = new RdbWriter({ sink, compress, blockBytes: 300 });
  const snapshot = new Snapshot({ keyspace, writer, aux: [], monotonicMs: () => 0 });
  while (!snapshot.step(0));
  return Buffer.concat(blocks);
}

/** In one go. */
export function rdbNow(keyspace: Keyspace): Buffer {
  const blocks: Buffer[] = [];
  const sink = (block: Uint8Array): number => blocks.push(Buffer.from(block));
  writeDataSetNow(keyspace, new RdbWriter({ sink }), []);
  return Buffer.concat(blocks);
}

/** Throws when the pieces are no whole RDB. */
export function loadRdb(
  keyspace: Keyspace,
  pieces: readonly Buffer[],
  verifyChecksum = true,
): void {
  const loader = loaderInto(keyspace);
  const reader = new RdbReader({ verifyChecksum });
  for (const piece of pieces) {
    reader.feed(piece);
    reader.parse(loader);
  }
  reader.end();
}

/** The collections of one database that a file of commands rebuilds. */
export function loadCollections(keyspace: Keyspace, file: Buffer): void {
  const loader = loaderInto(keyspace);
  for (const [name, key, , payload] of requestsIn(file)) {
    if (name.toString() !== 'RESTORE') continue;
    const read = readDumpPayload(payload);
    if (read.kind === 'error') throw new Error(read.because);
    decodeDumpBody(read.type, read.body, key, loader);
  }
}

function loaderInto(keyspace: Keyspace): KeyspaceLoader {
  return new KeyspaceLoader({
    dict: (dbId) => keyspace.databases[dbId].dict,
    dropExpiredBefore: -1,
    valueSettings: keyspace.valueSettings,
    skipped: new SkippedItems(),
  });
}
