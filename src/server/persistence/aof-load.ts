/**
 * Loads an append-only file, base and increments, step by step. Commands are run by an AofApplier,
 * which the composition root gives; an RDB at the head of a file is parsed here. A torn end of the
 * last file, what a crash leaves, is cut off if the configuration allows it; whatever else is wrong
 * is thrown, in words for the operator.
 */
import { closeSync, openSync, readSync, truncateSync } from 'node:fs';
import { RdbError } from '../../rdb/rdb-error.ts';
import { RdbReader } from '../../rdb/rdb-reader.ts';
import type { Logger } from '../log.ts';
import type { AofDirectory } from './aof-directory.ts';
import type { AofManifest } from './aof-manifest.ts';
import type { LoadStep } from './load-data-file.ts';
import type { KeyspaceLoader } from './rdb-load.ts';

/** Runs the commands of a file. */
export interface AofApplier {
  /** A file begins: database 0, no transaction open. */
  begin(): void;
  /** Takes the next bytes; says what is wrong with them, null when nothing is. */
  apply(chunk: Buffer): AofFault | null;
  /** Commands and transactions that were run whole end here, counted from `begin`. */
  readonly validBytes: number;
  /** Bytes taken. */
  readonly takenBytes: number;
  readonly commandsRun: number;
  /** The annotation after the last command, null when there is none; it outlives `end`. */
  readonly lastAnnotation: string | null;
  end(): void;
}

export type AofFault =
  /** `at`: counted from `begin`. */
  | { readonly kind: 'bad-format'; readonly at: number }
  | { readonly kind: 'unknown-command'; readonly command: string };

export interface AofLoadOptions {
  readonly directory: AofDirectory;
  readonly manifest: AofManifest;
  readonly applier: AofApplier;
  readonly newRdbLoader: () => KeyspaceLoader;
  readonly log: Logger;
  readonly verifyChecksum: boolean;
  readonly aofLoadTruncated: boolean;
  readonly sliceBytes: number;
  readonly monotonicMs: () => number;
}

const rdbMagic = 'REDIS';

/** Throws Error; the databases are half filled then. */
export function* loadAof(options: AofLoadOptions): Generator<LoadStep, void, void> {
  const { manifest, log, monotonicMs } = options;
  const startedMs = monotonicMs();
  const files = [
    ...(manifest.base === null ? [] : [{ ...manifest.base, kind: 'base' }]),
    ...manifest.increments.map((entry) => ({ ...entry, kind: 'incr' })),
  ];
  for (const [index, { name, kind }] of files.entries()) {
    const fileStartedMs = monotonicMs();
    const bytes = yield* loadFile(options, name, index === files.length - 1);
    if (bytes === 0) continue;
    log.notice(`DB loaded from ${kind} file ${name}: ${seconds(monotonicMs() - fileStartedMs)}`);
  }
  log.notice(`DB loaded from append only file: ${seconds(monotonicMs() - startedMs)}`);
}

/** Returns how many bytes it held. */
function* loadFile(
  options: AofLoadOptions,
  name: string,
  isLast: boolean,
): Generator<LoadStep, number, void> {
  const { applier, directory } = options;
  const path = directory.pathOf(name);
  const file = new AofFileReader(path, options.sliceBytes);
  applier.begin();
  try {
    const head = yield* readPreamble(options, file, name);
    for (let chunk: Buffer | null = head; chunk !== null; chunk = file.next()) {
      const fault = applier.apply(chunk);
      if (fault !== null) throw refusal(fault, directory, name, file.preambleBytes);
      yield { bytes: chunk.length, keysSoFar: applier.commandsRun };
    }
    if (applier.validBytes < applier.takenBytes) {
      onTornEnd(options, { name, isLast, validBytes: file.preambleBytes + applier.validBytes });
    }
    return file.bytesRead;
  } finally {
    applier.end();
    file.close();
  }
}

class AofFileReader {
  bytesRead = 0;
  /** Length of the RDB at its head. */
  preambleBytes = 0;
  readonly #fd: number;
  readonly #chunk: Buffer;

  constructor(path: string, sliceBytes: number) {
    this.#fd = openSync(path, 'r');
    this.#chunk = Buffer.allocUnsafe(sliceBytes);
  }

  /** The next bytes, a window that the next call fills anew; null at the end. */
  next(): Buffer | null {
    const length = readSync(this.#fd, this.#chunk, 0, this.#chunk.length, null);
    if (length === 0) return null;
    this.bytesRead += length;
    return this.#chunk.subarray(0, length);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Loads the RDB that the file may begin with; returns the first bytes that are commands. */
function* readPreamble(
  options: AofLoadOptions,
  file: AofFileReader,
  name: string,
): Generator<LoadStep, Buffer | null, void> {
  let chunk = file.next();
  if (chunk?.toString('latin1', 0, rdbMagic.length) !== rdbMagic) return chunk;
  const reader = new RdbReader({ verifyChecksum: options.verifyChecksum });
  const loader = options.newRdbLoader();
  try {
    for (; chunk !== null; chunk = file.next()) {
      reader.feed(chunk);
      const result = reader.parse(loader);
      if (result.kind === 'done') {
        file.preambleBytes = result.consumedOffset;
        return Buffer.from(result.leftover);
      }
      const usedMemBytes = Number(loader.facts.aux.get('used-mem') ?? 0);
      yield { bytes: chunk.length, usedMemBytes, keysSoFar: loader.facts.keysLoaded };
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    throw new Error(
      `Error reading the RDB preamble of the AOF file ${name}, AOF loading aborted: ` +
        `${error.message}. Put back a good copy of the file.`,
      { cause: error },
    );
  }
  return null;
}

function refusal(
  fault: AofFault,
  { manifestPath }: AofDirectory,
  name: string,
  preambleBytes: number,
): Error {
  if (fault.kind === 'unknown-command') {
    return new Error(
      `Unknown command '${fault.command}' reading the append only file ${name}: ` +
        'it is of a later version, or damaged. Put back a good copy of the file.',
    );
  }
  return new Error(
    `Bad file format reading the append only file ${name} at offset ${preambleBytes + fault.at}: ` +
      `make a backup of your AOF file, then use redis-check-aof --fix ${manifestPath}`,
  );
}

function onTornEnd(
  { aofLoadTruncated, directory, log }: AofLoadOptions,
  { name, isLast, validBytes }: { name: string; isLast: boolean; validBytes: number },
): void {
  if (!isLast) {
    throw new Error(`Fatal error: the truncated file is not the last file (${name})`);
  }
  if (!aofLoadTruncated) {
    throw new Error(
      `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of ` +
        'your AOF file, then use redis-check-aof --fix <filename.manifest>. 2) Alternatively you ' +
        "can set the 'aof-load-truncated' configuration option to yes and restart the server.",
    );
  }
  log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
  log.warning(`Truncating the AOF ${name} at offset ${validBytes}`);
  truncateSync(directory.pathOf(name), validBytes);
  log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} seconds`;
}
