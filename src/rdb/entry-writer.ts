/**
 * What a snapshot writes the data set to: an RDB (rdb-writer.ts), or commands that rebuild it
 * (command-writer.ts). The calls come in the order of the grammar in opcodes.ts.
 */
import type { BlockSink, RdbOutput } from './rdb-output.ts';

export interface EntryWriter {
  /** Takes the body of a collection, between `beginEntry` and `endEntry`. */
  readonly output: RdbOutput;
  /** Collections become DUMP payloads: their types may be of a later version than files are. */
  readonly writesPayloads: boolean;
  /** So far, those included that the sink does not have yet. */
  readonly bytesWritten: number;
  header(): void;
  aux(name: string, value: string | number): void;
  selectDb(index: number): void;
  resizeDb(keys: number, expires: number): void;
  /** `idleSeconds` (the LRU's) and `freq` (the LFU's counter) are −1 where they are no matter. */
  stringEntry(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
    idleSeconds: number,
    freq: number,
  ): void;
  beginEntry(
    type: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    expireAtMs: number,
    idleSeconds: number,
    freq: number,
  ): void;
  /** `drain` must follow, until it is true. */
  endEntry(): void;
  /** Hands over some of what the entry has left; true when nothing is left. */
  drain(): boolean;
  /** Hands what is written so far to the sink. */
  flush(): void;
  eof(): void;
  /** Bytes that another writer of the same kind has written. */
  raw(bytes: Uint8Array): void;
  /** Gives back a block that the sink got. */
  recycle(block: Uint8Array): void;
  /** A writer of the same kind for entries that must wait. */
  another(sink: BlockSink): EntryWriter;
}
