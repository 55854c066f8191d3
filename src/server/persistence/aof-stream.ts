/**
 * What stands in an increment file besides the commands: SELECT where the database changes, and
 * annotations, which whoever does not know them passes over:
 *
 *     #TS:1700000000              for each new second, if `aof-timestamp-enabled`: redis-check-aof
 *                                 cuts a file off at a moment by it
 *     #REPL:<replid>:<offset>:<db>    at the end, after an orderly shutdown. Not Redis's: by it a node
 *                                 continues its history where Redis would want a full resync
 */
import { encodeCommand } from '../../protocol/resp-encode.ts';
import type { Clock } from '../../util/clock.ts';
import type { AofWriter } from './aof-writer.ts';

/** Where a data set stands in a replication history. */
export interface AofPosition {
  readonly replId: string;
  readonly replOffset: number;
  /** The database that the stream has selected there. */
  readonly replStreamDb: number;
}

export function printPosition({ replId, replOffset, replStreamDb }: AofPosition): string {
  return `#REPL:${replId}:${replOffset}:${replStreamDb}`;
}

/** Undefined for other annotations, and for none. */
export function parsePosition(annotation: string | null): AofPosition | undefined {
  const match = /^#REPL:([0-9a-f]{40}):(\d+):(\d+)$/.exec(annotation ?? '');
  if (match === null) return undefined;
  return { replId: match[1], replOffset: Number(match[2]), replStreamDb: Number(match[3]) };
}

export class AofStream {
  readonly #clock: Clock;
  readonly #settings: { readonly aofTimestampEnabled: boolean };
  /** The database that the file has selected at its end; −1: say so before the next command. */
  #selectedDb = -1;
  #lastSec = 0;

  constructor(options: { clock: Clock; settings: { readonly aofTimestampEnabled: boolean } }) {
    this.#clock = options.clock;
    this.#settings = options.settings;
  }

  /** Another file: whoever loads it begins in database 0, and knows nothing of the others. */
  restart(): void {
    this.#selectedDb = -1;
  }

  append(writer: AofWriter, dbId: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#settings.aofTimestampEnabled) this.#annotateTime(writer);
    if (dbId >= 0 && dbId !== this.#selectedDb) {
      const select = encodeCommand(['SELECT', String(dbId)]);
      writer.append(select, 0, select.length);
      this.#selectedDb = dbId;
    }
    writer.append(bytes, start, end);
  }

  annotate(writer: AofWriter, text: string): void {
    const annotation = Buffer.from(`${text}\r\n`);
    writer.append(annotation, 0, annotation.length);
  }

  #annotateTime(writer: AofWriter): void {
    const nowSec = Math.floor(this.#clock.now() / 1000);
    if (nowSec <= this.#lastSec) return;
    this.#lastSec = nowSec;
    this.annotate(writer, `#TS:${nowSec}`);
  }
}
